"""Drift by meaning, told rule by rule; what S3 would refuse is never sent; setting up says what it changes and keeps."""

import itertools

import pytest
from tests.unit.test_lifecycle_properties import SETTINGS, WANTED, changed, expires, judged, moves, rule, under

from itemtrail.core import retention
from itemtrail.core.lifecycle_drift import changes, drift, findings
from itemtrail.core.lifecycle_valid import refusals
from itemtrail.core.setup_buckets import archive_bucket
from itemtrail.core.setup_plan import Observed
from itemtrail.flows.lifecycle import review
from itemtrail.snapshot import BucketState, FindingStatus, Identity

RULES = WANTED.archive_rules
FAIL, CANNOT, NOTE, PASS = FindingStatus.FAIL, FindingStatus.CANNOT_PROVE, FindingStatus.NOTE, FindingStatus.PASS


def told(rules, wanted=RULES):
    return [(f.status, f.detail) for f in findings(drift({"Rules": list(rules)}, wanted), "archive", own=retention.OWN_RULES)]


DRIFTS = {
    "days": (
        changed("itemtrail-originals", Transitions=[{"Days": 7, "StorageClass": "DEEP_ARCHIVE"}]),
        "rule 'itemtrail-originals': transition to DEEP_ARCHIVE: 45 days → 7 days",
    ),
    "class": (
        changed("itemtrail-originals", Transitions=[{"Days": 45, "StorageClass": "GLACIER"}]),
        "transition to DEEP_ARCHIVE: 45 days → none; transition to GLACIER: none → 45 days",
    ),
    "date instead of days": (
        changed("itemtrail-spill", Expiration={"Date": "2030-01-01T00:00:00Z"}),
        "rule 'itemtrail-spill': expiration 1 days → 2030-01-01",
    ),
    "status": (changed("itemtrail-events", Status="Disabled"), "rule 'itemtrail-events': status Enabled → Disabled"),
    "prefix": (changed("itemtrail-events", **under("event/")), "rule 'itemtrail-events': prefix 'events/' → 'event/'"),
    "size filter": (changed("itemtrail-originals", **under("originals/")), "ObjectSizeGreaterThan 1 → none"),
    "noncurrent": (
        changed("itemtrail-spill", NoncurrentVersionExpiration={"NoncurrentDays": 9, "NewerNoncurrentVersions": 2}),
        "noncurrent expiration 1 days → 9 days behind 2 newer",
    ),
    "uploads": (
        changed("itemtrail-abort-uploads", AbortIncompleteMultipartUpload={"DaysAfterInitiation": 70}),
        "abort of uploads 7 days → 70 days",
    ),
    "an action more": (
        changed("itemtrail-abort-uploads", Expiration={"ExpiredObjectDeleteMarker": True}),
        "ExpiredObjectDeleteMarker False → True",
    ),
    "noncurrent transition": (
        changed("itemtrail-events", NoncurrentVersionTransitions=[{"NoncurrentDays": 30, "StorageClass": "GLACIER"}]),
        "noncurrent transition to GLACIER: none → 30 days",
    ),
    "missing": (RULES[1:], "rule 'itemtrail-originals' is missing"),
}


@pytest.mark.parametrize(("rules", "words"), DRIFTS.values(), ids=DRIFTS)
def test_each_edit_is_one_line_about_one_rule(rules, words):
    ((status, detail),) = told(rules)
    assert status is FAIL
    assert words in detail


def test_tags_of_the_trail_buckets_rule_are_compared():
    other = {**WANTED.trail_rules[0], "Filter": {"Tag": {"Key": "itemtrail", "Value": "seen"}}}
    ((_, detail),) = told([other, WANTED.trail_rules[1]], WANTED.trail_rules)
    assert "tags itemtrail=proven → itemtrail=seen" in detail


