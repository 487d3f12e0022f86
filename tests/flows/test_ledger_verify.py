"""The ledger made again, the proof of one receipt, and the copy outside."""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from tests.ledger_world import UNTIL, LedgerWorld, receipt, unit, week
from tests.memory import Fault

from itemtrail.core import layout
from itemtrail.core import ledger_rows as rows
from itemtrail.core.ledger import Checkpoint, RowsFile
from itemtrail.core.ledger_proof import LedgerProof
from itemtrail.core.plan import sha256
from itemtrail.errors import ConfigurationError, EvidenceError, NotFound, SourceUnavailable
from itemtrail.flows.ledger_book import read_checkpoint
from itemtrail.flows.ledger_prove import prove
from itemtrail.flows.ledger_publish import publish
from itemtrail.flows.ledger_verify import LedgerReport, verify
from itemtrail.model import Verdict

DAYS = 11


@pytest.fixture
def world(tmp_path: Path) -> LedgerWorld:
    """Eleven checkpoints, of a day each; one unit re-opened."""
    made = LedgerWorld(tmp_path)
    for day in range(DAYS):
        week(made, [day])
        if day == 6:
            made.commit(unit(2))
            made.commit_stream()
        made.append(until=UNTIL + day * dt.timedelta(days=1))
    return made


def checked(world: LedgerWorld, **named: object) -> LedgerReport:
    return verify(world.archive, room=world.room, **named)  # type: ignore[arg-type]


def kept(world: LedgerWorld, number: int) -> str:
    return read_checkpoint(world.archive, number).sha256


def test_a_good_ledger_has_no_findings(world):
    for full in (False, True):
        report = checked(world, full=full)
        assert (report.findings, report.unread, report.checkpoints, report.new) == ((), (), DAYS, 0)
        assert (report.anchored, report.hashed) == (None, full)


def test_an_archive_without_a_ledger_has_nothing_to_verify(tmp_path):
    world = LedgerWorld(tmp_path)
    week(world)
    report = checked(world)
    assert (report.last, report.checkpoints, report.new, report.findings) == (None, 0, 7, ())


def test_receipts_newer_than_the_last_checkpoint_are_counted(world):
    week(world, [20, 21])
    assert checked(world).new == 2


def test_only_a_checkpoint_kept_elsewhere_anchors_it(world):
    assert checked(world, kept=[kept(world, 4), kept(world, 7)]).anchored == 7
    report = checked(world, kept=["0" * 64])
    assert report.anchored is None
    assert report.findings == (f"no checkpoint has the SHA-256 {'0' * 64}, which was kept elsewhere",)


def test_a_ledger_that_was_written_anew_is_not_the_one_that_was_kept(world):
    """Who may delete everything can make another ledger that agrees with itself: the copy outside tells."""
    outside = kept(world, 5)
    for key in world.archive.keys("ledger/"):
        world.archive.delete(key)
    world.archive.delete(layout.receipt_key(unit(3), 0))
    world.append()
    assert checked(world, full=True).findings == ()
    assert "kept elsewhere" in checked(world, kept=[outside]).findings[0]


@pytest.mark.parametrize("number", [1, 5, DAYS - 1])
def test_a_deleted_checkpoint_is_found(world, number):
    outside = kept(world, number)
    world.archive.delete(layout.checkpoint_key(number))
    report = checked(world, kept=[outside])
    assert report.findings == (f"checkpoint {number} is missing",)


@pytest.mark.parametrize("number", [1, 5, DAYS])
def test_a_checkpoint_that_says_anything_else_is_found(world, number):
    one = read_checkpoint(world.archive, number)
    forged = [
        replace(one, until=one.until - dt.timedelta(days=400)),
        replace(one, leaves=one.leaves + 1),
        replace(one, root="0" * 64),
        replace(one, frontier=("0" * 64,) * len(one.frontier)),
        replace(one, added=one.added + 1),
        replace(one, previous="0" * 64),
        replace(one, kinds={"receipts": 1000}),
        replace(one, files=(*one.files[:-1], replace(one.files[-1], rows=1000))),
        replace(one, files=(*one.files[:-1], RowsFile(1000, 0, 1, 1, "0" * 64))),
        replace(one, number=number + 100),
    ]
    assert len(forged) == 10
    for document in forged:
        world.archive.replace(layout.checkpoint_key(number), document.to_json())
        assert checked(world).findings, document
        world.archive.replace(layout.checkpoint_key(number), one.to_json())
    assert checked(world).findings == ()


