"""`export_event_history`, run by Airflow in this process against the sandbox: what is exported, and what fails the gate."""

import datetime as dt
import json

import pytest
from tests.capture import ACCOUNT, Alerts, Capture

from itemtrail.core import layout
from itemtrail.flows.event_history_state import State, load, state
from itemtrail.model import Unit
from itemtrail_airflow import local_run

pytestmark = [pytest.mark.airflow, pytest.mark.sandbox]
NOW = dt.datetime.now(dt.UTC)
TODAY, YESTERDAY = NOW.date(), NOW.date() - dt.timedelta(days=1)
WEST, EAST = "eu-west-1", "us-east-1"


@pytest.fixture(scope="module")
def world(new_sandbox, tmp_path_factory):
    """An account without a trail: only an archive bucket, and a topic for alerts, since yesterday."""
    sandbox = new_sandbox(clock=dt.datetime.combine(YESTERDAY, dt.time(8), dt.UTC))
    capture = Capture(sandbox, tmp_path_factory.mktemp("capture"), sandbox.environment())
    alerts = Alerts(capture.client)
    capture = Capture(sandbox, capture.folder, capture.environment, alerts.topic)
    capture.client("s3").create_bucket(Bucket=f"capture-archive-{ACCOUNT}", ObjectLockEnabledForBucket=True)
    for number in range(3):
        capture.client("sqs", WEST).create_queue(QueueName=f"payroll-{number}")
    sandbox.catch_up()
    return capture, alerts


def run(capture: Capture, **conf: object) -> local_run.LocalRun:
    with capture.seen_by_airflow():
        return local_run.run_dag("export_event_history", conf)


def test_an_account_without_a_trail_is_exported_as_an_unproven_source(world):
    capture, alerts = world
    done = run(capture, **{"from": str(YESTERDAY), "to": str(TODAY)})
    assert (done.state, set(done.tasks.values())) == ("success", {"success"})
    assert {name for name in done.tasks if name.startswith("export")} == {"export[0]", "export[1]"}, "one for each Region"
    archive = capture.archive()
    found = state(load(archive, Unit(ACCOUNT, WEST, YESTERDAY)), now=dt.datetime.now(dt.UTC))
    assert (found.state, found.proof) == (State.COVERED, "UNPROVEN")
    assert found.rows >= 3
    today = state(load(archive, Unit(ACCOUNT, WEST, TODAY)), now=dt.datetime.now(dt.UTC))
    assert today.state is State.OPEN, "a day that is not over is not closed, and fails nothing"
    key = layout.event_history_receipt_key(Unit(ACCOUNT, WEST, YESTERDAY), 0)
    assert json.loads(archive.read(key).body)["source"] == "event_history"
    assert alerts.heard() == []


def test_days_that_are_gone_fail_the_gate_and_are_told(world):
    capture, alerts = world
    gone = str(TODAY - dt.timedelta(days=95))
    done = run(capture, **{"from": gone, "to": gone, "regions": [WEST]})
    assert (done.state, done.tasks) == ("failed", {"plan": "success", "export[0]": "success", "gate": "failed"})
    ((subject, message),) = alerts.heard()
    assert "export_event_history" in subject
    assert f"{ACCOUNT}/{WEST}/{gone}: PAST_HORIZON" in message and "older than 90 days" in message


def test_days_the_wrong_way_round_are_refused(world):
    capture, alerts = world
    done = run(capture, **{"from": str(TODAY), "to": str(YESTERDAY)})
    assert (done.state, done.tasks["plan"], done.tasks["gate"]) == ("failed", "failed", "failed")
    assert len(alerts.heard()) == 1
