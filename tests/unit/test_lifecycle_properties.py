"""P1 to P12 over both buckets: what setting up puts holds them all, and for each one a configuration that breaks just it."""

import datetime as dt

import pytest

from itemtrail.core import layout, retention
from itemtrail.core.lifecycle_rules import SMALL, parse
from itemtrail.core.lifecycle_together import together
from itemtrail.flows.lifecycle import archive_findings, trail_findings
from itemtrail.flows.setup import wanted_of
from itemtrail.settings import parse as parse_settings
from itemtrail.snapshot import BucketState, FindingStatus

NOW = dt.datetime(2026, 11, 24, 9, 30, tzinfo=dt.UTC)
SETTINGS = parse_settings(
    """
[trail]
name = "HRMS"
account = "111122223333"
home_region = "us-east-1"
bucket = "trail-bucket"
[archive]
bucket = "archive"
region = "us-east-1"
accounts = ["111122223333", "444455556666"]
regions = ["us-east-1", "eu-west-1"]
""",
    file="test.toml",
)
WANTED = wanted_of(SETTINGS, "aws")
ALL = {f"P{number}" for number in range(1, 13)}
LOCKED = {"ObjectLockEnabled": "Enabled"}
PROVEN = {"Tag": {"Key": "itemtrail", "Value": "proven"}}


def rule(name="foreign", **parts):
    return {"ID": name, "Status": "Enabled", "Filter": {}, **parts}


def moves(days, to, **parts):
    return rule(Transitions=[{"Days": days, "StorageClass": to}], **parts)


def expires(days, **parts):
    return rule(Expiration={"Days": days}, **parts)


def changed(name, **parts):
    """The archive's rules with one of ours edited."""
    return [{**one, **parts} if one["ID"] == name else one for one in WANTED.archive_rules]


def under(prefix, **parts):
    return {"Filter": {"And": {"Prefix": prefix, **parts}} if parts else {"Prefix": prefix}}


def judged(role, rules, sizes=(), lock=LOCKED):
    """(check without its first word → finding) of one bucket with these rules."""
    document = {"Rules": list(rules)}
    bucket = BucketState(role, "us-east-1", versioning="Enabled", object_lock=lock, lifecycle=document)
    if role == "archive":
        found = archive_findings(parse(document), bucket, SETTINGS, NOW, sizes)
    else:
        found = trail_findings(parse(document), bucket, SETTINGS, sizes)
    assert len({one.check for one in found}) == len(found), "one answer a property"
    return {one.check.removeprefix("lifecycle."): one for one in found}


def test_what_setting_up_puts_holds_every_property():
    archive, trail = judged("archive", WANTED.archive_rules), judged("trail", WANTED.trail_rules)
    assert archive.keys() | trail.keys() == ALL | {"expiry"}
    assert {name for found in (archive, trail) for name, one in found.items() if one.bad} == set()


