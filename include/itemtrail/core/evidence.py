"""An evidence pack: the question, its answer as rows, and a manifest that fixes every byte of it.

Decides: the pack's layout, its index as data (``evidence.json``), the rows as CSV and Parquet, and which file names are allowed.
In CSV nothing can run: a cell that a spreadsheet would take for a formula begins with an apostrophe, what is not printable is
shown as its number; the Parquet file has the values as they are. The same rows give the same bytes. Refuses a name that could
lead out of the pack, and a manifest that does not list every file once.
Source: OWASP, "CSV Injection", read 2026-11-24. Layout: docs/evidence.md.
"""

import csv
import datetime as dt
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from itemtrail.core import item_key, schema, timeline
from itemtrail.core.identity import identity
from itemtrail.core.plan import canonical, sha256
from itemtrail.core.restore_question import units_of
from itemtrail.core.visible import visible
from itemtrail.errors import EvidenceError
from itemtrail.model import Unit

FORMAT = "itemtrail-evidence/1"
MANIFEST = "manifest.json"
INDEX = "evidence.json"
MOST_FILES = 100_000
MOST_BYTES = 4 << 30  # of all files of a pack
_DAY = dt.timedelta(days=1)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.=-]{0,149}(/[A-Za-z0-9][A-Za-z0-9_.=-]{0,149}){0,5}")
_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "|", "%")


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


def csv_bytes(table: pa.Table) -> bytes:
    """The table as CSV in UTF-8: every cell quoted, lines end in CRLF; lists and structs as JSON, bytes as hex, ISO times."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([_safe(name) for name in table.schema.names])
    for batch in table.to_batches(max_chunksize=1024):
        writer.writerows([_safe(_cell(value)) for value in row.values()] for row in batch.to_pylist())
    return text.getvalue().encode("utf-8", "backslashreplace")


def parquet_bytes(table: pa.Table) -> bytes:
    """The table as one Parquet file."""
    sink = io.BytesIO()
    pq.write_table(table, sink, version="2.6", compression="zstd", compression_level=1)
    return sink.getvalue()


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


def pairs(rows: Iterable[Mapping[str, Any]]) -> list[tuple[str, int]]:
    """(log file, record) of every call that changes name, their makers and their candidates; sorted."""
    named = (one for row in rows for one in (row, *(row["candidates"] or ())))
    return sorted({(str(one["source_object"]), int(one["record_index"])) for one in named if one["source_object"]})


def contradictions(change: Mapping[str, Any], event: Mapping[str, Any]) -> list[str]:
    """Columns in which a change says something else of its call than the call's own row."""
    same = {
        "event_id": "eventID",
        "event_name": "eventName",
        "event_ts": "event_ts",
        "actor": "actor",
        "actor_source": "actor_source",
        "session_issuer": "session_issuer",
        "source_identity": "source_identity",
        "source_ip": "sourceIPAddress",
        "user_agent": "userAgent",
        "request_id": "requestID",
        "error_code": "errorCode",
    }
    return [name for name, column in same.items() if name in change and change[name] != event[column]]


def differs(row: Mapping[str, Any], proof: Mapping[str, Any]) -> list[str]:
    """Columns of an event's row that are not what its proven record says."""
    said, proven = json.loads(proof["record"]), proof["row"]
    where = {
        "source_object": row["source_object"],
        "record_index": row["record_index"],
        "record_sha256": row["record_sha256"].hex(),
    }
    wrong = [name for name, value in where.items() if proven[name] != value]
    for name in schema.FIELDS:
        value, text = said.get(name), row[name]
        if name in schema.TEXT:
            wrong += [name] if (isinstance(value, str) and text != value) or (name not in said and text is not None) else []
        elif (None if text is None else json.loads(text)) != value:
            wrong.append(name)
    who = identity(row["userIdentity"])
    return wrong + [
        name for name in ("actor", "actor_source", "session_issuer", "source_identity") if getattr(who, name) != row[name]
    ]


