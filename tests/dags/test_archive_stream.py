"""`archive_stream`, run by Airflow in this process: what one table's fault does to the others, and who hears of a gap."""

import datetime as dt
import logging

import pytest
from tests.capture import Alerts, Capture

from itemtrail.flows.archive_stream import archive_table
from itemtrail.flows.archive_stream_state import load
from itemtrail.settings import load as load_settings
from itemtrail_airflow import local_run

pytestmark = [pytest.mark.airflow, pytest.mark.sandbox]
REGION = "eu-west-1"


def table(capture: Capture, name: str, *, stream: bool = True) -> str:
    answer = capture.client("dynamodb", REGION).create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": stream} | ({"StreamViewType": "NEW_AND_OLD_IMAGES"} if stream else {}),
    )
    return str(answer["TableDescription"]["TableArn"])


def put(capture: Capture, name: str, salary: str = "1") -> None:
    capture.client("dynamodb", REGION).put_item(TableName=name, Item={"id": {"S": "E-1"}, "salary": {"N": salary}})


@pytest.fixture(scope="module")
def world(new_sandbox, tmp_path_factory):
    """An account set up a day and a half ago."""
    sandbox = new_sandbox(clock=dt.datetime.now(dt.UTC) - dt.timedelta(hours=36), tick=False)
    capture = Capture(sandbox, tmp_path_factory.mktemp("capture"), sandbox.environment())
    alerts = Alerts(capture.client)
    capture = Capture(sandbox, capture.folder, capture.environment, alerts.topic)
    capture.set_up()
    return capture, alerts


def run(capture: Capture, *tables: str) -> local_run.LocalRun:
    with capture.seen_by_airflow(tables=list(tables)):
        return local_run.run_dag("archive_stream")


def test_without_tables_nothing_is_done_and_nobody_is_woken(world):
    capture, alerts = world
    done = run(capture)
    assert done.state == "success"
    assert done.tasks["gate"] == "skipped"
    assert alerts.heard() == []


def test_a_gap_is_archived_first_then_told_once(world):
    capture, alerts = world
    arn = table(capture, "Paused")
    put(capture, "Paused")
    archive_table(
        arn,
        streams=capture.connection().streams(arn),
        archive=capture.archive(),
        settings=load_settings(capture.configuration()),
        key=None,
        now=capture.sandbox.now(),
    )
    put(capture, "Paused", "2")
    capture.sandbox.catch_up()
    put(capture, "Paused", "3")
    done = run(capture, arn)
    assert done.state == "failed"
    assert {name: state for name, state in done.tasks.items() if state != "success"} == {
        "gate": "failed",
        "announce": "upstream_failed",
    }
    ((subject, message),) = alerts.heard()
    assert subject == "CRITICAL stream records were lost - itemtrail archive_stream gate"
    assert "may be lost" in message
    assert load(capture.archive(), arn).last.gaps
    assert run(capture, arn).state == "success"
    assert alerts.heard() == []


def test_every_table_is_archived_and_a_completed_day_is_announced_once(world):
    capture, _ = world
    tables = [table(capture, "One"), table(capture, "Two")]
    put(capture, "One")
    first, second = run(capture, *tables), run(capture, *tables)
    assert (first.state, first.tasks["announce"]) == ("success", "success")
    assert (second.state, second.tasks["announce"]) == ("success", "skipped")
    rows = [load(capture.archive(), arn).last for arn in tables]
    assert [last.number for last in rows] == [1, 1]


def test_a_table_that_fails_does_not_stop_the_others_and_the_gate_names_it(world):
    capture, alerts = world
    good, bad = table(capture, "Good"), table(capture, "Bad", stream=False)
    put(capture, "Good")
    done = run(capture, bad, good)
    assert (done.tasks["archive[0]"], done.tasks["archive[1]"], done.tasks["gate"]) == ("failed", "success", "failed")
    assert done.tries["archive[0]"] == 1
    assert load(capture.archive(), good).last.counts.rows == 1
    ((_, message),) = alerts.heard()
    assert "table/Bad" in message
    assert "table/Good" not in message


def test_the_redaction_key_is_in_no_log_and_no_message(world, monkeypatch, caplog):
    capture, _ = world
    arn, key = table(capture, "Secret"), "a secret of more than thirty-two bytes"
    put(capture, "Secret", "98765")
    monkeypatch.setenv("AIRFLOW_VAR_ITEMTRAIL_REDACTION_KEY", key)
    file = capture.configuration(tables=[arn])
    text = file.read_text(encoding="utf-8").replace(
        f'tables = ["{arn}"]',
        f'tables = ["{arn}"]\nredaction_key_parameter = "k"\n'
        f'redact = [{{table = "{arn}", attribute = "salary", action = "hash"}}]',
    )
    with capture.seen_by_airflow(tables=[arn]), caplog.at_level(logging.INFO):
        file.write_text(text, encoding="utf-8")
        assert local_run.run_dag("archive_stream").state == "success"
    store = capture.archive()
    bodies = [store.read(info.key).body for info in store.list("") if "table_name=Secret" in info.key]
    assert len(bodies) == 3
    assert not [body for body in bodies if key.encode() in body or b"98765" in body]
    assert key not in caplog.text
