"""What Airflow's own callbacks tell: tasks of a failed run that nobody tells, a plan that waits, the test alert from the UI."""

import json
from types import SimpleNamespace

import pytest
from tests.alert_servers import webhook
from tests.memory import MemoryStore

from itemtrail.settings import DEFAULT_PATH
from itemtrail_airflow import hook, local_run

pytestmark = pytest.mark.airflow


@pytest.fixture
def slack(tmp_path, monkeypatch):
    """A webhook that the configuration names; marks lie in memory."""
    file = tmp_path / "itemtrail.toml"
    alerts = '[alerts]\nslack_conn = "to_slack"\n[[alerts.routes]]\nchannel = "slack"\nmin_severity = "MEDIUM"\n'
    file.write_text(f"{DEFAULT_PATH.read_text(encoding='utf-8')}\n{alerts}", encoding="utf-8")
    monkeypatch.setenv("ITEMTRAIL_CONFIG", str(file))
    store = MemoryStore()
    monkeypatch.setattr(hook.Roles, "writer", lambda self: SimpleNamespace(archive=lambda _: store))
    with webhook() as server:
        monkeypatch.setenv("AIRFLOW_CONN_TO_SLACK", json.dumps({"conn_type": "http", "password": server.url}))
        yield server


def heard(slack) -> list[str]:
    return [said["text"] for said in slack.posted]


def test_a_test_alert_arrives_whatever_the_routes_say_and_as_often_as_it_is_sent(slack):
    for _ in range(2):
        run = local_run.run_dag("send_test_alert", {"severity": "LOW"})
        assert (run.state, run.tasks) == ("success", {"send": "success"})
    assert heard(slack) == ["LOW test alert - itemtrail send_test_alert send"] * 2


def test_a_test_alert_that_a_channel_refuses_is_a_red_run(slack):
    slack.answers[:] = [(404, {})]
    run = local_run.run_dag("send_test_alert", {"channel": "slack", "severity": "HIGH"})
    assert (run.state, run.tasks) == ("failed", {"send": "failed"})


def test_a_channel_that_is_not_configured_is_no_success(slack):
    assert local_run.run_dag("send_test_alert", {"channel": "mail"}).state == "failed"
    assert not [text for text in heard(slack) if "test alert" in text]


def test_a_failed_task_without_a_callback_of_its_own_is_told_once_when_its_run_ends(slack):
    """`send` has none: Airflow calls the DAG's own, by itself, at the end of the run."""
    assert local_run.run_dag("send_test_alert", {"channel": "sns"}).state == "failed"
    assert heard(slack) == ["HIGH send failed - itemtrail send_test_alert send"]


def states(monkeypatch, **found):
    from itemtrail_airflow import notifier

    monkeypatch.setattr(notifier, "_states", lambda _: {name: {state} for name, state in found.items()})


def ended(bag, dag_id: str) -> dict:
    instance = SimpleNamespace(dag_id=dag_id, task_id="gate", run_id="r")
    return {"dag": bag.dags[dag_id], "ti": instance, "run_id": "r", "reason": "task_failure", "params": {}}


@pytest.mark.parametrize(
    ("dag_id", "found", "told"),
    [
        ("archive_stream", {"tables": "failed", "archive": "upstream_failed", "gate": "failed"}, False),
        ("archive_stream", {"tables": "success", "archive": "failed", "gate": "success"}, False),
        ("archive_stream", {"tables": "failed", "gate": "upstream_failed"}, True),
        ("archive_stream", {"tables": "success", "archive": "success", "gate": "success", "announce": "failed"}, True),
        ("watch_deadline", {"look": "success", "alert": "success", "late": "failed"}, False),
        ("watch_deadline", {"look": "failed", "alert": "upstream_failed", "late": "failed"}, False),
        ("watch_deadline", {"look": "success", "alert": "success", "backfill": "failed", "late": "failed"}, True),
        ("watch_deadline", {"look": "success", "alert": "skipped", "late": "failed"}, True),
        ("setup_trail", {"plan": "failed"}, False),
        ("setup_trail", {"plan": "success", "route": "failed"}, True),
        ("verify_archive", {}, True),
    ],
)
def test_a_run_tells_exactly_the_failed_tasks_that_nobody_tells(bag, slack, monkeypatch, dag_id, found, told):
    states(monkeypatch, **found)
    (callback,) = bag.dags[dag_id].on_failure_callback
    callback(ended(bag, dag_id))
    assert len(heard(slack)) == told


def test_a_run_that_airflow_gives_up_is_told_with_its_reason(bag, slack, monkeypatch):
    states(monkeypatch)
    (callback,) = bag.dags["archive_trail"].on_failure_callback
    callback(ended(bag, "archive_trail") | {"reason": "timed_out"})
    assert heard(slack) == ["HIGH run failed - itemtrail archive_trail gate"]
    assert "Airflow says: timed_out" in json.dumps(slack.posted)


@pytest.mark.parametrize("dag_id", ["setup_trail", "restore_archive"])
def test_a_plan_that_waits_is_told_with_the_link_to_its_answer(bag, slack, monkeypatch, dag_id):
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.example")
    task = bag.dags[dag_id].get_task("approval")
    instance = SimpleNamespace(dag_id=dag_id, task_id="approval", run_id="r", map_index=-1, log_url="https://airflow.example/log")
    for notifier in task.notifiers:
        notifier({"dag": bag.dags[dag_id], "task": task, "ti": instance, "task_instance": instance, "params": {}})
    assert heard(slack) == [f"MEDIUM a plan waits for approval - itemtrail {dag_id} approval"]
    assert f"https://airflow.example/dags/{dag_id}/runs/r/tasks/approval/required_actions" in json.dumps(slack.posted)
