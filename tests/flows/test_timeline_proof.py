"""What the Timeline page gives to keep: a ZIP with the proof of an event and the checkers, which accept it."""

import io
import json
import subprocess
import sys
import zipfile

import pytest
from tests.archive_world import DAY
from tests.proof_world import MAX_BYTES, ProofWorld

from itemtrail.core import layout
from itemtrail.errors import NotFound
from itemtrail_airflow.web import timeline_answer

EVENT = "event-12-1"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    made = ProofWorld(tmp_path_factory.mktemp("proof"))
    made.checkpoint()
    return made


def place(world):
    key = next(info.key for info in world.world.archive.list(layout.EVENTS) if f"event_date={DAY}/" in info.key)
    account, region = (part.partition("=")[2] for part in key.split("/")[1:3])
    return {"account": account, "region": region, "date": str(DAY)}


def test_the_zip_holds_a_proof_that_its_own_checker_accepts(world, tmp_path):
    body = timeline_answer.proof(world.world.archive, place(world) | {"event_id": EVENT}, MAX_BYTES)
    with zipfile.ZipFile(io.BytesIO(body)) as found:
        assert found.namelist() == ["proof.json", "check_proof.py", "proof.html"]
        found.extractall(tmp_path)
    assert json.loads((tmp_path / "proof.json").read_bytes())["row"]["eventID"] == EVENT
    checked = subprocess.run([sys.executable, "check_proof.py", "proof.json"], cwd=tmp_path, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout
    assert "PROVEN" in checked.stdout


def test_an_event_of_another_place_is_not_found(world):
    with pytest.raises(NotFound, match="no such event is archived"):
        timeline_answer.proof(world.world.archive, place(world) | {"event_id": EVENT, "region": "eu-west-3"}, MAX_BYTES)
    with pytest.raises(NotFound, match="no such event is archived"):
        timeline_answer.proof(world.world.archive, place(world) | {"event_id": "absent"}, MAX_BYTES)
