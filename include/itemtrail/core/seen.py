"""Which records a commit has already seen: exact answers, in memory that the records do not fill.

Decides: whether a fingerprint (SHA-256) came before within the commit, and where first. Records are equal only when equal in
full, so all 32 bytes are compared. Refuses to say anything across commits.

How: a hash table of 8 bytes a slot in an unnamed temporary file that is mapped into memory (the system may put it aside), and
all fingerprints in order of arrival in a second one, where a match in the table is confirmed.
"""

import bisect
import mmap
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Self

from itemtrail.native import NATIVE

HASH_BYTES = 32
_SMALLEST = 1 << 16  # slots
_NUMBER_BITS = 32
_NUMBER_MASK = (1 << _NUMBER_BITS) - 1

Place = tuple[str, int]
"""(source object, record index)."""


class _Table:
    """Open addressing; a slot holds 32 bits of the fingerprint above the entry's number plus one, 0 where it is free."""

    def __init__(self, slots: int, directory: Path | None) -> None:
        with tempfile.TemporaryFile(dir=directory) as file:
            file.truncate(slots * 8)
            self._map = mmap.mmap(file.fileno(), slots * 8)
        self.cells = memoryview(self._map).cast("Q")
        self.mask = slots - 1

    def close(self) -> None:
        self.cells.release()
        self._map.close()


@dataclass(slots=True)
class _Arrivals:
    """Where the entries of each source begin, and its runs of consecutive record indexes."""

    sources: list[tuple[int, str]] = field(default_factory=list)
    runs: list[tuple[int, int]] = field(default_factory=list)  # (entry number, record index)

    def begin(self, number: int, source: str, index: int) -> None:
        """From entry ``number`` on, record indexes of ``source`` count up from ``index``."""
        if not self.sources or self.sources[-1][1] != source:
            self.sources.append((number, source))
        self.runs.append((number, index))

    def place(self, number: int) -> Place:
        first, index = self.runs[bisect.bisect_right(self.runs, number, key=_number) - 1]
        return self.sources[bisect.bisect_right(self.sources, number, key=_number) - 1][1], index + number - first


def _number(entry: tuple[int, str] | tuple[int, int]) -> int:
    return entry[0]


class Fingerprints:
    """A set of 32-byte fingerprints that remembers where each was first seen."""

    def __init__(self, directory: Path | None = None, native: Any = NATIVE) -> None:
        self._directory, self._native = directory, native
        self._file: IO[bytes] = tempfile.TemporaryFile(dir=directory, buffering=0)  # noqa: SIM115 - lives as long as the set
        self._table = _Table(_SMALLEST, directory)
        self._arrivals = _Arrivals()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, source: str, indexes: Sequence[int], fingerprints: Sequence[bytes]) -> dict[int, Place]:
        """Take a source's records (index and fingerprint) in order; answer, by index, where the known ones came first."""
        self._make_room(len(fingerprints))
        prints, first = b"".join(fingerprints), self._count
        known, fresh = self._probe_native(prints) if self._native else self._probe(prints)
        places = {indexes[position]: self._place(number, source, first, indexes, fresh) for position, number in known}
        self._keep(source, indexes, fingerprints, fresh)
        return places

    def _probe_native(self, prints: bytes) -> tuple[list[tuple[int, int]], list[int]]:
        known, fresh = self._native.probe(self._table.cells, self._table.mask, self._file.fileno(), prints, self._count)
        pairs = memoryview(known).cast("q").tolist()
        return list(zip(pairs[::2], pairs[1::2], strict=True)), memoryview(fresh).cast("q").tolist()

    def _probe(self, prints: bytes) -> tuple[list[tuple[int, int]], list[int]]:
        """(position, entry number) of the known, positions of the new, which are in the table now."""
        known: list[tuple[int, int]] = []
        fresh: list[int] = []
        cells, mask, first = self._table.cells, self._table.mask, self._count
        for position, word in enumerate(memoryview(prints).cast("Q")[:: HASH_BYTES // 8].tolist()):
            own = prints[position * HASH_BYTES : (position + 1) * HASH_BYTES]
            slot, tag = word & mask, word >> _NUMBER_BITS
            while cell := cells[slot]:
                number = (cell & _NUMBER_MASK) - 1
                if cell >> _NUMBER_BITS == tag:
                    at = fresh[number - first] * HASH_BYTES if number >= first else 0
                    if own == (self._stored(number) if number < first else prints[at : at + HASH_BYTES]):
                        known.append((position, number))
                        break
                slot = (slot + 1) & mask
            else:
                fresh.append(position)
                cells[slot] = tag << _NUMBER_BITS | first + len(fresh)
        return known, fresh

    def close(self) -> None:
        """Give the temporary files back."""
        self._table.close()
        self._file.close()

    def _place(self, number: int, source: str, first: int, indexes: Sequence[int], fresh: list[int]) -> Place:
        return self._arrivals.place(number) if number < first else (source, indexes[fresh[number - first]])

    def _stored(self, number: int) -> bytes:
        return os.pread(self._file.fileno(), HASH_BYTES, number * HASH_BYTES)

    def _keep(self, source: str, indexes: Sequence[int], fingerprints: Sequence[bytes], fresh: list[int]) -> None:
        expected = None
        for number, position in enumerate(fresh, self._count):
            index = indexes[position]
            if index != expected:
                self._arrivals.begin(number, source, index)
            expected = index + 1
        view = memoryview(b"".join([fingerprints[position] for position in fresh]))
        while view:
            view = view[os.write(self._file.fileno(), view) :]
        self._count += len(fresh)

    def _make_room(self, more: int) -> None:
        """Keep the table at most half full."""
        slots = self._table.mask + 1
        wanted = slots
        while 2 * (self._count + more) > wanted:
            wanted *= 2
        if wanted > slots:
            self._rebuild(wanted)

    def _rebuild(self, slots: int) -> None:
        self._table.close()
        self._table = _Table(slots, self._directory)
        cells, mask, number = self._table.cells, self._table.mask, 0
        for at in range(0, self._count * HASH_BYTES, 1 << 20):
            stored = os.pread(self._file.fileno(), 1 << 20, at)
            for word in memoryview(stored).cast("Q")[:: HASH_BYTES // 8].tolist():
                number += 1
                slot = word & mask
                while cells[slot]:
                    slot = (slot + 1) & mask
                cells[slot] = word >> _NUMBER_BITS << _NUMBER_BITS | number


class Seen:
    """What a commit has seen: whole records, and eventIDs. Spans the commit's parts; feed sources in key order.

    ``directory`` holds temporary files (unnamed, gone when this is closed); without it the system's own place is used.
    """

    def __init__(self, directory: Path | None = None) -> None:
        self.records = Fingerprints(directory)
        self.event_ids = Fingerprints(directory)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the temporary files back."""
        self.records.close()
        self.event_ids.close()
