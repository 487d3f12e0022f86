"""Every operation boto3 can send to the services the sandbox records is recognised from the bytes on the wire."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config

from cloudtrail_sandbox import operations
from cloudtrail_sandbox.operations import Call, Request, Scope, match, scope

# These share method and URI with their successor: the wire does not tell them apart, and CloudTrail names them alike.
SUCCESSORS = {
    ("s3", "GetBucketLifecycle"): "GetBucketLifecycleConfiguration",
    ("s3", "PutBucketLifecycle"): "PutBucketLifecycleConfiguration",
    ("s3", "GetBucketNotification"): "GetBucketNotificationConfiguration",
    ("s3", "PutBucketNotification"): "PutBucketNotificationConfiguration",
}
# Signed for services of their own (s3express, s3-object-lambda), which the sandbox does not offer.
ELSEWHERE = {("s3", "ListDirectoryBuckets"), ("s3", "WriteGetObjectResponse")}


class Raw:
    def stream(self, **_: object) -> Iterator[bytes]:
        yield b""


def minimal(shape: Any) -> Any:
    """The smallest value of a shape: required members only."""
    smallest = max(1, int(shape.metadata.get("min", 1)))
    values = {
        "structure": lambda: {n: minimal(shape.members[n]) for n in shape.required_members},
        "list": lambda: [minimal(shape.member)] * smallest,
        "map": lambda: {"k": minimal(shape.value)},
        "string": lambda: shape.enum[0] if shape.enum else "abcdefghij" * -(-smallest // 10),
        "integer": lambda: smallest,
        "long": lambda: smallest,
        "blob": lambda: b"x",
        "boolean": lambda: True,
    }
    return values.get(shape.type_name, lambda: 1.0)()


def sent_by(service: str) -> dict[str, Request]:
    """What boto3 puts on the wire for each operation of a service."""
    client = boto3.client(
        service,
        endpoint_url="http://127.0.0.1:1",
        region_name="eu-west-1",
        aws_access_key_id="AKIAEXAMPLE",
        aws_secret_access_key="secret",
        config=Config(retries={"total_max_attempts": 1}, parameter_validation=False),
    )
    sent: list[Request] = []

    def keep(request: Any, **_: object) -> AWSResponse:
        body = request.body or b""
        body = body.read() if hasattr(body, "read") else body
        headers = {k.lower(): v.decode() if isinstance(v, bytes) else v for k, v in request.headers.items()}
        url = urlsplit(request.url)
        query = parse_qs(url.query, keep_blank_values=True)
        raw = body.encode() if isinstance(body, str) else bytes(body)
        sent.append(Request(request.method, unquote(url.path), query, headers, raw))
        return AWSResponse(request.url, 500, {}, Raw())

    client.meta.events.register("before-send", keep)
    requests = {}
    for name in client.meta.service_model.operation_names:
        model = client.meta.service_model.operation_model(name)
        sent.clear()
        try:
            client._make_api_call(name, minimal(model.input_shape) if model.input_shape else {})
        except Exception as error:  # noqa: BLE001 (the answer is empty, so anything may follow; the request is what counts)
            assert sent, f"{service}.{name} was not sent: {error!r}"
        requests[name] = sent[0]
    return requests


@pytest.mark.parametrize("service", [s for s in operations.SERVICES if s != "ec2"])
def test_every_operation_boto3_sends_is_recognised(service: str) -> None:
    wrong = {}
    for name, request in sent_by(service).items():
        call = match(request)
        if (service, name) in ELSEWHERE:
            assert call is None
            continue
        expected = SUCCESSORS.get((service, name), name)
        if call is None or (call.service, call.operation) != (service, expected):
            wrong[name] = call
    assert wrong == {}


def test_ec2_operations_are_named_by_their_action() -> None:
    body = b"Action=DescribeRegions&Version=2016-11-15"
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "authorization": "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20261103/eu-west-1/ec2/aws4_request, SignedHeaders=host",
    }
    assert match(Request("POST", "/", {}, headers, body)) == Call("ec2", "DescribeRegions")


def test_virtual_hosted_bucket_is_found_by_its_host() -> None:
    request = Request("GET", "/a/b c", {}, {"host": "trail-logs.localhost:4566"}, b"")
    call = match(request, lambda host: host.partition(".")[0])
    assert call == Call("s3", "GetObject", {"Bucket": "trail-logs", "Key": "a/b c"})


def test_a_copy_is_told_from_a_put_by_its_source_header() -> None:
    request = Request("PUT", "/b/k", {}, {"x-amz-copy-source": "b/other"}, b"")
    assert match(request) == Call("s3", "CopyObject", {"Bucket": "b", "Key": "k"})


@pytest.mark.parametrize(
    "target", ["DynamoDB_20120810.Nonsense", "Unknown_1.GetItem", ".", "DynamoDB_20120810", "DynamoDB_20120810.getitem"]
)
def test_a_target_no_model_names_is_no_operation(target: str) -> None:
    assert match(Request("POST", "/", {}, {"x-amz-target": target}, b"{}")) is None


def test_scope_is_read_from_header_query_and_legacy_signature() -> None:
    header = "AWS4-HMAC-SHA256 Credential=AKIA1/20261103/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=x"
    assert scope(Request("GET", "/", {}, {"authorization": header}, b"")) == Scope("AKIA1", "eu-west-1", "s3")
    query = {"X-Amz-Credential": ["AKIA2/20261103/us-east-1/s3/aws4_request"]}
    assert scope(Request("GET", "/", query, {}, b"")) == Scope("AKIA2", "us-east-1", "s3")
    assert scope(Request("GET", "/", {}, {"authorization": "AWS AKIA3:sig"}, b"")) == Scope("AKIA3", "", "s3")
    assert scope(Request("GET", "/", {}, {}, b"")) == Scope("", "", "")