DEEP = {"Transitions": [{"Days": 45, "StorageClass": "DEEP_ARCHIVE"}]}
ORIGINALS = "itemtrail-originals"
BREAKS = {
    # property → bucket, rules, what fails with it, words of the counterexample
    "P1: originals a day late": (
        "archive",
        changed(ORIGINALS, Transitions=[{"Days": 46, "StorageClass": "DEEP_ARCHIVE"}]),
        {"P1"},
        "is in STANDARD after 45 days",
    ),
    "P2: a rule for changes/ that also reaches quarantine": (
        "archive",
        [*WANTED.archive_rules, expires(400, **under("quarantine/"))],
        {"P2"},
        "an object quarantine/… of 0 bytes is hidden by a delete marker after 400 day(s), by Expiration of rule 'foreign'",
    ),
    "P2: noncurrent versions of receipts": (
        "archive",
        [*WANTED.archive_rules, rule(NoncurrentVersionExpiration={"NoncurrentDays": 9, "NewerNoncurrentVersions": 99})],
        {"P2"},
        "is deleted after 9 day(s), by NoncurrentVersionExpiration",
    ),
    "P2: stream receipts": ("archive", [*WANTED.archive_rules, expires(400, **under("stream_rec"))], {"P2"}, "stream_rec"),
    "P3: events leave STANDARD in their window": (
        "archive",
        changed("itemtrail-events", Transitions=[{"Days": 60, "StorageClass": "GLACIER_IR"}]),
        {"P3"},
        "an object events/… of 131072 bytes moves to GLACIER_IR after 60 day(s), by rule 'itemtrail-events'",
    ),
    "P4: unvalidated digests become unreadable": (
        "trail",
        [*WANTED.trail_rules, moves(60, "GLACIER", **under("AWSLogs/"))],
        {"P4"},
        "an object AWSLogs/… of 131072 bytes moves to GLACIER after 60 day(s)",
    ),
    "P4: overwritten digests become unreadable": (
        "trail",
        [*WANTED.trail_rules, rule(NoncurrentVersionTransitions=[{"NoncurrentDays": 1, "StorageClass": "GLACIER"}])],
        {"P4"},
        "once it is not the current version, moves to GLACIER after 1 day(s)",
    ),
    "P4: proven logs go and their digests stay": (
        "trail",
        [*WANTED.trail_rules, expires(40, **under("AWSLogs/111122223333/CloudTrail/", Tags=[PROVEN["Tag"]]))],
        {"P4"},
        "an object AWSLogs/111122223333/CloudTrail/2… of 20 bytes tagged itemtrail=proven is gone after 40 day(s)",
    ),
    "P4: proven digests of one Region and year go first": (
        "trail",
        [
            *WANTED.trail_rules,
            expires(40, **under("AWSLogs/444455556666/CloudTrail-Digest/us-east-1/2026/", Tags=[PROVEN["Tag"]])),
        ],
        {"P4"},
        "CloudTrail-Digest/us-east-1/2026/2… of 20 bytes tagged itemtrail=proven is gone after 40 day(s)",
    ),
    "P4: an organization's logs without their digests": (
        "trail",
        [*WANTED.trail_rules, expires(40, **under("AWSLogs/o-abc/7777/CloudTrail/", Tags=[PROVEN["Tag"]]))],
        {"P4"},
        "AWSLogs/o-abc/7777/CloudTrail-Digest/",
    ),
    "P4: proven objects freeze from 128 KB on, so digests stay behind": (
        "trail",
        [*WANTED.trail_rules, moves(60, "GLACIER", Filter=PROVEN)],
        {"P4"},
        "is in GLACIER after 60 day(s)",
    ),
    "P4: one tar of a day": (
        "archive",
        [*WANTED.archive_rules, moves(40, "GLACIER", **under("originals/account=1/region=r/delivery_date=2026-01-01/000-001"))],
        {"P4"},
        "by rule 'foreign', and the other tars of its day do not",
    ),
    "P5: uploads are not aborted": (
        "archive",
        [one for one in WANTED.archive_rules if one["ID"] != "itemtrail-abort-uploads"],
        {"P5"},
        "parts of interrupted uploads",
    ),
    "P6: the rule is Disabled": (
        "archive",
        changed(ORIGINALS, Status="Disabled"),
        {"P1", "P6"},  # P6 says why P1 fails: it cannot fail alone
        "only Disabled rules do it: 'itemtrail-originals'",
    ),
    "P7: everything goes after 90 days": (
        "trail",
        [*WANTED.trail_rules, expires(90)],
        {"P7"},
        "an object AWSLogs/… of 0 bytes is hidden by a delete marker after 90 day(s), by Expiration of rule 'foreign'",
    ),
    "P7: what is proven goes within the re-open window": (
        "trail",
        [{**WANTED.trail_rules[0], "Expiration": {"Days": 29}}, WANTED.trail_rules[1]],
        {"P7"},
        "tagged itemtrail=proven is hidden by a delete marker after 29 day(s)",
    ),
    "P7: a tag that nobody's receipt stands behind": (
        "trail",
        [*WANTED.trail_rules, expires(400, Filter={"Tag": {"Key": "itemtrail", "Value": "archived"}})],
        {"P7"},
        "tagged itemtrail=archived",
    ),
    "P8: moved on within the minimum duration": (
        "archive",
        changed(
            ORIGINALS, Transitions=[{"Days": 31, "StorageClass": "GLACIER_IR"}, {"Days": 45, "StorageClass": "DEEP_ARCHIVE"}]
        ),
        {"P8"},
        "an object originals/… moves on to DEEP_ARCHIVE after 14 day(s) in GLACIER_IR, whose minimum is 90",
    ),
    "P9: no size filter": (
        "archive",
        changed(ORIGINALS, **under("originals/")),
        {"P1", "P9"},  # P9 says why P1 fails: it cannot fail alone
        "of 20 bytes never moves, and stays in STANDARD: objects under 128 KB do not by all_storage_classes_128K",
    ),
    "P11: frozen within the re-open window": (
        "archive",
        changed(ORIGINALS, Transitions=[{"Days": 29, "StorageClass": "DEEP_ARCHIVE"}]),
        {"P11"},
        "an object originals/… of 2 bytes moves to DEEP_ARCHIVE after 29 day(s)",
    ),
    "P12: events to Deep Archive, years later": (
        "archive",
        [*WANTED.archive_rules, moves(2000, "DEEP_ARCHIVE", **under("events/"))],
        {"P12"},
        "an object events/… of 131072 bytes moves to DEEP_ARCHIVE after 2000 day(s)",
    ),
    "P12: a ledger that is cheap to keep and slow to read": (
        "archive",
        [*WANTED.archive_rules, moves(365, "STANDARD_IA", **under("ledger/"))],
        {"P12"},
        "colder than STANDARD is allowed never",
    ),
    **{
        f"P12: {name} frozen": (
            "archive",
            [*WANTED.archive_rules, moves(2000, "GLACIER", **under(name))],
            {"P12"},
            f"an object {name}… of 131072 bytes moves to GLACIER",
        )
        for name in (*retention.QUERIED, *retention.STANDARD)
    },
}


