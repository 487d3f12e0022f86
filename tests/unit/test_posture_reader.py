"""The snapshot over a fake AWS: what faults, odd answers and other accounts make of it."""

import dataclasses
import datetime as dt
import threading
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.parsers import ResponseParserError

from itemtrail.aws.control_s3 import read_bucket
from itemtrail.aws.control_trail import DESCRIBE
from itemtrail.aws.facts import Noting, Read, Strict, one_thread_makes
from itemtrail.aws.posture import READS, AwsPosture
from itemtrail.errors import AccessDenied, ConfigurationError, SourceUnavailable
from itemtrail.posture import Posture, PostureScope, Unread

ACCOUNT, OTHER = "111122223333", "444455556666"
NOW = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
TRAIL = f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/t"
TABLE = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/Payroll"
SCOPE = PostureScope("t", ACCOUNT, "us-east-1", "trail-bucket", "archive-bucket", accounts=(ACCOUNT, OTHER), tables=(TABLE,))
Answer = Callable[..., Any]


def fault(code: str, status: int = 400, message: str = "no") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}, "Op")


def raising(error: Exception) -> Answer:
    def answer(**_: Any) -> Any:
        raise error

    return answer


TRAIL_FOUND = {"TrailARN": TRAIL, "HomeRegion": "us-east-1", "S3BucketName": "trail-bucket", "IsMultiRegionTrail": True}
ANSWERS: dict[str, Any] = {
    "sts.get_caller_identity": {"Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:role/posture"},
    "ec2.describe_regions": {
        "Regions": [
            {"RegionName": "us-east-1", "OptInStatus": "opt-in-not-required"},
            {"RegionName": "af-south-1", "OptInStatus": "opted-in"},
            {"RegionName": "me-south-1", "OptInStatus": "not-opted-in"},
        ]
    },
    "cloudtrail.describe_trails": {"trailList": [TRAIL_FOUND]},
    "cloudtrail.get_trail_status": {"IsLogging": True, "LatestDeliveryTime": NOW},
    "cloudtrail.get_event_selectors": {"EventSelectors": [{"ReadWriteType": "All"}]},
    "cloudtrail.get_insight_selectors": raising(fault("InsightNotEnabledException")),
    "cloudtrail.list_tags": {"ResourceTagList": []},
    "s3.get_bucket_location": {"LocationConstraint": None, "ResponseMetadata": {}},
    "s3.get_bucket_policy_status": {"PolicyStatus": {"IsPublic": False}},
    "s3.get_bucket_request_payment": {"Payer": "BucketOwner"},
    "dynamodb.describe_table": {"Table": {"TableStatus": "ACTIVE"}},
    "dynamodb.describe_continuous_backups": {"ContinuousBackupsDescription": {}},
    "dynamodb.get_resource_policy": raising(fault("PolicyNotFoundException")),
}


class FakeClient:
    def __init__(self, fake: "FakeAws", service: str, region: str | None) -> None:
        self.fake, self.service, self.region = fake, service, region

    def __getattr__(self, method: str) -> Answer:
        def call(**parameters: Any) -> Any:
            self.fake.asked.append((self.service, method, self.region, parameters))
            found = self.fake.answers.get(f"{self.service}.{method}", {})
            return found(region=self.region, **parameters) if callable(found) else found

        return call

    def get_paginator(self, method: str) -> Any:
        client = self

        class Paginator:
            def paginate(self, **parameters: Any) -> Any:
                found = getattr(client, method)(**parameters)
                return found if isinstance(found, list | type(i for i in ())) else [found]

        return Paginator()


class FakeAws:
    def __init__(self, **answers: Any) -> None:
        self.answers = ANSWERS | {name.replace("__", "."): answer for name, answer in answers.items()}
        self.asked: list[tuple[str, str, str | None, dict[str, Any]]] = []

    def read(self, scope: PostureScope = SCOPE) -> Posture:
        return AwsPosture(lambda service, region=None: FakeClient(self, service, region)).read(scope, now=NOW)


