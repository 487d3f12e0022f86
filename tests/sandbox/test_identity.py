"""Who made a call, as CloudTrail says it: users, roles through chaining, and those who are nobody."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

pytestmark = pytest.mark.sandbox


def session(server: Any, role: str, name: str, keys: Any = None, **more: Any) -> tuple[tuple[str, str, str], dict[str, Any]]:
    answer = server.client("sts", keys=keys).assume_role(RoleArn=role, RoleSessionName=name, **more)
    given = answer["Credentials"]
    return (given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]), answer


def refused(call: Any, **parameters: Any) -> str:
    with pytest.raises(ClientError) as error:
        call(**parameters)
    return str(error.value.response["Error"]["Code"])


def test_an_iam_user_is_named_by_the_key_that_signed(recorder_server: Any) -> None:
    event = recorder_server.recorded(recorder_server.client("dynamodb").list_tables)
    who = event["userIdentity"]
    assert set(who) == {"type", "principalId", "arn", "accountId", "accessKeyId", "userName"}
    assert (who["type"], who["userName"], who["accessKeyId"]) == ("IAMUser", "owner", recorder_server.keys[0])
    assert who["arn"] == "arn:aws:iam::111122223333:user/owner"
    assert who["principalId"].startswith("AIDA")


def test_an_assumed_role_carries_issuer_time_and_source_identity(recorder_server: Any) -> None:
    role = recorder_server.role("dynamodb:ListTables")
    keys, answer = session(recorder_server, role, "hr-api", SourceIdentity="j.doe")
    assert answer["SourceIdentity"] == "j.doe"
    who = recorder_server.recorded(recorder_server.client("dynamodb", keys=keys).list_tables)["userIdentity"]
    name = role.rpartition("/")[2]
    assert who["type"] == "AssumedRole"
    assert who["arn"] == f"arn:aws:sts::111122223333:assumed-role/{name}/hr-api"
    assert who["principalId"] == answer["AssumedRoleUser"]["AssumedRoleId"]
    context = who["sessionContext"]
    assert context["sourceIdentity"] == "j.doe"
    assert context["sessionIssuer"] == {
        "type": "Role",
        "principalId": who["principalId"].partition(":")[0],
        "arn": role,
        "accountId": "111122223333",
        "userName": name,
    }
    assert context["attributes"]["mfaAuthenticated"] == "false"
    assert context["attributes"]["creationDate"].startswith("2026-11-2")


def test_source_identity_goes_through_role_chaining_and_cannot_be_changed(recorder_server: Any) -> None:
    first, second = recorder_server.role("sts:*"), recorder_server.role("dynamodb:ListTables")
    keys, _ = session(recorder_server, first, "one", SourceIdentity="j.doe")
    chained, answer = session(recorder_server, second, "two", keys=keys)
    assert answer["SourceIdentity"] == "j.doe"
    who = recorder_server.recorded(recorder_server.client("dynamodb", keys=chained).list_tables)["userIdentity"]
    assert who["sessionContext"]["sourceIdentity"] == "j.doe"
    assume = recorder_server.client("sts", keys=keys).assume_role
    code = refused(assume, RoleArn=second, RoleSessionName="three", SourceIdentity="someone.else")
    assert code == "AccessDenied"


def test_source_identity_needs_the_role_to_trust_it(recorder_server: Any) -> None:
    role = recorder_server.role(trust=("sts:AssumeRole",))
    assume = recorder_server.client("sts").assume_role
    assert refused(assume, RoleArn=role, RoleSessionName="hr", SourceIdentity="j.doe") == "AccessDenied"
    assert "SourceIdentity" not in assume(RoleArn=role, RoleSessionName="hr")
    assert refused(assume, RoleArn=recorder_server.role(), RoleSessionName="hr", SourceIdentity="no spaces") == "ValidationError"


def test_assume_role_is_recorded_with_its_role_and_without_the_secret(recorder_server: Any) -> None:
    role = recorder_server.role()
    event = recorder_server.recorded(
        recorder_server.client("sts").assume_role, RoleArn=role, RoleSessionName="hr", SourceIdentity="j.doe", DurationSeconds=900
    )
    assert event["requestParameters"] == {
        "roleArn": role,
        "roleSessionName": "hr",
        "durationSeconds": 900,
        "sourceIdentity": "j.doe",
    }
    assert set(event["responseElements"]["credentials"]) == {"accessKeyId", "sessionToken", "expiration"}
    assert event["responseElements"]["sourceIdentity"] == "j.doe"
    assert event["resources"] == [{"accountId": "111122223333", "type": "AWS::IAM::Role", "ARN": role}]
    assert event["readOnly"] is True


def test_a_refused_assume_role_is_a_denial_without_parameters(recorder_server: Any) -> None:
    assume = recorder_server.client("sts").assume_role
    event = recorder_server.recorded(assume, RoleArn="arn:aws:iam::111122223333:role/nobodys", RoleSessionName="hr")
    assert (event["errorCode"], event["requestParameters"]) == ("AccessDenied", None)
    assert event["requestID"]


@pytest.mark.parametrize("key", ["test", "123456789012", "111122223333", "AKIANOBODYNOBODYNOBO"])
@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("dynamodb", "list_tables", "UnrecognizedClientException"),
        ("cloudtrail", "list_trails", "UnrecognizedClientException"),
        ("s3", "list_buckets", "InvalidAccessKeyId"),
        ("sts", "get_caller_identity", "InvalidClientTokenId"),
        ("iam", "list_users", "InvalidClientTokenId"),
        ("lambda", "list_functions", "UnrecognizedClientException"),
    ],
)
def test_an_unknown_key_is_refused_as_aws_does_and_the_denial_recorded(
    recorder_server: Any, key: str, service: str, operation: str, code: str
) -> None:
    call = getattr(recorder_server.client(service, keys=(key, "test")), operation)
    recorder_server.events()
    assert refused(call) == code
    (event,) = recorder_server.events()
    assert event["errorCode"] == code
    assert event["userIdentity"] == {"type": "Unknown", "principalId": "", "accountId": "", "accessKeyId": key}
    assert event["requestID"]


def test_a_wrong_secret_is_refused_and_recorded_under_the_key_it_claimed(recorder_server: Any) -> None:
    call = recorder_server.client("dynamodb", keys=(recorder_server.keys[0], "wrong")).list_tables
    event = recorder_server.recorded(call)
    assert event["errorCode"] in {"InvalidSignatureException", "SignatureDoesNotMatch"}
    assert event["userIdentity"]["userName"] == "owner"


def test_nobody_is_root(recorder_server: Any) -> None:
    assert recorder_server.client("sts").get_caller_identity()["Arn"].endswith(":user/owner")
    assert recorder_server.client("iam").get_user()["User"]["UserName"] == "owner"


def test_a_user_who_deletes_its_own_key_is_still_named(recorder_server: Any) -> None:
    keys = recorder_server.user("iam:DeleteAccessKey")
    name = recorder_server.made[-1]
    iam = recorder_server.client("iam", keys=keys)
    event = recorder_server.recorded(iam.delete_access_key, AccessKeyId=keys[0], UserName=f"{name}-{len(recorder_server.made)}")
    assert event["userIdentity"]["type"] == "IAMUser"
    assert "errorCode" not in event


def test_an_anonymous_read_of_a_private_bucket_is_denied_and_recorded(recorder_server: Any) -> None:
    import boto3
    from botocore import UNSIGNED
    from botocore.config import Config

    bucket = recorder_server.name("private-bucket")
    recorder_server.client("s3", "us-east-1").create_bucket(Bucket=bucket)
    anonymous = boto3.client(
        "s3", endpoint_url=recorder_server.url, region_name="us-east-1", config=Config(signature_version=UNSIGNED)
    )
    event = recorder_server.recorded(anonymous.get_object, Bucket=bucket, Key="k")
    assert event["errorCode"] == "AccessDenied"
    assert event["userIdentity"] == {"type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL"}
