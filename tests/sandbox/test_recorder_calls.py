"""Real boto3 calls, and the events they leave."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

pytestmark = pytest.mark.sandbox
SAMPLES = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "awsdocs_dynamodb" / "ddb_events.json"
# AWS's samples carry the fields of their day (2015 to 2021): these came with eventVersion 1.08 and 1.09.
SINCE = {"tlsDetails"}


def sample(name: str) -> dict[str, Any]:
    if not SAMPLES.is_file():
        pytest.skip(f"AWS's samples are not present: {SAMPLES}")
    return dict(next(r for r in json.loads(SAMPLES.read_bytes())["Records"] if r["eventName"] == name))


def put(server: Any, table: str, **more: Any) -> dict[str, Any]:
    item = {"EmpId": {"S": "E-1042"}, "Name": {"S": "secret"}, "Salary": {"N": "90000"}}
    return dict(server.recorded(server.client("dynamodb").put_item, TableName=table, Item=item, **more))


def test_a_put_has_the_fields_of_aws_sample_and_no_value(recorder_server: Any) -> None:
    expected = sample("PutItem")
    event = put(recorder_server, recorder_server.table(stream=True), ReturnConsumedCapacity="TOTAL")
    assert set(event) - SINCE == set(expected)
    assert set(event["requestParameters"]) == set(expected["requestParameters"])
    assert event["requestParameters"]["key"] == {"EmpId": "E-1042"}
    assert event["requestParameters"]["item"] == ["EmpId", "Name", "Salary"]
    assert {r["type"] for r in event["resources"]} == {"AWS::DynamoDB::Table", "AWS::DynamoDB::Stream"}
    assert "secret" not in json.dumps(event)
    assert "90000" not in json.dumps(event)
    assert re.fullmatch(r"[A-Z0-9]{52}", event["requestID"])
    assert (event["eventVersion"], event["awsRegion"], event["responseElements"]) == ("1.11", "eu-west-1", None)


@pytest.mark.parametrize("name", ["UpdateTable", "DeleteTable"])
def test_table_operations_have_the_fields_of_aws_samples(recorder_server: Any, name: str) -> None:
    expected = sample(name)
    dynamodb, table = recorder_server.client("dynamodb"), recorder_server.table()
    if name == "UpdateTable":
        capacity = {"ReadCapacityUnits": 25, "WriteCapacityUnits": 25}
        event = recorder_server.recorded(
            dynamodb.update_table, TableName=table, BillingMode="PROVISIONED", ProvisionedThroughput=capacity
        )
        event["requestParameters"].pop("billingMode")
    else:
        event = recorder_server.recorded(dynamodb.delete_table, TableName=table)
        assert event["requestParameters"] == {"tableName": table}
    assert set(expected) <= set(event)
    assert set(event["requestParameters"]) == set(expected["requestParameters"])
    described = event["responseElements"]["tableDescription"]
    assert set(event["responseElements"]) == set(expected["responseElements"])
    assert described["tableName"] == table
    # DeleteTable's sample of 2015 lacks what the service answers today; what it has, we have.
    wanted = set(expected["responseElements"]["tableDescription"]) - {"creationDateTime"}
    assert wanted <= set(described), wanted - set(described)
    assert event["managementEvent"] is True


def test_a_failed_condition_is_recorded_with_its_error_as_in_aws_sample(recorder_server: Any) -> None:
    expected = sample("UpdateItem")
    event = recorder_server.recorded(
        recorder_server.client("dynamodb").update_item,
        TableName=recorder_server.table(),
        Key={"EmpId": {"S": "E-1"}},
        UpdateExpression="SET #Y = :y",
        ExpressionAttributeNames={"#Y": "Year"},
        ExpressionAttributeValues={":y": {"N": "1"}},
        ConditionExpression="attribute_exists(#Y)",
        ReturnConsumedCapacity="TOTAL",
    )
    assert (event["errorCode"], event["errorMessage"]) == (expected["errorCode"], expected["errorMessage"])
    assert set(event) - SINCE == set(expected)
    assert set(event["requestParameters"]) == set(expected["requestParameters"])


def test_a_cancelled_transaction_names_its_reasons(recorder_server: Any) -> None:
    table = recorder_server.table()
    key = {"EmpId": {"S": "E-1"}}
    check = {"ConditionCheck": {"TableName": table, "Key": key, "ConditionExpression": "attribute_exists(EmpId)"}}
    event = recorder_server.recorded(
        recorder_server.client("dynamodb").transact_write_items,
        TransactItems=[check, {"Put": {"TableName": table, "Item": {"EmpId": {"S": "E-2"}}}}],
    )
    assert event["errorCode"] == "TransactionCanceledException"
    assert event["errorMessage"].endswith("specific reasons [ConditionalCheckFailed, None]")
    assert event["requestParameters"] == {
        "requestItems": [
            {
                "operation": "ConditionCheck",
                "TableName": table,
                "Key": {"EmpId": "E-1"},
                "ConditionExpression": "attribute_exists(EmpId)",
            },
            {"operation": "Put", "tableName": table, "key": {"EmpId": "E-2"}, "items": ["EmpId"]},
        ]
    }


def test_partiql_reads_and_writes_are_masked_and_never_read_only(recorder_server: Any) -> None:
    table, dynamodb = recorder_server.table(), recorder_server.client("dynamodb")
    insert = recorder_server.recorded(
        dynamodb.execute_statement, Statement=f"INSERT INTO \"{table}\" VALUE {{'EmpId':'E-1','Salary':5}}"
    )
    assert (
        insert["requestParameters"]["statement"]
        == f"INSERT INTO \"{table}\" VALUE {{'EmpId':***(Redacted),'Salary':***(Redacted)}}"
    )
    select = recorder_server.recorded(
        dynamodb.execute_statement, Statement=f"SELECT * FROM \"{table}\" WHERE EmpId='E-1' AND Salary>4"
    )
    assert select["requestParameters"]["statement"] == f"SELECT * FROM \"{table}\" WHERE EmpId='E-1' AND Salary>***(Redacted)"
    assert (insert["readOnly"], select["readOnly"]) == (False, False)
    assert select["resources"][0]["ARN"].endswith(f":table/{table}")


def test_stream_reads_are_data_events_of_table_and_stream(recorder_server: Any) -> None:
    expected = sample("GetRecords")
    table = recorder_server.table(stream=True)
    put(recorder_server, table)
    recorder_server.stream_records(table)
    events = {event["eventName"]: event for event in recorder_server.events()}
    assert list(events) == ["ListStreams", "DescribeStream", "GetShardIterator", "GetRecords"]
    read = events["GetRecords"]
    assert set(read) - SINCE == set(expected)
    assert (read["eventSource"], read["readOnly"], read["eventCategory"]) == ("dynamodb.amazonaws.com", True, "Data")
    assert [r["type"] for r in read["resources"]] == ["AWS::DynamoDB::Table", "AWS::DynamoDB::Stream"]
    assert read["requestParameters"]["shardIterator"].startswith(f"{read['resources'][1]['ARN']}|1|")
    assert events["ListStreams"]["eventCategory"] == "Management"


def test_a_denied_call_is_recorded_with_its_key_and_a_request_id(recorder_server: Any) -> None:
    table = recorder_server.table()
    intruder = recorder_server.client("dynamodb", keys=recorder_server.user())
    event = recorder_server.recorded(intruder.get_item, TableName=table, Key={"EmpId": {"S": "E-1"}})
    assert event["errorCode"] == "AccessDenied"
    assert "is not authorized to perform: dynamodb:GetItem" in event["errorMessage"]
    assert event["requestParameters"] == {"tableName": table, "key": {"EmpId": "E-1"}}
    assert event["resources"][0]["ARN"].endswith(f":table/{table}")
    assert re.fullmatch(r"[A-Z0-9]{52}", event["requestID"])


def test_cloudtrail_is_authorized_like_any_service(recorder_server: Any) -> None:
    intruder = recorder_server.client("cloudtrail", keys=recorder_server.user())
    event = recorder_server.recorded(intruder.stop_logging, Name="hr-trail")
    assert (event["eventName"], event["errorCode"]) == ("StopLogging", "AccessDenied")
    with pytest.raises(ClientError, match="UnsupportedOperationException"):
        recorder_server.client("cloudtrail").list_event_data_stores()


def test_the_event_carries_the_request_id_its_caller_saw(recorder_server: Any) -> None:
    table = recorder_server.table()
    bucket = recorder_server.name("ids-bucket")
    calls = {
        "dynamodb": ("describe_table", {"TableName": table}),
        "s3": ("create_bucket", {"Bucket": bucket}),
        "iam": ("list_users", {}),
        "sts": ("get_caller_identity", {}),
        "cloudtrail": ("list_trails", {}),
        "logs": ("describe_log_groups", {}),
        "kms": ("list_keys", {}),
        "sqs": ("list_queues", {}),
        "sns": ("list_topics", {}),
        "lambda": ("list_functions", {}),
    }
    recorder_server.events()
    for service, (operation, parameters) in calls.items():
        answer = getattr(recorder_server.client(service, "us-east-1"), operation)
        if service == "dynamodb":
            answer = recorder_server.client(service).describe_table
        seen = answer(**parameters)["ResponseMetadata"]["RequestId"]
        (event,) = recorder_server.events()
        assert (event["requestID"], event["eventSource"]) == (seen, f"{service}.amazonaws.com")
    with pytest.raises(ClientError) as error:
        recorder_server.client("s3", "us-east-1").get_object(Bucket=bucket, Key="nothing")
    (event,) = recorder_server.events()
    assert event["requestID"] == error.value.response["ResponseMetadata"]["RequestId"]
    assert event["errorCode"] == "NoSuchKey"


def test_s3_control_operations_are_management_under_cloudtrails_names(recorder_server: Any) -> None:
    s3, bucket = recorder_server.client("s3", "us-east-1"), recorder_server.name("control-bucket")
    event = recorder_server.recorded(s3.create_bucket, Bucket=bucket)
    assert (event["eventName"], event["eventCategory"]) == ("CreateBucket", "Management")
    rule = {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 30}}
    event = recorder_server.recorded(
        s3.put_bucket_lifecycle_configuration, Bucket=bucket, LifecycleConfiguration={"Rules": [rule]}
    )
    assert event["eventName"] == "PutBucketLifecycle"
    assert event["requestParameters"]["LifecycleConfiguration"]["Rule"]["Expiration"] == {"Days": 30}
    event = recorder_server.recorded(s3.get_bucket_policy, Bucket=bucket)
    assert (event["eventName"], event["errorCode"]) == ("GetBucketPolicy", "NoSuchBucketPolicy")
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": f"arn:aws:s3:::{bucket}/x"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    event = recorder_server.recorded(s3.put_bucket_policy, Bucket=bucket, Policy=policy)
    assert event["requestParameters"]["bucketPolicy"] == json.loads(policy)
    assert event["resources"] == [{"accountId": "111122223333", "type": "AWS::S3::Bucket", "ARN": f"arn:aws:s3:::{bucket}"}]


def test_s3_object_operations_are_data_events(recorder_server: Any) -> None:
    s3, bucket = recorder_server.client("s3", "us-east-1"), recorder_server.name("data-bucket")
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    event = recorder_server.recorded(s3.put_object, Bucket=bucket, Key="a/b c.json", Body=b"x" * 1000)
    assert (event["eventName"], event["eventCategory"], event["readOnly"]) == ("PutObject", "Data", False)
    assert event["resources"][0] == {"type": "AWS::S3::Object", "ARN": f"arn:aws:s3:::{bucket}/a/b c.json"}
    assert event["additionalEventData"]["bytesTransferredIn"] == 1000
    assert event["responseElements"]["x-amz-version-id"]
    event = recorder_server.recorded(s3.get_object, Bucket=bucket, Key="a/b c.json")
    assert (event["eventName"], event["additionalEventData"]["bytesTransferredOut"]) == ("GetObject", 1000)
    event = recorder_server.recorded(s3.list_objects_v2, Bucket=bucket)
    assert event["resources"][0] == {"type": "AWS::S3::Object", "ARNPrefix": f"arn:aws:s3:::{bucket}/"}
    event = recorder_server.recorded(s3.head_object, Bucket=bucket, Key="nothing")
    assert (event["eventName"], event["errorCode"]) == ("HeadObject", "NoSuchKey")
    event = recorder_server.recorded(s3.delete_objects, Bucket=bucket, Delete={"Objects": [{"Key": "a/b c.json"}]})
    assert event["eventName"] == "DeleteObjects"


def test_bytes_come_back_whole_through_the_recorder(recorder_server: Any) -> None:
    s3, bucket = recorder_server.client("s3", "us-east-1"), recorder_server.name("bytes-bucket")
    s3.create_bucket(Bucket=bucket)
    body = bytes(range(256)) * 40_000
    s3.put_object(Bucket=bucket, Key="k", Body=body)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == body
    assert s3.get_object(Bucket=bucket, Key="k", Range="bytes=5-9")["Body"].read() == body[5:10]
    assert s3.head_object(Bucket=bucket, Key="k")["ContentLength"] == len(body)


def test_iam_is_a_global_service_and_its_secrets_stay_out(recorder_server: Any) -> None:
    iam, name = recorder_server.client("iam"), recorder_server.name("made")
    event = recorder_server.recorded(iam.create_user, UserName=name)
    assert event["awsRegion"] == "us-east-1"
    assert event["responseElements"]["user"]["userName"] == name
    recorder_server.events()
    secret = iam.create_access_key(UserName=name)["AccessKey"]["SecretAccessKey"]
    (event,) = recorder_server.events()
    assert secret not in json.dumps(event)
    assert set(event["responseElements"]["accessKey"]) == {"userName", "accessKeyId", "status", "createDate"}
    event = recorder_server.recorded(iam.get_role, RoleName="nobodys")
    assert event["errorCode"] == "NoSuchEntityException"


def test_log_events_are_not_logged_but_their_group_is(recorder_server: Any) -> None:
    logs, group = recorder_server.client("logs"), recorder_server.name("/itemtrail/hr")
    event = recorder_server.recorded(logs.create_log_group, logGroupName=group)
    assert (event["eventName"], event["apiVersion"]) == ("CreateLogGroup", "20140328")
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    recorder_server.events()
    logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=[{"timestamp": 1_795_000_000_000, "message": "m"}])
    assert recorder_server.events() == []


def test_too_large_parameters_are_omitted_and_the_event_stays(recorder_server: Any) -> None:
    table = recorder_server.table()
    items = [
        {
            "Update": {
                "TableName": table,
                "Key": {"EmpId": {"S": f"E-{i}"}},
                "UpdateExpression": "SET " + ", ".join(f"attribute_of_some_length_{j} = :v" for j in range(60)),
                "ExpressionAttributeValues": {":v": {"N": "1"}},
            }
        }
        for i in range(60)
    ]
    event = recorder_server.recorded(recorder_server.client("dynamodb").transact_write_items, TransactItems=items)
    assert "errorCode" not in event
    assert event["requestParameters"]["omitted"] is True
    assert event["requestParameters"]["originalSize"] > 100 * 1024
    assert event["resources"][0]["ARN"].endswith(table)


def test_a_region_the_account_has_not_enabled_is_refused(recorder_server: Any) -> None:
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        recorder_server.client("dynamodb", "ap-south-1").list_tables()
    with pytest.raises(ClientError, match="AuthorizationHeaderMalformed"):
        recorder_server.client("s3", "ap-south-1").list_buckets()


def test_every_call_of_these_tests_is_classified(recorder_server: Any) -> None:
    """Runs last in this file: nothing that the tests called stood outside the table."""
    assert recorder_server.control("unclassified") == {}


def test_a_parameters_value_is_in_no_event(recorder_server: Any) -> None:
    ssm = recorder_server.client("ssm")
    name = "/" + recorder_server.name("key")
    put = recorder_server.recorded(ssm.put_parameter, Name=name, Value="very secret", Type="SecureString")
    got = recorder_server.recorded(ssm.get_parameter, Name=name, WithDecryption=True)
    assert (put["eventName"], put["requestParameters"]) == ("PutParameter", {"name": name, "type": "SecureString"})
    assert (got["eventName"], got["readOnly"], got["requestParameters"]) == (
        "GetParameter",
        True,
        {"name": name, "withDecryption": True},
    )
    arn = f"arn:aws:ssm:eu-west-1:{recorder_server.account}:parameter{name}"
    assert got["resources"] == [{"accountId": recorder_server.account, "ARN": arn}]  # without a type, as in a published trail
    assert "very secret" not in f"{put}{got}"
    assert ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"] == "very secret"