def test_a_good_account_leaves_nothing_unread() -> None:
    found = FakeAws().read()
    assert found.unread == ()
    assert [(region.name, region.opt_in, region.delivered_at) for region in found.regions] == [
        ("af-south-1", True, NOW),
        ("us-east-1", False, NOW),
    ]
    assert [trail.state.arn for trail in found.trails] == [TRAIL]
    assert found.organization == ""


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (fault("ThrottlingException"), "ThrottlingException"),
        (fault("InternalFailure", 500), "InternalFailure"),
        (fault("", 503), "503"),
        (EndpointConnectionError(endpoint_url="https://x"), "EndpointConnectionError"),
        (fault("AccessDenied", 403, "not authorized to perform: kms:Decrypt on x"), "AccessDenied (kms:Decrypt)"),
        (fault("ResourceNotFoundSomehow"), "ResourceNotFoundSomehow"),
    ],
)
def test_a_fault_costs_one_fact_and_is_told(error: Exception, why: str) -> None:
    found = FakeAws(dynamodb__describe_continuous_backups=raising(error)).read()
    assert found.unread == (Unread("dynamodb:DescribeContinuousBackups", TABLE, "us-east-1", why),)
    assert found.tables[0].pitr is None
    assert found.tables[0].state is not None


def test_a_list_that_breaks_off_is_no_list() -> None:
    def pages(**_: Any) -> Any:
        def each() -> Any:
            yield {"EventSourceMappings": [{"UUID": "u", "FunctionArn": "f"}]}
            raise fault("ThrottlingException")

        return each()

    table = {"Table": {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}, "LatestStreamArn": "s"}}
    found = FakeAws(dynamodb__describe_table=table, lambda__list_event_source_mappings=pages).read()
    assert (found.tables[0].readers, found.tables[0].mapping_states) == ((), None)
    assert [one.action for one in found.unread] == ["lambda:ListEventSourceMappings"]


def test_a_region_that_refuses_is_told_and_the_others_are_read() -> None:
    def status(region: str, **_: Any) -> Any:
        if region == "af-south-1":
            raise fault("AccessDeniedException")
        return ANSWERS["cloudtrail.get_trail_status"]

    found = FakeAws(cloudtrail__get_trail_status=status).read()
    assert found.unread == (Unread("cloudtrail:GetTrailStatus", "*", "af-south-1", "AccessDeniedException"),)
    assert {region.name: region.delivered_at for region in found.regions} == {"af-south-1": None, "us-east-1": NOW}
    assert found.trails[0].state.logging is True


def test_without_the_list_of_regions_those_configured_are_looked_at() -> None:
    fake = FakeAws(ec2__describe_regions=raising(fault("UnauthorizedOperation", 403)))
    found = fake.read(dataclasses.replace(SCOPE, regions=("eu-west-1",)))
    assert [region.name for region in found.regions] == ["eu-west-1", "us-east-1"]
    assert found.unread == (Unread("ec2:DescribeRegions", "*", "", "UnauthorizedOperation"),)


def owned_by(owner: str) -> Answer:
    def location(**asked: Any) -> Any:
        if asked.get("ExpectedBucketOwner", owner) != owner:
            raise fault("AccessDenied", 403)
        return {"LocationConstraint": "EU", "ResponseMetadata": {}}

    return location


@pytest.mark.parametrize(("owner", "said", "foreign"), [(ACCOUNT, ACCOUNT, False), (OTHER, OTHER, True), ("9" * 12, "", True)])
def test_whose_a_bucket_is(owner: str, said: str, foreign: bool) -> None:
    found = FakeAws(s3__get_bucket_location=owned_by(owner)).read()
    assert found.unread == (), "not being the owner is an answer"
    for bucket in found.buckets:
        assert (bucket.account, bucket.foreign) == (said, foreign)
        assert bucket.state is not None
        assert bucket.state.region == "eu-west-1"


def test_a_bucket_that_may_not_be_looked_at_is_not_one_that_is_not_there() -> None:
    denied = raising(fault("AccessDenied", 403))
    found = FakeAws(s3__get_bucket_location=denied, s3__get_bucket_policy=denied).read()
    assert {one.action for one in found.unread} == {"s3:GetBucketLocation", "s3:GetBucketPolicy"}
    for bucket in found.buckets:
        assert bucket.state is not None
        assert (bucket.state.region, bucket.account, bucket.foreign, bucket.public) == ("", "", None, False)