@pytest.mark.parametrize(("role", "rules", "bad", "words"), BREAKS.values(), ids=BREAKS)
def test_one_edit_breaks_one_property_and_the_counterexample_says_how(role, rules, bad, words):
    found = judged(role, rules)
    assert {name for name, one in found.items() if one.bad} == bad
    failing = max(bad, key=lambda name: int(name[1:]))
    assert found[failing].status is FindingStatus.FAIL
    assert words in found[failing].detail


def test_p10_fails_alone_where_the_bucket_cannot_lock():
    found = judged("archive", WANTED.archive_rules, lock=None)
    assert {name for name, one in found.items() if one.bad} == {"P10"}
    assert "can be deleted on day 0" in found["P10"].detail


def test_every_property_has_a_configuration_that_breaks_it():
    assert {name.partition(":")[0] for name in BREAKS} | {"P10"} == ALL


ONLY_LARGE = [*WANTED.archive_rules, moves(20, "GLACIER", **under("originals/", ObjectSizeGreaterThan=5_000_000))]


def test_the_counterexample_is_an_object_that_exists_where_one_does():
    assert "of 7340032 bytes moves to GLACIER" in judged("archive", ONLY_LARGE, (20_480, 7_340_032))["P11"].detail
    assert "of 5000001 bytes moves to GLACIER" in judged("archive", ONLY_LARGE)["P11"].detail
    one_exists = judged("trail", [*WANTED.trail_rules, moves(60, "GLACIER")], (1_402, 200_000))["P4"].detail
    assert "of 200000 bytes" in one_exists


def test_small_objects_that_exist_decide_p1_and_p9():
    no_filter = changed(ORIGINALS, **under("originals/"))
    assert not any(one.bad for one in judged("archive", no_filter, (SMALL, 10 * SMALL)).values())
    found = judged("archive", no_filter, (SMALL - 1, 10 * SMALL))
    assert {name for name, one in found.items() if one.bad} == {"P1", "P9"}
    assert f"of {SMALL - 1} bytes never moves" in found["P9"].detail


def test_digests_and_logs_under_one_rule_each_are_together():
    folders = ("AWSLogs/111122223333/CloudTrail/", "AWSLogs/111122223333/CloudTrail-Digest/")
    both = [expires(40, **under(folder, Tags=[PROVEN["Tag"]])) for folder in folders]
    assert not judged("trail", [*WANTED.trail_rules, *both])["P4"].bad


def test_a_trails_prefix_may_have_cloudtrails_name_in_it():
    folder = "audit/CloudTrail/AWSLogs/o-abc/7777/CloudTrail-Digest/"
    rules = parse({"Rules": [expires(40, **under(folder, Tags=[PROVEN["Tag"]]))]})
    found = together(rules, retention.trail_together("audit/CloudTrail", ["1"]), "trail")
    assert found.status is FindingStatus.FAIL
    assert folder in found.detail


def test_a_rule_that_is_not_understood_leaves_every_property_it_may_touch_unproven():
    odd = rule(Transitions=[{"Days": 1, "StorageClass": "MAGMA"}])
    archive, trail = judged("archive", [*WANTED.archive_rules, odd]), judged("trail", [*WANTED.trail_rules, odd])
    unproven = {name for found in (archive, trail) for name, one in found.items() if one.status is FindingStatus.CANNOT_PROVE}
    assert unproven == ALL - {"P5", "P10"} | {"expiry"}


def test_every_folder_of_the_archive_has_its_class_and_its_keeping():
    known = {"originals/", retention.SPILL, *retention.QUERIED, *retention.STANDARD}
    folders = {value for name, value in vars(layout).items() if name.isupper() and isinstance(value, str)}
    assert [name for name in folders if not name.startswith(tuple(known))] == []
    assert known - {*retention.EVIDENCE} == {retention.SPILL, "alerts/", *retention.DERIVED}
