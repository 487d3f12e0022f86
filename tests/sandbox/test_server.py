"""The front door: what it refuses, and that it stays right and quick under many threads."""

import http.client
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

pytestmark = pytest.mark.sandbox


def raw(server: Any, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b"") -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def signed(server: Any, service: str, body: bytes, headers: dict[str, str], path: str = "/") -> tuple[int, bytes]:
    """A correctly signed POST that no SDK would send."""
    request = AWSRequest("POST", f"{server.url}{path}", data=body, headers=headers)
    SigV4Auth(Credentials(*server.keys), service, "eu-west-1").add_auth(request)
    return raw(server, "POST", path, dict(request.headers), body)


@pytest.mark.parametrize("path", ["/_ministack/reset", "/_localstack/state/reset", "/_ministack/config", "/_aws/ses", "/health"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_emulators_administration_is_closed(recorder_server: Any, method: str, path: str) -> None:
    assert raw(recorder_server, method, path)[0] == 404


@pytest.mark.parametrize("host", ["evil.example", "x.execute-api.localhost.example:80", "a.b", ""])
def test_a_foreign_host_is_refused(recorder_server: Any, host: str) -> None:
    status, body = raw(recorder_server, "GET", "/", {"Host": host})
    assert (status, json.loads(body)["__type"]) == (400, "InvalidHost")


def test_one_operation_cannot_be_smuggled_in_under_the_name_of_another(recorder_server: Any) -> None:
    table = recorder_server.table()
    delete = {"x-amz-target": "DynamoDB_20120810.DeleteTable", "content-type": "application/x-amz-json-1.0"}
    body = json.dumps({"TableName": table}).encode()
    assert signed(recorder_server, "dynamodb", body, delete, "/?Action=ListTables")[0] == 400
    form = delete | {"content-type": "application/x-www-form-urlencoded"}
    assert signed(recorder_server, "dynamodb", b"Action=ListTables&Version=2012-08-10", form)[0] == 400
    assert recorder_server.client("dynamodb").describe_table(TableName=table)["Table"]["TableStatus"] == "ACTIVE"


def test_a_request_that_names_no_operation_is_refused_and_not_forwarded(recorder_server: Any) -> None:
    status, body = signed(recorder_server, "dynamodb", b"{}", {"x-amz-target": "DynamoDB_20120810.Nonsense"})
    assert (status, json.loads(body)["__type"]) == (400, "UnknownOperationException")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"[" * 100_000, b'{"TableName":' + b"9" * 5000 + b"}", b"\xff\xfe"])
@pytest.mark.parametrize(
    "target", ["DynamoDB_20120810.PutItem", "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.CreateTrail"]
)
def test_a_malformed_body_gets_an_answer_and_leaves_one_event(recorder_server: Any, target: str, body: bytes) -> None:
    service = "cloudtrail" if "cloudtrail" in target else "dynamodb"
    recorder_server.events()
    status, _ = signed(recorder_server, service, body, {"x-amz-target": target, "content-type": "application/x-amz-json-1.1"})
    assert 400 <= status < 600
    (event,) = recorder_server.events()
    assert event["errorCode"]
    assert event["eventName"] == target.rpartition(".")[2]


def test_a_client_cannot_claim_another_transport(recorder_server: Any) -> None:
    """The sandbox stands for TLS endpoints: a TLS-only policy admits its callers whatever header they send."""
    s3, bucket = recorder_server.client("s3", "us-east-1"), recorder_server.name("tls-bucket")
    s3.create_bucket(Bucket=bucket)
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [f"arn:aws:s3:::{bucket}/*"]}
    policy = {"Statement": [deny | {"Condition": {"Bool": {"aws:SecureTransport": "false"}}}]}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))

    def claim(request: Any, **_: object) -> None:
        request.headers["x-forwarded-proto"] = "http"

    s3.meta.events.register("before-send.s3", claim)
    assert s3.put_object(Bucket=bucket, Key="k", Body=b"x")["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_a_presigned_url_works_whatever_the_sandbox_clock(recorder_server: Any) -> None:
    s3, bucket = recorder_server.client("s3", "us-east-1"), recorder_server.name("presigned-bucket")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="k", Body=b"content")
    url = s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "k"}, ExpiresIn=60)
    recorder_server.events()
    status, body = raw(recorder_server, "GET", url.partition(recorder_server.url)[2])
    assert (status, body) == (200, b"content")
    (event,) = recorder_server.events()
    assert event["additionalEventData"]["AuthenticationMethod"] == "QueryString"
    assert "Signature" not in json.dumps(event["requestParameters"])
    assert event["userIdentity"]["userName"] == "owner"