SPELLINGS = {
    "another order": list(reversed(RULES)),
    "other IDs": [{**one, "ID": f"mine-{n}"} for n, one in enumerate(RULES)],
    "a legacy prefix": [
        {key: value for key, value in one.items() if key != "Filter"} | {"Prefix": one["Filter"]["Prefix"]}
        if "Prefix" in one["Filter"]
        else one
        for one in RULES
    ],
    "And with one member": [
        {**one, "Filter": {"And": one["Filter"]}} if "Prefix" in one["Filter"] and one["Filter"]["Prefix"] else one
        for one in RULES
    ],
    "no filter for the whole bucket": [{**one, "Filter": {}} if one["Filter"] == {"Prefix": ""} else one for one in RULES],
}


@pytest.mark.parametrize("rules", SPELLINGS.values(), ids=SPELLINGS)
def test_another_spelling_is_no_drift(rules):
    assert [status for status, _ in told(rules)] == [PASS]
    assert retention.merge_rules({"Rules": rules}, RULES) is None


def test_a_part_that_was_not_read_back_is_no_equality():
    odd = changed("itemtrail-originals", Teleportation={"Days": 1})
    assert told(odd) == [(CANNOT, "rule 'itemtrail-originals' was not read back as it was put: Teleportation (not known)")]
    merged = retention.merge_rules({"Rules": odd}, RULES)
    assert merged is not None
    assert "Teleportation" not in str(merged)


def test_rules_of_others_are_no_drift_and_an_earlier_one_of_ours_is_noted():
    rules = [*RULES, expires(4000, **under("x/")), {**rule("itemtrail-old"), "Expiration": {"Days": 4000}}]
    assert told(rules) == [
        (PASS, "our rules are as itemtrail setup puts them; 1 rule(s) of others beside them"),
        (NOTE, "rule 'itemtrail-old' is an earlier one of ours"),
    ]


def test_a_bucket_without_a_configuration_lacks_every_rule():
    assert len(findings(drift(None, RULES), "archive", own=retention.OWN_RULES)) == len(RULES)


def test_setting_up_says_which_rules_change_and_keeps_those_of_others():
    current = {
        "Rules": [
            *changed("itemtrail-originals", Transitions=[{"Days": 7, "StorageClass": "DEEP_ARCHIVE"}])[:-1],
            expires(4000, **under("x/")),
        ]
    }
    assert changes(current, RULES) == (
        "rule 'itemtrail-originals': transition to DEEP_ARCHIVE: 7 days → 45 days; "
        "adds itemtrail-spill; keeps the rule(s) of others: foreign"
    )
    merged = retention.merge_rules(current, RULES)
    assert merged is not None
    assert judged("archive", merged["Rules"])["P11"].status is PASS
    assert next(one for one in merged["Rules"] if one["ID"] == "foreign") == current["Rules"][-1]
    assert retention.merge_rules(merged, RULES) is None


class One:
    """An account whose archive bucket has these rules, and no trail bucket."""

    def __init__(self, rules):
        lock = {"ObjectLockEnabled": "Enabled"}
        self._bucket = BucketState("archive", "us-east-1", "Enabled", object_lock=lock, lifecycle={"Rules": list(rules)})

    def bucket(self, name):
        return self._bucket if name == "archive" else None


def test_the_review_names_drift_and_what_each_rule_of_others_breaks():
    from tests.unit.test_lifecycle_properties import NOW

    foreign = [moves(10, "GLACIER", **under("ledger/")) | {"ID": "cheap"}, expires(4000, **under("x/")) | {"ID": "theirs"}]
    found = review(One([*RULES, *foreign]), SETTINGS, now=NOW)
    notes = [one.detail for one in found if one.check == "lifecycle.others"]
    assert notes == [
        "rule 'cheap' is not ours, and breaks P12",
        "rule 'theirs' is not ours, and breaks nothing that is asserted here",
    ]
    unseen = {one.check: one.status for one in found if one.resource == "trail-bucket"}
    assert unseen == {"lifecycle.read": FAIL, **{f"lifecycle.{name}": CANNOT for name in ("P4", "P5", "P7", "P8")}}


