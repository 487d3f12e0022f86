"""What S3 itself answered to lifecycle calls (26 recorded answers), and what each of them means here.

Fourteen configurations, read: which properties of an archive bucket fail, or cannot be proven. Three "there is none": a finding.
Nine refusals of a put: refused before sending as well. The recording holds answers only; the documents put are made here.
"""

import datetime as dt
import json

import pytest
from botocore.exceptions import ClientError

from itemtrail.aws.control import AwsControl
from itemtrail.core.lifecycle_rules import parse
from itemtrail.core.lifecycle_valid import refusals
from itemtrail.flows.lifecycle import archive_findings, review
from itemtrail.settings import DEFAULT_PATH, load
from itemtrail.snapshot import BucketState, FindingStatus

RECORDED = "localstack/localstack_lifecycle_docs.json"
SETTINGS = load(DEFAULT_PATH)
NOW = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)
FAIL, CANNOT = FindingStatus.FAIL, FindingStatus.CANNOT_PROVE
GET = "get-bucket-lifecycle-conf"

# A whole-bucket expiration after 7 days: evidence goes (P2); nothing gets cold (P1), no uploads are aborted (P5).
WEEK = {"P1": FAIL, "P2": FAIL, "P5": FAIL}
# An expiration that was replaced by a placeholder, on the whole bucket: nothing is concluded of anything that it may touch.
UNREAD = dict.fromkeys(("P1", "P2", "P3", "P4", "P5", "P6", "P8", "P9", "P11", "P12"), CANNOT)
OUTCOMES = {
    ("test_delete_bucket_lifecycle_configuration", GET): WEEK,
    ("test_delete_lifecycle_configuration_on_bucket_deletion", GET): WEEK,
    ("test_bucket_lifecycle_configuration_object_expiry", GET): UNREAD,
    ("test_bucket_lifecycle_configuration_object_expiry_versioned", GET): {**UNREAD, "P2": FAIL},  # noncurrent after a day
    ("test_object_expiry_after_bucket_lifecycle_configuration", GET): UNREAD,  # one answer without the header, one with
    ("test_bucket_lifecycle_multiple_rules", GET): {"P1": FAIL, "P5": CANNOT, "P8": CANNOT},  # t, test, testobject: not ours
    ("test_bucket_lifecycle_configuration_date", GET): {**UNREAD, "P2": FAIL},  # by Date, whatever the date is
    ("test_bucket_lifecycle_object_size_rules", GET): UNREAD,
    ("test_bucket_lifecycle_tag_rules", GET): UNREAD,
    ("test_lifecycle_expired_object_delete_marker", GET): UNREAD,
    ("test_s3_transition_default_minimum_object_size", "get-varies-by-storage"): WEEK,
    ("test_s3_transition_default_minimum_object_size", "get-default"): WEEK,
    ("test_s3_transition_default_minimum_object_size", "get-all-storage"): WEEK,
}


def rule(**parts):
    return {"ID": "wholebucket", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 7}, **parts}


def without(name, **parts):
    return {key: value for key, value in rule(**parts).items() if key != name}


TAG = {"Key": "testlifecycle", "Value": "positive"}
PUTS = {
    "missing-id": ({"Rules": [without("ID")]}, "it needs an ID"),
    "missing-filter": ({"Rules": [without("Filter")]}, "it needs a Filter"),
    "missing-noncurrent-version-expiration-data": (
        {"Rules": [without("Expiration", NoncurrentVersionExpiration={})]},
        "needs NoncurrentDays",
    ),
    "wrong-filter-and-plus-prefix": (
        {"Rules": [rule(Filter={"And": {"Prefix": "test", "Tags": [TAG]}, "Prefix": "test"})]},
        "And, Prefix side by side",
    ),
    "wrong-filter-and-and-object-size": (
        {"Rules": [rule(Filter={"And": {"Prefix": "test", "Tags": [TAG]}, "ObjectSizeGreaterThan": 20})]},
        "And, ObjectSizeGreaterThan side by side",
    ),
    "wrong-data-no-midnight": (
        {"Rules": [rule(Expiration={"Date": dt.datetime(2027, 1, 1, 1, 2, 3, tzinfo=dt.UTC)})]},
        "must be at midnight GMT",
    ),
    "duplicate-tag-keys": ({"Rules": [rule(Filter={"And": {"Prefix": "", "Tags": [TAG, TAG]}})]}, "duplicate tag keys"),
    "expired-delete-marker-and-days": (
        {"Rules": [rule(Expiration={"Days": 1, "ExpiredObjectDeleteMarker": True})]},
        "exactly one of Days, Date, ExpiredObjectDeleteMarker",
    ),
    "bad-value": (
        {"Rules": [rule()], "TransitionDefaultMinimumObjectSize": "value"},
        "invalid TransitionDefaultMinimumObjectSize 'value'",
    ),
}


