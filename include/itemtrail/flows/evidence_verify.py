"""Checking an evidence pack without network, AWS or the archive: that it is whole, and that it says what is proven.

Decides: every file is the one that the manifest names and no other is there; each proof holds by the checker that strangers get
(this installation's, never the one in the pack); each certificate is what its receipts give; the tables say what the proofs
prove, the CSV files what the Parquet files hold, the page what the tables say. Refuses to run or to unpack anything of the pack.
What the pack itself says is lacking is counted, not held against its bytes: it is whole only where nothing lacks.
"""

import io
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from itemtrail import __version__
from itemtrail.core import change_schema, evidence, evidence_page, layout, schema
from itemtrail.core import evidence_agreement as agreement
from itemtrail.core.certificate import Certificate, Lacking, make
from itemtrail.core.evidence import CertificateFile, Event, Index
from itemtrail.core.evidence_tables import csv_bytes
from itemtrail.core.ledger_proof import LedgerProof
from itemtrail.core.plan import decode, sha256
from itemtrail.core.receipt import Receipt
from itemtrail.errors import EvidenceError, ItemtrailError
from itemtrail.flows.evidence import CHECKERS
from itemtrail.flows.evidence_read import Files, opened
from itemtrail.proof import check_proof

_MOST_ROWS = 1_000_000
_MOST_PROBLEMS = 200
_MOST_TABLE_BYTES = 4 << 30


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found. ``problems``: contrary evidence, a line each; ``anchored`` None: no anchor was given.

    ``manifest``: SHA-256 of the pack's manifest, to be compared with the cover letter's.
    """

    index: Index | None
    manifest: str
    problems: tuple[str, ...]
    proven: int = 0
    anchored: bool | None = None
    notes: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        """Whether the pack holds, lacks nothing, and is anchored where an anchor was given."""
        return not self.problems and self.index is not None and self.index.whole and self.anchored is not False


def verify(path: Path, *, checkpoint: str = "", trusted: Collection[str] = ()) -> Checked:
    """Check the pack at ``path``, a folder or a zip.

    Args:
        path: where it is.
        checkpoint: SHA-256 of the ledger's checkpoint as it was kept elsewhere, empty for none.
        trusted: fingerprints of CloudTrail keys that are trusted.

    Raises:
        ConfigurationError: it cannot be read. EvidenceError: it is no pack.
    """
    with opened(path) as files:
        body = files.read(evidence.MANIFEST)
        problems = list(_files(files, evidence.parse_manifest(body)))
        if problems:
            return Checked(None, sha256(body), tuple(problems))
        return _contents(files, sha256(body), checkpoint, trusted)


def _files(files: Files, listed: Mapping[str, tuple[int, str]]) -> Iterator[str]:
    there = set(files.sizes) - {evidence.MANIFEST}
    yield from (f"{name} is in the pack and not in its manifest" for name in sorted(there - listed.keys()))
    for name, (size, digest) in listed.items():
        if name not in there:
            yield f"{name} is in the manifest and not in the pack"
        elif files.sizes[name] != size or sha256(files.read(name)) != digest:
            yield f"{name} is not the file that the manifest names"


def _contents(files: Files, manifest: str, checkpoint: str, trusted: Collection[str]) -> Checked:
    index = Index.from_json(files.read(evidence.INDEX))
    problems: list[str] = []
    changes = _table(files, "changes", change_schema.SCHEMA, problems)
    calls = _table(files, "events", schema.SCHEMA, problems)
    if changes is None or calls is None:
        return Checked(index, manifest, tuple(problems))
    rows = {(row["source_object"], row["record_index"]): row for row in calls.to_pylist()}
    anchored: list[bool] = []
    keys = {_key(files.read(name)) for name in files.sizes if name.startswith("keys/")}
    for event in index.events:
        found = list(_event(files, index, event, rows, keys, checkpoint, trusted, anchored))
        problems += [f"{event.proof or event.event_id}: {line}" for line in found]
        if len(problems) > _MOST_PROBLEMS:
            return Checked(index, manifest, (*problems, "so much is wrong that nothing more was looked at"))
    listed = changes.to_pylist()
    looks = {
        "the changes": _told(index, listed, rows),
        evidence.INDEX: _scope(index, listed),
        "the certificates": _certificates(files, index),
        "what comes with it": _supplied(files, index),
        "the pages": _pages(files, index, listed),
    }
    for name, look in looks.items():
        problems += _guarded(name, look)
    other = index.package != __version__
    notes = (
        [f"made by itemtrail {index.package}, this is {__version__}: the pages were not compared with the data"] if other else []
    )
    asked = bool(checkpoint or trusted)
    proven = sum(bool(one.proof) for one in index.events)
    return Checked(index, manifest, tuple(problems), proven, bool(anchored) and all(anchored) if asked else None, tuple(notes))


def _guarded(name: str, found: Iterator[str]) -> Iterator[str]:
    """What a look finds, and that it could not be finished: what breaks a reader is no evidence."""
    try:
        yield from found
    except (ItemtrailError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        yield f"{name} cannot be read: {error}"


def _table(files: Files, name: str, shape: pa.Schema, problems: list[str]) -> pa.Table | None:
    """The Parquet file's rows, after the CSV file was held against them."""
    try:
        with pq.ParquetFile(io.BytesIO(files.read(f"{name}.parquet"))) as file:
            held = sum(file.metadata.row_group(n).total_byte_size for n in range(file.metadata.num_row_groups))
            if file.metadata.num_rows > _MOST_ROWS or held > _MOST_TABLE_BYTES:
                raise EvidenceError(f"{file.metadata.num_rows:,} rows are more than a pack has")
            table = file.read(use_threads=False)
        if table.schema.names != shape.names:
            raise EvidenceError("it has other columns")
        table = table.cast(shape)
        if csv_bytes(table) != files.read(f"{name}.csv"):
            problems.append(f"{name}.csv does not say what {name}.parquet holds")
        return table
    except (pa.ArrowException, OSError, ValueError, EvidenceError) as error:
        problems.append(f"{name}.parquet cannot be read: {error}")
        return None


