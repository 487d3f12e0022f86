"""Log files into events: Parquet per event date, every record accounted for.

Decides: which records become rows, which are duplicates (equal in full, within one part; the first in key order survives),
which are set aside, and where each goes. For every converter: records in = rows + duplicates + quarantined, where an object
that cannot be cut into records, or a wrapper with members beside ``Records``, counts as one. The same inputs give the same bytes.
Refuses to read or fetch: it takes the inflated content that was hashed. Memory: one content and one row group's records.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Self

from itemtrail.core.engines import fastest
from itemtrail.core.eventtime import Moment, Moments
from itemtrail.core.parquet import ParquetFile, Writers
from itemtrail.core.records import Limits, SetAside
from itemtrail.core.rows import Cut, Engine, Facts, Group, Read
from itemtrail.core.seen import Seen

__all__ = ["ConversionResult", "Converter", "Duplicate", "Limits", "ParquetFile", "Quarantined", "SameEventId", "Seen"]

_PENDING_BYTES = 64 << 20  # of record text, over all event dates
UNKNOWN_DATE = "unknown"


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A record left out because an equal one, named here, is a row."""

    source_object: str
    record_index: int
    survivor_object: str
    survivor_index: int


@dataclass(frozen=True, slots=True)
class SameEventId:
    """A row whose eventID an earlier, different record has too: both are kept."""

    source_object: str
    record_index: int
    first_object: str
    first_index: int


@dataclass(frozen=True, slots=True)
class Quarantined:
    """Bytes set aside, in a file. ``record_index`` is None for a whole object or its wrapper."""

    source_object: str
    record_index: int | None
    reason: str
    detail: str
    path: Path
    size: int
    sha256: str

    @property
    def data(self) -> bytes:
        """The bytes, read from the file."""
        return self.path.read_bytes()


@dataclass(frozen=True, slots=True)
class ConversionResult:
    """What became of one part's records. ``files`` and all lists are in a fixed order: same inputs, same result."""

    files: tuple[ParquetFile, ...]
    records_in: int
    rows: int
    bytes_in: int
    duplicates: tuple[Duplicate, ...]
    quarantined: tuple[Quarantined, ...]
    same_event_ids: tuple[SameEventId, ...]

    @property
    def same_event_id(self) -> int:
        """How many rows share their eventID with an earlier, different one."""
        return len(self.same_event_ids)


