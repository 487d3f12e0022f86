"""Coverage: of every day since the trail began, whether each unit is archived and proven, and how long it has been due.

Decides: since when units are due (the first day that was delivered or archived anywhere, or on which logging began), and what a
unit is: proven, with findings, missing, or pending (its day ended less than the tolerated age ago). Refuses to take silence for
good: a Region that never delivered anything is due like the others. Reads the receipts of what the ledger does not answer
(flows/ledger_coverage.py), and one page of listings a folder.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import product
from types import MappingProxyType

from itemtrail.core import keys, layout
from itemtrail.core.coverage_book import Found, Mark
from itemtrail.flows.receipts import Lack, UnitState, not_proven
from itemtrail.model import LoggingStatus, TrailRef, Unit
from itemtrail.ports.data import ObjectStore
from itemtrail.settings import AcceptedDay

_DAY = dt.timedelta(days=1)
_SOME_DAY = dt.date(2000, 1, 1)  # as long as any other
_THREADS = 16


class Coverage(StrEnum):
    """What a unit's receipts say of it today."""

    PROVEN = "PROVEN"  # archived, proven, converted; or proven with something in quarantine
    PENDING = "PENDING"  # not proven, and not late yet
    FINDINGS = "FINDINGS"  # archived and not proven
    MISSING = "MISSING"  # no receipt


@dataclass(frozen=True, slots=True)
class Cell:
    """One unit. ``days_left`` until the trail bucket's configured expiry (negative: past it); ``line`` says what it lacks.

    ``mark``: what it was found to be, whether or not that is late.
    """

    unit: Unit
    state: Coverage
    late: bool
    days_left: int
    line: str = ""
    mark: Mark = Mark.PROVEN
    accepted: bool = False  # somebody answers for its findings: not late


def begin(
    trail: TrailRef,
    status: LoggingStatus,
    source: ObjectStore,
    archive: ObjectStore,
    *,
    accounts: Sequence[str],
    regions: Sequence[str],
) -> dt.date | None:
    """The first day for which anything is due; None where nothing was ever delivered, archived or logged.

    Raises:
        AccessDenied, SourceUnavailable.
    """
    found = [status.started.date()] if status.started else []
    for account, region in product(accounts, regions):
        for folder in (keys.log_folder(trail, account, region), keys.digest_folder(trail, account, region)):
            found += _first(source, folder, "%Y/%m/%d/")
        found += _first(archive, f"{layout.RECEIPTS}{layout.account_region(account, region)}", "delivery_date=%Y-%m-%d/")
    return min(found, default=None)


def coverage(
    archive: ObjectStore,
    units: Sequence[Unit],
    *,
    now: dt.datetime,
    max_age: dt.timedelta,
    expiry_days: int,
    recorded: Mapping[Unit, UnitState | None] = MappingProxyType({}),
    accepted: Sequence[AcceptedDay] = (),
) -> tuple[Cell, ...]:
    """A cell for each of ``units``, in their order.

    Args:
        archive: where the receipts are.
        units: what is due, as ``due`` gives it.
        now: aware UTC.
        max_age: how long after its day's end a unit may still be unproven without being late.
        expiry_days: of the trail bucket.
        recorded: what the ledger answers; the receipts of every other unit are read.
        accepted: days that somebody answers for. A unit of theirs that is archived and not proven is no longer late; it stays
            FINDINGS, and its line says who answers. One that is missing or has broken receipts is late as ever.

    Raises:
        AccessDenied, SourceUnavailable: could not look; nothing is concluded.
    """
    unanswered = [unit for unit in units if unit not in recorded]
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="coverage") as pool:
        read = pool.map(lambda unit: not_proven(archive, [unit]), unanswered)
        lacks = {unit: lack[0] if lack else None for unit, lack in zip(unanswered, read, strict=True)}
    answers = {Unit(one.account, one.region, one.day): one for one in accepted if now.date() <= one.expires}
    cells = (_cell(unit, lacks[unit] if unit in lacks else recorded[unit], now, max_age, expiry_days) for unit in units)
    return tuple(_answered(cell, answers[cell.unit], lacks, recorded) if cell.unit in answers else cell for cell in cells)


def due(accounts: Sequence[str], regions: Sequence[str], first: dt.date, now: dt.datetime) -> tuple[Unit, ...]:
    """Every unit whose day is over, from ``first`` on: by account, Region, day."""
    days = [first + n * _DAY for n in range((now.date() - first).days)]
    return tuple(Unit(account, region, day) for account in sorted({*accounts}) for region in sorted({*regions}) for day in days)


def found(unit: Unit, lack: UnitState | None) -> Found:
    """What a unit's receipts say of it, whether or not that is late."""
    if lack is None:
        return Found(unit, Mark.PROVEN)
    if lack.reason is Lack.PARTIAL_CONVERSION:
        return Found(unit, Mark.QUARANTINED, lack.line)
    missing = lack.reason in (Lack.NO_RECEIPT, Lack.OPEN_PLAN) and lack.verdict is None
    return Found(unit, Mark.MISSING if missing else Mark.FINDINGS, lack.line)


def _cell(unit: Unit, lack: UnitState | None, now: dt.datetime, max_age: dt.timedelta, expiry_days: int) -> Cell:
    left, one = (unit.day + expiry_days * _DAY - now.date()).days, found(unit, lack)
    if one.mark in (Mark.PROVEN, Mark.QUARANTINED):
        return Cell(unit, Coverage.PROVEN, False, left, one.says, one.mark)
    late = now - dt.datetime.combine(unit.day + _DAY, dt.time(), dt.UTC) > max_age
    state = Coverage.PENDING if not late else Coverage.MISSING if one.mark is Mark.MISSING else Coverage.FINDINGS
    return Cell(unit, state, late, left, one.says, one.mark)


def _answered(cell: Cell, by: AcceptedDay, *known: Mapping[Unit, UnitState | None]) -> Cell:
    """``cell``, no longer late where an archive commit says what is wrong with the unit."""
    lack = next((states[cell.unit] for states in known if cell.unit in states), None)
    if cell.state is not Coverage.FINDINGS or lack is None or lack.reason is not Lack.NOT_PROVEN:
        return cell
    line = f"{cell.line}; accepted by {by.owner} until {by.expires}: {by.reason}"
    return replace(cell, late=False, line=line, accepted=True)


def _first(store: ObjectStore, folder: str, form: str) -> Iterator[dt.date]:
    """The day of the first key below ``folder`` that has one."""
    for info in store.list(folder):
        rest = info.key[len(folder) :]
        try:
            yield dt.datetime.strptime(rest[: len(f"{_SOME_DAY:{form}}")], form).replace(tzinfo=dt.UTC).date()
        except ValueError:
            continue
        return
