"""What the ledger knows of units, so that coverage need not read each one's receipts; and which must be looked at all the same.

Decides: a unit that the last checkpoint knows as proven, whose day lay outside the re-open window by then, and of which no commit
was begun since, is answered from the ledger. Every other unit is held against a listing of its receipts: where that shows exactly
the commits of the ledger, the ledger answers; a receipt that the ledger has and the archive has not, or has with other bytes, is
a broken unit; what is newer is left to be read. Without a ledger, or with one that contradicts itself, nothing is answered here.
Decisions: docs/adr/0049.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import pyarrow as pa

from itemtrail.core import layout
from itemtrail.core.layout import Receipts
from itemtrail.core.ledger import Checkpoint
from itemtrail.errors import EvidenceError
from itemtrail.flows.ledger_book import Book, open_book
from itemtrail.flows.ledger_look import by_place
from itemtrail.flows.ledger_rows import THREADS, Unread, digest
from itemtrail.flows.receipts import History, Lack, UnitState, state
from itemtrail.model import ObjectInfo, Unit, Verdict
from itemtrail.ports.data import ObjectStore

_DAY = dt.timedelta(days=1)
_HINTED = 3 * _DAY  # a commit is done within them, and clocks differ by less
_COLUMNS = ("delivery_date", "number", "verdict", "lack", "says", "key", "size", "etag", "version_id", "sha256")
_PLACE = ("kind", "account", "region")


@dataclass(frozen=True, slots=True)
class Recorded:
    """``lacks``: of each unit that the ledger answers for, None where it lacks nothing.

    ``checkpoint``: by which, None without a ledger. ``trouble``: how the ledger contradicts itself, so that it is not used.
    """

    checkpoint: Checkpoint | None = None
    lacks: Mapping[Unit, UnitState | None] = field(default_factory=dict)
    trouble: str = ""

    def basis(self, units: int) -> str:
        """One line: what the states of ``units`` units rest on."""
        if self.checkpoint is None:
            return f"ledger not used: {self.trouble}" if self.trouble else "no ledger: the receipts of every unit were read"
        by = f"checkpoint {self.checkpoint.number} of {self.checkpoint.until:%Y-%m-%d %H:%M} UTC"
        return f"by ledger {by} for {len(self.lacks):,} units; the receipts of {units - len(self.lacks):,} were read"


@dataclass(frozen=True, slots=True)
class _Last:
    """A unit's last row."""

    delivery_date: str
    number: int
    verdict: str | None
    lack: str | None
    says: str | None
    key: str
    size: int
    etag: str
    version_id: str | None
    sha256: str

    @property
    def is_good(self) -> bool:
        return self.lack in (None, Lack.PARTIAL_CONVERSION)

    def answer(self, unit: Unit) -> UnitState | None:
        """As the ledger has it."""
        if self.lack is None:
            return None
        return UnitState(unit, Verdict(self.verdict) if self.verdict else None, Lack(self.lack), self.says or "")


@dataclass(slots=True)
class _Listed:
    """What a listing shows of one unit."""

    receipts: dict[int, ObjectInfo] = field(default_factory=dict)
    plans: set[int] = field(default_factory=set)


def recorded(archive: ObjectStore, units: Sequence[Unit], *, now: dt.datetime, reopen_days: int, room: Path) -> Recorded:
    """What the ledger answers of ``units``; ``room`` is an empty folder for its files, ``now`` aware UTC.

    Raises:
        AccessDenied, SourceUnavailable: could not look; nothing is concluded.
    """
    try:
        book = open_book(archive, room)
        if book.last is None:
            return Recorded()
        known = book.table([*_PLACE, *_COLUMNS]).combine_chunks()
    except EvidenceError as error:
        return Recorded(trouble=str(error))
    places = by_place(known)
    since, broken, reopened = _since(book, now, reopen_days), _broken(book), _reopened(archive, book.last, now)
    wanted = [(pair, list(some)) for pair, some in groupby(sorted(units), key=lambda unit: (unit.account, unit.region))]
    with ThreadPoolExecutor(THREADS, thread_name_prefix="coverage") as pool:
        found = pool.map(
            lambda one: _of_place(archive, one[1], _last(known, places.get((Receipts.UNIT, *one[0]))), since, reopened), wanted
        )
        lacks = {unit: lack for part in found for unit, lack in part}
    lacks.update((unit, lack) for unit, lack in broken.items() if unit in lacks)
    return Recorded(book.last, lacks)


