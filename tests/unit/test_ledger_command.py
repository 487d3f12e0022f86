"""`itemtrail ledger`: what it prints, and the exit codes that cron lives by."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.ledger_world import UNTIL, LedgerWorld, unit, week
from tests.memory import Fault

from itemtrail.cli import ends
from itemtrail.cli.main import main
from itemtrail.core import layout
from itemtrail.errors import SourceUnavailable


class Topic:
    """Takes what is published, or does not answer."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.is_down = False

    def publish(self, _subject: str, message: str, _attributes: object) -> None:
        if self.is_down:
            raise SourceUnavailable("the topic does not answer.", advice="try again.")
        self.heard.append(message)


class Bench:
    """A ledger world behind the command line."""

    def __init__(self, room: Path, capsys: Any) -> None:
        room.mkdir()
        self.world, self.topic, self.arn, self.now, self._capsys = LedgerWorld(room), Topic(), "arn:topic", UNTIL, capsys
        week(self.world)

    def open(self, _arguments: object) -> Any:
        alerts = SimpleNamespace(topic_of_checkpoints=self.arn)
        connection = SimpleNamespace(notifier=lambda _arn: self.topic)
        return SimpleNamespace(archive=self.world.archive, settings=SimpleNamespace(alerts=alerts), connection=connection)

    def run(self, *words: object) -> tuple[int, str]:
        """(exit code, what was printed)."""
        code = main(["ledger", *map(str, words)])
        return code, self._capsys.readouterr().out

    def json(self, *words: object) -> tuple[int, dict[str, Any]]:
        code, text = self.run(*words, "--json")
        return code, json.loads(text)


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Bench:
    made = Bench(tmp_path / "room", capsys)
    monkeypatch.setattr(ends, "open_ends", made.open)
    monkeypatch.setattr(ends, "now", lambda: made.now)
    return made


def test_append_tells_the_checkpoint_and_publishes_it_once(bench):
    code, text = bench.run("append")
    last = json.loads(bench.topic.heard[0])
    assert code == 0
    assert "checkpoint 1 of 2026-03-12 05:30:00 UTC: 7 receipts (7 below receipts/)" in text
    assert f"sha256 {last['sha256']}" in text
    assert "published to arn:topic" in text
    assert "published before" in bench.run("append")[1]
    assert len(bench.topic.heard) == 1


def test_without_a_topic_it_says_that_nothing_is_outside(bench):
    bench.arn = ""
    code, text = bench.run("append")
    assert (code, "keep the SHA-256 of the checkpoint elsewhere yourself" in text) == (0, True)


def test_a_checkpoint_that_could_not_be_published_is_made_and_the_next_run_publishes_it(bench):
    bench.topic.is_down = True
    code, text = bench.run("append")
    assert (code, "not published: the topic does not answer." in text) == (3, True)
    bench.topic.is_down = False
    assert bench.run("append")[0] == 0
    assert json.loads(bench.topic.heard[0])["number"] == 1


def test_a_receipt_that_vanished_is_exit_1_until_it_is_back(bench):
    bench.run("append")
    key = layout.receipt_key(unit(3), 0)
    body = bench.world.archive.body(key)
    bench.world.archive.delete(key)
    code, said = bench.json("append")
    assert (code, [(one["key"], one["change"]) for one in said["findings"]]) == (1, [(key, "VANISHED")])
    assert bench.run("status")[0] == bench.run("verify")[0] == 1
    bench.world.archive.put(key, body)
    assert bench.run("append")[0] == bench.run("status")[0] == bench.run("verify")[0] == 0


def test_what_could_not_be_read_is_exit_3(bench):
    bench.world.archive.fail(layout.receipt_key(unit(3), 0), Fault.DENIED)
    code, said = bench.json("append")
    assert (code, said["checkpoint"]["leaves"], said["checkpoint"]["left_out"], len(said["unread"])) == (3, 6, 1, 1)
    assert bench.run("append")[0] == 3


def test_status_is_late_after_max_age(bench):
    assert bench.run("status", "--max-age", "30h")[0] == 1
    assert bench.run("status")[0] == 0
    bench.run("append")
    assert bench.run("status", "--max-age", "30h")[0] == 0
    bench.now = UNTIL.replace(day=14)
    assert bench.json("status", "--max-age", "30h") == (1, bench.json("status")[1] | {"late": True})


def test_a_proof_is_checked_without_the_archive(bench, tmp_path):
    bench.run("append")
    bench.world.commit(unit(8))
    bench.run("append")
    key = layout.receipt_key(unit(8), 0)
    proof, receipt, kept = tmp_path / "p.json", tmp_path / "r.json", tmp_path / "kept.json"
    assert bench.run("prove", key, "--since", 1, "--to", proof)[0] == 0
    receipt.write_bytes(bench.world.archive.body(key))
    kept.write_bytes(bench.world.archive.body("ledger/000001.json"))
    bench.world.archive = None  # type: ignore[assignment]
    assert bench.json("check", proof, receipt)[1]["anchored"] is False
    code, said = bench.json("check", proof, receipt, "--kept", kept)
    assert (code, said["proven"], said["anchored_by"]) == (0, True, 1)
    receipt.write_bytes(receipt.read_bytes() + b" ")
    assert bench.run("check", proof, receipt)[0] == 1


@pytest.mark.parametrize("form", ["sha256", "upper", "checkpoint", "indented", "message"])
def test_a_kept_checkpoint_is_known_in_every_form_in_which_it_is_kept(bench, tmp_path, form):
    bench.run("append")
    body = bench.world.archive.body("ledger/000001.json")
    said = json.loads(bench.topic.heard[0])["sha256"]
    file = tmp_path / "kept"
    contents = {"checkpoint": body.decode(), "indented": json.dumps(json.loads(body), indent=2), "message": bench.topic.heard[0]}
    file.write_text(contents.get(form, ""), encoding="utf-8")
    kept = {"sha256": said, "upper": said.upper()}.get(form, file)
    code, found = bench.json("verify", "--full", "--kept", kept)
    assert (code, found["anchored"], found["anchored_by"], found["hashed"]) == (0, True, 1, True)


def test_another_ledgers_checkpoint_is_a_finding(bench, tmp_path):
    bench.run("append")
    code, text = bench.run("verify", "--kept", "ab" * 32)
    assert code == 1
    assert "kept elsewhere" in text
    (tmp_path / "junk").write_text("junk", encoding="utf-8")
    assert bench.run("verify", "--kept", tmp_path / "junk")[0] == 2
    assert bench.run("verify", "--kept", tmp_path / "none")[0] == 2


def test_an_archive_without_a_ledger_is_no_error(bench):
    assert "has no ledger: run itemtrail ledger append" in bench.run("status")[1]
    assert bench.run("verify")[0] == 0
    assert bench.run("prove", layout.receipt_key(unit(1), 0))[0] == 2
    bench.run("append")
    assert bench.run("prove", "receipts/none")[0] == 2