@pytest.mark.parametrize("body", [b"", b"{}", b"\xff", b'{"kind":"checkpoint"}', b"[" * 100_000])
def test_a_checkpoint_that_is_none_is_a_finding(world, body):
    world.archive.replace(layout.checkpoint_key(5), body)
    assert "000005.json is not a checkpoint" in checked(world).findings[0]


def test_rows_that_were_exchanged_together_with_their_checkpoint_are_found(world):
    """The last checkpoint and its file can be exchanged as a pair; the roots of the checkpoints before it do not agree then."""
    last = read_checkpoint(world.archive, DAYS)
    file = last.files[0]
    path, forged = world.room / "old.parquet", world.room / "forged.parquet"
    path.write_bytes(world.archive.body(file.key))
    plan = rows.read_plan(path, key=file.key)
    held = [row for batch in rows.batches(path) for row in rows.rows_of(batch)]
    rows.write(forged, plan, [], rows.table([replace(held[0], sha256="0" * 64), *held[1:]]))
    other = replace(file, sha256=sha256(forged.read_bytes()), size=forged.stat().st_size)
    world.archive.replace(file.key, forged.read_bytes())
    world.archive.replace(layout.checkpoint_key(DAYS), replace(last, files=(other, *last.files[1:])).to_json())
    assert "checkpoint 1: the leaves have another root than it says" in checked(world).findings


def test_a_row_that_says_more_than_its_receipt_is_found_when_everything_is_read(world):
    last = read_checkpoint(world.archive, DAYS)
    file = last.files[-1]
    path, forged = world.room / "old.parquet", world.room / "forged.parquet"
    path.write_bytes(world.archive.body(file.key))
    (held,) = [row for batch in rows.batches(path) for row in rows.rows_of(batch)]
    rows.write(forged, rows.read_plan(path, key=file.key), [], rows.table([replace(held, verdict="DISPROVEN")]))
    other = replace(file, sha256=sha256(forged.read_bytes()), size=forged.stat().st_size)
    world.archive.replace(file.key, forged.read_bytes())
    world.archive.replace(layout.checkpoint_key(DAYS), replace(last, files=(*last.files[:-1], other)).to_json())
    assert checked(world).findings == ()
    assert checked(world, full=True).findings == (f"the ledger's row of {held.key} is not what that receipt says",)


def test_vanished_and_changed_receipts_are_each_told_once(world):
    world.archive.delete(layout.receipt_key(unit(3), 0))
    world.archive.replace(layout.receipt_key(unit(2), 0), receipt(unit(2), verdict=Verdict.DISPROVEN).to_json())
    for full in (False, True):
        findings = checked(world, full=full).findings
        assert len(findings) == 2
        assert "delivery_date=2026-03-03/000.receipt.json is leaf 2 of the ledger with SHA-256" in findings[0]
        assert "delivery_date=2026-03-04/000.receipt.json is leaf 3 of the ledger and is not in the archive" in findings[1]


def test_what_cannot_be_read_is_told_apart(world):
    world.archive.fail(layout.receipt_key(unit(3), 0), Fault.DENIED)
    assert checked(world).unread == ()
    report = checked(world, full=True)
    assert (report.findings, len(report.unread)) == ((), 1)
    world.archive.fail(f"receipts/{layout.account_region('111122223333', 'us-east-1')}", Fault.UNAVAILABLE)
    with pytest.raises(SourceUnavailable):
        checked(world)


def proof_of(world: LedgerWorld, key: str, **named: int) -> LedgerProof:
    return prove(world.archive, key, room=world.room, **named)


def test_every_receipt_can_be_proven_by_every_checkpoint_that_holds_it(world):
    last = read_checkpoint(world.archive, DAYS)
    for key in world.archive.keys("receipts/") + world.archive.keys("stream_receipts/"):
        if key.endswith("plan.json"):
            continue
        first = proof_of(world, key).leaf
        for number in range(1, DAYS + 1):
            if first < read_checkpoint(world.archive, number).leaves:
                proof = LedgerProof.from_json(proof_of(world, key, at=number).to_json(), key="p")
                assert proof.problems(world.archive.body(key)) == ()
                assert proof.checkpoint.number == number
    assert last.leaves == DAYS + 2


