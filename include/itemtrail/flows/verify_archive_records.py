"""The rows of a commit's Parquet files held against the records of its originals: byte for byte, none more, none fewer.

Decides: every record of every log is a row, or named in the receipt as a duplicate of a row that is equal, or in quarantine with
exactly its bytes; every row is what converting its record gives, in every column and under its event date. So that neither a
record nor a derived column can lie. Refuses limits of its own: what was set aside for its size or depth stays where the receipt
says, if its bytes are there. Memory: one object's records, and a few row groups.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from itemtrail import __version__
from itemtrail.core.columns import StructEngine
from itemtrail.core.eventtime import Moments
from itemtrail.core.plan import sha256
from itemtrail.core.rebuild import Sources
from itemtrail.core.receipt import Packed, Quarantined, Receipt
from itemtrail.core.records import Limits, Problem, split
from itemtrail.core.rows import Facts
from itemtrail.core.schema import DERIVED, SCHEMA
from itemtrail.core.verify import Code, Finding
from itemtrail.errors import EvidenceError

_MOST = 20  # findings a commit
_WIDE = Limits(max_record_bytes=1 << 62, max_depth=1 << 62)
_BY_LIMIT = {Problem.TOO_DEEP, Problem.RECORD_TOO_LARGE, Problem.TOO_MANY_RECORDS, "TOO_LARGE"}
_DERIVED = {name for name, _ in DERIVED}
Place = tuple[str, int]  # source object, record index


@dataclass(slots=True)
class Comparison:
    """One commit. Feed its logs in key order, then ``finish``. ``events``: the copies of its Parquet files, by event date."""

    receipt: Receipt
    events: Mapping[Path, str]
    findings: list[Finding] = field(default_factory=list)
    records_in: int = 0
    rows: int = 0
    _sources: Sources | None = None
    _moments: Moments = field(default_factory=Moments)
    _dropped: dict[Place, Place] = field(default_factory=dict)
    _hashes: dict[Place, str] = field(default_factory=dict)
    _aside: dict[str, list[Quarantined]] = field(default_factory=dict)
    _wanted: set[Place] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._dropped = {
            (d.source_object, d.record_index): (d.survivor_object, d.survivor_index) for d in self.receipt.duplicates
        }
        self._wanted = {*self._dropped, *self._dropped.values()}
        for one in self.receipt.quarantined:
            self._aside.setdefault(one.source_object, []).append(one)
        try:
            self._sources = Sources(self.events)
        except (EvidenceError, pa.ArrowException, ValueError, TypeError, OSError) as error:
            self._find(Code.RECORDS_DIFFER, f"commit {self.receipt.number}", str(error))

    def log(self, original: Packed, content: bytes | None) -> None:
        """One log file; ``content`` None where it does not inflate."""
        key, aside = original.key, self._aside.pop(original.key, [])
        expected = self._expected(original, content, aside) if content is not None else {}
        if content is None:
            self.records_in += 1
            if [(q.record_index, q.reason, q.sha256) for q in aside] != [(None, original.problem, original.sha256)]:
                self._find(Code.QUARANTINE_DIFFERS, key, f"it does not inflate ({original.problem}) and is not set aside whole")
        if self._sources:
            try:
                self._compare(key, expected, self._sources.take(key))
            except (pa.ArrowException, ValueError, TypeError, OSError) as error:  # a file that was made to be unreadable
                self._find(Code.RECORDS_DIFFER, key, f"its rows cannot be read: {error}")

    def finish(self) -> None:
        """What is left over, and the receipt's numbers."""
        if self._sources is None:
            return
        for source in self._sources.left:
            self._find(Code.RECORDS_DIFFER, source, "there are rows of it, and it is no original of the commit")
        for source in self._aside:
            self._find(Code.QUARANTINE_DIFFERS, source, "set aside, and no original of the commit")
        for place, survivor in self._dropped.items():
            if place not in self._hashes or survivor in self._dropped or self._hashes[place] != self._hashes.get(survivor):
                self._find(Code.RECORDS_DIFFER, place[0], f"record {place[1]} was dropped, and {survivor[0]} has no equal record")
        counts = self.receipt.counts
        if (counts.records_in, counts.rows) != (self.records_in, self.rows):
            detail = f"{self.records_in} records and {self.rows} rows; its receipt counts {counts.records_in} and {counts.rows}"
            self._find(Code.RECORDS_DIFFER, f"commit {self.receipt.number}", detail)

    # What must be a row.

    def _expected(self, original: Packed, content: bytes, aside: Sequence[Quarantined]) -> dict[int, bytes]:
        """The records that must be rows. What the receipt set aside is taken out, after its bytes were found equal."""
        key, cut = original.key, split(content, _WIDE)
        whole = {original.content_sha256} | {sha256(s.data) for s in cut.set_aside if s.record_index is None}
        found = dict(cut.records) | {s.record_index: s.data for s in cut.set_aside if s.record_index is not None}
        broken = {s.record_index: s.reason for s in cut.set_aside}
        for q in aside:
            if q.record_index is None and q.sha256 in whole and (None in broken or q.reason in _BY_LIMIT):
                if q.reason != Problem.EXTRA_TOP_LEVEL:
                    found = {}
            elif q.record_index is not None and sha256(found.get(q.record_index, b"")) == q.sha256 and _may(q, broken):
                del found[q.record_index]
            else:
                self._find(Code.QUARANTINE_DIFFERS, key, f"record {q.record_index} is set aside as {q.reason}, and is not that")
        named = {q.record_index for q in aside}
        if None in broken or None not in named:
            for index in broken.keys() - named:
                self._find(Code.QUARANTINE_DIFFERS, key, f"record {index} is unreadable ({broken[index]}), and not set aside")
                found.pop(-1 if index is None else index, None)
        self.records_in += len(aside) + len(found)
        return {index: body for index, body in found.items() if not self._is_dropped((key, index), body)}

    def _is_dropped(self, place: Place, body: bytes) -> bool:
        if place in self._wanted:
            self._hashes[place] = sha256(body)
        return place in self._dropped

    # The rows.

    def _compare(self, key: str, expected: Mapping[int, bytes], parts: Sequence[tuple[Path, Any]]) -> None:
        given = Counter(index for _, part in parts for index in part["record_index"].to_pylist())
        self.rows += given.total()
        for index in islice(sorted(expected.keys() - given.keys()), _MOST):
            self._find(Code.RECORDS_DIFFER, key, f"record {index} is in no row")
        for index in islice(sorted(i for i, count in given.items() if count > 1 or i not in expected), _MOST):
            self._find(Code.RECORDS_DIFFER, key, f"row {index} is no record that should be a row, or stands there twice")
        if not self.findings and expected:
            self._columns(key, expected, parts)

    def _columns(self, key: str, expected: Mapping[int, bytes], parts: Sequence[tuple[Path, Any]]) -> None:
        """Every column of every row, and the event date that it lies under."""
        wanted, days = self._converted(key, expected)
        given = pa.concat_tables([part for _, part in parts])
        order = pc.sort_indices(given, sort_keys=[("record_index", "ascending")])
        where = [self.events[path] for path, part in parts for _ in range(part.num_rows)]
        given = given.take(order)
        if [where[row] for row in order.to_pylist()] != days:
            self._find(Code.RECORDS_DIFFER, key, "a row lies under another event date than its record's")
        for name in SCHEMA.names:
            if not given[name].equals(wanted[name]):
                self._find(*self._differs(key, name, given, wanted))
                return

    def _differs(self, key: str, name: str, given: Any, wanted: Any) -> tuple[str, str, str]:
        pairs = zip(given[name].to_pylist(), wanted[name].to_pylist(), given["record_index"].to_pylist(), strict=True)
        index = next((i for one, other, i in pairs if one != other), 0)
        made_by = self.receipt.finished_by.package
        if name in _DERIVED and made_by != __version__:
            return (
                Code.DERIVED_DIFFERS,
                key,
                f"record {index}: {name} is not what version {__version__} derives; {made_by} made it",
            )
        return Code.RECORDS_DIFFER, key, f"record {index}: {name} is not what the original gives"

    def _converted(self, key: str, expected: Mapping[int, bytes]) -> tuple[Any, list[str]]:
        """The rows that the records give, in order of their index, and their event dates."""
        indexes = sorted(expected)
        engine = StructEngine(Limits())  # not the compiled one: what is proven again is made in another way
        cut = engine.take([(index, expected[index]) for index in indexes])
        read = cut.read()
        moments = [self._moments.of(time) for time in read.event_times()]
        times = [moment[1] if moment else None for moment in moments]
        facts = Facts(key, [hashlib.sha256(text).digest() for text in cut.texts], times, indexes, cut.sizes)
        group = engine.group()
        group.extend(read, facts, range(len(indexes)))
        made = group.table().sort_by("record_index")
        plain = pa.table({name: made[name].cast(SCHEMA.field(name).type) for name in SCHEMA.names})
        return plain, [moment[0] if moment else str(self.receipt.unit.day) for moment in moments]

    def _find(self, code: str, key: str, detail: str) -> None:
        if len(self.findings) < _MOST:
            self.findings.append(Finding(code, key, detail))


def _may(one: Quarantined, broken: Mapping[int | None, Problem]) -> bool:
    return one.reason in _BY_LIMIT or broken.get(one.record_index) == one.reason


def dates(keys: Sequence[str]) -> Iterator[str]:
    """The event date in the key of each Parquet file."""
    return (key.rpartition("/event_date=")[2].partition("/")[0] for key in keys)
