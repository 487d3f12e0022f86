"""What setting up will cost: from CloudWatch as the setup role may read it, from the command line, never in the plan's hash."""

import datetime as dt
import json
from typing import Any

import pytest
from tests.permissions import policies
from tests.sandbox.setup_world import SetupWorld
from tests.sandbox.test_setup import as_user

from cloudtrail_sandbox.client import Sandbox
from itemtrail.cli import main as cli
from itemtrail.errors import AccessDenied
from itemtrail.flows import setup

pytestmark = pytest.mark.sandbox
TODAY = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
SPAN = {"start": TODAY - dt.timedelta(days=14), "end": TODAY}


@pytest.fixture(scope="module")
def world(sandbox: Sandbox) -> SetupWorld:
    """Payroll was put 30 times in the last three days, asked 5 times, and refused 3 writes; CloudWatch's own form of it."""
    made = SetupWorld.of(sandbox)
    for operation, day, count in (("PutItem", 18, 10), ("PutItem", 19, 20), ("Query", 19, 5)):
        _call(made, "SuccessfulRequestLatency", {"TableName": "Payroll", "Operation": operation}, day, [4.2] * count)
    _call(made, "ConditionalCheckFailedRequests", {"TableName": "Payroll"}, 19, [3.0])
    _call(made, "SuccessfulRequestLatency", {"Operation": "ListTables"}, 19, [1.0])
    _call(made, "ConsumedWriteCapacityUnits", {"TableName": "Payroll"}, 19, [99.0])
    return made


def _call(world: SetupWorld, metric: str, dimensions: dict[str, str], day: int, values: list[float]) -> None:
    named = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    at = dt.datetime(2026, 11, day, 5, tzinfo=dt.UTC)
    data = [{"MetricName": metric, "Dimensions": named, "Timestamp": at, "Value": value} for value in values]
    world.client("cloudwatch").put_metric_data(Namespace="AWS/DynamoDB", MetricData=data)


def test_calls_are_counted_by_table_and_operation(world: SetupWorld) -> None:
    reader = as_user(world, "setup-rates", policies()["Setup"])
    found = {(one.table, one.operation): (one.count, one.days) for one in reader.connection.rates().calls("us-east-1", **SPAN)}
    assert found == {("Payroll", "PutItem"): (30, 3), ("Payroll", "Query"): (5, 2), ("Payroll", ""): (3, 2)}
    assert world.connection.rates().calls("eu-west-1", **SPAN) == ()


def test_who_may_not_ask_is_told_which_permission(world: SetupWorld) -> None:
    other = as_user(world, "auditor-rates", policies()["Auditor"])
    with pytest.raises(AccessDenied, match="cloudwatch:ListMetrics"):
        other.connection.rates().calls("us-east-1", **SPAN)


def test_the_preview_is_beside_the_plan_and_not_in_its_hash(
    world: SetupWorld, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in world.sandbox.environment().items():
        monkeypatch.setenv(name, value)

    def run(*words: str) -> Any:
        cli.main(["setup", "--json", *words])
        return json.loads(capsys.readouterr().out)

    one, two = run(), run("--rate", "Payroll=1000000", "--rate", "Employees=0", "--rate", "LeaveRequests=0")
    assert one["plan"]["hash"] == two["plan"]["hash"] == setup.plan(world.connection.control(), world.settings).hash
    line = next(line for line in two["cost"]["lines"] if line["what"] == "data events of Payroll (us-east-1)")
    assert line["month"] == "30.000000"
    assert "1,000,000 writes" in line["formula"]
    assert cli.main(["setup", "--rate", "nonsense"]) == 2
    capsys.readouterr()
    cli.main(["setup", "--rate", "Payroll=1000000"])
    plan, _, cost = capsys.readouterr().out.partition("\nplan ")
    assert "what it will cost" not in plan
    assert "what it will cost, USD, at list prices of" in cost
    assert "assumed:" not in cost
    cli.main(["setup", "--cost", "--rate", "Payroll=1000000"])
    said = capsys.readouterr().out
    assert "1,000,000 writes" in said
    assert "assumed:" in said