class Converter:
    """One part of a commit. Feed objects in key order, then ``finish``; ``close`` gives everything up.

    Args:
        directory: where ``event_date=E/…parquet`` and ``quarantine/…`` are written.
        account: named only in errors; a record's own account and Region are in its columns.
        region: as ``account``.
        delivery_date: day of the unit: begins the files' names, and is the event date of records without a readable eventTime.
            None where nobody knows it: those go to ``event_date=unknown``.
        name: ``NNN-PPP``, commit and part.
        limits: what a hostile file meets.
        seen: what was seen so far; for an archive of its own part (docs/adr/0117).
        quarantine: where bytes set aside are written; ``directory/quarantine`` by default.
        marks: what the files' metadata says beside their schema.
        engine: what reads the records; all write the same bytes.
    """

    def __init__(
        self,
        directory: Path,
        *,
        account: str,
        region: str,
        delivery_date: date | None,
        name: str,
        limits: Limits,
        seen: Seen,
        quarantine: Path | None = None,
        marks: Mapping[str, str] = MappingProxyType({}),
        engine: Callable[[Limits], Engine] = fastest,
    ) -> None:
        self.unit = f"{account}/{region}/{delivery_date}"
        self._limits, self._seen = limits, seen
        self._quarantine = quarantine or directory / "quarantine"
        self._day = delivery_date.isoformat() if delivery_date else UNKNOWN_DATE
        self._writers = Writers(directory, f"{self._day}.{name}.parquet", marks)
        self._engine, self._moments = engine(limits), Moments()
        self._pending: dict[str, Group] = {}
        self._records_in = self._rows = self._bytes_in = self._pending_bytes = 0
        self._duplicates: list[Duplicate] = []
        self._quarantined: list[Quarantined] = []
        self._same_event_ids: list[SameEventId] = []
        self._last = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close what is open; after ``finish`` this does nothing."""
        self._writers.close()

    def add(self, source_object: str, content: bytes) -> None:
        """Take one object's inflated content.

        Raises:
            ValueError: the object comes before one that was added already.
        """
        self._write_until(_PENDING_BYTES - len(content))  # a large object meets an empty room
        cut, set_aside = self._engine.cut(content)
        self._add(source_object, cut, set_aside, len(content))

    def add_records(
        self,
        source_object: str,
        records: Sequence[tuple[int, bytes]],
        set_aside: Iterable[SetAside] = (),
        *,
        bytes_in: int,
    ) -> None:
        """Take records that are cut already: (record index, bytes) in order."""
        self._add(source_object, self._engine.take(records), set_aside, bytes_in)

    def _add(self, source: str, cut: Cut, set_aside: Iterable[SetAside], bytes_in: int) -> None:
        if source < self._last:
            raise ValueError(f"{source} comes after {self._last}: feed objects in key order ({self.unit})")
        self._last = source
        self._bytes_in += bytes_in
        for one in set_aside:
            self._set_aside(source, one)
        self._records_in += len(cut.indexes)
        hashes = [hashlib.sha256(record).digest() for record in cut.texts]
        known = self._seen.records.add(source, cut.indexes, hashes)
        if known:
            self._duplicates += [Duplicate(source, index, *place) for index, place in known.items()]
            hashes = [one for one, index in zip(hashes, cut.indexes, strict=True) if index not in known]
            cut = cut.without(known)
        self._take(source, cut, hashes)

    def finish(self) -> ConversionResult:
        """Write what is pending, close the files, hash them."""
        for day in sorted(self._pending):
            self._write(day)
        files = self._writers.finish()
        assert self._records_in == self._rows + len(self._duplicates) + len(self._quarantined)
        return ConversionResult(
            files,
            self._records_in,
            self._rows,
            self._bytes_in,
            tuple(self._duplicates),
            tuple(self._quarantined),
            tuple(self._same_event_ids),
        )

    def _take(self, source: str, cut: Cut, hashes: list[bytes]) -> None:
        """Records that are new: into the rows of their event dates, and the eventIDs into the commit's memory."""
        read = cut.read()
        moments = [self._moments.of(time) for time in read.event_times()]
        times = [moment[1] if moment else None for moment in moments]
        facts = Facts(source, hashes, times, cut.indexes, cut.sizes)
        for day, positions in self._by_day(moments).items():
            self._fill(day, read, facts, positions)
        named = [(i, event_id) for i, event_id in zip(cut.indexes, read.event_ids(), strict=True) if event_id is not None]
        prints = [hashlib.sha256(event_id).digest() for _, event_id in named]
        shared = self._seen.event_ids.add(source, [index for index, _ in named], prints)
        self._same_event_ids += [SameEventId(source, index, *place) for index, place in shared.items()]

    def _by_day(self, moments: Sequence[Moment | None]) -> dict[str, Sequence[int]]:
        days = [moment[0] if moment else self._day for moment in moments]
        if days.count(days[0]) == len(days) if days else True:
            return dict.fromkeys(days[:1], range(len(days)))
        found: dict[str, list[int]] = {}
        for position, day in enumerate(days):
            found.setdefault(day, []).append(position)
        return dict(found)

    def _fill(self, day: str, read: Read, facts: Facts, positions: Sequence[int]) -> None:
        """Fill the day's row group; write every full one, and the largest ones while too much is pending."""
        while positions:
            group = self._pending.get(day) or self._pending.setdefault(day, self._engine.group())
            some = positions[: self._limits.row_group_rows - len(group.frame)]
            positions = positions[len(some) :]
            before = group.frame.text_bytes
            group.extend(read, facts, some)
            self._pending_bytes += group.frame.text_bytes - before
            if len(group.frame) >= self._limits.row_group_rows:
                self._write(day)
        self._write_until(_PENDING_BYTES)

    def _write_until(self, most: int) -> None:
        """Write the largest row groups until no more than ``most`` bytes of text are pending."""
        while self._pending and self._pending_bytes > most:
            self._write(max(self._pending, key=lambda one: (self._pending[one].frame.text_bytes, one)))

    def _write(self, day: str) -> None:
        group = self._pending.pop(day)
        self._pending_bytes -= group.frame.text_bytes
        made = group.table()
        self._rows += made.num_rows
        self._writers.write(day, made)

    def _set_aside(self, source: str, one: SetAside) -> None:
        self._records_in += 1
        place = "object" if one.record_index is None else f"{one.record_index:06d}"
        path = self._quarantine / f"{hashlib.sha256(source.encode()).hexdigest()[:16]}-{place}-{one.reason}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(one.data)
        digest = hashlib.sha256(one.data).hexdigest()
        self._quarantined.append(Quarantined(source, one.record_index, one.reason.value, one.detail, path, len(one.data), digest))
