"""House rules of the DAGs, held by Airflow's own view of them."""

import ast
import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.airflow
ROOT = Path(__file__).resolve().parents[2]
DAGS = {
    "archive_stream": "archive_stream_dag.py",
    "archive_trail": "archive_trail_dag.py",
    "build_history": "build_history_dag.py",
    "export_event_history": "export_event_history_dag.py",
    "export_evidence": "export_evidence_dag.py",
    "checkpoint_ledger": "checkpoint_ledger_dag.py",
    "restore_archive": "restore_archive_dag.py",
    "send_test_alert": "send_test_alert_dag.py",
    "review_posture": "review_posture_dag.py",
    "setup_trail": "setup_trail_dag.py",
    "verify_archive": "verify_archive_dag.py",
    "watch_deadline": "watch_deadline_dag.py",
}
SECTIONS = ("Purpose", "Inputs", "Outputs", "When it fails", "Backfill")
ALERTS = {
    ("archive_trail", "gate"),
    ("archive_trail", "lifecycle"),
    ("archive_stream", "gate"),
    ("build_history", "gate"),
    ("export_event_history", "gate"),
    ("checkpoint_ledger", "gate"),
    ("export_evidence", "export"),
    ("export_evidence", "verdict"),
    ("restore_archive", "plan"),
    ("restore_archive", "request"),
    ("restore_archive", "wait"),
    ("setup_trail", "plan"),
    ("setup_trail", "apply"),
    ("setup_trail", "canary"),
    ("review_posture", "review"),
    ("review_posture", "alert"),
    ("verify_archive", "verify"),
    ("verify_archive", "alert"),
    ("watch_deadline", "look"),
    ("watch_deadline", "alert"),
}


def files():
    return sorted(ROOT.glob("dags/*_dag.py"))


def test_every_file_gives_exactly_one_dag_named_like_it(bag):
    assert not bag.import_errors
    assert {dag_id: Path(dag.fileloc).name for dag_id, dag in bag.dags.items()} == DAGS
    assert {path.name for path in files()} == set(DAGS.values())


@pytest.mark.parametrize("dag_id", DAGS)
def test_the_docstring_is_the_manual(bag, dag_id):
    dag = bag.dags[dag_id]
    assert dag.doc_md == ast.get_docstring(ast.parse(Path(dag.fileloc).read_text(encoding="utf-8")), clean=False)
    assert [dag.doc_md.count(f"**{section}.**") for section in SECTIONS] == [1] * len(SECTIONS)


