"""The ledger's Parquet files: a row for each receipt, in leaf order, with its unit's summary as of that receipt.

Decides: names and types of the columns, how a file is written (the rows of the files that it replaces, then the new ones,
streamed) and read back. A unit's state is its last row. Refuses to judge what a row says. Columns: docs/schema.md.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from itemtrail.core.layout import Receipts
from itemtrail.core.ledger import Added, LedgerPlan, leaf_data
from itemtrail.core.merkle import leaf_hash
from itemtrail.core.plan import canonical
from itemtrail.core.receipt import Counts
from itemtrail.errors import EvidenceError
from itemtrail.model import Unit

_BATCH = 20_000
_PLAN = b"itemtrail.plan"
_COUNTS = tuple(asdict(Counts()))


@dataclass(frozen=True, slots=True)
class Row:
    """One receipt. ``lack`` and ``says`` are what keeps its unit from being proven, None for nothing.

    ``counts`` are of the whole unit up to this receipt (slots and objects as last judged); None for a receipt of another kind and
    for one that could not be read as a receipt. ``reasons``: how many slots and objects are not proven, by reason.
    """

    leaf: int
    checkpoint: int
    key: str
    size: int
    sha256: str
    etag: str
    version_id: str | None
    kind: Receipts
    account: str
    region: str
    number: int
    delivery_date: str | None = None
    table_name: str | None = None
    event_date: str | None = None
    verdict: str | None = None
    conversion: str | None = None
    lack: str | None = None
    says: str | None = None
    reasons: Mapping[str, int] = field(default_factory=dict)
    counts: Counts | None = None

    @property
    def unit(self) -> Unit:
        """The unit whose receipt it is.

        Raises:
            ValueError: a stream's row.
        """
        return Unit(self.account, self.region, dt.date.fromisoformat(self.delivery_date or ""))


def _text(name: str, *, null: bool = False) -> pa.Field:
    return pa.field(name, pa.string(), nullable=null)


SCHEMA = pa.schema(
    [
        pa.field("leaf", pa.int64(), nullable=False),
        pa.field("checkpoint", pa.int32(), nullable=False),
        _text("key"),
        pa.field("size", pa.int64(), nullable=False),
        _text("sha256"),
        _text("etag"),
        _text("version_id", null=True),
        _text("kind"),
        _text("account"),
        _text("region"),
        pa.field("number", pa.int32(), nullable=False),
        _text("delivery_date", null=True),
        _text("table_name", null=True),
        _text("event_date", null=True),
        _text("verdict", null=True),
        _text("conversion", null=True),
        _text("lack", null=True),
        _text("says", null=True),
        pa.field("reasons", pa.list_(pa.struct([("reason", pa.string()), ("count", pa.int64())])), nullable=False),
        *(pa.field(name, pa.int64()) for name in _COUNTS),
    ]
)
_REPEATED = {"kind", "account", "region", "verdict", "conversion", "lack"}
_PLAIN = {"leaf", "key", "size", "sha256", "etag", "version_id"}


def table(rows: Sequence[Row]) -> pa.Table:
    """Rows as a table."""
    return pa.Table.from_pylist([_values(row) for row in rows], schema=SCHEMA)


def rows_of(found: pa.Table | pa.RecordBatch) -> tuple[Row, ...]:
    """What has every column of the schema, as rows."""
    return tuple(_row(values) for values in found.to_pylist())


def write(path: Path, plan: LedgerPlan, earlier: Sequence[Path], new: pa.Table) -> None:
    """Write the file of ``plan``: all rows of ``earlier``, then ``new``; memory holds one batch."""
    schema = SCHEMA.with_metadata({_PLAN: plan.to_json()})
    options: dict[str, Any] = {
        "version": "2.6",
        "compression": "zstd",
        "compression_level": 3,
        "use_dictionary": [name for name in SCHEMA.names if name not in _PLAIN and name != "reasons"],
        "write_statistics": ["leaf", "checkpoint", "delivery_date"],
        "store_schema": True,
    }
    with pq.ParquetWriter(path, schema, **options) as writer:
        for part in _parts(chain((batch for file in earlier for batch in batches(file)), new.to_batches())):
            writer.write_table(part)


def read_plan(path: Path, *, key: str) -> LedgerPlan:
    """The plan in a file's metadata.

    Raises:
        EvidenceError: not a file of this ledger.
    """
    with _open(path, key) as file:
        document = (file.schema_arrow.metadata or {}).get(_PLAN)
        if document is None or not file.schema_arrow.equals(SCHEMA):
            raise EvidenceError(f"{key} is not a file of this ledger.", advice="look at its older versions and at who wrote it.")
    return LedgerPlan.from_json(document, key=key)


def batches(path: Path, columns: Sequence[str] | None = None) -> Iterator[Any]:
    """Record batches of a file, in order.

    Raises:
        EvidenceError: not a file of this ledger.
    """
    with _open(path, path.name) as file:
        try:
            yield from file.iter_batches(batch_size=_BATCH, columns=columns, use_threads=False)
        except (pa.ArrowException, OSError) as error:
            raise _no_file(path.name, error) from error


def all_rows(paths: Iterable[Path]) -> Iterator[Row]:
    """Every row of some files, in order."""
    return (row for path in paths for batch in batches(path) for row in rows_of(batch))


def read(path: Path, columns: Sequence[str]) -> pa.Table:
    """Some columns of a file; what repeats is dictionary-encoded.

    Raises:
        EvidenceError: not a file of this ledger.
    """
    with _open(path, path.name, read_dictionary=[name for name in columns if name in _REPEATED]) as file:
        return file.read(columns=list(columns), use_threads=False)


@dataclass(frozen=True, slots=True)
class Group:
    """A row group of a file, read as far as it is asked for."""

    file: Any
    number: int

    def keys(self) -> pa.ChunkedArray:
        """The keys of its rows."""
        return self.file.read_row_group(self.number, columns=["key"], use_threads=False)["key"]

    def whole(self) -> pa.Table:
        """Its rows."""
        return self.file.read_row_group(self.number, use_threads=False)


def groups(path: Path) -> Iterator[Group]:
    """The row groups of a file, in order."""
    with _open(path, path.name) as file:
        yield from (Group(file, number) for number in range(file.num_row_groups))


def leaf_hashes(path: Path) -> Iterator[bytes]:
    """The leaf hash of each row, in order.

    Raises:
        EvidenceError: a leaf's number is not the one that follows.
    """
    expected: int | None = None
    for batch in batches(path, ["leaf", "key", "size", "sha256"]):
        for leaf, key, size, digest in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            if expected is not None and leaf != expected:
                raise EvidenceError(f"{path.name}: leaf {leaf} follows leaf {expected - 1}.", advice="look at who wrote it.")
            expected = leaf + 1
            yield leaf_hash(leaf_data(key, size, digest))


def added(rows: Sequence[Row]) -> Added:
    """What rows add to the tree."""
    hashes = tuple(leaf_hash(leaf_data(row.key, row.size, row.sha256)) for row in rows)
    return Added(hashes, Counter(str(row.kind) for row in rows))


def _parts(found: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """The same rows in tables of some size: what is merged again and again must not stay in small pieces."""
    held: list[pa.RecordBatch] = []
    for batch in found:
        held.append(batch)
        if sum(one.num_rows for one in held) >= _BATCH:
            yield pa.Table.from_batches(held, schema=SCHEMA)
            held = []
    yield pa.Table.from_batches(held, schema=SCHEMA)


def same(ours: Row, theirs: Row) -> bool:
    """Whether two rows say the same of a receipt, wording and place in the bucket aside."""
    return _core(ours) == _core(theirs)


def _core(row: Row) -> bytes:
    values = _values(row)
    return canonical({name: values[name] for name in SCHEMA.names if name not in ("says", "etag", "version_id", "checkpoint")})


def _open(path: Path, key: str, *, read_dictionary: Sequence[str] = ()) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path, read_dictionary=list(read_dictionary))
    except (pa.ArrowException, OSError) as error:
        raise _no_file(key, error) from error


def _no_file(key: str, error: Exception) -> EvidenceError:
    return EvidenceError(f"{key} cannot be read as Parquet: {error}.", advice="look at its versions and at who wrote it.")


def _values(row: Row) -> dict[str, Any]:
    values: dict[str, Any] = {name: getattr(row, name) for name in SCHEMA.names if name not in _COUNTS}
    counts = asdict(row.counts) if row.counts else dict.fromkeys(_COUNTS)
    values["reasons"] = [{"reason": reason, "count": count} for reason, count in sorted(row.reasons.items())]
    values["kind"] = str(row.kind)
    return values | counts


def _row(values: dict[str, Any]) -> Row:
    numbers = {name: values.pop(name) for name in _COUNTS}
    values["reasons"] = {one["reason"]: one["count"] for one in values["reasons"]}
    values["kind"] = Receipts(values["kind"])
    counts = None if numbers["slots"] is None else Counts(**numbers)
    return Row(**values, counts=counts)
