"""The forwarder as set up: a write arrives in the log group, redacted, spilled where large, told where it cannot; who listens."""

import base64
import datetime as dt
import hashlib
import io
import json
import zipfile
from typing import Any

import pytest
from tests.sandbox.setup_world import SetupWorld

from itemtrail.core.redaction import hashed
from itemtrail.flows import setup
from itemtrail.settings import Redaction

pytestmark = pytest.mark.sandbox
GROUP = "/itemtrail/streams"
EMPLOYEES = "arn:aws:dynamodb:us-east-1:111122223333:table/Employees"
PAYROLL = EMPLOYEES.replace("Employees", "Payroll")
KEY = "0123456789abcdef0123456789abcdef"
LISTENER = """
import base64, gzip, json
def handler(event, context):
    found = json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"])))
    for one in found["logEvents"]:
        change = json.loads(one["message"])
        print("heard", change["eventName"], change["dynamodb"]["NewImage"]["Status"]["S"], found["logGroup"])
"""


@pytest.fixture(scope="module")
def world(new_sandbox: Any) -> SetupWorld:
    """An account set up with the forwarder, one table of which is redacted."""
    made = SetupWorld.of(new_sandbox(clock=dt.datetime(2026, 11, 21, 8, tzinfo=dt.UTC)))
    made.create_tables()
    made.client("ssm").put_parameter(Name="/itemtrail/key", Type="SecureString", Value=KEY)
    rules = (
        Redaction(table=PAYROLL, attribute="Salary", action="hash"),
        Redaction(table=PAYROLL, attribute="Bank.Iban", action="drop"),
    )
    streams = made.settings.streams.model_copy(update={"redact": rules, "redaction_key_parameter": "/itemtrail/key"})
    made = made.having(streams=streams)
    control = made.connection.control()
    done = setup.apply(control, made.settings, setup.plan(control, made.settings).hash)
    assert done.good, done.after.table()
    return made


def put(world: SetupWorld, table: str, name: str, **attributes: Any) -> None:
    world.client("dynamodb").put_item(TableName=table, Item={"id": {"S": name}, **attributes})


def events(world: SetupWorld, table: str) -> list[dict[str, Any]]:
    """What the log group holds of a table, once everything written so far has come through."""
    world.sandbox.advance(60)
    logs, found = world.client("logs"), []
    for stream in logs.describe_log_streams(logGroupName=GROUP, logStreamNamePrefix=f"{table}/")["logStreams"]:
        got = logs.get_log_events(logGroupName=GROUP, logStreamName=stream["logStreamName"], startFromHead=True)["events"]
        found += [json.loads(one["message"]) | {"time": one["timestamp"]} for one in got]
    return found


def of(found: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [one for one in found if (one.get("keys") or one["dynamodb"]["Keys"]) == {"id": {"S": name}}]


def queue(world: SetupWorld) -> list[dict[str, Any]]:
    sqs = world.client("sqs")
    url = sqs.get_queue_url(QueueName="itemtrail-forwarder-failed")["QueueUrl"]
    return [json.loads(one["Body"]) for one in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])]


def own_log(world: SetupWorld, function: str = "itemtrail-forwarder") -> str:
    found = world.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{function}")["events"]
    return "\n".join(one["message"] for one in found)


def test_old_and_new_values_of_a_write_are_in_the_log_group(world: SetupWorld) -> None:
    put(world, "Employees", "E-1", Salary={"N": "5000"})
    put(world, "Employees", "E-1", Salary={"N": "5200.00000000000000000000000000000001"}, Days={"NS": ["1", "2"]})
    first, second = of(events(world, "Employees"), "E-1")
    assert (first["eventName"], second["eventName"]) == ("INSERT", "MODIFY")
    assert second["dynamodb"]["OldImage"] == first["dynamodb"]["NewImage"] == {"id": {"S": "E-1"}, "Salary": {"N": "5000"}}
    assert second["dynamodb"]["NewImage"]["Salary"] == {"N": "5200.00000000000000000000000000000001"}
    assert sorted(second["dynamodb"]["NewImage"]["Days"]["NS"]) == ["1", "2"]
    assert second["eventSourceARN"].startswith(f"{EMPLOYEES}/stream/")
    assert second["time"] == int(second["dynamodb"]["ApproximateCreationDateTime"] * 1000)
    group = world.client("logs").describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"][0]
    assert group["retentionInDays"] == 1


def test_what_the_settings_redact_never_arrives(world: SetupWorld) -> None:
    put(world, "Payroll", "P-1", Salary={"N": "77123"}, Bank={"M": {"Iban": {"S": "DE00IBAN"}, "City": {"S": "Kiel"}}})
    put(world, "Payroll", "P-2", Salary={"N": "77123.0"})
    found = events(world, "Payroll")
    (one,), (other,) = of(found, "P-1"), of(found, "P-2")
    assert one["dynamodb"]["NewImage"]["Bank"] == {"M": {"City": {"S": "Kiel"}}}
    assert one["redacted"] == ["Bank.Iban", "Salary"]
    expected = hashed({"N": "77123"}, PAYROLL, KEY.encode())
    assert one["dynamodb"]["NewImage"]["Salary"] == other["dynamodb"]["NewImage"]["Salary"] == expected
    assert "77123" not in json.dumps(found) + own_log(world)
    assert "DE00IBAN" not in json.dumps(found) + own_log(world)


