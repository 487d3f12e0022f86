"""What the receipts of a unit say: read by listing the unit's own prefix, never by searching the archive.

Decides: that a unit's receipts form one chain (each names the SHA-256 of the one before), which units are not proven and why,
and when a day is delivered. Refuses to guess: a broken chain is an ``EvidenceError``; an unreadable receipt is not absent.
"""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from itemtrail.core import keys, layout
from itemtrail.core.plan import Plan, sha256
from itemtrail.core.reasons import RECOVERED
from itemtrail.core.receipt import Counts, Receipt, total
from itemtrail.errors import EvidenceError
from itemtrail.model import Conversion, LoggingStatus, TrailRef, Unit, Verdict
from itemtrail.ports.data import ObjectStore
from itemtrail.settings import ValidationSettings

_HOUR = dt.timedelta(hours=1)
_MOST_REASONS = 4


class Lack(StrEnum):
    """Why a unit is not proven."""

    NO_RECEIPT = "NO_RECEIPT"
    OPEN_PLAN = "OPEN_PLAN"
    NOT_PROVEN = "NOT_PROVEN"
    PARTIAL_CONVERSION = "PARTIAL_CONVERSION"
    BROKEN_RECEIPTS = "BROKEN_RECEIPTS"


@dataclass(frozen=True, slots=True)
class UnitState:
    """A unit that is not proven. ``verdict`` is its last receipt's, None without one; ``line`` is one line for people."""

    unit: Unit
    verdict: Verdict | None
    reason: Lack
    line: str


@dataclass(frozen=True, slots=True)
class History:
    """A unit's commits in order, and the plan that was left open, if any. ``last_sha256`` is of the last receipt's bytes."""

    unit: Unit
    receipts: tuple[Receipt, ...] = ()
    last_sha256: str | None = None
    open_plan: Plan | None = None

    @property
    def next_number(self) -> int:
        """The number of the commit that comes next."""
        return len(self.receipts)

    @property
    def counts(self) -> Counts:
        """Numbers of the whole unit."""
        return total(self.receipts)


def load(archive: ObjectStore, unit: Unit) -> History:
    """Every commit of ``unit``.

    Raises:
        EvidenceError: a number is missing, a document is unreadable, or the chain of receipts is broken.
    """
    names = [layout.parse_commit(info.key) for info in archive.list(layout.receipts_folder(unit))]
    found = {(kind, number) for name in names if name for _, number, kind in [name]}
    numbers = sorted(number for kind, number in found if kind == "receipt")
    if numbers != list(range(len(numbers))):
        raise EvidenceError(
            f"{unit}: receipts {numbers} are there, but not every one between.",
            advice=f"look at the versions below {layout.receipts_folder(unit)} and at who deleted one.",
        )
    return _read(archive, unit, len(numbers), ("plan", len(numbers)) in found)


def _read(archive: ObjectStore, unit: Unit, count: int, has_plan: bool) -> History:
    receipts: list[Receipt] = []
    last: str | None = None
    for number in range(count):
        key = layout.receipt_key(unit, number)
        body = archive.read(key).body
        receipt = Receipt.from_json(body, key=key)
        if (receipt.unit, receipt.number, receipt.previous) != (unit, number, last):
            raise EvidenceError(f"{key} is not the receipt that follows the one before.", advice="look at its older versions.")
        receipts.append(receipt)
        last = sha256(body)
    return History(unit, tuple(receipts), last, read_plan(archive, unit, count) if has_plan else None)


def read_plan(archive: ObjectStore, unit: Unit, number: int) -> Plan:
    """The plan of one commit.

    Raises:
        NotFound; EvidenceError: it is not a plan of this unit.
    """
    key = layout.plan_key(unit, number)
    plan = Plan.from_json(archive.read(key).body, key=key)
    if (plan.unit, plan.number) != (unit, number):
        raise EvidenceError(f"{key} is the plan of {plan.unit} commit {plan.number}.", advice="look at its older versions.")
    return plan


def latest(archive: ObjectStore, unit: Unit) -> Receipt | None:
    """The unit's last receipt, None where nothing was committed."""
    receipts = history(archive, unit)
    return receipts[-1] if receipts else None


def history(archive: ObjectStore, unit: Unit) -> tuple[Receipt, ...]:
    """Every receipt of the unit, in order."""
    return load(archive, unit).receipts