def test_a_virtual_hosted_bucket_is_recorded_like_a_path(recorder_server: Any) -> None:
    s3, bucket = recorder_server.client("s3", "us-east-1"), recorder_server.name("hosted-bucket")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="k", Body=b"content")
    recorder_server.events()
    request = AWSRequest("GET", f"http://{bucket}.localhost:{recorder_server.port}/k")
    S3SigV4Auth(Credentials(*recorder_server.keys), "s3", "us-east-1").add_auth(request)
    host = {"Host": f"{bucket}.localhost:{recorder_server.port}"}
    assert raw(recorder_server, "GET", "/k", dict(request.headers) | host) == (200, b"content")
    (event,) = recorder_server.events()
    assert (event["requestParameters"]["bucketName"], event["requestParameters"]["key"]) == (bucket, "k")


def test_ttl_removals_are_in_the_stream_and_not_in_cloudtrail(recorder_server: Any) -> None:
    table, dynamodb = recorder_server.table(stream=True), recorder_server.client("dynamodb")
    dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification={"Enabled": True, "AttributeName": "Until"})
    dynamodb.put_item(TableName=table, Item={"EmpId": {"S": "E-1"}, "Until": {"N": "1795200000"}})
    recorder_server.events()
    assert recorder_server.control("expire_ttl") == 1
    assert recorder_server.events() == []
    removal = recorder_server.stream_records(table)[-1]
    assert removal["eventName"] == "REMOVE"
    assert removal["userIdentity"] == {"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"}
    assert "Item" not in dynamodb.get_item(TableName=table, Key={"EmpId": {"S": "E-1"}})


def test_the_clock_moves_what_is_written(recorder_server: Any) -> None:
    table = recorder_server.table(stream=True)
    recorder_server.control("shift?3600")
    event = recorder_server.recorded(recorder_server.client("dynamodb").put_item, TableName=table, Item={"EmpId": {"S": "E"}})
    stamp = recorder_server.stream_records(table)[-1]["dynamodb"]["ApproximateCreationDateTime"]
    assert abs(stamp.timestamp() - time.mktime(time.strptime(event["eventTime"] + "UTC", "%Y-%m-%dT%H:%M:%SZ%Z"))) <= 3600 * 14
    assert event["eventTime"] >= "2026-11-21T09:00:00Z"


def test_eight_threads_leave_one_event_for_each_call_in_the_order_of_their_effects(recorder_server: Any) -> None:
    table = recorder_server.table(stream=True)
    recorder_server.events()

    def work(thread: int) -> None:
        dynamodb = recorder_server.client("dynamodb")
        for turn in range(100):
            dynamodb.put_item(TableName=table, Item={"EmpId": {"S": f"E-{turn % 5}"}, "By": {"S": f"{thread}-{turn}"}})

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(8)))
    events = recorder_server.events()
    assert len(events) == 800
    assert len({event["eventID"] for event in events}) == len({event["requestID"] for event in events}) == 800
    assert [event["eventTime"] for event in events] == sorted(event["eventTime"] for event in events)
    written = [record["dynamodb"]["Keys"]["EmpId"]["S"] for record in recorder_server.stream_records(table)]
    assert [event["requestParameters"]["key"]["EmpId"] for event in events] == written
