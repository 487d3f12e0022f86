"""`verify_archive`, run by Airflow in this process over an archive in memory: recorded, told once, red as long as it is found."""

from dataclasses import dataclass
from typing import Any

import pytest
from tests.memory import MemoryStore
from tests.verify_world import VerifyWorld

from itemtrail.core import alert_text
from itemtrail.settings import AlertSettings
from itemtrail_airflow import channels, hook, local_run

pytestmark = pytest.mark.airflow


@dataclass
class FakeRoles:
    """The configuration and one archive, as the archive writer sees it."""

    world: VerifyWorld

    @property
    def settings(self) -> Any:
        alerts = AlertSettings(sns_topic_arn="arn:aws:sns:us-east-1:111122223333:alerts")
        return self.world.world.settings.model_copy(update={"alerts": alerts})

    def writer(self) -> "FakeRoles":
        return self

    def archive(self, _: Any) -> MemoryStore:
        return self.world.archive


@pytest.fixture
def world(tmp_path) -> VerifyWorld:
    return VerifyWorld(tmp_path)


@pytest.fixture
def run(world, monkeypatch):
    """Runs the DAG; gives how it ended, and what was told so far."""
    told: list[str] = []
    monkeypatch.setattr(hook.Roles, "open", classmethod(lambda cls: FakeRoles(world)))
    monkeypatch.setitem(channels._OPEN, "sns", lambda alert, _: lambda: told.append(alert_text.text(alert, "", "")))
    return lambda **conf: (local_run.run_dag("verify_archive", conf), told)


def test_an_archive_that_holds_is_green_and_recorded(run, world):
    done, told = run(full=True)
    assert (done.state, done.tasks) == ("success", {"verify": "success", "alert": "success", "verdict": "success"})
    assert told == []
    assert len(world.archive.keys("verifications/")) == 1


def test_what_is_found_is_recorded_told_once_and_red_as_long_as_it_is_there(run, world):
    key = world.archive.keys("events/")[-1]
    world.archive.put(key, world.archive.body(key)[:-1] + b"!")
    done, told = run(full=True)
    assert (done.state, done.tasks) == ("failed", {"verify": "success", "alert": "success", "verdict": "failed"})
    assert len(world.archive.keys("verifications/")) == 1
    (said,) = told
    assert said.startswith("CRITICAL findings in the archive: ")
    assert "ALTERED_OBJECT" in said
    assert key in said
    again, told = run(full=True)
    assert (again.state, len(told)) == ("failed", 1)
