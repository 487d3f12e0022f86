"""The original records, byte for byte, from Parquet alone.

Decides: how ``_keys``, the columns, ``_extra`` and ``_record`` make a record again, and in which order records come: by source
object, then by their index in it. Every record is compared with its ``record_sha256`` before it is given out. Refuses to give out
one that differs, and files that are not events of a schema it knows. Memory: a few row groups.
"""

import hashlib
from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from itemtrail.core.schema import FIELDS, METADATA, SCHEMA, TEXT
from itemtrail.core.shapes import assemble, encode
from itemtrail.errors import EvidenceError

Rebuilt = tuple[str, int, bytes]
"""(source object, record index, the record's bytes)."""

_COLUMNS = [*FIELDS, "_keys", "_extra", "_record", "record_sha256", "source_object", "record_index"]
_KEPT_GROUPS = 4
_keys = msgspec.json.Decoder(list[str]).decode
_extra = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


@dataclass(frozen=True, slots=True)
class _Group:
    """One row group of one file."""

    path: Path
    number: int


def records(paths: Iterable[Path]) -> Iterator[Rebuilt]:
    """Every record in these Parquet files, in (source object, record index) order.

    Raises:
        EvidenceError: a file is not events of a known schema, or a record's hash does not hold.
    """
    where: dict[str, list[_Group]] = defaultdict(list)
    for path in sorted(paths):
        for group, sources in _groups(path):
            for source in sources:
                where[source].append(group)
    kept: OrderedDict[_Group, dict[str, Any]] = OrderedDict()
    for source in sorted(where):
        found: list[tuple[int, bytes]] = []
        for group in where[source]:
            found += _of_source(_rows(group, kept), source, group)
        yield from ((source, index, record) for index, record in sorted(found, key=lambda one: one[0]))


class Sources:
    """The rows of some Parquet files by the log file that they came from, every column. Memory: a few row groups."""

    def __init__(self, paths: Iterable[Path]) -> None:
        """Raises EvidenceError: a file is not events of a known schema, or has other columns."""
        self._where: dict[str, list[_Group]] = defaultdict(list)
        self._kept: OrderedDict[_Group, dict[str, Any]] = OrderedDict()
        for path in sorted(paths):
            with _opened(path) as file:
                if list(file.schema_arrow.names) != SCHEMA.names:
                    raise EvidenceError(f"{path.name} has other columns than {METADATA['itemtrail.schema']}.")
            for group, sources in _groups(path):
                for source in sources:
                    self._where[source].append(group)

    @property
    def left(self) -> list[str]:
        """Sources that were not taken."""
        return sorted(self._where)

    def take(self, source: str) -> list[tuple[Path, Any]]:
        """The rows of ``source``, once: file and table, in the order of the files."""
        found = []
        for group in self._where.pop(source, []):
            columns = _rows(group, self._kept, SCHEMA.names)
            start, length = columns["places"][source]
            found.append((group.path, pa.table({name: columns[name].slice(start, length) for name in SCHEMA.names})))
        return found


def _groups(path: Path) -> Iterator[tuple[_Group, list[str]]]:
    with _opened(path) as file:
        for number in range(file.metadata.num_row_groups):
            column = file.read_row_group(number, columns=["source_object"])["source_object"]
            yield _Group(path, number), pc.unique(column).to_pylist()


def _opened(path: Path) -> Any:
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise EvidenceError(f"{path} cannot be read as Parquet: {error}.") from error
    missing = set(SCHEMA.names) - set(file.schema_arrow.names)
    written = (file.metadata.metadata or {}).get(b"itemtrail.schema", b"").decode()
    if missing or written != METADATA["itemtrail.schema"]:
        file.close()
        raise EvidenceError(
            f"{path} is not {METADATA['itemtrail.schema']} (it says {written or 'nothing'}).",
            advice="give the files below events/ that this version wrote.",
        )
    return file


def _rows(group: _Group, kept: "OrderedDict[_Group, dict[str, Any]]", names: Sequence[str] = _COLUMNS) -> dict[str, Any]:
    """A row group's columns, ordered by source, with the place of each source; the last few stay in memory."""
    if group in kept:
        kept.move_to_end(group)
        return kept[group]
    while len(kept) >= _KEPT_GROUPS:
        kept.popitem(last=False)
    with _opened(group.path) as file:
        table = file.read_row_group(group.number, columns=list(names))
    order = pc.sort_indices(table.select(["source_object", "record_index"]), sort_keys=[("source_object", "ascending")])
    columns: dict[str, Any] = {name: table[name].combine_chunks().take(order) for name in names}
    columns["places"] = _places(columns["source_object"])
    kept[group] = columns
    return columns


def _places(sources: Any) -> dict[str, tuple[int, int]]:
    """First row and number of rows of each source, in rows ordered by source."""
    runs = pc.run_end_encode(sources)
    places, start = {}, 0
    for source, end in zip(runs.values.to_pylist(), runs.run_ends.to_pylist(), strict=True):
        places[source] = (start, end - start)
        start = end
    return places


def _of_source(columns: dict[str, Any], source: str, group: _Group) -> list[tuple[int, bytes]]:
    start, length = columns["places"][source]
    rows = {name: columns[name].slice(start, length).to_pylist() for name in _COLUMNS if name not in {*FIELDS, "source_object"}}
    texts = {}
    for name in FIELDS:
        column = columns[name].slice(start, length)
        if column.null_count < length:
            values = column.to_pylist()
            texts[name] = [None if v is None else encode(v) if name in TEXT else v.encode() for v in values]
    built = []
    for row in range(length):
        record = rows["_record"][row]
        content = _assembled(rows, texts, row) if record is None else record.encode()
        if hashlib.sha256(content).digest() != rows["record_sha256"][row]:
            at = f"{source}, record {rows['record_index'][row]}"
            raise EvidenceError(f"{group.path}: the record of {at} cannot be rebuilt: its hash does not hold.")
        built.append((rows["record_index"][row], content))
    return built


def _assembled(rows: dict[str, list[Any]], texts: dict[str, list[bytes | None]], row: int) -> bytes:
    extra = rows["_extra"][row]
    others = {name: bytes(raw) for name, raw in _extra(extra).items()} if extra else {}
    return assemble(_keys(rows["_keys"][row]), {name: column[row] for name, column in texts.items()}, others)
