"""An evidence pack: a question to the history answered with rows, proofs, certificates and what a stranger needs to check them.

Decides: what goes into it and in which order it is looked for; a call that cannot be proven stands in it with the reason, a day
that is not certified with what it lacks. The same question on the same archive gives the same bytes. Refuses to make a pack while
originals that it needs are in a Glacier class, one of more than a limit of changes, days or bytes, and to write over anything.
"""

import shutil
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from itemtrail import __version__
from itemtrail.core import change_schema, evidence, evidence_agreement, evidence_page, layout
from itemtrail.core.certificate import Certificate
from itemtrail.core.evidence import CertificateFile, Event, Index, Question
from itemtrail.core.evidence_tables import csv_bytes, parquet_bytes
from itemtrail.core.plan import sha256
from itemtrail.core.receipt import Receipt
from itemtrail.core.timeline import Row
from itemtrail.errors import ConfigurationError
from itemtrail.flows import evidence_rows
from itemtrail.flows.certificate import Made, certificates
from itemtrail.flows.ledger_book import numbers
from itemtrail.flows.prove import Prover
from itemtrail.ports.data import ObjectStore
from itemtrail.proof import check_proof

CHECKERS = ("check_proof.py", "proof.html")
_TIME = (1980, 1, 1, 0, 0, 0)
_MODE = 0o100644 << 16


