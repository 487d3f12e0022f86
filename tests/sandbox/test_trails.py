"""What CloudTrail's API answers in the sandbox, asked by boto3: settings, shadows, and the refusals with AWS's codes."""

import contextlib
import datetime as dt
import gzip
import hashlib
import itertools
import json

import pytest
from botocore.exceptions import ClientError
from tests.sandbox.trail_bucket import TrailBucket

pytestmark = pytest.mark.sandbox
EAST, WEST = "us-east-1", "eu-west-1"
numbers = itertools.count(1)


@pytest.fixture(scope="module")
def account(new_sandbox):
    with new_sandbox(clock=dt.datetime(2026, 11, 21, tzinfo=dt.UTC)) as sandbox:
        yield sandbox


@pytest.fixture
def made(account):
    """Makes a bucket that admits a trail of a new name; the trails made are deleted afterwards."""
    buckets = []

    def make(home: str = EAST, prefix: str = "") -> TrailBucket:
        number = next(numbers)
        buckets.append(TrailBucket(account, f"hr-trail-{number}", f"hr-trail-bucket-{number}", home, prefix))
        buckets[-1].make_bucket()
        return buckets[-1]

    yield make
    for bucket in buckets:
        with contextlib.suppress(ClientError):
            bucket.client("cloudtrail").delete_trail(Name=bucket.name)


@contextlib.contextmanager
def refused(code: str):
    with pytest.raises(ClientError) as caught:
        yield caught
    assert caught.value.response["Error"]["Code"] == code


def test_a_trail_is_described_as_it_was_made(made):
    bucket = made(prefix="audit")
    trails = bucket.client("cloudtrail")
    answer = trails.create_trail(
        Name=bucket.name,
        S3BucketName=bucket.bucket,
        S3KeyPrefix="audit",
        EnableLogFileValidation=True,
        TagsList=[{"Key": "owner", "Value": "hr"}],
    )
    assert answer["TrailARN"] == bucket.arn
    trail = trails.get_trail(Name=bucket.name)["Trail"]
    assert trail["S3KeyPrefix"] == "audit"
    assert trail["LogFileValidationEnabled"]
    assert not trail["IsMultiRegionTrail"]
    assert trail["IncludeGlobalServiceEvents"]
    assert not trail["HasCustomEventSelectors"]
    assert trail["HomeRegion"] == EAST
    tags = trails.list_tags(ResourceIdList=[bucket.arn])["ResourceTagList"]
    assert tags == [{"ResourceId": bucket.arn, "TagsList": [{"Key": "owner", "Value": "hr"}]}]
    status = trails.get_trail_status(Name=bucket.name)
    assert status["IsLogging"] is False
    assert "StartLoggingTime" not in status


