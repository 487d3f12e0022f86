"""An archive that proves itself: what was done to it is named, in its unit and in no other; and any changed byte is noticed."""

import copy
import io
import json
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.archive_world import SIGNER
from tests.memory import Fault, MemoryStore
from tests.vectors.make_chain import Signer
from tests.verify_world import VerifyWorld, a_chain, codes

from itemtrail.core import layout
from itemtrail.core.plan import sha256
from itemtrail.core.receipt import OutputKind, Receipt
from itemtrail.core.verify import Answer, Code, Finding, exit_code
from itemtrail.errors import SourceUnavailable
from itemtrail.flows.verify_archive import Asked
from itemtrail.flows.verify_archive_list import Scope
from itemtrail.model import Unit

DAY, FIRST, TABLE = "2026-03-10", "2026-03-09", "Employee"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> VerifyWorld:
    return VerifyWorld(tmp_path_factory.mktemp("verify"))


@pytest.fixture
def archive(world: VerifyWorld) -> MemoryStore:
    """A copy to spoil."""
    return copied(world)


def copied(world: VerifyWorld) -> MemoryStore:
    found = MemoryStore("s3://archive")
    for key in world.archive.keys(""):
        found.put(key, world.archive.body(key))
    return found


def receipt_of(archive: MemoryStore, unit: Unit) -> Receipt:
    key = layout.receipt_key(unit, 0)
    return Receipt.from_json(archive.body(key), key=key)


def output(archive: MemoryStore, world: VerifyWorld, kind: OutputKind, unit: Unit | None = None) -> str:
    return next(o.key for o in receipt_of(archive, unit or world.unit).outputs if o.kind is kind)


def test_an_archive_as_it_was_written_is_clean(world):
    report, units = world.verify()
    assert report.findings == []
    assert {name: (one.answer, one.findings, one.anchored) for name, one in units.items()} == {
        DAY: (Answer.PROVEN, (), False),
        FIRST: (Answer.PROVEN, (), False),
        TABLE: (Answer.CONSISTENT, (), False),
    }
    assert (units[DAY].originals, units[DAY].records, units[DAY].conversion) == (28, 4, "PARTIAL")
    assert exit_code([*report.findings, *report.found]) == 0


def test_it_is_anchored_by_a_kept_checkpoint_or_by_trusted_keys_and_by_no_others(world):
    assert all(one.anchored for one in world.verify(kept=[world.last.sha256])[1].values())
    first = world.last.previous
    assert [name for name, one in world.verify(kept=[first])[1].items() if one.anchored] == [FIRST]
    trusted = world.verify(trusted=world.keys())[1]
    assert [name for name, one in trusted.items() if one.anchored] == [FIRST, DAY]  # nobody signs streams
    assert not any(one.anchored for one in world.verify(kept=["0" * 64])[1].values())


# What was done, as whoever may write anywhere would do it: where it can be hidden, receipt and plan are made to fit.


def row_edited(archive: MemoryStore, world: VerifyWorld) -> None:
    key = output(archive, world, OutputKind.EVENTS)
    archive.put(key, edited(archive.body(key), drop=False))


def row_edited_and_receipt_with_it(archive: MemoryStore, world: VerifyWorld) -> None:
    key = output(archive, world, OutputKind.EVENTS)
    put_output(archive, world, key, edited(archive.body(key), drop=False))


def row_removed_and_receipt_with_it(archive: MemoryStore, world: VerifyWorld) -> None:
    key = output(archive, world, OutputKind.EVENTS)
    put_output(archive, world, key, edited(archive.body(key), drop=True))


def row_added_and_receipt_with_it(archive: MemoryStore, world: VerifyWorld) -> None:
    key = output(archive, world, OutputKind.EVENTS)
    put_output(archive, world, key, edited(archive.body(key), drop=False, more=True))


def edited(body: bytes, *, drop: bool, more: bool = False) -> bytes:
    """The Parquet file with its last row gone, doubled, or with another event name and the hash that fits nothing."""
    table = pq.read_table(io.BytesIO(body))
    rows = table.to_pylist()
    rows = rows[:-1] if drop else [*rows, rows[-1]] if more else [*rows[:-1], rows[-1] | {"eventName": "DeleteItem"}]
    sink = io.BytesIO()
    made = table.from_pylist(rows, schema=table.schema)
    pq.write_table(made, sink)
    return sink.getvalue()