@dataclass(frozen=True, slots=True)
class Limits:
    """What a pack may hold: changes, days of an account and Region, bytes in all, bytes of one inflated original."""

    changes: int = 1000
    units: int = 5000
    pack_bytes: int = 2 << 30
    original_bytes: int = 256 << 20


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack as it was made in ``folder``. ``manifest``: SHA-256 of its manifest, which fixes every byte; ``size`` in all."""

    folder: Path
    index: Index
    files: tuple[str, ...]
    manifest: str
    size: int


@dataclass(slots=True)
class _Folder:
    """The files that were written, and how many bytes they may be."""

    root: Path
    most: int
    files: dict[str, tuple[int, str]] = field(default_factory=dict)

    def put(self, name: str, body: bytes) -> str:
        """Write one file; its name."""
        if sum(size for size, _ in self.files.values()) + len(body) > self.most:
            raise ConfigurationError(
                f"the pack would be larger than {self.most:,} bytes.", advice="ask for a shorter time by --from and --to."
            )
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
        self.files[name] = (len(body), sha256(body))
        return name


def make(
    archive: ObjectStore,
    accounts: Sequence[str],
    question: Question,
    *,
    room: Path,
    limits: Limits,
    at: int | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Pack:
    """The pack that answers ``question``, in a folder below ``room``.

    Args:
        archive: the archive.
        accounts: those whose days are certified.
        question: what is asked.
        room: an empty folder.
        limits: how much at most.
        at: number of the ledger's checkpoint that proves; the last where None.
        progress: is told what is done.

    Raises:
        NotFound: no change answers it. ConfigurationError: too much would, or the question names nothing.
        ColdStorage: originals must be restored first. EvidenceError, AccessDenied, SourceUnavailable.
    """
    answered = evidence_rows.answer(archive, question, limits.changes)
    rows, pairs = answered.rows, evidence_agreement.pairs(answered.rows)
    units = evidence_agreement.units(answered.tables, accounts, pairs)
    if len(units) > limits.units:
        raise ConfigurationError(
            f"{len(units):,} days of accounts and Regions would have to be certified; at most {limits.units:,} are.",
            advice="ask for a shorter time by --from and --to.",
        )
    for name in ("copies", "ledger", "pack"):
        (room / name).mkdir()
    prover = Prover(archive, room / "ledger", limits.original_bytes, at)
    progress(f"{len(rows):,} changes, {len(pairs):,} calls, {len(units):,} days of accounts and Regions")
    made = evidence_rows.calls(archive, pairs, prover, room / "copies")
    ledger = prover.ledger() if at or numbers(archive) else None
    if ledger:
        units_of_calls = {one.unit for found in made.found.values() for one in found}
        ledger.expect([layout.receipt_key(unit, one.number) for unit in units_of_calls for one in prover.unit(unit).receipts])
    folder = _Folder(room / "pack", limits.pack_bytes)
    evidence_rows.must_agree(rows, made)
    events = [_proven(folder, event, body) for event, body in evidence_rows.proofs(prover, made, pairs)]
    said = certificates(archive, units, ledger)
    index = Index(
        question=question,
        archive=archive.name,
        accounts=tuple(sorted(set(accounts))),
        changes=len(rows),
        events=tuple(events),
        tables=answered.tables,
        certificates=tuple(_certificate(folder, one) for one in said),
        checkpoint=ledger.checkpoint.sha256 if ledger else "",
        notes=answered.notes,
        package=__version__,
    )
    if ledger:
        folder.put(layout.checkpoint_key(ledger.checkpoint.number), ledger.checkpoint.to_json())
    _keys(folder, archive, said)
    table = pa.Table.from_pylist(list(rows), schema=change_schema.SCHEMA)
    calls = evidence_rows.table_of(found[0] for found in made.found.values())
    _rows(folder, table, calls)
    _pages(folder, index, rows, said)
    return _sealed(folder, index)


def write_folder(pack: Pack, to: Path) -> None:
    """Put the pack into the folder ``to``, which is not there or empty.

    Raises:
        ConfigurationError: it holds something, or cannot be written.
    """
    try:
        if to.exists() and (not to.is_dir() or any(to.iterdir())):
            raise ConfigurationError(f"{to} is there already.", advice="name a folder that is not, or an empty one.")
        shutil.copytree(pack.folder, to, dirs_exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"cannot write {to}: {error.strerror}.", advice="name another place.") from error


def write_zip(pack: Pack, to: Path) -> None:
    """Put the pack into the zip ``to``: stored, fixed times and modes, sorted, so that the same pack is the same bytes.

    Raises:
        ConfigurationError: it is there already, or cannot be written.
    """
    try:
        with zipfile.ZipFile(to, "x", zipfile.ZIP_STORED) as archive:
            for name in pack.files:
                entry = zipfile.ZipInfo(name, _TIME)
                entry.external_attr, entry.create_system = _MODE, 3
                archive.writestr(entry, (pack.folder / name).read_bytes())
    except FileExistsError as error:
        raise ConfigurationError(f"{to} is there already.", advice="name a file that is not.") from error
    except OSError as error:
        raise ConfigurationError(f"cannot write {to}: {error.strerror}.", advice="name another place.") from error


def _proven(folder: _Folder, event: Event, body: bytes) -> Event:
    if body:
        folder.put(event.proof, body)
    return event


def _certificate(folder: _Folder, made: Made) -> CertificateFile:
    unit, said = made.said.unit, made.said
    name = f"{unit.account}_{unit.region}_{unit.day}.json"
    keys = tuple(folder.put(layout.receipt_key(unit, number), body) for number, body in enumerate(made.bodies))
    ledger = folder.put(f"ledger/proofs/{name}", made.ledger.to_json()) if made.ledger else ""
    reservations = said.reservations if isinstance(said, Certificate) else ()
    kind = "certificates" if isinstance(said, Certificate) else "lacking"
    stored = folder.put(f"{kind}/{name}", said.to_json())
    return CertificateFile(unit, stored, isinstance(said, Certificate), reservations, keys, ledger)


def _keys(folder: _Folder, archive: ObjectStore, said: Iterable[Made]) -> None:
    """CloudTrail's public keys that the receipts in the pack lean on, as they are archived."""
    named = {key for one in said for body in one.bodies[-1:] for key in Receipt.from_json(body, key="receipt").keys}
    for key in sorted(named):
        folder.put(key, archive.read(key).body)


def _rows(folder: _Folder, changes: pa.Table, calls: pa.Table) -> None:
    for name, table in (("changes", changes), ("events", calls)):
        folder.put(f"{name}.csv", csv_bytes(table))
        folder.put(f"{name}.parquet", parquet_bytes(table))


def _pages(folder: _Folder, index: Index, rows: Sequence[Row], made: Sequence[Made]) -> None:
    said = [one.said for one in made]
    folder.put(evidence.INDEX, index.to_json())
    folder.put("index.html", evidence_page.pack(index, rows, said).encode("utf-8", "backslashreplace"))
    folder.put("certificates.html", evidence_page.certificates(said).encode("utf-8", "backslashreplace"))
    folder.put("README.txt", evidence_page.readme(index).encode())
    for name in CHECKERS:
        folder.put(name, Path(check_proof.__file__).with_name(name).read_bytes())


def _sealed(folder: _Folder, index: Index) -> Pack:
    body = evidence.manifest(folder.files)
    folder.put(evidence.MANIFEST, body)
    return Pack(folder.root, index, tuple(sorted(folder.files)), sha256(body), sum(size for size, _ in folder.files.values()))