def _event(
    files: Files,
    index: Index,
    event: Event,
    rows: Mapping[tuple[str, int], Mapping[str, Any]],
    keys: Collection[str],
    checkpoint: str,
    trusted: Collection[str],
    anchored: list[bool],
) -> Iterator[str]:
    row = rows.get((event.source_object, event.record_index))
    if row is not None and (event.event_id, event.event_name) != (row["eventID"] or "", row["eventName"] or ""):
        yield "its row in events.parquet is of another call"
    if bool(event.proof) == bool(event.problem):
        yield "there must be either a proof or a reason why there is none"
    if not event.proof:
        return
    try:
        proof = json.loads(files.read(event.proof))
        lines, outside = check_proof.check(proof, checkpoint, trusted)
        anchored.append(outside)
        failing = [step for step, holds in lines if not holds]
        if failing:
            yield f"does not hold: {failing[0]}"
        elif row is None:
            yield "its row is not in events.parquet"
        else:
            yield from (f"{name} in events.parquet is not what is proven" for name in agreement.differs(row, proof))
            yield from _belongs(index, event, proof, keys)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        yield f"is not a proof: {error}"


def _belongs(index: Index, event: Event, proof: Mapping[str, Any], keys: Collection[str]) -> Iterator[str]:
    """A proof is of this event, of the pack's checkpoint, and by a key of the pack."""
    said = json.loads(proof["record"])
    if (said.get("eventID", ""), said.get("eventTime", "")) != (event.event_id, event.event_time):
        yield "is of another call than evidence.json says"
    if sha256(proof["ledger"]["checkpoint"].encode()) != index.checkpoint:
        yield "is of another checkpoint than the pack's"
    if proof["key"] not in keys:
        yield "is signed by a key that is not in keys/"


def _told(index: Index, changes: list[dict[str, Any]], rows: Mapping[tuple[str, int], Mapping[str, Any]]) -> Iterator[str]:
    """Changes against the calls that they name, and the index against both."""
    wanted = agreement.pairs(changes)
    if [(one.source_object, one.record_index) for one in index.events] != wanted:
        yield "evidence.json does not list exactly the calls that the changes name"
    if index.changes != len(changes):
        yield f"evidence.json speaks of {index.changes} changes, changes.parquet holds {len(changes)}"
    for row in sorted(set(rows) - set(wanted)):
        yield f"record {row[1]} of {row[0]} is in events.parquet, and no change names it"
    for change in changes:
        for one in (change, *(change["candidates"] or ())):
            call = rows.get((one["source_object"], one["record_index"])) if one["source_object"] else None
            if call is None:
                continue
            wrong = agreement.contradictions(one, call)
            if not agreement.is_about(change, call):
                wrong.append("item_key")
            if wrong:
                yield f"the change of {change['item_key']} at {change['change_ts']} and its call disagree: {', '.join(wrong)}"