def answers(question: Question, change: Mapping[str, Any]) -> bool:
    """Whether a change is one that was asked for."""
    at, arn = change["change_ts"], change["table_arn"]
    inside = (question.first is None or at >= question.first) and (question.last is None or at <= question.last)
    if not inside or question.table not in ("", arn, arn.rpartition("/")[2]):
        return False
    if question.by:
        near = [one["actor"] for one in change["candidates"] or ()]
        return any(
            _is(name, question.by) for name in (change["actor"], change["source_identity"], change["session_issuer"], *near)
        )
    if not question.key:
        return True
    words = timeline.typed_key(question.key)
    return change["item_key"] in (
        item_key.of_words(words, {}),
        item_key.of_words(words, dict.fromkeys(words, "N")),
        *_some(words),
    )


def units(tables: Iterable[Table], accounts: Iterable[str], calls: Iterable[tuple[str, int]]) -> tuple[Unit, ...]:
    """Units that can hold a call on the tables in the time (the last day's are delivered a day later too), and the calls' own.

    A call is logged in the table's Region, in the caller's and in the owner's account: every account of the archive.
    """
    found = {unit for name, _ in calls for unit in units_of([{"source_object": name}])}
    for table in tables:
        _, _, _, region, owner, _ = table.arn.split(":", 5)
        days = [table.first + n * _DAY for n in range((table.last - table.first).days + 2)]
        found |= {Unit(account, region, day) for account in {*accounts, owner} for day in days}
    return tuple(sorted(found))


def is_about(change: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Whether the call names the item that changed, or does not say which items it is about."""
    if not event["item_keys"] or not change["item_key"]:
        return True
    numbers = dict.fromkeys(json.loads(change["item_key"]), "N")
    wanted = {change["item_key"], item_key.of_trail(change["item_key"], numbers)}
    told = [one["key"] for one in event["item_keys"] if one["table_arn"] in (change["table_arn"], None)]
    return any(
        text in wanted for key in told for text in (key, item_key.of_trail(key, {}), item_key.of_trail(key, numbers)) if text
    )


def digests(files: Mapping[str, bytes]) -> dict[str, tuple[int, str]]:
    """Name → (size, SHA-256)."""
    return {name: (len(body), sha256(body)) for name, body in files.items()}


def _is(name: str | None, principal: str) -> bool:
    return name == principal or bool(name and name.startswith("arn:") and name.endswith(f"/{principal}"))


def _some(words: Mapping[str, str]) -> list[str]:
    """The key's text with each choice of which of its attributes are numbers (at most two are there)."""
    return [item_key.of_words(words, {name: "N"}) for name in words]


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case dt.datetime():
            return value.isoformat().replace("+00:00", "Z")
        case bytes():
            return value.hex()
        case list() | dict():
            return json.dumps(value, ensure_ascii=False, default=_cell, separators=(",", ":"))
        case bool():
            return "true" if value else "false"
        case _:
            return str(value)


def _safe(text: str) -> str:
    shown = visible(text)
    return f"'{shown}" if shown.lstrip().startswith(_FORMULA) else shown


def actors(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Who made changes, by number of changes: actor, how it is told, changes, first, last, addresses; candidates apart."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        named = [(row["actor"], row["actor_source"] or "", row["source_ip"])] if row["actor"] else []
        near = [(one["actor"], "candidate", None) for one in row["candidates"] or () if one["actor"]]
        for actor, source, address in dict.fromkeys(named + near):
            one = found.setdefault(
                (actor, source),
                {
                    "actor": actor,
                    "source": source,
                    "changes": 0,
                    "first": row["change_ts"],
                    "last": row["change_ts"],
                    "from": set(),
                },
            )
            one["changes"] += 1
            one["first"], one["last"] = min(one["first"], row["change_ts"]), max(one["last"], row["change_ts"])
            one["from"] |= {address} if address else set()
    ordered = sorted(found.values(), key=lambda one: (one["source"] == "candidate", -one["changes"], one["actor"]))
    return [one | {"from": sorted(one["from"])} for one in ordered]
