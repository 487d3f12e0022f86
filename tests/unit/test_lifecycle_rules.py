"""Reading lifecycle configurations: one meaning for many spellings, and nothing unreadable taken for harmless."""

import datetime as dt
import json

import pytest

from itemtrail.core.lifecycle_checks import Kept, kept
from itemtrail.core.lifecycle_rules import ALL_128K, VARIES, Configuration, When, parse
from itemtrail.snapshot import FindingStatus

RECORDED = "localstack/localstack_lifecycle_docs.json"
WHOLE_BUCKET = Kept(("AWSLogs/",), None)


def rule(**parts):
    return {"ID": "r", "Status": "Enabled", **parts}


def only(**parts):
    (read,) = parse({"Rules": [rule(**parts)]}).rules
    return read


WHOLE = {
    "empty filter": {"Filter": {}},
    "empty prefix in the filter": {"Filter": {"Prefix": ""}},
    "legacy empty prefix": {"Prefix": ""},
    "filter as an empty string": {"Filter": ""},
    "no filter": {},
}


@pytest.mark.parametrize("parts", WHOLE.values(), ids=WHOLE)
def test_these_all_mean_the_whole_bucket(parts):
    read = only(Expiration={"Days": 7}, **parts)
    assert (read.prefix, read.tags, read.larger_than, read.smaller_than, read.unknown) == ("", frozenset(), None, None, ())


def test_legacy_prefix_is_the_filters_prefix():
    assert only(Prefix="AWSLogs/", Expiration={"Days": 1}) == only(Filter={"Prefix": "AWSLogs/"}, Expiration={"Days": 1})


def test_and_with_one_member_is_that_member():
    assert only(Filter={"And": {"Prefix": "a/"}}) == only(Filter={"Prefix": "a/"})
    tag = {"Key": "k", "Value": "v"}
    assert only(Filter={"And": {"Tags": [tag]}}) == only(Filter={"Tag": tag})


def test_every_part_is_read():
    tag = {"Key": "k", "Value": "v"}
    read = only(
        Filter={"And": {"Prefix": "a/", "Tags": [tag], "ObjectSizeGreaterThan": 1, "ObjectSizeLessThan": 9}},
        Transitions=[{"Days": 30, "StorageClass": "STANDARD_IA"}, {"Date": "2027-01-01T00:00:00Z", "StorageClass": "GLACIER"}],
        Expiration={"Days": 90},
        NoncurrentVersionTransitions=[{"NoncurrentDays": 5, "StorageClass": "GLACIER", "NewerNoncurrentVersions": 2}],
        NoncurrentVersionExpiration={"NoncurrentDays": 7, "NewerNoncurrentVersions": 3},
        AbortIncompleteMultipartUpload={"DaysAfterInitiation": 4},
    )
    assert read.tags == {("k", "v")}
    assert (read.larger_than, read.smaller_than) == (1, 9)
    assert read.transitions == ((When(days=30), "STANDARD_IA"), (When(date=dt.date(2027, 1, 1)), "GLACIER"))
    assert read.expiration == When(days=90)
    assert read.noncurrent_transitions == ((5, "GLACIER", 2),)
    assert read.noncurrent_expiration == (7, 3)
    assert read.abort_days == 4
    assert read.unknown == ()


def test_a_bucket_without_a_configuration_has_no_rules():
    assert parse(None) == Configuration(())


@pytest.mark.parametrize("minimum", [ALL_128K, VARIES])
def test_the_default_minimum_is_as_read(minimum):
    assert parse({"Rules": [], "TransitionDefaultMinimumObjectSize": minimum}).minimum == minimum


UNREADABLE = {
    "expiration that is text": {"Expiration": "<expiration>"},
    "days that are text": {"Expiration": {"Days": "7"}},
    "days below nought": {"Expiration": {"Days": -1}},
    "days that are true": {"Expiration": {"Days": True}},
    "days and date": {"Expiration": {"Days": 1, "Date": "2027-01-01"}},
    "days and delete marker": {"Expiration": {"Days": 1, "ExpiredObjectDeleteMarker": True}},
    "date that is none": {"Expiration": {"Date": "datetime"}},
    "date that is not midnight": {"Expiration": {"Date": "2027-01-01T01:00:00Z"}},
    "date of an offset that is not midnight in UTC": {"Expiration": {"Date": "2027-01-01T00:00:00+02:00"}},
    "class of tomorrow": {"Transitions": [{"Days": 1, "StorageClass": "GLACIER_SHALLOW"}]},
    "transition without a class": {"Transitions": [{"Days": 1}]},
    "transition without a time": {"Transitions": [{"StorageClass": "GLACIER"}]},
    "transition that is text": {"Transitions": ["x"]},
    "transitions that are no list": {"Transitions": {"Days": 1}},
    "noncurrent expiration without data": {"NoncurrentVersionExpiration": {}},
    "noncurrent expiration of tomorrow": {"NoncurrentVersionExpiration": {"NoncurrentDays": 1, "IfRaining": True}},
    "filter of tomorrow": {"Filter": {"ObjectColour": "red"}, "Expiration": {"Days": 1}},
    "filter that is a list": {"Filter": ["x"]},
    "and beside a prefix": {"Filter": {"And": {"Prefix": "a"}, "Prefix": "b"}},
    "tag without a value": {"Filter": {"Tag": {"Key": "k"}}},
    "size that is text": {"Filter": {"ObjectSizeGreaterThan": "10"}},
    "action of tomorrow": {"Teleportation": {"Days": 1}},
    "status of tomorrow": {"Status": "Paused"},
}