def put_output(archive: MemoryStore, world: VerifyWorld, key: str, body: bytes) -> None:
    """Another output, and a receipt that knows it."""
    archive.put(key, body)
    receipt = receipt_of(archive, world.unit)
    rows = pq.ParquetFile(io.BytesIO(body)).metadata.num_rows if key.endswith("parquet") else 0
    outputs = tuple(replace(o, sha256=sha256(body), size=len(body), rows=rows) if o.key == key else o for o in receipt.outputs)
    put_receipt(archive, world, replace(receipt, outputs=outputs))


def put_receipt(archive: MemoryStore, world: VerifyWorld, receipt: Receipt) -> None:
    """The receipt, with counts that fit its outputs."""
    events = [o for o in receipt.outputs if o.kind is OutputKind.EVENTS]
    rows, size = sum(o.rows for o in events), sum(o.size for o in events)
    more = rows - receipt.counts.rows
    counts = replace(receipt.counts, rows=rows, bytes_out=size, records_in=receipt.counts.records_in + more)
    archive.put(layout.receipt_key(world.unit, 0), replace(receipt, counts=counts).to_json())


def file_added(archive: MemoryStore, world: VerifyWorld) -> None:
    key = output(archive, world, OutputKind.EVENTS)
    archive.put(key.replace(".000-000.", ".000-001."), archive.body(key))


def files_swapped(archive: MemoryStore, world: VerifyWorld) -> None:
    mine, theirs = (output(archive, world, OutputKind.ORIGINALS, unit) for unit in (world.unit, world.first))
    archive.put(mine, archive.body(theirs))


def tar_gone(archive: MemoryStore, world: VerifyWorld) -> None:
    archive.delete(output(archive, world, OutputKind.ORIGINALS))


def receipt_edited(archive: MemoryStore, world: VerifyWorld) -> None:
    receipt = receipt_of(archive, world.unit)
    archive.put(layout.receipt_key(world.unit, 0), replace(receipt, counts=replace(receipt.counts, same_event_id=1)).to_json())


def receipt_reformatted(archive: MemoryStore, world: VerifyWorld) -> None:
    key = layout.receipt_key(world.unit, 0)
    archive.put(key, json.dumps(json.loads(archive.body(key)), indent=1).encode())


def plan_edited(archive: MemoryStore, world: VerifyWorld) -> None:
    key = layout.plan_key(world.unit, 0)
    archive.put(key, archive.body(key).replace(b'"part":0', b'"part":1', 1))


def unit_gone(archive: MemoryStore, world: VerifyWorld) -> None:
    for key in archive.keys(""):
        if f"delivery_date={DAY}/" in key or f"/{DAY}.000-" in key:
            archive.delete(key)


def log_replaced_throughout(archive: MemoryStore, world: VerifyWorld) -> None:
    """Tar, plan, receipt: all agree; only the digest that AWS signed does not."""
    change_member(archive, world, lambda one: one.kind == "log" and one.problem == "", b"UpdateItem", b"DeleteItem")


def digest_replaced_throughout(archive: MemoryStore, world: VerifyWorld) -> None:
    change_member(archive, world, lambda one: one.kind == "digest" and "T050131Z" in one.key, b'"SHA-256"', b'"SHA-257"')


def change_member(archive: MemoryStore, world: VerifyWorld, which: Callable[..., bool], old: bytes, new: bytes) -> None:
    """Another content of one member, of the same size as stored."""
    import gzip

    receipt = receipt_of(archive, world.unit)
    one = next(p for p in receipt.inputs if which(p))
    tar = archive.body(one.tar)
    content = gzip.decompress(tar[one.offset : one.offset + one.size]).replace(old, new)
    bodies = (gzip.compress(content, level, mtime=0) for level in range(10))
    body = next(b for b in bodies if len(b) <= one.size)
    padded = body if len(body) == one.size else None
    if padded is None:  # a name in the gzip header fills what is missing
        fill = one.size - len(body) - 1
        padded = body[:3] + b"\x08" + body[4:10] + b"n" * fill + b"\0" + body[10:]
    changed = tar[: one.offset] + padded + tar[one.offset + one.size :]
    archive.put(one.tar, changed)
    text = {one.sha256: sha256(padded), str(one.content_sha256): sha256(content), sha256(tar): sha256(changed)}
    plan_key, key = layout.plan_key(world.unit, 0), layout.receipt_key(world.unit, 0)
    plan, said = archive.body(plan_key).decode(), archive.body(key).decode()
    for before, after in text.items():
        plan, said = plan.replace(before, after), said.replace(before, after)
    said = said.replace(sha256(archive.body(plan_key)), sha256(plan.encode()))
    archive.put(plan_key, plan.encode())
    archive.put(key, said.encode())