def _key(body: bytes) -> str:
    """A public key as it is archived; empty where it is none."""
    try:
        return str(json.loads(body)["value"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""


def _scope(index: Index, changes: list[dict[str, Any]]) -> Iterator[str]:
    """The changes are those that were asked for, and the days that can hold their calls are all spoken of."""
    question, tables = index.question, {one.arn: one for one in index.tables}
    needed = agreement.units(index.tables, index.accounts, agreement.pairs(changes))
    if others := sum(not agreement.answers(question, change) for change in changes):
        yield f"{others} changes are not what was asked for"
    if {change["table_arn"] for change in changes} - tables.keys():
        yield "evidence.json does not name every table of the changes"
    for one in tables.values():
        if (question.first and one.first > question.first.date()) or (question.last and one.last < question.last.date()):
            yield f"{one.arn}: not the whole time that was asked for is spoken of"
    if needed != tuple(one.unit for one in index.certificates):
        yield "certificates and statements are not of exactly the days that can hold calls of the answer"


def _certificates(files: Files, index: Index) -> Iterator[str]:
    for one in index.certificates:
        yield from (f"{one.name}: {line}" for line in _guarded("it", _certificate(files, index, one)))


def _certificate(files: Files, index: Index, one: CertificateFile) -> Iterator[str]:
    body = files.read(one.name)
    if not one.certified:
        if decode(body, Lacking, key=one.name).unit != one.unit:
            yield "is of another unit"
        return
    names = [layout.receipt_key(one.unit, number) for number in range(len(one.receipts))]
    bodies = [files.read(name) for name in one.receipts]
    receipts = [Receipt.from_json(each, key=name) for each, name in zip(bodies, names, strict=True)]
    proof = LedgerProof.from_json(files.read(one.ledger), key=one.ledger) if one.ledger else None
    before = [None, *(sha256(each) for each in bodies[:-1])]
    if list(one.receipts) != names or [(r.unit, r.previous) for r in receipts] != [(one.unit, each) for each in before]:
        yield "its receipts are not those of the unit, each following the one before"
    if proof and (proof.checkpoint.sha256 != index.checkpoint or proof.key != names[-1]):
        yield "its proof is of another checkpoint or receipt"
    said = make(one.unit, receipts, bodies, unfinished=False, ledger=proof)
    if not isinstance(said, Certificate) or said.to_json() != body:
        yield "is not what its receipts give"
    elif said.reservations != one.reservations:
        yield "has other reservations than evidence.json says"


def _said(files: Files, one: CertificateFile) -> Certificate | Lacking:
    body = files.read(one.name)
    return decode(body, Certificate, key=one.name) if one.certified else decode(body, Lacking, key=one.name)


def _supplied(files: Files, index: Index) -> Iterator[str]:
    """The files that help a reader: the checkpoint, and, where this is the version that made the pack, the checkers."""
    checkpoints = [sha256(files.read(name)) for name in files.sizes if layout.parse_checkpoint(name)]
    if checkpoints != ([index.checkpoint] if index.checkpoint else []):
        yield "ledger/ does not hold the checkpoint that evidence.json names"
    if index.package == __version__:
        for name in CHECKERS:
            if files.read(name) != Path(check_proof.__file__).with_name(name).read_bytes():
                yield f"{name} is not itemtrail's: do not use it"


def _pages(files: Files, index: Index, rows: list[dict[str, Any]]) -> Iterator[str]:
    """Whether the pages say what the data says, where this version wrote them; elsewhere nobody can tell."""
    if index.package != __version__:
        return
    said = [_said(files, one) for one in index.certificates]
    pages = {
        "index.html": evidence_page.pack(index, rows, said),
        "certificates.html": evidence_page.certificates(said),
        "README.txt": evidence_page.readme(index),
    }
    for name, text in pages.items():
        if files.read(name) != text.encode("utf-8", "backslashreplace"):
            yield f"{name} does not say what the pack's data says"