@pytest.mark.parametrize("path", files(), ids=lambda path: path.name)
def test_a_dag_file_is_a_table_of_contents(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 120
    assert not re.search(r"\b(boto3|pyarrow|obstore|Variable|requests)\b", text)
    loops = (ast.For, ast.While, ast.If, ast.Try, ast.comprehension)
    assert not [node.lineno for node in ast.walk(ast.parse(text)) if isinstance(node, loops)]


@pytest.mark.parametrize("dag_id", DAGS)
def test_every_task_is_tried_a_stated_number_of_times(bag, dag_id):
    retries = {task.task_id: task.retries for task in bag.dags[dag_id].tasks}
    assert (
        retries
        == {
            "archive_trail": {"discover": 2, "unit.wait": 2, "unit.archive": 5, "unit.verdict": 2, "gate": 2, "lifecycle": 2}
            | {"split": 2, "shard": 5, "sharded.finish": 5, "sharded.verdict": 2},
            "archive_stream": {"tables": 2, "archive": 5, "gate": 0, "announce": 0},
            "build_history": {"plan": 2, "build": 3, "gate": 0},
            "export_event_history": {"plan": 2, "export": 20, "gate": 0},
            "export_evidence": {"export": 2, "verdict": 0},
            "checkpoint_ledger": {"append": 5, "publish": 2, "gate": 0},
            "review_posture": {"review": 2, "alert": 2, "verdict": 0},
            "verify_archive": {"verify": 2, "alert": 2, "verdict": 0},
            "send_test_alert": {"send": 0},
            "watch_deadline": {"look": 2, "alert": 2, "missed": 2, "backfill": 0, "late": 0},
            "restore_archive": {"plan": 1, "route": 1, "approval": 1, "request": 0, "wait": 1},
            "setup_trail": {"plan": 1, "route": 1, "approval": 1, "apply": 0, "canary": 0},
        }[dag_id]
    )


@pytest.mark.parametrize("dag_id", DAGS)
def test_every_failure_is_told_by_the_task_by_another_or_by_the_run(bag, dag_id):
    dag = bag.dags[dag_id]
    (for_the_rest,) = dag.on_failure_callback
    assert {*for_the_rest.told_by} <= {*dag.task_ids}
    tellers = {name for names in for_the_rest.told_by.values() for name in names}
    assert tellers <= {task.task_id for task in dag.tasks if task.on_failure_callback}
    speaking = {(dag_id, task.task_id) for task in dag.tasks if task.on_failure_callback}
    assert speaking == {pair for pair in ALERTS if pair[0] == dag_id}
    assert not [task.task_id for task in dag.tasks if task.on_retry_callback or task.on_success_callback]


def test_only_the_gate_says_that_a_day_is_there(bag):
    outlets = {
        (dag.dag_id, task.task_id): [asset.name for asset in task.outlets]
        for dag in bag.dags.values()
        for task in dag.tasks
        if task.outlets
    }
    assert outlets == {
        ("archive_trail", "gate"): ["itemtrail_events_day"],
        ("archive_stream", "announce"): ["itemtrail_stream_day"],
        ("build_history", "gate"): ["itemtrail_history_day"],
    }
    assert bag.dags["archive_stream"].get_task("announce").upstream_task_ids == {"gate", "tables"}


def test_the_shape_of_archive_trail(bag):
    dag = bag.dags["archive_trail"]
    upstream = {task.task_id: task.upstream_task_ids for task in dag.tasks}
    assert upstream == {
        "discover": set(),
        "unit.wait": {"discover"},
        "unit.archive": {"unit.wait", "discover"},
        "unit.verdict": {"unit.archive"},
        "split": {"unit.verdict"},
        "shard": {"split"},
        "sharded.finish": {"split", "shard"},
        "sharded.verdict": {"sharded.finish"},
        "gate": {"unit.verdict", "sharded.verdict", "discover"},
        "lifecycle": {"unit.verdict", "sharded.verdict"},
    }


def test_gate_and_lifecycle_run_whatever_happened_and_both_decide_the_run(bag):
    dag = bag.dags["archive_trail"]
    rules = {task.task_id: str(getattr(task.trigger_rule, "value", task.trigger_rule)) for task in dag.tasks}
    assert {name for name, rule in rules.items() if rule == "all_done"} == {"split", "sharded.finish", "gate", "lifecycle"}
    assert {leaf.task_id for leaf in dag.leaves} == {"gate", "lifecycle"}


def test_a_run_at_midnight_is_about_the_day_that_ended(bag):
    timetable = bag.dags["archive_trail"].timetable
    assert (timetable.expression, str(timetable.timezone), timetable.run_offset, timetable.key_format) == (
        "0 0 * * *",
        "UTC",
        -1,
        "%Y-%m-%d",
    )
    assert bag.dags["archive_trail"].max_active_runs == 1


def test_streams_are_read_every_hour_and_speak_of_the_day_before(bag):
    dag = bag.dags["archive_stream"]
    timetable = dag.timetable
    assert (timetable.expression, timetable.run_offset, timetable.key_format) == ("5 * * * *", -24, "%Y-%m-%d")
    assert (dag.max_active_runs, dag.catchup) == (1, False)
    assert {t.task_id for t in dag.tasks if str(getattr(t.trigger_rule, "value", t.trigger_rule)) == "all_done"} == {"gate"}


def test_the_ledger_is_appended_to_by_one_at_a_time_and_old_days_need_no_run(bag):
    dag = bag.dags["checkpoint_ledger"]
    assert (dag.max_active_runs, dag.catchup, dag.get_task("append").max_active_tis_per_dag) == (1, False, 1)
    assert {t.task_id for t in dag.tasks if str(getattr(t.trigger_rule, "value", t.trigger_rule)) == "all_done"} == {"gate"}
    assert dag.get_task("gate").upstream_task_ids == {"append", "publish"}


def test_the_event_history_is_asked_by_one_task_for_each_account_and_region(bag):
    dag = bag.dags["export_event_history"]
    assert (dag.schedule, dag.max_active_runs) == (None, 1), "two runs would ask more than twice a second"
    assert {task.task_id: task.upstream_task_ids for task in dag.tasks} == {
        "plan": set(),
        "export": {"plan"},
        "gate": {"plan", "export"},
    }


def test_units_are_labelled_by_what_they_are(bag):
    labels = {
        task.task_id: task.map_index_template for task in bag.dags["archive_trail"].tasks if task.task_id.startswith("unit.")
    }
    assert all(all(f"['{word}']" in label for word in ("account", "region", "day")) for label in labels.values())


def test_set_up_shows_a_plan_and_changes_nothing_unless_told(bag):
    dag = bag.dags["setup_trail"]
    assert dag.params["apply"] is False
    approval = dag.get_task("approval")
    assert (approval.defaults, approval.fail_on_reject, approval.ignore_downstream_trigger_rules) == (["Reject"], False, False)
    assert (
        str(getattr(dag.get_task("apply").trigger_rule, "value", dag.get_task("apply").trigger_rule))
        == "none_failed_min_one_success"
    )
    assert dag.get_task("canary").upstream_task_ids == {"apply"}


def test_a_restore_above_the_budget_waits_for_a_person_and_a_rejected_one_waits_for_nothing(bag):
    dag = bag.dags["restore_archive"]
    approval = dag.get_task("approval")
    assert (approval.defaults, approval.fail_on_reject, approval.ignore_downstream_trigger_rules) == (["Reject"], False, False)
    upstream = {task.task_id: task.upstream_task_ids for task in dag.tasks}
    assert upstream == {
        "plan": set(),
        "route": {"plan"},
        "approval": {"route"},
        "request": {"plan", "route", "approval"},
        "wait": {"plan", "request"},
    }
    rules = {task.task_id: str(getattr(task.trigger_rule, "value", task.trigger_rule)) for task in dag.tasks}
    assert (rules["request"], rules["wait"]) == ("none_failed_min_one_success", "all_success")


@pytest.mark.parametrize("day", ["2026-1-1", "yesterday", "20261120", 20261120])
def test_a_day_that_is_none_is_refused_when_the_run_is_asked_for(bag, day):
    from airflow.sdk.exceptions import ParamValidationError

    with pytest.raises(ParamValidationError):
        bag.dags["archive_trail"].params.get_param("day").resolve(day)