def quarantine_emptied(archive: MemoryStore, world: VerifyWorld) -> None:
    key = output(archive, world, OutputKind.QUARANTINE)
    sink = io.BytesIO()
    tarfile.open(fileobj=sink, mode="w").close()
    put_output(archive, world, key, sink.getvalue())


def duplicate_invented(archive: MemoryStore, world: VerifyWorld) -> None:
    """A row taken out and called a duplicate of another."""
    key = output(archive, world, OutputKind.EVENTS)
    row = pq.read_table(io.BytesIO(archive.body(key))).to_pylist()[-1]
    put_output(archive, world, key, edited(archive.body(key), drop=True))
    receipt = receipt_of(archive, world.unit)
    made = replace(receipt.duplicates[0], source_object=row["source_object"], record_index=row["record_index"])
    counts = replace(receipt.counts, duplicates=receipt.counts.duplicates + 1, records_in=receipt.counts.records_in + 1)
    changed = replace(receipt, duplicates=(*receipt.duplicates, made), counts=counts)
    archive.put(layout.receipt_key(world.unit, 0), changed.to_json())


def stream_rows_gone(archive: MemoryStore, world: VerifyWorld) -> None:
    archive.delete(archive.keys(layout.STREAM_RECORDS)[0])


def stream_file_planted(archive: MemoryStore, world: VerifyWorld) -> None:
    key = archive.keys(layout.STREAM_RECORDS)[0]
    archive.put(key.replace("000000-000", "000001-000"), archive.body(key))


MUTATIONS = {
    row_edited: (DAY, {Code.ALTERED_OBJECT}),
    row_edited_and_receipt_with_it: (DAY, {Code.RECORDS_DIFFER, Code.LEDGER_DISAGREES}),
    row_removed_and_receipt_with_it: (DAY, {Code.RECORDS_DIFFER, Code.LEDGER_DISAGREES}),
    row_added_and_receipt_with_it: (DAY, {Code.RECORDS_DIFFER, Code.LEDGER_DISAGREES}),
    file_added: (DAY, {Code.EXTRA_OBJECT}),
    files_swapped: (DAY, {Code.ALTERED_OBJECT}),
    tar_gone: (DAY, {Code.MISSING_OBJECT}),
    receipt_edited: (DAY, {Code.LEDGER_DISAGREES}),
    receipt_reformatted: (DAY, {Code.LEDGER_DISAGREES, Code.RECEIPT_BROKEN, Code.EXTRA_OBJECT}),
    plan_edited: (DAY, {Code.ALTERED_OBJECT}),
    unit_gone: (DAY, {Code.MISSING_OBJECT}),
    log_replaced_throughout: (DAY, {"HASH_MISMATCH", Code.LEDGER_DISAGREES, Code.RECORDS_DIFFER}),
    digest_replaced_throughout: (DAY, {"SIGNATURE_BAD", Code.LEDGER_DISAGREES}),
    quarantine_emptied: (DAY, {Code.QUARANTINE_DIFFERS, Code.LEDGER_DISAGREES}),
    duplicate_invented: (DAY, {Code.RECORDS_DIFFER, Code.LEDGER_DISAGREES}),
    stream_rows_gone: (TABLE, {Code.MISSING_OBJECT}),
    stream_file_planted: (TABLE, {Code.EXTRA_OBJECT}),
}


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda one: one.__name__)
def test_what_was_done_is_named_where_it_was_done(world, archive, mutation):
    where, expected = MUTATIONS[mutation]
    mutation(archive, world)
    report, units = world.verify(archive)
    assert codes(units[where].findings) == {str(code) for code in expected}
    assert units[where].answer is Answer.DISPROVEN
    assert {name for name, one in units.items() if one.findings} == {where}
    assert report.findings == []
    assert exit_code(report.found) == 1


def test_without_a_ledger_what_is_made_to_fit_is_still_found_by_signatures_and_records(tmp_path):
    world = VerifyWorld(tmp_path, ledger=False)
    for mutation in (row_edited_and_receipt_with_it, log_replaced_throughout, digest_replaced_throughout, duplicate_invented):
        archive = copied(world)
        mutation(archive, world)
        assert world.verify(archive)[1][DAY].answer is Answer.DISPROVEN, mutation