def _since(book: Book, now: dt.datetime, reopen_days: int) -> dt.date:
    """The first day whose units' receipts are listed, whatever the ledger says of them. A clock may have been ahead once."""
    last = book.last
    if last is None or last.left_out or last.findings_total > len(last.findings):
        return dt.date.min
    return min(last.until, now).date() - (reopen_days + 1) * _DAY


def _reopened(archive: ObjectStore, last: Checkpoint, now: dt.datetime) -> set[Unit]:
    """Units of which the archiver said, shortly before the last checkpoint or since, that it begins another commit."""
    begin = min(last.until, now).date() - _HINTED
    hints = archive.list(layout.REOPENED, start_after=f"{layout.REOPENED}date={begin}")
    return {unit for info in hints if (unit := layout.parse_reopened(info.key))}


def _broken(book: Book) -> dict[Unit, UnitState]:
    """The units that the last checkpoint has findings of."""
    found = {}
    for one in book.last.findings if book.last else ():
        name = layout.parse_commit(one.key)
        if name:
            found[name[0]] = UnitState(name[0], None, Lack.BROKEN_RECEIPTS, f"{name[0]}: {one}")
    return found


def _last(known: pa.Table, rows: pa.Array | None) -> dict[str, _Last]:
    """The last row of each unit of a place, by delivery date: rows are in leaf order."""
    if rows is None:
        return {}
    part = known.select(list(_COLUMNS)).take(rows)
    found = (_Last(*values) for values in zip(*(part[name].to_pylist() for name in _COLUMNS), strict=True))
    return {one.delivery_date: one for one in found}


def _of_place(
    archive: ObjectStore, units: Sequence[Unit], last: Mapping[str, _Last], since: dt.date, reopened: Collection[Unit]
) -> list[tuple[Unit, UnitState | None]]:
    """What the ledger answers of units of one account and Region, in one listing."""
    young = {unit for unit in units if unit.day >= since or unit in reopened}
    old = {unit for unit in units if unit not in young and (row := last.get(str(unit.day))) and row.is_good}
    rest = [unit for unit in units if unit not in old]
    answers = [(unit, last[str(unit.day)].answer(unit)) for unit in old]
    if not rest:
        return answers
    listed = _list(archive, rest[0], min(unit.day for unit in rest))
    for unit in rest:
        answers += _of_unit(archive, unit, last.get(str(unit.day)), listed.get(unit, _Listed()))
    return answers


def _list(archive: ObjectStore, unit: Unit, first: dt.date) -> dict[Unit, _Listed]:
    """The commits of the unit's account and Region from day ``first`` on."""
    folder = f"{layout.RECEIPTS}{layout.account_region(unit.account, unit.region)}"
    found: dict[Unit, _Listed] = {}
    for info in archive.list(folder, start_after=f"{folder}delivery_date={first}"):
        name = layout.parse_commit(info.key)
        if name is None:
            continue
        of, number, kind = name
        one = found.setdefault(of, _Listed())
        if kind == "plan":
            one.plans.add(number)
        else:
            one.receipts[number] = info
    return found


def _of_unit(archive: ObjectStore, unit: Unit, row: _Last | None, listed: _Listed) -> Iterator[tuple[Unit, UnitState | None]]:
    """The answer of one unit, or nothing where its receipts must be read."""
    if row is None:
        if not listed.receipts and not listed.plans:
            yield unit, state(History(unit))
        return
    if gone := sorted({*range(row.number + 1)} - listed.receipts.keys()):
        yield unit, _broken_unit(unit, f"receipt {_numbers(gone)} of the ledger is not in the archive any more")
    elif changed := _changed(archive, row, listed.receipts[row.number]):
        yield unit, _broken_unit(unit, changed)
    elif max([*listed.receipts, *listed.plans]) == row.number:
        yield unit, row.answer(unit)


def _changed(archive: ObjectStore, row: _Last, info: ObjectInfo) -> str:
    """What is wrong with the unit's last receipt in the ledger, empty for nothing."""
    if (row.size, row.etag, row.version_id) == (info.size, info.etag, info.version_id):
        return ""
    found = digest(archive, info)
    if isinstance(found, Unread):
        raise found.why
    if found == row.sha256:
        return ""
    return f"{row.key} has SHA-256 {found} and {row.sha256} in the ledger" if found else f"{row.key} is gone"


def _broken_unit(unit: Unit, why: str) -> UnitState:
    return UnitState(unit, None, Lack.BROKEN_RECEIPTS, f"{unit}: {why}")


def _numbers(numbers: Iterable[int]) -> str:
    return ", ".join(f"{number:03d}" for number in numbers)
