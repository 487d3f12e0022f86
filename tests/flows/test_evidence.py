"""An evidence pack: what is in it, that it is the same again, and that whatever is changed in it is noticed."""

import csv
import io
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.evidence_world import DAY, HOSTILE, NOW, ONE_DAY, EvidenceWorld
from tests.memory import Fault
from tests.vectors.make_chain import Chain

from itemtrail.core import change_schema, changes_files, evidence, evidence_tables, layout
from itemtrail.core.plan import canonical, sha256
from itemtrail.errors import AccessDenied, ColdStorage, ConfigurationError, EvidenceError, NotFound
from itemtrail.flows.evidence import Limits, Pack, write_folder, write_zip
from itemtrail.flows.evidence_store import store
from itemtrail.flows.evidence_verify import Checked, verify


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> EvidenceWorld:
    return EvidenceWorld(tmp_path_factory.mktemp("evidence"))


@pytest.fixture(scope="module")
def pack(world) -> Pack:
    """Everything of the table on the day."""
    return world.pack()


@pytest.fixture
def copy(pack, tmp_path) -> Path:
    """The pack, to be changed."""
    to = tmp_path / "copy"
    shutil.copytree(pack.folder, to)
    return to


def sealed(folder: Path) -> None:
    """A new manifest over what is there: what a forger does after changing something."""
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    files.pop(evidence.MANIFEST, None)
    (folder / evidence.MANIFEST).write_bytes(evidence.manifest(evidence.digests(files)))


def problems(path: Path) -> str:
    found = verify(path)
    assert not found.good
    return "\n".join(found.problems)


def test_a_pack_holds_every_call_proven_and_every_day_certified(pack):
    index = pack.index
    assert (index.changes, len(index.events), index.unproven, index.uncertified, index.whole) == (14, 13, (), (), True)
    assert {one.unit.day for one in index.certificates} == {DAY, DAY + ONE_DAY}
    assert sha256((pack.folder / "manifest.json").read_bytes()) == pack.manifest


def test_it_holds_offline_and_is_anchored_by_the_checkpoint_alone(pack, world):
    found = verify(pack.folder)
    assert (found.problems, found.good, found.proven, found.anchored) == ((), True, 13, None)
    assert verify(pack.folder, checkpoint=pack.index.checkpoint).anchored is True
    other = verify(pack.folder, checkpoint="0" * 64)
    assert (other.anchored, other.good) == (False, False)


