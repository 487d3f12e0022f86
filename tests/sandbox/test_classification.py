"""One table says what CloudTrail makes of each operation; an operation that stands in no line of it fails here."""

import gzip
import json
from pathlib import Path

import pytest

from cloudtrail_sandbox.classification import Category, rule
from cloudtrail_sandbox.operations import SERVICES, service_model

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"


@pytest.mark.parametrize("service", [s for s in SERVICES if s not in {"ec2", "ssm"}])
def test_every_operation_of_the_service_is_classified(service: str) -> None:
    missing = [name for name in service_model(service).operation_names if rule(service, name) is None]
    assert missing == [], f"say in classification.py what CloudTrail makes of {service}: {missing}"


def test_an_operation_outside_the_table_has_no_rule() -> None:
    assert rule("ec2", "RunInstances") is None
    assert rule("glue", "GetTable") is None


@pytest.mark.parametrize(
    ("service", "operation", "source", "name", "category", "resource_type", "read_only"),
    [
        ("dynamodb", "PutItem", "dynamodb", "PutItem", "Data", "AWS::DynamoDB::Table", False),
        ("dynamodb", "Query", "dynamodb", "Query", "Data", "AWS::DynamoDB::Table", True),
        ("dynamodb", "ExecuteStatement", "dynamodb", "ExecuteStatement", "Data", "AWS::DynamoDB::Table", False),
        ("dynamodb", "UpdateTable", "dynamodb", "UpdateTable", "Management", "", False),
        ("dynamodbstreams", "GetRecords", "dynamodb", "GetRecords", "Data", "AWS::DynamoDB::Table", True),
        ("dynamodbstreams", "DescribeStream", "dynamodb", "DescribeStream", "Management", "", True),
        ("s3", "PutBucketLifecycleConfiguration", "s3", "PutBucketLifecycle", "Management", "", False),
        ("s3", "PutPublicAccessBlock", "s3", "PutBucketPublicAccessBlock", "Management", "", False),
        ("s3", "ListObjectsV2", "s3", "ListObjects", "Data", "AWS::S3::Object", True),
        ("s3", "DeleteObjects", "s3", "DeleteObjects", "Data", "AWS::S3::Object", False),
        ("lambda", "CreateFunction", "lambda", "CreateFunction20150331", "Management", "", False),
        ("lambda", "Invoke", "lambda", "Invoke", "Data", "AWS::Lambda::Function", False),
        ("sts", "AssumeRole", "sts", "AssumeRole", "Management", "", True),
        ("ssm", "GetParameter", "ssm", "GetParameter", "Management", "", True),
        ("ssm", "PutParameter", "ssm", "PutParameter", "Management", "", False),
        ("logs", "PutLogEvents", "logs", "PutLogEvents", "", "", False),
    ],
)
def test_the_line_of_an_operation(
    service: str, operation: str, source: str, name: str, category: str, resource_type: str, read_only: bool
) -> None:
    line = rule(service, operation)
    assert line is not None
    assert line.event_source == f"{source}.amazonaws.com"
    assert (line.event_name, line.category, line.resource_type, line.read_only) == (name, category, resource_type, read_only)


def test_names_and_read_only_agree_with_a_published_trail() -> None:
    """Real events (sts, s3, iam, kms, lambda, cloudtrail, logs) say what AWS writes; none may contradict the table."""
    folder = SHARED / "invictus"
    if not folder.is_dir():
        pytest.skip(f"published trail not present: {folder}")
    known = {}
    for service in SERVICES:
        for operation in service_model(service).operation_names:
            if line := rule(service, operation):
                known[line.event_source, line.event_name] = line
    seen = contradicted = 0
    internal = {"ListAccessPoints", "GetAccountPublicAccessBlock"}  # S3 Control and the console's own, not the S3 API
    for file in folder.glob("*.json.gz"):
        for record in json.loads(gzip.decompress(file.read_bytes()))["Records"]:
            source, name = record["eventSource"], record["eventName"]
            if source.split(".")[0] not in {*SERVICES} - {"ec2"} or name in internal or "StorageLens" in name:
                continue
            if source.startswith("ssm.") and "Parameter" not in name:
                continue
            seen += 1
            line = known.get((source, name))
            assert line is not None, f"{source} {name} is in a real trail and not in the table"
            contradicted += line.read_only != record["readOnly"] or line.category != Category.MANAGEMENT
            assert line.read_only == record["readOnly"], (source, name)
    assert seen > 500
    assert contradicted == 0