REFUSED = {
    "Infrequent Access within 30 days": (moves(29, "STANDARD_IA"), "must be 30 or more"),
    "back to a warmer class": (
        rule(Transitions=[{"Days": 1, "StorageClass": "DEEP_ARCHIVE"}, {"Days": 200, "StorageClass": "GLACIER"}]),
        "from DEEP_ARCHIVE S3 moves nothing to GLACIER",
    ),
    "on before the minimum duration": (
        rule(Transitions=[{"Days": 4, "StorageClass": "GLACIER_IR"}, {"Days": 93, "StorageClass": "DEEP_ARCHIVE"}]),
        "too early",
    ),
    "expired before it is moved": (expires(30) | moves(30, "GLACIER"), "must be greater than the last transition's 30"),
    "days and a date": (expires(9) | {"Transitions": [{"Date": "2030-01-01T00:00:00Z", "StorageClass": "GLACIER"}]}, "either by"),
    "no action": (rule(), "no action"),
    "a tag and an abort": (
        rule(AbortIncompleteMultipartUpload={"DaysAfterInitiation": 1}, Filter={"Tag": {"Key": "a", "Value": "b"}}),
        "no filter by tag or size",
    ),
    "more newer versions than a hundred": (
        rule(NoncurrentVersionExpiration={"NoncurrentDays": 1, "NewerNoncurrentVersions": 101}),
        "not 1 to 100",
    ),
    "a class of tomorrow": (moves(1, "MAGMA"), "no transition to 'MAGMA'"),
    "an ID too long": (expires(1) | {"ID": "x" * 256}, "an ID of 1 to 255"),
    "expires on day 0": (expires(0), "from 1 on"),
    "an empty range of sizes": (expires(1, **under("x", ObjectSizeGreaterThan=5, ObjectSizeLessThan=6)), "no object is larger"),
}


@pytest.mark.parametrize(("one", "why"), REFUSED.values(), ids=REFUSED)
def test_what_the_stand_ins_accept_and_s3_refuses_is_refused_here(one, why):
    (found,) = refusals({"Rules": [one]})
    assert why in found.why


def test_a_thousand_rules_and_no_more_and_no_id_twice():
    many = [expires(1) | {"ID": str(n)} for n in range(1001)]
    assert refusals({"Rules": many[:1000]}) == ()
    assert "1001 rules" in str(refusals({"Rules": many})[0])
    assert "two rules have this ID" in str(refusals({"Rules": [many[0], many[0]]})[0])


def test_our_own_rules_would_be_accepted_with_every_setting():
    for deep, events, expiry, reopen in itertools.product((31, 3650), (30, 3650), (31, 36500), (1, 90)):
        archive = retention.archive_rules(
            "root",
            originals_class="GLACIER",
            originals_after=deep,
            events_class="STANDARD_IA",
            events_after=events,
            spill_days=365,
        )
        trail = retention.trail_rules("p", expiry_days=expiry, noncurrent_days=reopen)
        assert refusals({"Rules": list(archive)}) == refusals({"Rules": list(trail)}) == ()


def test_a_plan_holds_no_put_that_s3_would_refuse():
    full = {"Rules": [expires(4000, **under("x/")) | {"ID": str(n)} for n in range(999)]}
    bucket = BucketState("archive", "us-east-1", "Enabled", object_lock={"ObjectLockEnabled": "Enabled"}, lifecycle=full)
    observed = Observed(Identity("111122223333", "aws", "arn"), "", (), None, bucket, (), {}, {})
    part = archive_bucket(observed, WANTED)
    assert not [one for one in part.actions if one.call.operation == "PutBucketLifecycleConfiguration"]
    assert any("S3 would refuse these rules: 1004 rules" in one.detail for one in part.findings)