def test_tags_are_added_and_removed(made):
    bucket = made().start()
    trails = bucket.client("cloudtrail")
    trails.add_tags(ResourceId=bucket.arn, TagsList=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    trails.remove_tags(ResourceId=bucket.arn, TagsList=[{"Key": "a"}])
    assert trails.list_tags(ResourceIdList=[bucket.arn])["ResourceTagList"][0]["TagsList"] == [{"Key": "b", "Value": "2"}]
    with refused("TagsLimitExceededException"):
        trails.add_tags(ResourceId=bucket.arn, TagsList=[{"Key": str(number), "Value": "x"} for number in range(50)])
    with refused("ResourceNotFoundException"):
        trails.list_tags(ResourceIdList=[f"{bucket.arn}-other"])


@pytest.mark.parametrize("name", ["ab", "x" * 129, "hr trail", "-hr-trail", "hr-trail.", "hr--trail", "hr._trail", "192.168.5.4"])
def test_a_name_aws_does_not_take(made, name):
    bucket = made()
    with refused("InvalidTrailNameException"):
        bucket.client("cloudtrail").create_trail(Name=name, S3BucketName=bucket.bucket)


def test_a_bucket_that_is_not_there_or_does_not_admit_the_trail(made):
    bucket = made()
    trails = bucket.client("cloudtrail")
    with refused("S3BucketDoesNotExistException"):
        trails.create_trail(Name=bucket.name, S3BucketName="no-such-bucket-here")
    with refused("InvalidS3BucketNameException"):
        trails.create_trail(Name=bucket.name, S3BucketName="No_Bucket")
    bucket.client("s3").delete_bucket_policy(Bucket=bucket.bucket)
    with refused("InsufficientS3BucketPolicyException"):
        trails.create_trail(Name=bucket.name, S3BucketName=bucket.bucket)
    bucket.admit(arn=bucket.arn.replace(EAST, WEST))
    with refused("InsufficientS3BucketPolicyException"):
        trails.create_trail(Name=bucket.name, S3BucketName=bucket.bucket)
    bucket.admit(folder=f"AWSLogs/{bucket.sandbox.account}/CloudTrail/*")
    with refused("InsufficientS3BucketPolicyException"):
        trails.create_trail(Name=bucket.name, S3BucketName=bucket.bucket, EnableLogFileValidation=True)
    bucket.admit()
    with refused("InsufficientS3BucketPolicyException"):
        trails.create_trail(Name=bucket.name, S3BucketName=bucket.bucket, S3KeyPrefix="elsewhere")
    trails.create_trail(Name=bucket.name, S3BucketName=bucket.bucket, EnableLogFileValidation=True)


def test_a_policy_that_demands_another_acl_refuses(made):
    bucket = made()
    policy = json.loads(bucket.client("s3").get_bucket_policy(Bucket=bucket.bucket)["Policy"])
    policy["Statement"][1]["Condition"]["StringEquals"]["s3:x-amz-acl"] = "private"
    bucket.client("s3").put_bucket_policy(Bucket=bucket.bucket, Policy=json.dumps(policy))
    with refused("InsufficientS3BucketPolicyException"):
        bucket.client("cloudtrail").create_trail(Name=bucket.name, S3BucketName=bucket.bucket)


def test_a_name_can_be_used_once_in_a_region_and_five_trails_are_the_most(made):
    first = made().start(IsMultiRegionTrail=False)
    trails = first.client("cloudtrail")
    with refused("TrailAlreadyExistsException"):
        trails.create_trail(Name=first.name, S3BucketName=first.bucket)
    for _ in range(4):
        made().start(IsMultiRegionTrail=False)
    sixth = made()
    with refused("MaximumNumberOfTrailsExceededException"):
        trails.create_trail(Name=sixth.name, S3BucketName=sixth.bucket)
    west = made(WEST)
    with refused("MaximumNumberOfTrailsExceededException"):
        west.client("cloudtrail").create_trail(Name=west.name, S3BucketName=west.bucket, IsMultiRegionTrail=True)
    west.client("cloudtrail").create_trail(Name=west.name, S3BucketName=west.bucket)


def test_what_the_sandbox_does_not_do_is_refused_and_not_stored(made):
    bucket = made()
    trails = bucket.client("cloudtrail")
    for setting in ({"KmsKeyId": "alias/hr"}, {"SnsTopicName": "hr"}):
        with refused("UnsupportedOperationException"):
            trails.create_trail(Name=bucket.name, S3BucketName=bucket.bucket, **setting)
    with refused("OrganizationsNotInUseException"):
        trails.create_trail(Name=bucket.name, S3BucketName=bucket.bucket, IsOrganizationTrail=True)
    with refused("InvalidParameterCombinationException"):
        trails.create_trail(
            Name=bucket.name, S3BucketName=bucket.bucket, IsMultiRegionTrail=True, IncludeGlobalServiceEvents=False
        )


def test_a_shadow_is_seen_by_its_arn_and_changed_only_at_home(made):
    bucket = made().start()
    west = bucket.client("cloudtrail", WEST)
    assert [trail["TrailARN"] for trail in west.describe_trails()["trailList"]] == [bucket.arn]
    assert west.describe_trails(includeShadowTrails=False)["trailList"] == []
    assert west.describe_trails(trailNameList=[bucket.name])["trailList"] == []
    assert len(west.describe_trails(trailNameList=[bucket.arn])["trailList"]) == 1
    assert west.get_trail(Name=bucket.arn)["Trail"]["HomeRegion"] == EAST
    assert west.get_trail_status(Name=bucket.arn)["IsLogging"]
    assert bucket.arn in [trail["TrailARN"] for trail in west.list_trails()["Trails"]]
    with refused("TrailNotFoundException"):
        west.get_trail_status(Name=bucket.name)
    for change in (west.stop_logging, west.delete_trail, west.update_trail):
        with refused("InvalidHomeRegionException"):
            change(Name=bucket.arn)
    with refused("InvalidHomeRegionException"):
        west.put_event_selectors(TrailName=bucket.name, EventSelectors=[{}])


def test_a_single_region_trail_is_unknown_elsewhere(made):
    bucket = made().start(IsMultiRegionTrail=False)
    west = bucket.client("cloudtrail", WEST)
    assert west.describe_trails()["trailList"] == []
    with refused("TrailNotFoundException"):
        west.stop_logging(Name=bucket.name)
    with refused("CloudTrailARNInvalidException"):
        west.get_trail(Name="arn:aws:s3:::bucket")


def test_selectors_are_kept_as_given_and_nonsense_is_refused(made):
    bucket = made().start()
    trails = bucket.client("cloudtrail")
    default = trails.get_event_selectors(TrailName=bucket.name)
    assert default["EventSelectors"][0]["IncludeManagementEvents"] is True
    advanced = [{"Name": "mgmt", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}]
    trails.put_event_selectors(TrailName=bucket.name, AdvancedEventSelectors=advanced)
    answer = trails.get_event_selectors(TrailName=bucket.arn)
    assert answer["AdvancedEventSelectors"] == advanced
    assert "EventSelectors" not in answer
    assert trails.get_trail(Name=bucket.name)["Trail"]["HasCustomEventSelectors"]
    nonsense = [{"Name": "x", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Data"]}]}]
    with refused("InvalidEventSelectorsException"):
        trails.put_event_selectors(TrailName=bucket.name, AdvancedEventSelectors=nonsense)
    with refused("InvalidEventSelectorsException"):
        trails.put_event_selectors(TrailName=bucket.name)
    assert trails.get_event_selectors(TrailName=bucket.arn)["AdvancedEventSelectors"] == advanced


def test_public_keys_are_a_regions_own_and_their_fingerprints_are_right(made):
    bucket = made().start()
    keys = {region: bucket.client("cloudtrail", region).list_public_keys()["PublicKeyList"] for region in (EAST, WEST)}
    for listed in keys.values():
        (key,) = listed
        assert hashlib.md5(key["Value"]).hexdigest() == key["Fingerprint"]
        assert key["ValidityEndTime"] - key["ValidityStartTime"] == dt.timedelta(days=30)
    assert keys[EAST][0]["Fingerprint"] != keys[WEST][0]["Fingerprint"]
    now = bucket.sandbox.now()
    with refused("InvalidTimeRangeException"):
        bucket.client("cloudtrail").list_public_keys(StartTime=now, EndTime=now - dt.timedelta(hours=1))


def test_only_who_may_can_change_a_trail(made):
    bucket = made().start()
    iam = bucket.client("iam")
    iam.create_user(UserName=f"intruder-{bucket.name}")
    key = iam.create_access_key(UserName=f"intruder-{bucket.name}")["AccessKey"]
    intruder = bucket.client("cloudtrail", keys=(key["AccessKeyId"], key["SecretAccessKey"]))
    with pytest.raises(ClientError) as caught:
        intruder.stop_logging(Name=bucket.name)
    assert "AccessDenied" in caught.value.response["Error"]["Code"]
    assert bucket.client("cloudtrail").get_trail_status(Name=bucket.name)["IsLogging"]


def test_a_region_that_is_not_enabled_is_refused(made):
    bucket = made()
    with pytest.raises(ClientError, match="security token"):
        bucket.client("cloudtrail", "ap-south-1").describe_trails()


def test_a_single_region_trail_records_only_its_region(made):
    bucket = made(WEST).start(IsMultiRegionTrail=False)
    for region in (EAST, WEST):
        bucket.table(f"{bucket.name}-t", region)
    bucket.sandbox.advance(dt.timedelta(hours=1))
    assert bucket.keys(region=EAST) == []
    assert bucket.keys("CloudTrail-Digest", EAST) == []
    records = read_records(bucket, WEST)
    assert {record["awsRegion"] for record in records} == {WEST}
    assert "CreateTable" in {record["eventName"] for record in records}
    assert len(bucket.keys("CloudTrail-Digest", WEST)) == 1


def test_a_prefix_stands_before_everything(made):
    bucket = made(prefix="audit/hr").start()
    bucket.sandbox.advance(dt.timedelta(hours=1))
    keys = bucket.keys() + bucket.keys("CloudTrail-Digest")
    assert len(keys) >= 3
    assert all(key.startswith(f"audit/hr/AWSLogs/{bucket.sandbox.account}/") for key in keys)


def test_objects_arrive_as_cloudtrail_stores_them(made):
    bucket = made().start()
    bucket.sandbox.advance(dt.timedelta(hours=1))
    s3 = bucket.client("s3")
    log = s3.get_object(Bucket=bucket.bucket, Key=bucket.keys()[0])
    assert (log["ContentType"], log["ContentEncoding"]) == ("application/json", "gzip")
    assert json.loads(gzip.decompress(log["Body"].read())).keys() == {"Records"}
    digest = s3.head_object(Bucket=bucket.bucket, Key=bucket.keys("CloudTrail-Digest")[0])
    assert set(digest["Metadata"]) == {"signature", "signature-algorithm"}
    assert len(digest["Metadata"]["signature"]) == 512
    assert digest["ServerSideEncryption"] == "AES256"
    name = bucket.keys("CloudTrail-Digest")[0].rpartition("_")[2]
    assert digest["LastModified"] == dt.datetime.strptime(name, "%Y%m%dT%H%M%SZ.json.gz").replace(tzinfo=dt.UTC)


def test_status_has_the_times_of_the_region_asked(made):
    bucket = made().start()
    start = bucket.sandbox.now()
    bucket.table(f"{bucket.name}-t", WEST)
    bucket.sandbox.advance(dt.timedelta(minutes=5))
    bucket.sandbox.advance(dt.timedelta(hours=3))
    west = bucket.client("cloudtrail", WEST).get_trail_status(Name=bucket.arn)
    assert abs(west["StartLoggingTime"] - start) < dt.timedelta(seconds=30)
    assert dt.timedelta(0) <= west["LatestDeliveryTime"] - start <= dt.timedelta(minutes=6)
    assert bucket.sandbox.now() - west["LatestDigestDeliveryTime"] < dt.timedelta(hours=1, seconds=30)
    bucket.client("cloudtrail").stop_logging(Name=bucket.name)
    stopped = bucket.client("cloudtrail").get_trail_status(Name=bucket.name)
    assert not stopped["IsLogging"]
    assert abs(stopped["StopLoggingTime"] - bucket.sandbox.now()) < dt.timedelta(seconds=30)


def test_a_policy_taken_away_shows_in_the_status_and_loses_nothing(made):
    bucket = made().start()
    trails = bucket.client("cloudtrail")
    bucket.client("s3").delete_bucket_policy(Bucket=bucket.bucket)
    bucket.table(f"{bucket.name}-t", EAST)
    before = len(bucket.keys())
    bucket.sandbox.advance(dt.timedelta(hours=3))
    status = trails.get_trail_status(Name=bucket.name)
    assert status["LatestDeliveryError"] == "AccessDenied"
    assert status["LatestDigestDeliveryError"] == "AccessDenied"
    assert len(bucket.keys()) == before
    bucket.admit()
    bucket.sandbox.advance(dt.timedelta(minutes=5))
    status = trails.get_trail_status(Name=bucket.name)
    assert "LatestDeliveryError" not in status
    assert "LatestDigestDeliveryError" not in status
    names = [record["eventName"] for record in read_records(bucket, EAST)]
    assert names.count("DeleteBucketPolicy") == 1
    assert "CreateTable" in names


@pytest.mark.parametrize("operation", ["stop_logging", "delete_trail"])
def test_the_end_of_a_trail_leaves_its_own_call_and_a_final_digest_that_names_it(made, operation):
    bucket = made().start()
    bucket.sandbox.advance(dt.timedelta(hours=1))
    before = len(bucket.keys("CloudTrail-Digest", EAST))
    getattr(bucket.client("cloudtrail"), operation)(Name=bucket.name)
    bucket.client("dynamodb").list_tables()
    bucket.sandbox.advance(dt.timedelta(hours=2))
    names = [record["eventName"] for record in read_records(bucket, EAST)]
    assert names[0] == "StartLogging"
    assert names[-1] == "".join(word.capitalize() for word in operation.split("_"))
    digests = bucket.keys("CloudTrail-Digest", EAST)
    assert len(digests) == before + 1
    body = bucket.client("s3").get_object(Bucket=bucket.bucket, Key=digests[-1])["Body"].read()
    assert bucket.keys(region=EAST)[-1] in [log["s3Object"] for log in json.loads(gzip.decompress(body))["logFiles"]]


def test_a_bucket_deleted_under_the_trail_is_named(made):
    bucket = made().start()
    bucket.client("s3").delete_bucket(Bucket=bucket.bucket)
    bucket.sandbox.advance(dt.timedelta(hours=1))
    assert bucket.client("cloudtrail").get_trail_status(Name=bucket.name)["LatestDeliveryError"] == "NoSuchBucket"


def read_records(bucket, region):
    s3 = bucket.client("s3")
    bodies = [s3.get_object(Bucket=bucket.bucket, Key=key)["Body"].read() for key in bucket.keys(region=region)]
    return [record for body in bodies for record in json.loads(gzip.decompress(body))["Records"]]