def test_a_day_without_a_unit_between_others_is_told(world, archive):
    last = Unit(world.unit.account, world.unit.region, world.unit.day.replace(day=12))
    world.world.archive, kept = archive, world.world.archive
    try:
        world.world.run(unit=last)
    finally:
        world.world.archive = kept
    _, units = world.verify(archive)
    assert (units["2026-03-11"].answer, codes(units["2026-03-11"].findings)) == (Answer.UNPROVABLE, {"DAY_MISSING"})


def test_another_signers_key_is_found_only_with_a_list_from_outside(tmp_path):
    forged = VerifyWorld(tmp_path, a_chain(signer=Signer(8)))
    assert forged.verify()[1][DAY].answer is Answer.PROVEN  # it agrees with itself
    _, units = forged.verify(trusted=forged.keys(SIGNER))
    assert (units[DAY].answer, units[DAY].anchored) == (Answer.UNPROVABLE, False)
    assert "KEY_NOT_TRUSTED" in codes(units[DAY].findings)


def test_a_damaged_key_is_told_once_for_the_archive_and_for_what_leans_on_it(world, archive):
    (key,) = archive.keys("keys/")
    archive.put(key, archive.body(key).replace(b'"valid_to":"2026', b'"valid_to":"2027'))
    assert world.verify(archive)[0].findings == []  # nobody but AWS can say until when
    assert codes(world.verify(archive, trusted=world.keys())[0].findings) == {"KEY_ALTERED"}
    archive.put(key, archive.body(key).replace(b'"value":"M', b'"value":"N'))
    report, units = world.verify(archive)
    assert codes(report.findings) == {"KEY_ALTERED"}
    assert units[DAY].answer is not Answer.PROVEN


def test_a_ledger_that_was_cut_off_is_found_by_a_kept_checkpoint(world, archive):
    for key in ("ledger/000002.json", "ledger/receipts-000002.parquet"):
        archive.delete(key)
    assert world.verify(archive)[0].findings == []
    report, units = world.verify(archive, kept=[world.last.sha256])
    assert codes(report.findings) == {"CHECKPOINT_GONE"}
    assert not any(one.anchored for one in units.values())


def test_what_lies_under_an_evidence_prefix_and_belongs_to_nobody_is_told(world, archive):
    for key in ("events/mine.parquet", "originals/account=111122223333/x", "ledger/receipts-000009.parquet", "holds/x"):
        archive.put(key, b"x")
    archive.put("changes/anything", b"derived")
    report, units = world.verify(archive)
    assert {one.key for one in report.findings if one.code == Code.EXTRA_OBJECT} == {
        "events/mine.parquet",
        "originals/account=111122223333/x",
        "ledger/receipts-000009.parquet",
        "holds/x",
    }
    assert not any(one.findings for one in units.values())


def test_archive_json_of_another_trail_is_told(world, archive):
    archive.put(layout.ARCHIVE_KEY, archive.body(layout.ARCHIVE_KEY).replace(b"trail-bucket", b"other-bucket"))
    report, units = world.verify(archive)
    assert codes(report.findings) == {"ROOT_ALTERED"}
    assert not any(one.findings for one in units.values())


@pytest.mark.parametrize("fault", [Fault.COLD, Fault.DENIED, Fault.UNAVAILABLE])
def test_what_could_not_be_looked_at_is_not_bad(world, archive, fault):
    archive.fail(output(archive, world, OutputKind.ORIGINALS), fault)
    report, units = world.verify(archive)
    assert (units[DAY].answer, codes(units[DAY].findings)) == (Answer.UNPROVABLE, {fault.name})
    assert exit_code([*report.findings, *report.found]) == 3
    assert [name for name, one in units.items() if one.findings] == [DAY]


def test_a_listing_that_is_denied_concludes_nothing(world, archive):
    archive.fail("originals/", Fault.DENIED)
    with pytest.raises(SourceUnavailable):
        world.verify(archive)


def test_an_open_plan_waits_to_be_finished(world, archive):
    archive.put(layout.plan_key(world.unit, 1), archive.body(layout.plan_key(world.unit, 0)))
    report, units = world.verify(archive)
    assert codes(units[DAY].findings) == {"OPEN_PLAN"}
    assert exit_code(report.found) == 3


def test_absurd_numbers_and_days_cost_a_finding_and_no_time(world, archive):
    archive.put(layout.receipt_key(world.unit, 99_999_999), b"{}")
    place = "account=111122223333/region=us-east-1"
    archive.put(f"originals/{place}/delivery_date=0001-01-01/000-000.tar", b"")
    archive.put(f"receipts/{place}/delivery_date=9999-12-31/000.receipt.json", b"")
    archive.put("ledger/999999999999999999999.json", b"{}")
    report, units = world.verify(archive)
    assert codes(units[DAY].findings) == {"MISSING_OBJECT", "RECEIPT_BROKEN"}
    assert codes(report.findings) == {"EXTRA_OBJECT", "LEDGER_BROKEN"}
    assert len(units) == 3