def test_a_function_that_subscribes_to_the_log_group_hears_a_change(world: SetupWorld) -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("index.py", LISTENER)
    iam, functions = world.client("iam"), world.client("lambda")
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
    role = iam.create_role(RoleName="listener", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    made = functions.create_function(
        FunctionName="listener", Runtime="python3.13", Role=role, Handler="index.handler", Code={"ZipFile": held.getvalue()}
    )
    functions.add_permission(
        FunctionName="listener", StatementId="logs", Action="lambda:InvokeFunction", Principal="logs.amazonaws.com"
    )
    world.client("logs").put_subscription_filter(
        logGroupName=GROUP,
        filterName="terminations",
        filterPattern='{ $.dynamodb.NewImage.Status.S = "TERMINATED" }',
        destinationArn=made["FunctionArn"],
    )
    put(world, "Employees", "E-2", Status={"S": "ACTIVE"})
    put(world, "Employees", "E-2", Status={"S": "TERMINATED"})
    world.sandbox.advance(60)
    heard = [line for line in own_log(world, "listener").splitlines() if line.startswith("heard")]
    assert heard == [f"heard MODIFY TERMINATED {GROUP}"]


def test_images_of_an_item_of_400_kb_are_spilled_and_the_pointer_resolves(world: SetupWorld) -> None:
    for letter in (b"a", b"b"):
        put(world, "Employees", "E-3", Photo={"B": letter * 399_000})
    insert, modify = of(events(world, "Employees"), "E-3")
    assert "spilled" not in insert  # one image fits
    spilled = modify["spilled"]
    answer = world.client("s3").get_object(Bucket=spilled["bucket"], Key=spilled["key"])
    body = answer["Body"].read()
    assert (len(body), hashlib.sha256(body).hexdigest()) == (spilled["size"], spilled["sha256"])
    change = json.loads(body)["dynamodb"]
    assert change["OldImage"]["Photo"]["B"] == base64.b64encode(b"a" * 399_000).decode()
    assert change["NewImage"]["Photo"]["B"] == base64.b64encode(b"b" * 399_000).decode()
    rules = world.client("s3").get_bucket_lifecycle_configuration(Bucket=spilled["bucket"])["Rules"]
    (rule,) = [one for one in rules if one["ID"] == "itemtrail-spill"]
    assert spilled["key"].startswith(rule["Filter"]["Prefix"])


def test_a_record_that_cannot_be_stored_is_told_and_the_others_arrive(world: SetupWorld) -> None:
    functions = world.client("lambda")
    now = functions.get_function_configuration(FunctionName="itemtrail-forwarder")["Environment"]["Variables"]
    broken = {"Variables": now | {"SPILL_BUCKET": "nowhere-at-all"}}
    functions.update_function_configuration(FunctionName="itemtrail-forwarder", Environment=broken)
    (mapping,) = functions.list_event_source_mappings(EventSourceArn=stream(world), FunctionName="itemtrail-forwarder")[
        "EventSourceMappings"
    ]
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    put(world, "Employees", "E-4", Photo={"B": b"a" * 399_000})
    put(world, "Employees", "before")
    put(world, "Employees", "E-4", Photo={"B": b"b" * 399_000})
    put(world, "Employees", "after")
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)
    found = events(world, "Employees")
    assert of(found, "before")
    assert of(found, "after")
    assert len(of(found, "E-4")) == 1  # the insert
    (told,) = queue(world)
    assert told["DDBStreamBatchInfo"]["batchSize"] == 1
    assert told["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert '"action":"s3:PutObject"' in own_log(world)
    control = world.connection.control()
    repaired = setup.apply(control, world.settings, setup.plan(control, world.settings).hash)
    assert [action.call.operation for action in repaired.done] == ["UpdateFunctionConfiguration"]
    assert repaired.good


def test_a_record_that_cannot_be_read_is_reported_by_its_number(world: SetupWorld) -> None:
    poison = {"eventID": "x", "eventSourceARN": f"{EMPLOYEES}/stream/1", "dynamodb": {"SequenceNumber": "7", "Keys": {}}}
    answer = world.client("lambda").invoke(FunctionName="itemtrail-forwarder", Payload=json.dumps({"Records": [poison]}))
    assert json.load(answer["Payload"]) == {"batchItemFailures": [{"itemIdentifier": "7"}]}


def test_another_reader_of_a_stream_is_named_and_left(world: SetupWorld) -> None:
    client = world.client("lambda")
    role = world.client("iam").get_role(RoleName="itemtrail-forwarder")["Role"]["Arn"]
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("index.py", "def handler(event, context): pass\n")
    client.create_function(
        FunctionName="search-index", Runtime="python3.13", Role=role, Handler="index.handler", Code={"ZipFile": held.getvalue()}
    )
    mapping = client.create_event_source_mapping(
        FunctionName="search-index", EventSourceArn=stream(world), StartingPosition="LATEST"
    )
    plan = setup.plan(world.connection.control(), world.settings)
    (finding,) = [one for one in plan.findings if one.check == "setup.readers"]
    assert "function:search-index" in finding.detail
    assert plan.empty
    client.delete_event_source_mapping(UUID=mapping["UUID"])


def test_an_older_code_is_replaced(world: SetupWorld) -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("old.py", "")
    world.client("lambda").update_function_code(FunctionName="itemtrail-forwarder", ZipFile=held.getvalue())
    control = world.connection.control()
    done = setup.apply(control, world.settings, setup.plan(control, world.settings).hash)
    assert [action.call.operation for action in done.done] == ["UpdateFunctionCode"]
    assert done.after.empty


def test_without_a_forwarder_nothing_of_it_is_planned(world: SetupWorld) -> None:
    off = world.having(streams=world.settings.streams.model_copy(update={"forwarder": "", "redact": ()}))
    plan = setup.plan(off.connection.control(), off.settings)
    assert plan.empty, plan.table()


def stream(world: SetupWorld) -> str:
    return str(world.client("dynamodb").describe_table(TableName="Employees")["Table"]["LatestStreamArn"])
