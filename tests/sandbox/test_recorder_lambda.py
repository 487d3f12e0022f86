"""A function behind a table's stream: it runs under its role, its calls are recorded, and `drain` waits for it."""

import io
import json
import time
import zipfile
from typing import Any

import pytest

pytestmark = pytest.mark.sandbox
HANDLER = """
import os, boto3
def handler(event, context):
    table = boto3.client("dynamodb", region_name=os.environ["AWS_REGION"])
    for record in event["Records"]:
        key = record["dynamodb"]["Keys"]["EmpId"]
        table.put_item(TableName=os.environ["COPY"], Item={"EmpId": key})
"""


def package() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("index.py", HANDLER)
    return held.getvalue()


def test_a_function_on_a_stream_is_recorded_under_its_role_and_drained(recorder_server: Any) -> None:
    source, copy = recorder_server.table(stream=True), recorder_server.table()
    iam, role = recorder_server.client("iam"), recorder_server.name("forwarder")
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
    arn = iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    may = {"Statement": [{"Effect": "Allow", "Action": ["dynamodb:*", "logs:*"], "Resource": "*"}]}
    iam.put_role_policy(RoleName=role, PolicyName="may", PolicyDocument=json.dumps(may))
    functions, name = recorder_server.client("lambda"), recorder_server.name("forward")
    event = recorder_server.recorded(
        functions.create_function,
        FunctionName=name,
        Runtime="python3.11",
        Role=arn,
        Handler="index.handler",
        Code={"ZipFile": package()},
        Environment={"Variables": {"COPY": copy}},
    )
    assert "errorCode" not in event, event
    assert (event["eventName"], event["requestParameters"]["environment"]) == ("CreateFunction20150331", {})
    stream = recorder_server.client("dynamodb").describe_table(TableName=source)["Table"]["LatestStreamArn"]
    functions.create_event_source_mapping(FunctionName=name, EventSourceArn=stream, StartingPosition="TRIM_HORIZON")
    recorder_server.events()
    for number in range(30):
        recorder_server.client("dynamodb").put_item(TableName=source, Item={"EmpId": {"S": f"E-{number}"}})
    started = time.monotonic()
    recorder_server.control("drain")
    assert time.monotonic() - started < 25
    made = [e for e in recorder_server.events() if e["eventName"] == "PutItem" and e["requestParameters"]["tableName"] == copy]
    assert len(made) == 30
    who = made[0]["userIdentity"]
    assert (who["type"], who["sessionContext"]["sessionIssuer"]["arn"]) == ("AssumedRole", arn)
    assert recorder_server.control("unclassified") == {}


def test_a_service_outside_the_table_is_served_and_counted_never_recorded_as_something_else(recorder_server: Any) -> None:
    recorder_server.events()
    recorder_server.client("glue").get_databases()
    recorder_server.client("ec2").describe_vpcs()
    assert recorder_server.events() == []
    assert recorder_server.control("unclassified") == {"glue": 1, "ec2.DescribeVpcs": 1}