def test_a_scope_is_kept_to(world):
    unit = world.unit
    assert list(world.verify(asked=Asked(first=unit.day))[1]) == [DAY]
    assert list(world.verify(asked=Asked(last=world.first.day))[1]) == [FIRST]
    assert list(world.verify(asked=Asked(Scope("999999999999", None)))[1]) == []
    assert list(world.verify(asked=Asked(Scope(unit.account, "eu-north-1")))[1]) == []


OWNERS = {DAY: (f"delivery_date={DAY}/", f"/{DAY}.000-"), FIRST: (f"delivery_date={FIRST}/", f"/{FIRST}.000-")}


@settings(deadline=None, max_examples=120)
@given(data=st.data())
def test_any_byte_changed_in_any_object_is_noticed_and_blames_no_other_unit(world, data):
    keys = [key for key in world.archive.keys("") if not key.startswith(("changes/", "alerts/", "reopened/"))]
    key = data.draw(st.sampled_from(keys))
    body = bytearray(world.archive.body(key))
    at, by = data.draw(st.integers(0, len(body) - 1)), data.draw(st.integers(1, 255))
    body[at] ^= by
    archive = copied(world)
    archive.put(key, bytes(body))
    report, units = world.verify(archive, kept=[world.last.sha256], trusted=world.keys())
    assert exit_code([*report.findings, *report.found]) == 1, (key, at)
    owner = next(
        (name for name, marks in OWNERS.items() if any(mark in key for mark in marks)), TABLE if "table_name" in key else ""
    )
    if owner:
        assert {name for name, one in units.items() if one.findings} == {owner}


def test_the_command_works_where_no_network_interface_is_up(world, tmp_path: Path):
    apart = ("unshare", "--map-root-user", "--net")
    try:
        subprocess.run([*apart, "true"], check=True, capture_output=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        pytest.skip("this machine does not let a user make a network namespace (unshare --map-root-user --net)")
    folder = laid(world.archive, tmp_path / "copy")
    command = [*apart, sys.executable, "-m", "itemtrail.cli.main", "verify-archive", "--archive", str(folder)]
    done = subprocess.run([*command, "--checkpoint", world.last.sha256], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "2 PROVEN, 1 CONSISTENT" in done.stdout
    assert "anchored: 3 of 3 units" in done.stdout


def laid(archive: MemoryStore, folder: Path) -> Path:
    for key in archive.keys(""):
        path = folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(archive.body(key))
    return folder


def test_the_command_names_what_it_found_and_gives_json(world, archive, tmp_path: Path, capsys):
    from itemtrail.cli.main import main

    row_edited(archive, world)
    folder = laid(archive, tmp_path / "copy")
    assert main(["verify-archive", "--archive", str(folder)]) == 1
    assert "ALTERED_OBJECT events/" in capsys.readouterr().out
    assert main(["verify-archive", "--archive", str(folder), "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in said["units"] if one["findings"]] == [DAY]
    assert said["answers"] == {"CONSISTENT": 1, "PROVEN": 1, "DISPROVEN": 1}
    assert main(["verify-archive", "--archive", str(tmp_path / "no")]) == 2


def test_copies_are_gone_afterwards_and_nothing_is_written(world):
    puts = len(world.archive.puts)
    with tempfile.TemporaryDirectory() as room:
        world.verify()
        assert list(Path(room).iterdir()) == []
    assert len(world.archive.puts) == puts


def test_every_code_has_a_line_in_the_runbook():
    from itemtrail.core.verify import MEANING, markdown

    assert set(MEANING) == set(Code)
    runbook = Path(__file__).resolve().parents[2] / "docs" / "runbook.md"
    assert markdown() in runbook.read_text(encoding="utf-8")


def test_what_the_receipt_says_is_handed_on_as_bad():
    from itemtrail.model import Verdict

    said = Finding(Code.AS_ARCHIVED, "k", "", Verdict.DISPROVEN)
    assert (said.verdict, said.could_not_look) == (Verdict.DISPROVEN, False)
    assert Finding(Code.AS_ARCHIVED, "k", "", Verdict.UNPROVABLE).verdict is Verdict.UNPROVABLE
    assert copy.copy(said) == said
