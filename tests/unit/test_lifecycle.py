"""A lifecycle configuration as a function: what is due to have become of an object, hour by hour where it matters."""

import datetime as dt

import pytest

from itemtrail.core.lifecycle import Version, due, history, state
from itemtrail.core.lifecycle_rules import ALL_128K, SMALL, VARIES, When, parse

CREATED = dt.datetime(2026, 1, 15, 10, 30, tzinfo=dt.UTC)
BIG = SMALL * 10


def at(day, hour=0):
    return dt.datetime(2026, 1, 1, hour, tzinfo=dt.UTC) + dt.timedelta(days=day - 1)


def bucket(*rules, minimum=ALL_128K):
    made = [{"ID": f"r{number}", "Status": "Enabled", "Filter": {}, **rule} for number, rule in enumerate(rules)]
    return parse({"Rules": made, "TransitionDefaultMinimumObjectSize": minimum})


def moves(*pairs, **more):
    return {"Transitions": [{"Days": days, "StorageClass": to} for days, to in pairs], **more}


def seen(configuration, when, *, size=BIG, key="originals/x", tags=(), versioned=True, **more):
    version = Version(key, size, CREATED, frozenset(tags), **more)
    found = state(configuration, version, when, versioned=versioned)
    return "deleted" if found.deleted else "hidden" if found.hidden else found.storage_class


@pytest.mark.parametrize(
    ("start", "when", "expected"),
    [
        (CREATED, When(days=3), at(19)),  # AWS's example: 15 January 10:30, 3 days → 19 January 00:00
        (CREATED, When(days=0), at(16)),
        (at(15), When(days=1), at(16)),
        (CREATED, When(date=dt.date(2026, 2, 1)), at(32)),
        (CREATED, When(date=dt.date(2025, 1, 1)), at(16)),
    ],
)
def test_days_count_to_the_next_midnight(start, when, expected):
    assert due(start, when) == expected


def test_nothing_happens_without_rules():
    assert history(bucket(), Version("k", 1, CREATED)) == ()


def test_a_transition_is_due_at_midnight_and_not_before():
    cold = bucket(moves((60, "GLACIER")))
    assert seen(cold, at(75, 23)) == "STANDARD"
    assert seen(cold, at(76)) == "GLACIER"


def test_a_disabled_rule_does_nothing():
    assert seen(bucket(moves((0, "GLACIER"), Status="Disabled")), at(400)) == "STANDARD"


def test_the_shorter_expiration_wins():
    both = bucket({"Expiration": {"Days": 30}}, {"Expiration": {"Days": 10}, "Filter": {"Prefix": "originals/"}})
    assert seen(both, at(26)) == "hidden"
    assert seen(both, at(26), key="events/x") == "STANDARD"


def test_the_colder_class_wins_on_one_day():
    assert seen(bucket(moves((30, "STANDARD_IA")), moves((30, "GLACIER"))), at(46)) == "GLACIER"


def test_transitions_go_only_forward():
    back = bucket(moves((10, "DEEP_ARCHIVE")), moves((20, "GLACIER")))
    assert seen(back, at(300)) == "DEEP_ARCHIVE"


def test_one_zone_does_not_reach_instant_retrieval():
    path = bucket(moves((30, "ONEZONE_IA"), (90, "GLACIER_IR"), (200, "GLACIER")))
    assert seen(path, at(110)) == "ONEZONE_IA"
    assert seen(path, at(216)) == "GLACIER"


def test_deletion_beats_a_transition_of_the_same_day_where_there_are_no_versions():
    same = bucket(moves((10, "GLACIER"), Expiration={"Days": 10}))
    changes = history(same, Version("k", BIG, CREATED), versioned=False)
    assert [(when, found.storage_class, found.deleted) for when, found in changes] == [(at(26), "STANDARD", True)]