def not_proven(archive: ObjectStore, expected: Sequence[Unit]) -> tuple[UnitState, ...]:
    """The units of ``expected`` that are not proven and wholly converted, each with its reason; none means all is well."""
    states = (_state(archive, unit) for unit in expected)
    return tuple(state for state in states if state)


def recovered(archive: ObjectStore, units: Sequence[Unit]) -> tuple[str, ...]:
    """A line for each slot and object of ``units`` that is proven by an older version: somebody deleted or overwrote it."""
    lines: list[str] = []
    for unit in units:
        try:
            last = load(archive, unit).receipts[-1:]
        except EvidenceError:
            continue  # ``not_proven`` tells it
        items = [(o.key, o.reason, o.detail) for receipt in last for o in receipt.objects]
        items += [(s.object or "", s.reason, s.detail) for receipt in last for s in receipt.slots]
        lines += [f"{unit}: {reason} {key} ({detail})" for key, reason, detail in items if reason in RECOVERED]
    return tuple(lines)


def _state(archive: ObjectStore, unit: Unit) -> UnitState | None:
    try:
        found = load(archive, unit)
    except EvidenceError as error:
        return UnitState(unit, None, Lack.BROKEN_RECEIPTS, f"{unit}: {error}")
    return state(found)


def state(found: History) -> UnitState | None:
    """What keeps one unit from being proven, None for nothing."""
    unit, last = found.unit, found.receipts[-1] if found.receipts else None
    verdict = last.verdict if last else None
    if found.open_plan:
        line = f"{unit}: commit {found.next_number} is planned and not finished; archive the unit again"
        return UnitState(unit, verdict, Lack.OPEN_PLAN, line)
    if last is None:
        return UnitState(unit, None, Lack.NO_RECEIPT, f"{unit}: nothing is archived; archive the unit")
    said = "" if last.verdict is Verdict.PROVEN else say(last)
    return judged(unit, last.verdict, last.conversion, said, found.counts)


def judged(unit: Unit, verdict: Verdict, conversion: Conversion, said: str, counts: Counts) -> UnitState | None:
    """What a unit lacks whose last receipt says this; ``said`` as ``say`` gives it, ``counts`` of the whole unit."""
    if verdict is not Verdict.PROVEN:
        return UnitState(unit, verdict, Lack.NOT_PROVEN, f"{unit}: {verdict}: {said}")
    if conversion is Conversion.PARTIAL:
        whole = f" ({counts.quarantined_objects} of them whole objects)" if counts.quarantined_objects else ""
        line = f"{unit}: PROVEN, but {counts.quarantined} in quarantine{whole}"
        return UnitState(unit, verdict, Lack.PARTIAL_CONVERSION, line)
    return None


def say(receipt: Receipt) -> str:
    """The reasons of what is not proven, most frequent first, each with its first object."""
    bad = [(s.reason, s.object or f"{s.end:%H:%M:%S}") for s in receipt.slots if s.verdict is not Verdict.PROVEN]
    bad += [(o.reason, o.key) for o in receipt.objects if o.verdict is not Verdict.PROVEN]
    if not bad and receipt.verdict is Verdict.INCOMPLETE:
        return "the digest of the day's last minutes is not there yet"
    if not bad:
        return "nothing was due and nothing was delivered"
    counted = Counter(reason for reason, _ in bad).most_common()
    shown = [
        f"{count} × {reason} ({next(where for r, where in bad if r == reason)})" for reason, count in counted[:_MOST_REASONS]
    ]
    more = [f"{len(counted) - _MOST_REASONS} more reasons"] if len(counted) > _MOST_REASONS else []
    return ", ".join(shown + more)


def ready(source: ObjectStore, trail: TrailRef, unit: Unit) -> bool:
    """Whether all of the unit's day is delivered: the next day's first digest is there, and it covers the day's last minutes."""
    following = Unit(unit.account, unit.region, unit.day + dt.timedelta(days=1))
    for info in source.list(keys.digest_day(trail, following)):
        digest = keys.parse_digest(info.key, trail, unit.account, unit.region)
        if digest and not digest.backfill:
            return True
    return False


def digest_due(status: LoggingStatus | None, unit: Unit, now: dt.datetime, rules: ValidationSettings) -> bool:
    """Whether waiting for the unit's last digest has become useless: it is past due, or logging had stopped before the day."""
    start = dt.datetime.combine(unit.day, dt.time(), dt.UTC)
    if status and not status.is_logging and status.stopped and status.stopped + 2 * _HOUR <= start:
        return True
    return now >= start + 25 * _HOUR + dt.timedelta(minutes=rules.digest_due_minutes)
