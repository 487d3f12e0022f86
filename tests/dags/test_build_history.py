"""`build_history`, run by Airflow in this process over an archive in memory: what is built, what waits, what fails the gate."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import pytest
from tests.history_archive import ACCOUNT, REGION, archived, settings
from tests.history_world import START, TABLE, Workload, simulate
from tests.memory import MemoryStore

from itemtrail.core import layout
from itemtrail.flows import history
from itemtrail.model import Unit
from itemtrail_airflow import history_tasks, hook, local_run

pytestmark = pytest.mark.airflow
DAY = START.date()
QUIET = Workload(seed=5, writes=80, items=40, seconds=30_000, only=("put", "update"))


@dataclass
class FakeRoles:
    """The configuration and one archive, whoever asks."""

    store: MemoryStore

    @property
    def settings(self) -> Any:
        return settings()

    def writer(self) -> "FakeRoles":
        return self

    def archive(self, _: Any) -> MemoryStore:
        return self.store


@pytest.fixture
def run(monkeypatch):
    """Runs the DAG over an archive; gives states by task."""

    def go(store: MemoryStore, **conf: str) -> local_run.LocalRun:
        monkeypatch.setattr(hook.Roles, "open", classmethod(lambda cls: FakeRoles(store)))
        return local_run.run_dag("build_history", conf)

    return go


def test_a_day_is_built_and_the_gate_passes(run):
    store = archived(simulate(QUIET))
    done = run(store, day=str(DAY))
    assert (done.state, done.tasks) == ("success", {"plan": "success", "build[0]": "success", "gate": "success"})
    assert history.is_current(store, settings(), TABLE, DAY)


def test_an_unexplained_day_is_written_and_fails_the_gate(run):
    store = archived(simulate(Workload(**{**vars(QUIET), "lost_events": 0.02})))
    done = run(store, day=str(DAY))
    assert (done.state, done.tasks["build[0]"], done.tasks["gate"]) == ("failed", "success", "failed")
    assert history.report(store, TABLE, DAY)["alarms"]


def test_a_day_that_was_asked_for_and_is_not_archived_is_an_error(run):
    store = archived(simulate(QUIET))
    store.delete(layout.receipt_key(Unit(ACCOUNT, REGION, DAY), 0))
    done = run(store, day=str(DAY))
    assert (done.state, done.tasks["plan"], done.tasks["gate"]) == ("failed", "failed", "failed")
    assert store.keys("changes/") == []


class _Started:
    """The context of a run that an archived day started."""

    partition_key: str

    def __init__(self, key: str) -> None:
        self.partition_key = key


@pytest.fixture
def plan(monkeypatch):
    """What `plan` finds when ``key`` is the day that was archived."""

    def go(store: MemoryStore, key: dt.date) -> list[tuple[str, str]]:
        monkeypatch.setattr(hook.Roles, "open", classmethod(lambda cls: FakeRoles(store)))
        context = {"dag_run": _Started(str(key)), "params": {"day": None}}
        monkeypatch.setattr(history_tasks, "get_current_context", lambda: context)
        return [(item["table"], item["day"]) for item in history_tasks.plan.function()]

    return go


def test_an_archived_day_builds_itself_and_completes_the_one_before(plan, tmp_path):
    store = archived(simulate(QUIET))
    following = DAY + dt.timedelta(days=1)
    assert plan(store, DAY) == [(TABLE, str(DAY))]
    assert plan(store, following) == [(TABLE, str(DAY))], "the following day's stream is not archived yet"
    history.build_day(TABLE, DAY, archive=store, settings=settings(), spool=tmp_path, progress=lambda line: None)
    assert plan(store, following) == [], "nothing is new"


def test_nothing_to_build_is_not_a_failure(run, monkeypatch):
    monkeypatch.setattr(FakeRoles, "settings", property(lambda self: settings().model_copy(update={"streams": _no_tables()})))
    done = run(archived(simulate(QUIET)), day=str(DAY))
    assert (done.state, done.tasks["gate"]) == ("success", "skipped")


def _no_tables() -> Any:
    return settings().streams.model_copy(update={"tables": ()})