@pytest.fixture
def recorded(shared_data):
    found = json.loads((shared_data / RECORDED).read_text(encoding="utf-8"))
    assert len(found) == 26
    return found


def test_each_configuration_that_was_read_has_the_outcome_written_here(recorded):
    answers = [one for one in recorded if isinstance(one[2], list)]
    assert len(answers) == 14
    for test, step, rules, minimum in answers:
        document = {"Rules": rules} | ({"TransitionDefaultMinimumObjectSize": minimum} if minimum else {})
        bucket = BucketState("b", "us-east-1", "Enabled", object_lock={"ObjectLockEnabled": "Enabled"}, lifecycle=document)
        found = archive_findings(parse(document), bucket, SETTINGS, NOW)
        outcome = {one.check.removeprefix("lifecycle."): one.status for one in found if one.bad}
        assert outcome == OUTCOMES[test, step], (test, step)
        assert parse(document).minimum == (minimum or "all_storage_classes_128K")


def test_each_answer_that_there_is_none_is_a_finding(recorded):
    missing = [one[2] for one in recorded if isinstance(one[2], dict) and one[2]["Code"] == "NoSuchLifecycleConfiguration"]
    assert len(missing) == 3
    for error in missing:
        bucket = read_through(error)
        assert bucket is not None
        assert bucket.lifecycle is None
        found = {one.check: one for one in review(Only(bucket), SETTINGS, now=NOW)}
        assert found["lifecycle.exists"].status is FAIL
        assert found["lifecycle.P1"].status is FAIL
        assert "is missing" in found["lifecycle.drift"].detail


def test_each_put_that_s3_refused_is_refused_before_it_is_sent(recorded):
    refused = {one[1] for one in recorded if isinstance(one[2], dict) and one[2]["Code"] != "NoSuchLifecycleConfiguration"}
    assert refused == PUTS.keys()
    for document, why in PUTS.values():
        found = refusals(document)
        assert len(found) == 1
        assert why in str(found[0])
    assert refusals({"Rules": [rule()]}) == ()


class Only:
    """An account with one bucket, whatever it is called."""

    def __init__(self, bucket):
        self._bucket = bucket

    def bucket(self, name):
        return self._bucket


NOTHING = {
    "get_bucket_encryption": "ServerSideEncryptionConfigurationNotFoundError",
    "get_public_access_block": "NoSuchPublicAccessBlockConfiguration",
    "get_bucket_ownership_controls": "OwnershipControlsNotFoundError",
    "get_bucket_policy": "NoSuchBucketPolicy",
    "get_object_lock_configuration": "ObjectLockConfigurationNotFoundError",
}


class Answers:
    """An S3 client whose every reading finds nothing set, in the service's own words."""

    def __init__(self, error):
        self.errors = {name: {"Code": code} for name, code in NOTHING.items()}
        self.errors["get_bucket_lifecycle_configuration"] = error

    def __getattr__(self, name):
        def call(**_):
            if name in self.errors:
                raise ClientError({"Error": self.errors[name], "ResponseMetadata": {"HTTPStatusCode": 404}}, name)
            return {"ResponseMetadata": {}, "LocationConstraint": None, "Status": "Enabled"}

        return call


def read_through(error):
    """The bucket as the adapter reads it when S3 gives this answer to GetBucketLifecycleConfiguration."""
    return AwsControl(lambda service, region=None: Answers(error), lambda: ()).bucket("b")