def test_an_owner_that_could_not_be_asked_for_is_not_a_foreign_one() -> None:
    def location(**asked: Any) -> Any:
        if "ExpectedBucketOwner" in asked:
            raise fault("SlowDown", 503)
        return {"LocationConstraint": None, "ResponseMetadata": {}}

    found = FakeAws(s3__get_bucket_location=location).read()
    assert all((bucket.account, bucket.foreign) == ("", None) for bucket in found.buckets)
    assert {(one.action, one.why) for one in found.unread} == {("s3:GetBucketLocation", "SlowDown")}


@pytest.mark.parametrize("answer", [{}, {"PolicyStatus": {}}, {"PolicyStatus": {"IsPublic": None}}])
def test_an_answer_that_does_not_say_is_not_a_good_one(answer: dict[str, Any]) -> None:
    found = FakeAws(s3__get_bucket_policy_status=answer | {"ResponseMetadata": {}}).read()
    assert [bucket.public for bucket in found.buckets] == [None, None]
    assert {(one.action, one.why) for one in found.unread} == {("s3:GetBucketPolicyStatus", "the answer does not say")}


def test_another_accounts_table_is_never_asked_for_by_a_name_that_is_ours() -> None:
    foreign = TABLE.replace(ACCOUNT, OTHER)
    fake = FakeAws()
    fake.read(dataclasses.replace(SCOPE, tables=(foreign,)))
    names = {parameters.get("TableName") or parameters.get("ResourceArn") for service, _, _, parameters in fake.asked
             if service == "dynamodb"}  # fmt: skip
    assert names == {foreign}


def test_a_policy_that_is_no_json_is_told() -> None:
    found = FakeAws(dynamodb__get_resource_policy={"Policy": "{nonsense"}).read()
    assert found.tables[0].resource_policy is None
    assert [(one.action, one.why) for one in found.unread] == [
        ("dynamodb:GetResourcePolicy", "the answer is not a JSON document")
    ]


def test_the_organization_is_asked_for_where_a_trail_is_its() -> None:
    trails = {"trailList": [TRAIL_FOUND | {"IsOrganizationTrail": True}]}
    asked = {"organizations__describe_organization": {"Organization": {"Id": "o-abc"}}}
    assert FakeAws(cloudtrail__describe_trails=trails, **asked).read().organization == "o-abc"
    refused = FakeAws(
        cloudtrail__describe_trails=trails, organizations__describe_organization=raising(fault("AccessDeniedException"))
    ).read()
    assert refused.unread == (Unread("organizations:DescribeOrganization", "*", "", "AccessDeniedException"),)


def test_the_trails_log_group_is_looked_at_where_it_is() -> None:
    group = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:trail-logs:*"
    listed = {"logGroups": [{"logGroupName": "trail-logs-2"}, {"logGroupName": "trail-logs", "kmsKeyId": "k"}]}
    fake = FakeAws(
        cloudtrail__describe_trails={"trailList": [TRAIL_FOUND | {"CloudWatchLogsLogGroupArn": group}]},
        logs__describe_log_groups=listed,
        kms__describe_key=raising(fault("NotFoundException")),
    )
    (found,) = fake.read().log_groups
    assert (found.name, found.role, found.arn) == ("trail-logs", "trail", group.removesuffix(":*"))
    assert [(key.arn, key.state) for key in fake.read().keys] == [("k", "NotFound")]
    elsewhere = TRAIL_FOUND | {"CloudWatchLogsLogGroupArn": group.replace(ACCOUNT, OTHER)}
    foreign = FakeAws(cloudtrail__describe_trails={"trailList": [elsewhere]}).read(dataclasses.replace(SCOPE))
    assert [one.action for one in foreign.unread] == ["logs:DescribeLogGroups"]
    assert foreign.log_groups[0].state is not None, "somebody else's is not one that is not there"