def test_a_proof_can_show_that_a_newer_checkpoint_continues_the_one_that_was_kept(world):
    key = layout.receipt_key(unit(DAYS - 1), 0)
    proof = proof_of(world, key, since=4)
    assert proof.problems(world.archive.body(key)) == ()
    assert proof.anchored_by([kept(world, 4)]) == 4
    assert proof.anchored_by([kept(world, DAYS)]) == DAYS
    assert proof.anchored_by([kept(world, 5)]) is None


def test_a_proof_that_was_tampered_with_never_holds(world):
    key = layout.receipt_key(unit(4), 0)
    body, proof = world.archive.body(key), proof_of(world, key, since=3)
    other = read_checkpoint(world.archive, 7)
    assert proof.problems(body) == ()
    forged = [
        (proof, body + b" "),
        (proof, b""),
        (replace(proof, key=layout.receipt_key(unit(5), 0)), body),
        (replace(proof, leaf=proof.leaf + 1), body),
        (replace(proof, leaf=-1), body),
        (replace(proof, path=proof.path[:-1]), body),
        (replace(proof, path=(*proof.path, "00" * 32)), body),
        (replace(proof, path=("not hex", *proof.path[1:])), body),
        (replace(proof, checkpoint=other), body),
        (replace(proof, checkpoint=replace(proof.checkpoint, root="00" * 32)), body),
        (replace(proof, since=other), body),
        (replace(proof, consistency=()), body),
        (replace(proof, size=proof.size + 1), body),
        (replace(proof, sha256=sha256(b"")), b""),
    ]
    assert [one for one, bytes_ in forged if not one.problems(bytes_)] == []


def test_what_cannot_be_proven_is_refused_with_what_to_do(world):
    late = world.commit(unit(30))
    with pytest.raises(ConfigurationError, match="not in the ledger up to checkpoint 11"):
        proof_of(world, late)
    with pytest.raises(ConfigurationError, match="use --at 11 or later"):
        proof_of(world, layout.receipt_key(unit(10), 0), at=3)
    with pytest.raises(ConfigurationError, match="no checkpoint 99"):
        proof_of(world, layout.receipt_key(unit(1), 0), at=99)
    world.archive.replace(layout.receipt_key(unit(1), 0), b"{}")
    with pytest.raises(EvidenceError, match="not the one that the proof is of"):
        proof_of(world, layout.receipt_key(unit(1), 0))
    world.archive.delete(layout.receipt_key(unit(1), 0))
    with pytest.raises(NotFound):
        proof_of(world, layout.receipt_key(unit(1), 0))


class Outside:
    """A topic."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str, Mapping[str, str]]] = []
        self.is_down = False

    def publish(self, subject: str, message: str, attributes: Mapping[str, str]) -> None:
        if self.is_down:
            raise SourceUnavailable("the topic does not answer.")
        self.heard.append((subject, message, attributes))


def test_a_checkpoint_is_published_once_and_again_only_where_that_failed(world):
    last, outside = read_checkpoint(world.archive, DAYS), Outside()
    outside.is_down = True
    with pytest.raises(SourceUnavailable):
        publish(world.archive, last, outside)
    outside.is_down = False
    assert [publish(world.archive, last, outside) for _ in range(2)] == [True, False]
    ((subject, message, attributes),) = outside.heard
    said = json.loads(message)
    assert subject == "itemtrail: ledger checkpoint 11"
    assert (said["sha256"], said["number"], said["root"]) == (last.sha256, 11, last.root)
    assert attributes["sha256"] == last.sha256
    assert checked(world, kept=[said["sha256"]]).anchored == 11


def test_a_checkpoint_is_what_its_bytes_say(world):
    body = world.archive.body(layout.checkpoint_key(3))
    with pytest.raises(EvidenceError, match="not what itemtrail writes"):
        Checkpoint.from_json(body + b"\n", key=layout.checkpoint_key(3))
    with pytest.raises(EvidenceError, match="not what itemtrail writes"):
        Checkpoint.from_json(body, key=layout.checkpoint_key(4))