def test_the_same_question_gives_the_same_zip(world, pack, tmp_path):
    write_zip(pack, tmp_path / "a.zip")
    write_zip(world.pack(), tmp_path / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    assert verify(tmp_path / "a.zip").good


def test_an_item_and_a_principal_are_questions_too(world):
    item = world.pack("EmpId=E-1017")
    rows = pq.read_table(item.folder / "changes.parquet").to_pylist()
    assert {row["item_key"] for row in rows} == {'{"EmpId":"E-1017"}'}
    assert verify(item.folder).good
    by = world.pack(by="ben", table="")
    rows = pq.read_table(by.folder / "changes.parquet").to_pylist()
    assert all(row["actor"] == "ben" or "ben" in {one["actor"] for one in row["candidates"]} for row in rows)
    assert verify(by.folder).good


def test_candidates_of_an_ambiguous_change_are_proven_as_well(pack):
    rows = pq.read_table(pack.folder / "changes.parquet").to_pylist()
    ambiguous = [row for row in rows if row["match_confidence"] == "AMBIGUOUS"]
    assert ambiguous
    named = {one["event_id"] for row in ambiguous for one in row["candidates"]}
    assert len(named) == 2
    assert named <= {one.event_id for one in pack.index.events if one.proof}


def test_no_cell_of_the_csv_is_a_formula_and_no_control_character_is_left(pack):
    cells = [cell for name in ("changes", "events") for row in read_csv(pack.folder / f"{name}.csv") for cell in row]
    assert any(cell.startswith("'=cmd|") for cell in cells)
    assert not [cell for cell in cells if cell.lstrip().startswith(("=", "+", "-", "@"))]
    assert all(cell.isprintable() for cell in cells)


def test_the_page_shows_hostile_text_and_runs_none(pack):
    text = (pack.folder / "index.html").read_text(encoding="utf-8")
    assert "<script" not in text.lower()
    assert "\u202e" not in text
    assert "\x1b" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; \\x202e\\x1b[31m" in text
    assert HOSTILE not in text


def test_redacted_attributes_are_named_and_their_values_are_nowhere(pack):
    assert "Redacted before it was stored, and not known here: BankAccount" in (pack.folder / "index.html").read_text()
    rows = pq.read_table(pack.folder / "changes.parquet").to_pylist()
    assert all("BankAccount" not in (row["new_image"] or "") for row in rows)


def read_csv(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))


# What a forger changes after the pack was made, with a new manifest over it.


def rewritten(name: str, old: str, new: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    return change


def columns(name: str, **values: object) -> Callable[[Path], None]:
    """Rows of a table changed, in Parquet and CSV alike."""

    def change(folder: Path) -> None:
        table = pq.read_table(folder / f"{name}.parquet")
        rows = table.to_pylist()
        for row in rows:
            row.update({column: value for column, value in values.items() if row[column] is not None})
        made = type(table).from_pylist(rows, schema=table.schema)
        (folder / f"{name}.parquet").write_bytes(evidence_tables.parquet_bytes(made))
        (folder / f"{name}.csv").write_bytes(evidence_tables.csv_bytes(made))

    return change


def swapped_proofs(folder: Path) -> None:
    one, two = sorted((folder / "proofs").iterdir())[:2]
    first = one.read_bytes()
    one.write_bytes(two.read_bytes())
    two.write_bytes(first)


def without_a_change(folder: Path) -> None:
    table = pq.read_table(folder / "changes.parquet").slice(1)
    (folder / "changes.parquet").write_bytes(evidence_tables.parquet_bytes(table))
    (folder / "changes.csv").write_bytes(evidence_tables.csv_bytes(table))


def without_a_receipt(folder: Path) -> None:
    next((folder / "receipts").rglob("*.json")).unlink()


def index_with(**fields: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / evidence.INDEX
        path.write_bytes(canonical(json.loads(path.read_bytes()) | fields))

    return change


def fewer_days(folder: Path) -> None:
    days = json.loads((folder / evidence.INDEX).read_bytes())["certificates"]
    index_with(certificates=days[:1])(folder)


def another_question(folder: Path) -> None:
    asked = json.loads((folder / evidence.INDEX).read_bytes())["question"]
    index_with(question=asked | {"key": ["EmpId=E-1018"]})(folder)


def more_certified(folder: Path) -> None:
    path = next((folder / "certificates").iterdir())
    path.write_bytes(path.read_bytes().replace(b'"rows":', b'"rows":1'))


FORGED = {
    "csv says another": (rewritten("changes.csv", "4002", "9002"), "changes.csv does not say"),
    "another actor in the changes": (columns("changes", actor="zoe"), "its call disagree: actor"),
    "another actor in both": (
        lambda f: (columns("changes", actor="zoe")(f), columns("events", actor="zoe")(f)),
        "actor in events.parquet",
    ),
    "another name in the events": (columns("events", eventName="DeleteItem"), "is of another call"),
    "another address": (columns("events", sourceIPAddress="10.9.9.9"), "sourceIPAddress in events.parquet is not what is proven"),
    "another item": (columns("changes", item_key='{"EmpId":"E-9999"}'), "disagree: item_key"),
    "swapped proofs": (swapped_proofs, "is of another call"),
    "a change taken out": (without_a_change, "evidence.json does not list exactly"),
    "a receipt taken out": (without_a_receipt, "is not there"),
    "a certificate of more": (more_certified, "is not what its receipts give"),
    "a day left out": (fewer_days, "not of exactly the days"),
    "no tables": (index_with(tables=[], certificates=[]), "does not name every table"),
    "another question": (another_question, "are not what was asked for"),
    "a question that is none": (index_with(question={"key": ["x"]}), "evidence.json cannot be read"),
    "the page rewritten": (rewritten("index.html", "ana", "zoe"), "index.html does not say"),
    "the readme rewritten": (rewritten("README.txt", "13 of 13", "0 of 13"), "README.txt does not say"),
    "the checker exchanged": (rewritten("check_proof.py", "import argparse", "import  argparse"), "is not itemtrail's"),
    "another checkpoint": (rewritten("ledger/000001.json", '"leaves":', '"leaves" :'), "ledger/ does not hold the checkpoint"),
    "keys taken out": (lambda f: shutil.rmtree(f / "keys"), "is signed by a key that is not in keys/"),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGED)
def test_what_was_changed_and_sealed_again_is_noticed(copy, name):
    change, says = FORGED[name]
    change(copy)
    sealed(copy)
    assert says in problems(copy)


JUNK = st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text()) | st.dictionaries(st.text(), st.text())


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_an_index_of_anything_is_refused_and_breaks_nothing(copy, pack, data):
    path = copy / evidence.INDEX
    document = json.loads((pack.folder / evidence.INDEX).read_bytes())
    holder: Any = document
    while True:
        name = data.draw(st.sampled_from(sorted(holder) if isinstance(holder, dict) else list(range(len(holder)))))
        if not isinstance(holder[name], dict | list) or not holder[name] or data.draw(st.booleans()):
            break
        holder = holder[name]
    old, holder[name] = holder[name], data.draw(JUNK)
    assume(holder[name] != old)
    path.write_bytes(canonical(document))
    sealed(copy)
    try:
        found = verify(copy)
    except EvidenceError:
        return
    assert found.problems or not found.good or name in ("archive", "package"), found.index


@pytest.mark.parametrize("column", ["item_key", "diff", "match_confidence", "old_image"])
def test_a_change_that_cannot_be_read_is_a_problem(copy, column):
    columns("changes", **{column: "{"})(copy)
    sealed(copy)
    assert "cannot be read" in problems(copy)


@pytest.mark.parametrize("name", ["index.html", "proofs", "keys", "events.parquet", "evidence.json"])
def test_any_byte_changed_without_a_new_manifest_is_noticed(copy, name):
    path = copy / name if (copy / name).is_file() else next(one for one in (copy / name).rglob("*") if one.is_file())
    body = bytearray(path.read_bytes())
    body[len(body) // 2] ^= 1
    path.write_bytes(bytes(body))
    assert "is not the file that the manifest names" in problems(copy)


def test_a_file_more_and_a_file_less_are_noticed(copy):
    (copy / "more.txt").write_text("x")
    (copy / "README.txt").unlink()
    assert problems(copy).splitlines() == [
        "more.txt is in the pack and not in its manifest",
        "README.txt is in the manifest and not in the pack",
    ]


def test_a_link_in_a_pack_is_refused(copy):
    (copy / "README.txt").unlink()
    (copy / "README.txt").symlink_to("/etc/hostname")
    with pytest.raises(EvidenceError, match="no plain file"):
        verify(copy)


def zipped(path: Path, entries: list[tuple[zipfile.ZipInfo | str, bytes]], compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for entry, body in entries:
            archive.writestr(entry, body)
    return path


@pytest.mark.parametrize("name", ["../evil", "/etc/passwd", "a/../../b", "C:\\x", "a\\b", ".hidden", "a//b", "x\n"])
def test_a_zip_that_leads_elsewhere_is_refused(tmp_path, name):
    with pytest.raises(EvidenceError, match="not an evidence pack"):
        verify(zipped(tmp_path / "p.zip", [(name, b"x"), ("manifest.json", b"{}")]))


def test_a_link_in_a_zip_is_refused(tmp_path):
    link = zipfile.ZipInfo("README.txt")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    with pytest.raises(EvidenceError, match="no plain file"):
        verify(zipped(tmp_path / "p.zip", [(link, b"/etc/passwd")]))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_is_there_twice_is_refused(tmp_path):
    with pytest.raises(EvidenceError, match="twice"):
        verify(zipped(tmp_path / "p.zip", [("manifest.json", b"{}"), ("manifest.json", b"[]")]))


def test_a_zip_that_would_inflate_without_end_is_refused_before_it_is_read(tmp_path, monkeypatch):
    from itemtrail.flows import evidence_read

    monkeypatch.setattr(evidence_read, "MOST_BYTES", 1 << 20)
    made = zipped(tmp_path / "p.zip", [("manifest.json", bytes(2 << 20))], zipfile.ZIP_DEFLATED)
    assert made.stat().st_size < 10_000
    with pytest.raises(EvidenceError, match="more than a pack has"):
        verify(made)


@pytest.mark.parametrize("body", [b"", b"PK", b"not a zip", b"PK\x03\x04" + bytes(100)])
def test_what_is_no_zip_is_no_pack(tmp_path, body):
    (tmp_path / "p.zip").write_bytes(body)
    with pytest.raises(EvidenceError, match="not a zip"):
        verify(tmp_path / "p.zip")
    with pytest.raises(ConfigurationError):
        verify(tmp_path / "nothing.zip")


@pytest.mark.parametrize("body", [b"{}", b"[]", b"null", b'{"files":[{"name":"../x","size":1,"sha256":""}]}', b"[" * 100_000])
def test_a_manifest_that_is_none_is_refused(copy, body):
    (copy / "manifest.json").write_bytes(body)
    with pytest.raises(EvidenceError):
        verify(copy)


@pytest.mark.parametrize("junk", [b"", b"PAR1", b"x" * 100])
def test_a_table_that_is_none_is_a_problem(copy, junk):
    (copy / "changes.parquet").write_bytes(junk)
    sealed(copy)
    assert "changes.parquet cannot be read" in problems(copy)


@pytest.mark.parametrize("junk", [b"", b"[]", b"{}", b"null", b"[" * 100_000])
def test_a_proof_that_is_none_is_a_problem(copy, junk):
    next((copy / "proofs").iterdir()).write_bytes(junk)
    sealed(copy)
    assert problems(copy)


# What lacks is said.


def test_a_call_that_cannot_be_proven_stands_in_it_with_the_reason(tmp_path):
    world = EvidenceWorld(tmp_path)
    tar = next(key for key in world.archive.keys(layout.ORIGINALS) if str(DAY) in key)
    receipt = json.loads(world.archive.body(layout.receipt_key(world.world.unit, 0)))
    log = next(one for one in receipt["inputs"] if "00000016abcdefgh" in one["key"])
    body = bytearray(world.archive.body(tar))
    body[log["offset"] + log["size"] // 2] ^= 1
    world.archive.replace(tar, bytes(body))
    made = world.pack("EmpId=E-1017")
    (lost,) = made.index.unproven
    assert "other bytes than its receipt says" in lost.problem
    assert "other bytes than its receipt says" in (made.folder / "index.html").read_text(encoding="utf-8")
    found = verify(made.folder)
    assert (found.problems, found.good, found.proven) == ((), False, 5)


def test_a_day_that_is_not_certified_and_one_that_is_not_built_are_said(world):
    made = world.pack(last=NOW + ONE_DAY)
    assert [unit.day for unit in made.index.uncertified] == [DAY + 2 * ONE_DAY, DAY + 3 * ONE_DAY, DAY + 4 * ONE_DAY]
    assert made.index.tables[0].missing == (DAY + 2 * ONE_DAY, DAY + 3 * ONE_DAY)
    found: Checked = verify(made.folder)
    assert (found.problems, found.good) == ((), False)


def test_a_day_with_something_in_quarantine_is_certified_with_reservations_and_the_answer_is_not_whole(tmp_path, monkeypatch):
    real = Chain.log

    def log(self: Chain, delivered: Any, unique: str, content: bytes | None = None) -> str:
        spoilt = content.replace(b'{"Records":[', b'{"Records":[7,') if content and unique.startswith("00000007") else content
        return real(self, delivered, unique, spoilt)

    monkeypatch.setattr(Chain, "log", log)
    world = EvidenceWorld(tmp_path)
    made = world.pack("EmpId=E-1017")
    assert [one.unit.day for one in made.index.reserved] == [DAY]
    assert "PARTIAL" in made.index.reserved[0].reservations[0]
    assert not made.index.whole
    assert "This answer is not whole" in (made.folder / "index.html").read_text(encoding="utf-8")
    found = verify(made.folder)
    assert (found.problems, found.good) == ((), False)


def test_another_pack_under_a_packs_key_is_refused(world, pack, tmp_path):
    key = store(world.archive, pack, "case-1", room=tmp_path)
    assert store(world.archive, pack, "case-1", room=tmp_path) == key
    world.archive.replace(key, b"something else")
    with pytest.raises(EvidenceError, match="something else than this pack"):
        store(world.archive, pack, "case-1", room=tmp_path)


def test_without_a_ledger_nothing_is_proven_and_that_is_said(tmp_path):
    world = EvidenceWorld(tmp_path)
    for key in world.archive.keys("ledger/"):
        world.archive.delete(key)
    made = world.pack("EmpId=E-1017")
    assert len(made.index.unproven) == 6
    assert "no ledger" in made.index.unproven[0].problem
    found = verify(made.folder)
    assert (found.problems, found.good) == ((), False)


def test_cold_originals_give_no_pack_but_one_command(world):
    tar = next(key for key in world.archive.keys(layout.ORIGINALS) if str(DAY) in key)
    world.archive.fail(tar, Fault.COLD)
    try:
        with pytest.raises(ColdStorage) as told:
            world.pack()
    finally:
        world.archive.mend(tar)
    assert f"itemtrail restore --plan --what originals --from {DAY} --to {DAY} --unit 111122223333/us-east-1" in str(told.value)


def test_what_must_not_be_read_is_an_error_and_no_reason(world):
    key = layout.receipt_key(world.world.unit, 0)
    world.archive.fail(key, Fault.DENIED)
    try:
        with pytest.raises(AccessDenied):
            world.pack()
    finally:
        world.archive.mend(key)


@pytest.mark.parametrize("column", ["actor", "source_ip", "item_key"])
def test_a_history_that_was_doctored_gives_no_pack(tmp_path, column):
    world = EvidenceWorld(tmp_path)
    key = next(key for key in world.archive.keys("changes/") if key.endswith("day=10.parquet"))
    rows = pq.read_table(io.BytesIO(world.archive.body(key))).to_pylist()
    rows[0][column] = {"item_key": '{"EmpId":"E-1000"}'}.get(column, "zoe")
    changes_files.write(pa.Table.from_pylist(rows, schema=change_schema.SCHEMA), tmp_path / "doctored")
    world.archive.replace(key, (tmp_path / "doctored").read_bytes())
    with pytest.raises(EvidenceError, match="says of the call") as told:
        world.pack()
    assert f"build-history --day {DAY}" in str(told.value)


def test_too_much_is_refused_with_the_next_step(world):
    with pytest.raises(ConfigurationError, match="more than 3 changes"):
        world.pack(limits=Limits(changes=3))
    with pytest.raises(ConfigurationError, match="larger than 100,000 bytes"):
        world.pack(limits=Limits(pack_bytes=100_000))
    with pytest.raises(ConfigurationError, match="days of accounts and Regions"):
        world.pack(limits=Limits(units=1))


def test_no_answer_and_no_question_give_no_pack(world):
    with pytest.raises(NotFound, match="no change"):
        world.pack("EmpId=E-9999")
    with pytest.raises(ConfigurationError, match="nothing was asked"):
        world.pack(table="", first=None, last=None)


def test_nothing_is_written_over(pack, tmp_path):
    (tmp_path / "there").mkdir()
    write_folder(pack, tmp_path / "there")
    with pytest.raises(ConfigurationError, match="there already"):
        write_folder(pack, tmp_path / "there")
    write_zip(pack, tmp_path / "p.zip")
    with pytest.raises(ConfigurationError, match="there already"):
        write_zip(pack, tmp_path / "p.zip")


def test_many_calls_open_the_ledger_and_each_days_receipts_once(world):
    world.archive.reads.clear()
    world.pack()
    ledger = [key for key in world.archive.reads if key.startswith("ledger/")]
    receipts = [key for key in world.archive.reads if key == layout.receipt_key(world.world.unit, 0)]
    assert len(ledger) <= 3
    assert len([key for key in world.archive.reads if key.startswith("keys/")]) <= 2
    assert len(receipts) <= 6, "not one for each of the 13 calls"


APART = ("unshare", "--map-root-user", "--net")


def test_a_stranger_checks_it_where_no_network_interface_is_up(pack, tmp_path):
    try:
        subprocess.run([*APART, "true"], check=True, capture_output=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        pytest.skip("this machine does not let a user make a network namespace (unshare --map-root-user --net)")
    write_zip(pack, tmp_path / "p.zip")
    words = [
        *APART,
        sys.executable,
        "-m",
        "itemtrail.cli.main",
        "verify-evidence",
        "p.zip",
        "--checkpoint",
        pack.index.checkpoint,
    ]
    include = str(Path(evidence.__file__).parents[2])
    bare = {"PYTHONPATH": include, "PATH": "/usr/bin:/bin"}
    done = subprocess.run(words, cwd=tmp_path, env=bare, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "HOLDS  anchored: true"), done.stdout + done.stderr
    proof = next((pack.folder / "proofs").iterdir())
    one = [*APART, sys.executable, "-I", "check_proof.py", str(proof)]
    assert subprocess.run(one, cwd=pack.folder, capture_output=True, timeout=60, check=False).returncode == 0