def test_a_functions_secrets_are_not_kept() -> None:
    variables = {"LOG_GROUP": "/itemtrail/streams", "API_TOKEN": "hunter2"}
    function = {"FunctionArn": "f", "Role": "r", "Environment": {"Variables": variables}}
    scope = dataclasses.replace(SCOPE, forwarder="fw", forwarder_role="fw", failure_queue="q", capture_regions=("us-east-1",))
    found = FakeAws(lambda__get_function_configuration=function).read(scope)
    state = found.forwarders[0].state.function
    assert state is not None
    assert state.environment == {"LOG_GROUP": "/itemtrail/streams", "API_TOKEN": "(not shown)"}
    assert "hunter2" not in repr(found)


def test_dates_of_lifecycle_rules_are_text() -> None:
    rule = {"Expiration": {"Date": dt.datetime(2027, 1, 1, tzinfo=dt.UTC)}}
    found = FakeAws(s3__get_bucket_lifecycle_configuration={"Rules": [rule], "ResponseMetadata": {}}).read()
    assert found.buckets[0].state is not None
    assert found.buckets[0].state.lifecycle == {"Rules": [{"Expiration": {"Date": "2027-01-01T00:00:00Z"}}]}


def test_credentials_that_are_refused_end_it() -> None:
    with pytest.raises(ConfigurationError, match="credentials were refused"):
        FakeAws(sts__get_caller_identity=raising(fault("InvalidClientTokenId", 403))).read()


def test_a_bug_ends_it_too_and_does_not_hang() -> None:
    with pytest.raises(ZeroDivisionError):
        FakeAws(dynamodb__describe_table=lambda **_: 1 / 0).read()


def test_setting_up_stops_where_the_review_goes_on() -> None:
    read = Read("s3", "get_bucket_acl", "s3:GetBucketAcl")
    client = FakeClient(FakeAws(s3__get_bucket_acl=raising(fault("AccessDenied", 403))), "s3", None)
    with pytest.raises(AccessDenied) as caught:
        Strict(lambda *_: client).ask(read, "arn:b", "r", Bucket="b")
    assert caught.value.action == "s3:GetBucketAcl"
    noting = Noting(lambda *_: client)
    assert noting.ask(read, "arn:b", "r", Bucket="b") is None
    assert noting.ask(read, "arn:b", "r", Bucket="b") is None
    assert noting.unread == (Unread("s3:GetBucketAcl", "arn:b", "r", "AccessDenied"),), "once"


def test_setting_up_takes_an_answer_that_says_nothing_for_no_answer() -> None:
    client = FakeClient(FakeAws(cloudtrail__describe_trails={"ResponseMetadata": {}}), "cloudtrail", None)
    with pytest.raises(SourceUnavailable, match="does not say"):
        Strict(lambda *_: client).ask(DESCRIBE, "us-east-1", "us-east-1")


