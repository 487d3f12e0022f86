"""`export_evidence`, run by Airflow in this process over an archive in memory: the pack is stored and told, what lacks is red."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.archive_world import DAY
from tests.evidence_world import ONE_DAY, EvidenceWorld
from tests.memory import MemoryStore

from itemtrail.core import alert_text
from itemtrail.flows.evidence_verify import verify
from itemtrail_airflow import evidence_tasks, hook, local_run

pytestmark = pytest.mark.airflow


@dataclass
class FakeRoles:
    """The configuration and one archive, as the evidence exporter sees it."""

    world: EvidenceWorld

    @property
    def settings(self) -> Any:
        return self.world.settings

    def evidence(self) -> "FakeRoles":
        return self

    def archive(self, _: Any) -> MemoryStore:
        return self.world.archive


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> EvidenceWorld:
    return EvidenceWorld(tmp_path_factory.mktemp("evidence"))


@pytest.fixture
def run(world, monkeypatch):
    """Runs the DAG; gives how it ended, and the notifications with what was stored when each was sent."""
    told: list[tuple[str, list[str]]] = []
    monkeypatch.setattr(hook.Roles, "open", classmethod(lambda cls: FakeRoles(world)))
    monkeypatch.setattr(
        evidence_tasks,
        "must_tell",
        lambda alert: told.append((alert_text.text(alert, "", ""), world.archive.keys("evidence/"))),
    )

    def go(**conf: Any) -> tuple[local_run.LocalRun, list[tuple[str, list[str]]]]:
        return local_run.run_dag("export_evidence", conf), told

    return go


def test_a_pack_is_told_then_stored_once_and_holds(run, world, tmp_path: Path):
    question = {"table": "Payroll", "key": ["EmpId=E-1017"], "from": str(DAY), "to": str(DAY)}
    done, told = run(case="audit-7", **question)
    assert (done.state, done.tasks) == ("success", {"export": "success", "verdict": "success"})
    (key,) = world.archive.keys("evidence/")
    assert key.startswith("evidence/audit-7/")
    assert not world.archive.locked(key)
    ((said, there),) = told
    assert there == [], "told before it is stored"
    assert "exported" in said
    assert key in said
    assert "E-1017" not in said, "whom a question is about is nobody's business in a chat"
    (tmp_path / "p.zip").write_bytes(world.archive.body(key))
    found = verify(tmp_path / "p.zip")
    assert found.good
    assert found.manifest in said
    assert found.manifest.startswith(key.rpartition("/")[2][:32])
    again, _ = run(case="audit-7", **question)
    assert again.state == "success"
    assert world.archive.versions(key) == 1


def test_a_pack_that_lacks_something_is_stored_and_the_run_is_red(run, world):
    done, _ = run(case="audit-8", table="Payroll", **{"from": str(DAY), "to": str(DAY + 2 * ONE_DAY)})
    assert (done.state, done.tasks) == ("failed", {"export": "success", "verdict": "failed"})
    assert world.archive.keys("evidence/audit-8/")


def test_no_answer_stores_nothing_and_tells_nobody(run, world):
    done, told = run(case="audit-9", table="Payroll", key=["EmpId=E-9999"])
    assert (done.state, done.tasks["export"]) == ("failed", "failed")
    assert told == []
    assert not world.archive.keys("evidence/audit-9/")


@pytest.mark.parametrize("wrong", [{"case": "../x"}, {"case": "A b"}, {"from": "yesterday"}, {"limit": 0}, {"key": "E-1017"}])
def test_a_question_that_is_none_is_refused_when_the_run_is_asked_for(bag, wrong):
    from airflow.sdk.exceptions import ParamValidationError

    ((name, value),) = wrong.items()
    with pytest.raises(ParamValidationError):
        bag.dags["export_evidence"].params.get_param(name).resolve(value)