def test_a_transition_beats_the_delete_marker_of_the_same_day():
    same = bucket(moves((10, "GLACIER"), Expiration={"Days": 10}))
    final = history(same, Version("k", BIG, CREATED))[-1][1]
    assert (final.storage_class, final.hidden, final.deleted) == ("GLACIER", True, False)


def test_an_expired_version_is_deleted_by_the_noncurrent_rule():
    rules = bucket({"Expiration": {"Days": 10}, "NoncurrentVersionExpiration": {"NoncurrentDays": 5}})
    assert [seen(rules, at(day)) for day in (25, 26, 30, 31)] == ["STANDARD", "hidden", "hidden", "deleted"]


def test_current_transitions_stop_when_the_version_is_noncurrent():
    rules = bucket(moves((60, "GLACIER"), Expiration={"Days": 10}))
    assert state(rules, Version("k", BIG, CREATED), at(400)).storage_class == "STANDARD"


def test_an_overwritten_version_counts_from_its_successor():
    rules = bucket({"NoncurrentVersionTransitions": [{"NoncurrentDays": 5, "StorageClass": "GLACIER"}]})
    assert seen(rules, at(25), noncurrent_since=at(20, 8)) == "STANDARD"
    assert seen(rules, at(26), noncurrent_since=at(20, 8)) == "GLACIER"


def test_newer_noncurrent_versions_are_kept():
    rules = bucket({"NoncurrentVersionExpiration": {"NoncurrentDays": 1, "NewerNoncurrentVersions": 2}})
    assert seen(rules, at(90), noncurrent_since=at(20), newer=1) == "STANDARD"
    assert seen(rules, at(90), noncurrent_since=at(20), newer=2) == "deleted"


def test_expired_delete_marker_removal_deletes_no_object():
    assert seen(bucket({"Expiration": {"ExpiredObjectDeleteMarker": True}}), at(4000)) == "STANDARD"


SMALL_CASES = {
    "default, small": (ALL_128K, {}, "GLACIER", SMALL - 1, "STANDARD"),
    "default, just large enough": (ALL_128K, {}, "GLACIER", SMALL, "GLACIER"),
    "varies, Glacier": (VARIES, {}, "GLACIER", 10, "GLACIER"),
    "varies, Deep Archive": (VARIES, {}, "DEEP_ARCHIVE", 10, "DEEP_ARCHIVE"),
    "varies, Instant Retrieval": (VARIES, {}, "GLACIER_IR", 10, "STANDARD"),
    "varies, Standard-IA": (VARIES, {}, "STANDARD_IA", 10, "STANDARD"),
    "own lower limit": (ALL_128K, {"ObjectSizeGreaterThan": 1}, "GLACIER", 10, "GLACIER"),
    "own lower limit not met": (ALL_128K, {"ObjectSizeGreaterThan": 10}, "GLACIER", 10, "STANDARD"),
    "own upper limit": (ALL_128K, {"ObjectSizeLessThan": 11}, "GLACIER", 10, "GLACIER"),
    "own upper limit not met": (ALL_128K, {"ObjectSizeLessThan": 10}, "GLACIER", 10, "STANDARD"),
}


@pytest.mark.parametrize(("minimum", "filter_", "to", "size", "expected"), SMALL_CASES.values(), ids=SMALL_CASES)
def test_small_objects(minimum, filter_, to, size, expected):
    assert seen(bucket(moves((30, to), Filter=filter_), minimum=minimum), at(60), size=size) == expected


def test_small_objects_expire_all_the_same():
    assert seen(bucket({"Expiration": {"Days": 1}}), at(60), size=1) == "hidden"


def test_a_tag_filter_needs_every_tag():
    tags = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
    rules = bucket({"Expiration": {"Days": 1}, "Filter": {"And": {"Tags": tags}}})
    assert seen(rules, at(60), tags=[("a", "1")]) == "STANDARD"
    assert seen(rules, at(60), tags=[("a", "1"), ("b", "2"), ("c", "3")]) == "hidden"