def test_clients_are_made_one_at_a_time_and_once() -> None:
    making, made = [0], []

    def client(service: str, region: str | None) -> str:
        making[0] += 1
        assert making[0] == 1, "two threads make clients"
        made.append((service, region))
        making[0] -= 1
        return f"{service}/{region}"

    get = one_thread_makes(client)
    threads = [threading.Thread(target=lambda n=n: get("s3", f"r{n % 3}")) for n in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == [("s3", "r0"), ("s3", "r1"), ("s3", "r2")]


def test_a_role_of_another_account_is_not_the_one_of_its_name_here() -> None:
    scope = dataclasses.replace(SCOPE, roles={"setup": f"arn:aws:iam::{OTHER}:role/setup"})
    fake = FakeAws(iam__get_role={"Role": {"Arn": f"arn:aws:iam::{ACCOUNT}:role/setup", "AssumeRolePolicyDocument": {"a": 1}}})
    found = fake.read(scope)
    assert (found.roles[0].trust, found.roles[0].policies) == (None, None)
    assert [(one.action, one.why) for one in found.unread] == [("iam:GetRole", f"the role is of account {OTHER}")]
    elsewhere = dataclasses.replace(SCOPE, roles={"setup": f"arn:aws:iam::{ACCOUNT}:role/path/setup"})
    (other,) = fake.read(elsewhere).roles
    assert (other.trust, other.policies) == (None, None), "that name is another role"


def test_credentials_of_another_account_would_look_in_the_wrong_place() -> None:
    with pytest.raises(ConfigurationError, match=f"of account {ACCOUNT}; `trail.account` is {OTHER}"):
        FakeAws().read(dataclasses.replace(SCOPE, trail_account=OTHER))


@pytest.mark.parametrize(
    ("method", "action"),
    [
        ("cloudtrail__describe_trails", "cloudtrail:DescribeTrails"),
        ("cloudtrail__get_trail_status", "cloudtrail:GetTrailStatus"),
        ("dynamodb__describe_table", "dynamodb:DescribeTable"),
        ("dynamodb__describe_continuous_backups", "dynamodb:DescribeContinuousBackups"),
        ("ec2__describe_regions", "ec2:DescribeRegions"),
        ("s3__get_bucket_request_payment", "s3:GetBucketRequestPayment"),
    ],
)
@pytest.mark.parametrize(
    "answer", [{"ResponseMetadata": {}}, raising(ResponseParserError("not XML"))], ids=["empty", "a proxy's page"]
)
def test_an_answer_that_is_none_is_told(method: str, action: str, answer: Any) -> None:
    found = FakeAws(**{method: answer}).read()
    assert {one.action for one in found.unread} == {action}
    assert {one.why for one in found.unread} <= {"the answer does not say", "ResponseParserError"}
    for table in found.tables:
        assert table.state is not None, "a table of which nothing was said is not one that is not there"


def test_documents_that_are_none_are_told_wherever_they_stand() -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/setup"
    fake = FakeAws(
        s3__get_bucket_policy={"Policy": "<html>"},
        iam__get_role={"Role": {"Arn": role, "AssumeRolePolicyDocument": "<html>"}},
        iam__list_role_policies={"PolicyNames": ["p"]},
        iam__get_role_policy={"PolicyDocument": "[]"},
        iam__list_attached_role_policies={"AttachedPolicies": [{"PolicyArn": "a"}]},
        iam__get_policy={"Policy": {"DefaultVersionId": "v1"}},
        iam__get_policy_version={"PolicyVersion": {"Document": "[" * 100_000}},
    )
    found = fake.read(dataclasses.replace(SCOPE, roles={"setup": role}))
    assert (found.roles[0].trust, found.roles[0].policies) == (None, {})
    assert {one.action for one in found.unread} == {
        "s3:GetBucketPolicy",
        "iam:GetRole",
        "iam:GetRolePolicy",
        "iam:GetPolicyVersion",
    }
    assert {one.why for one in found.unread} == {"the answer is not a JSON document"}
    client = FakeClient(fake, "s3", None)
    with pytest.raises(SourceUnavailable, match="not a JSON document"):
        read_bucket(Strict(lambda *_: client), "b", "s3://b")


# Codes that S3, SQS and others answer and their models do not name. Source: the error lists of their API references.
UNMODELLED = {
    "AWS.SimpleQueueService.NonExistentQueue",  # as the query protocol named it; still answered
    "NoSuchBucketPolicy",
    "NoSuchLifecycleConfiguration",
    "NoSuchPublicAccessBlockConfiguration",
    "ObjectLockConfigurationNotFoundError",
    "OwnershipControlsNotFoundError",
    "ReplicationConfigurationNotFoundError",
    "ServerSideEncryptionConfigurationNotFoundError",
    "NoSuchBucket",
}


@pytest.mark.parametrize("read", sorted({*READS}, key=lambda one: (one.service, one.method)), ids=lambda one: one.action)
def test_every_read_is_one_that_boto3_knows(read: Read) -> None:
    client = boto3.client(read.service, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
    operation = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[read.method])
    assert client.can_paginate(read.method) == bool(read.member), "a paged answer is read to its end"
    output = operation.output_shape
    for named in (read.member, read.tells):
        assert not named or named in output.members
    modelled = {shape.name for shape in client.meta.service_model.error_shapes}
    modelled |= {str(shape.error_code) for shape in client.meta.service_model.error_shapes}
    assert read.nothing - UNMODELLED <= modelled
