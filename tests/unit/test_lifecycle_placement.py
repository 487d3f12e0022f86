"""One listed object against the rules: the lag, midnight, tags, sizes, and what cannot be told."""

import datetime as dt

import pytest
from tests.unit.test_lifecycle_properties import PROVEN, WANTED, expires, moves, rule, under

from itemtrail.core.lifecycle_placement import Place, Rules, Tally, judge
from itemtrail.core.lifecycle_rules import parse
from itemtrail.model import Archived
from itemtrail.snapshot import FindingStatus

BORN = dt.datetime(2026, 3, 1, 10, 30, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
TAR = "originals/account=111122223333/region=us-east-1/delivery_date=2026-03-01/000-000.tar"
LOG = "AWSLogs/111122223333/CloudTrail/us-east-1/2026/03/01/x.json.gz"


def lies(rules, key, age, storage_class="STANDARD", *, size=1 << 20, tags=None, lag=3, versioned=True, root=""):
    """How an object of this age lies. ``age`` in days from the midnight after it was put."""
    now = BORN.replace(hour=0, minute=0) + DAY + age * DAY
    chosen = Rules(parse({"Rules": list(rules)}), now, lag * DAY, versioned, root)
    return judge(chosen, Archived(key, size, "e", storage_class, last_modified=BORN), tags)[0]


AS_DUE, WARMER, COLDER, THERE = Place.AS_DUE, Place.WARMER, Place.COLDER, Place.STILL_THERE
ARCHIVE = WANTED.archive_rules
CASES = [
    # rules, key, age, class, answer: DEEP_ARCHIVE is due at day 45, and S3 has until day 48
    (ARCHIVE, TAR, 44.9, "STANDARD", AS_DUE),
    (ARCHIVE, TAR, 44.9, "DEEP_ARCHIVE", COLDER),
    (ARCHIVE, TAR, 45, "DEEP_ARCHIVE", AS_DUE),
    (ARCHIVE, TAR, 45, "STANDARD", AS_DUE),
    (ARCHIVE, TAR, 47.9, "STANDARD", AS_DUE),
    (ARCHIVE, TAR, 48, "STANDARD", WARMER),
    (ARCHIVE, TAR, 4000, "GLACIER_IR", WARMER),
    (ARCHIVE, TAR, 4000, "DEEP_ARCHIVE", AS_DUE),
    (ARCHIVE, "receipts/x.json", 4000, "STANDARD", AS_DUE),
    (ARCHIVE, "receipts/x.json", 4000, "STANDARD_IA", COLDER),
    (ARCHIVE, "events/x.parquet", 90, "GLACIER_IR", AS_DUE),
    (ARCHIVE, "events/x.parquet", 89, "GLACIER_IR", COLDER),
    (ARCHIVE, "spill/x", 3.9, "STANDARD", AS_DUE),
    (ARCHIVE, "spill/x", 4, "STANDARD", THERE),
    ([], TAR, 4000, "STANDARD", AS_DUE),
    ([], TAR, 4000, "GLACIER", COLDER),
]


@pytest.mark.parametrize(("rules", "key", "age", "storage_class", "answer"), CASES)
def test_an_object_lies_as_due_from_the_day_it_is_due_until_the_lag_is_over(rules, key, age, storage_class, answer):
    assert lies(rules, key, age, storage_class) is answer


def test_the_lag_is_configured():
    assert lies(ARCHIVE, TAR, 50, lag=5) is WARMER
    assert lies(ARCHIVE, TAR, 50, lag=6) is AS_DUE


def test_two_transitions_within_the_lag_allow_what_lies_between():
    quick = [rule(Transitions=[{"Days": 30, "StorageClass": "STANDARD_IA"}, {"Days": 31, "StorageClass": "GLACIER"}])]
    assert [lies(quick, "x", 31, one) for one in ("STANDARD", "STANDARD_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE")] == [
        AS_DUE,
        AS_DUE,
        AS_DUE,
        AS_DUE,
        COLDER,
    ]


def test_small_objects_are_due_to_stay_warm_where_the_default_keeps_them():
    assert lies(ARCHIVE, "events/x", 400, "STANDARD", size=131_071) is AS_DUE
    assert lies(ARCHIVE, "events/x", 400, "STANDARD", size=131_072) is WARMER
    assert lies(ARCHIVE, TAR, 400, "STANDARD", size=20) is WARMER  # the rule for originals has a size filter of its own


def test_what_depends_on_tags_is_asked_for_and_then_decided():
    trail = WANTED.trail_rules
    assert lies(trail, LOG, 92) is AS_DUE
    assert lies(trail, LOG, 93) is Place.TAGS
    assert lies(trail, LOG, 93, tags=frozenset()) is AS_DUE
    assert lies(trail, LOG, 93, tags=frozenset({("itemtrail", "proven")})) is THERE
    assert lies([expires(9, Filter=PROVEN), moves(9, "GLACIER")], LOG, 400, "STANDARD", tags=frozenset()) is WARMER


def test_what_is_not_understood_is_not_judged():
    assert lies([rule(Transitions=[{"Days": 1, "StorageClass": "MAGMA"}])], TAR, 4) is Place.UNTOLD
    assert lies([rule(Teleportation=1, **under("elsewhere/"))], TAR, 4) is AS_DUE
    assert lies(ARCHIVE, TAR, 4, "SNOW") is Place.UNTOLD
    unknown_time = Archived(TAR, 1, "e", "STANDARD")
    assert judge(Rules(parse(None), BORN, DAY), unknown_time)[0] is Place.UNTOLD


def test_the_root_stands_before_the_listed_key():
    deep = [moves(45, "DEEP_ARCHIVE", **under("root/originals/", ObjectSizeGreaterThan=1))]
    assert lies(deep, TAR, 400, root="root/") is WARMER
    assert lies(deep, TAR, 400) is AS_DUE


def test_without_versions_an_expired_object_is_gone_for_good():
    assert lies([expires(9)], TAR, 11.9, versioned=False) is AS_DUE
    assert lies([expires(9)], TAR, 12, versioned=False) is THERE


def test_the_counts_name_some_and_fail_where_one_is_wrong():
    tally = Tally()
    for number in range(5):
        tally.add(
            "originals", Archived(f"o{number}", number, "e", "GLACIER"), COLDER, f"o{number} is in GLACIER, due is STANDARD"
        )
    tally.add("keys", Archived("k", 9, "e", "STANDARD"), AS_DUE, "")
    seen, wrong = tally.findings("archive", "everything", 3)
    assert (seen.status, wrong.status) == (FindingStatus.NOTE, FindingStatus.FAIL)
    assert seen.detail == ("6 objects looked at (everything), 3 days of S3's lag tolerated: keys STANDARD 1; originals GLACIER 5")
    assert wrong.detail.startswith("5 of 6 objects: colder than due: o0 is in GLACIER, due is STANDARD; o1")
    assert "o3" not in wrong.detail
    assert tally.sizes == {"originals": {0, 1, 2, 3, 4}, "keys": {9}}
