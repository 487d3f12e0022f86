"""An evidence pack: the question, its answer as rows, and a manifest that fixes every byte of it.

Decides: the pack's layout, its index as data (``evidence.json``), and which file names are allowed. Refuses a name that could
lead out of the pack, and a manifest that does not list every file once. Layout: docs/evidence.md.
"""

import datetime as dt
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from itemtrail.core.plan import canonical, sha256
from itemtrail.errors import EvidenceError
from itemtrail.model import Unit

FORMAT = "itemtrail-evidence/1"
MANIFEST = "manifest.json"
INDEX = "evidence.json"
MOST_FILES = 100_000
MOST_BYTES = 4 << 30  # of all files of a pack
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.=-]{0,149}(/[A-Za-z0-9][A-Za-z0-9_.=-]{0,149}){0,5}")


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked; empty is not asked for. ``table`` and ``key`` name an item, ``by`` a principal; times are aware UTC."""

    table: str = ""
    key: tuple[str, ...] = ()
    by: str = ""
    first: dt.datetime | None = None
    last: dt.datetime | None = None

    def __str__(self) -> str:
        what = f"item {' '.join(self.key)} of {self.table}" if self.key else f"table {self.table}" if self.table else "all tables"
        who = f"changes by {self.by} of " if self.by else "changes of "
        span = "".join(f" {word} {at:%Y-%m-%d %H:%M:%S} UTC" for word, at in (("from", self.first), ("until", self.last)) if at)
        return f"{who}{what}{span}"


@dataclass(frozen=True, slots=True)
class Event:
    """A logged call that the answer names, as the one who made a change or as a candidate.

    ``proof``: file in the pack, empty where it cannot be proven; ``problem`` then says why.
    """

    event_id: str
    event_name: str
    event_time: str
    source_object: str
    record_index: int
    proof: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """What of a table's history the answer rests on: built days in the time asked for, days without, lost stream records."""

    arn: str
    first: dt.date
    last: dt.date
    missing: tuple[dt.date, ...] = ()
    lost: int = 0


@dataclass(frozen=True, slots=True)
class CertificateFile:
    """A certificate or statement in the pack, the receipts it was made from, and the last one's proof (empty: none holds it)."""

    unit: Unit
    name: str
    certified: bool
    reservations: tuple[str, ...] = ()
    receipts: tuple[str, ...] = ()
    ledger: str = ""


@dataclass(frozen=True, slots=True)
class Index:
    """The pack as data. ``accounts``: whose days are certified; ``checkpoint``: its SHA-256, empty where there is no ledger."""

    question: Question
    archive: str
    accounts: tuple[str, ...]
    changes: int
    events: tuple[Event, ...]
    tables: tuple[Table, ...]
    certificates: tuple[CertificateFile, ...]
    checkpoint: str
    notes: tuple[str, ...]
    package: str
    format: str = FORMAT

    @property
    def unproven(self) -> tuple[Event, ...]:
        """Events without a proof."""
        return tuple(one for one in self.events if not one.proof)

    @property
    def uncertified(self) -> tuple[Unit, ...]:
        """Units that are not certified."""
        return tuple(one.unit for one in self.certificates if not one.certified)

    @property
    def reserved(self) -> tuple[CertificateFile, ...]:
        """Certificates with reservations."""
        return tuple(one for one in self.certificates if one.reservations)

    @property
    def whole(self) -> bool:
        """Whether every event is proven, every day built and certified without reservation, and nothing was lost."""
        tables = any(one.missing or one.lost for one in self.tables)
        return not (self.unproven or self.uncertified or self.reserved or self.notes or tables)

    def to_json(self) -> bytes:
        """Canonical bytes."""
        return canonical(self)

    @classmethod
    def from_json(cls, data: bytes) -> "Index":
        """The index in ``data``.

        Raises:
            EvidenceError: it is none of this format.
        """
        try:
            found = msgspec.json.decode(data, type=cls)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise EvidenceError(f"{INDEX} cannot be read: {error}.", advice="ask for the pack again.") from error
        if found.format != FORMAT:
            raise EvidenceError(f"{INDEX} is of format {found.format!r}.", advice="use the itemtrail that made it.")
        return found


def manifest(files: Mapping[str, tuple[int, str]]) -> bytes:
    """Canonical bytes: every file's name, size in bytes and SHA-256, sorted by name. ``files``: name → (size, SHA-256).

    Raises:
        ValueError: a name that is not allowed.
    """
    for name in files:
        if not allowed(name):
            raise ValueError(f"{name!r} is no name for a file of a pack")
    listed = [{"name": name, "sha256": digest, "size": size} for name, (size, digest) in sorted(files.items())]
    return canonical({"files": listed, "format": FORMAT})


def parse_manifest(data: bytes) -> dict[str, tuple[int, str]]:
    """Name → (size, SHA-256).

    Raises:
        EvidenceError: not a manifest, not canonical, or a name in it is not allowed or there twice.
    """
    try:
        document = json.loads(data)
        found = {str(one["name"]): (int(one["size"]), str(one["sha256"])) for one in document["files"]}
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise EvidenceError(f"{MANIFEST} is not a manifest: {error}.", advice="ask for the pack again.") from error
    if not all(map(allowed, found)) or manifest(found) != data:
        raise EvidenceError(f"{MANIFEST} is not one that itemtrail writes.", advice="ask for the pack again.")
    return found


def allowed(name: str) -> bool:
    """Whether a file of a pack may be called that: plain relative names, nothing that leads elsewhere."""
    return _NAME.fullmatch(name) is not None


def proof_name(number: int, event_id: str) -> str:
    """Where the proof of the ``number``-th event lies."""
    plain = re.sub(r"[^A-Za-z0-9-]", "", event_id)[:64]
    return f"proofs/{number:05d}-{plain or 'event'}.json"


def digests(files: Mapping[str, bytes]) -> dict[str, tuple[int, str]]:
    """Name → (size, SHA-256)."""
    return {name: (len(body), sha256(body)) for name, body in files.items()}