@pytest.mark.parametrize("parts", UNREADABLE.values(), ids=UNREADABLE)
def test_what_is_not_understood_is_named_and_never_passes(parts):
    configuration = parse({"Rules": [rule(**parts)]})
    assert configuration.rules[0].unknown
    assert kept(configuration, WHOLE_BUCKET, "b", versioned=True).bad


@pytest.mark.parametrize(
    "document",
    [
        {"Rules": "x"},
        {"Rules": [], "TransitionDefaultMinimumObjectSize": "whatever"},
        {"Rules": [], "Tomorrow": 1},
        {"Rules": ["x"]},
        {},
    ],
    ids=["rules that are text", "minimum of tomorrow", "member of tomorrow", "a rule that is text", "no rules at all"],
)
def test_a_configuration_that_is_not_understood_never_passes(document):
    assert kept(parse(document), WHOLE_BUCKET, "b", versioned=True).status is FindingStatus.CANNOT_PROVE


def test_a_disabled_rule_that_is_not_understood_does_nothing():
    read = parse({"Rules": [rule(Status="Disabled", Expiration="<expiration>")]})
    assert kept(read, WHOLE_BUCKET, "b", versioned=True).status is FindingStatus.PASS


# What S3 itself answered, and what that means for evidence under AWSLogs/ that must never go.
FAIL, CANNOT, PASS = FindingStatus.FAIL, FindingStatus.CANNOT_PROVE, FindingStatus.PASS
OUTCOMES = {
    ("test_delete_bucket_lifecycle_configuration", "get-bucket-lifecycle-conf"): FAIL,
    ("test_delete_lifecycle_configuration_on_bucket_deletion", "get-bucket-lifecycle-conf"): FAIL,
    ("test_bucket_lifecycle_configuration_object_expiry", "get-bucket-lifecycle-conf"): CANNOT,
    ("test_bucket_lifecycle_configuration_object_expiry_versioned", "get-bucket-lifecycle-conf"): FAIL,  # noncurrent, 1 day
    ("test_object_expiry_after_bucket_lifecycle_configuration", "get-bucket-lifecycle-conf"): CANNOT,
    ("test_bucket_lifecycle_multiple_rules", "get-bucket-lifecycle-conf"): PASS,  # prefixes t, test, testobject
    ("test_bucket_lifecycle_configuration_date", "get-bucket-lifecycle-conf"): FAIL,  # whatever the date is
    ("test_bucket_lifecycle_object_size_rules", "get-bucket-lifecycle-conf"): CANNOT,
    ("test_bucket_lifecycle_tag_rules", "get-bucket-lifecycle-conf"): CANNOT,
    ("test_lifecycle_expired_object_delete_marker", "get-bucket-lifecycle-conf"): CANNOT,
    ("test_s3_transition_default_minimum_object_size", "get-varies-by-storage"): FAIL,
    ("test_s3_transition_default_minimum_object_size", "get-default"): FAIL,
    ("test_s3_transition_default_minimum_object_size", "get-all-storage"): FAIL,
}


@pytest.fixture
def recorded(shared_data):
    return json.loads((shared_data / RECORDED).read_text(encoding="utf-8"))


def test_every_recorded_answer_has_the_outcome_that_is_written_here(recorded):
    answers = [(test, step, rules, minimum) for test, step, rules, minimum in recorded if isinstance(rules, list)]
    assert len(answers) == 14
    for test, step, rules, minimum in answers:
        document = {"Rules": rules} | ({"TransitionDefaultMinimumObjectSize": minimum} if minimum else {})
        finding = kept(parse(document), WHOLE_BUCKET, "b", versioned=True)
        assert finding.status is OUTCOMES[test, step], (test, step, finding)


def test_overlapping_prefixes_reach_what_lies_under_all_of_them(recorded):
    rules = next(rules for test, _, rules, _ in recorded if test == "test_bucket_lifecycle_multiple_rules")
    finding = kept(parse({"Rules": rules}), Kept(("testobject1",), None), "b", versioned=True)
    assert finding.status is CANNOT
    assert all(name in finding.detail for name in ("rule_one", "rule_two", "rule_three"))
