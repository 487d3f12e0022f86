"""What the archive holds of a unit of the event history, and what it does not.

Decides: that receipts form one chain, each naming the SHA-256 of the one before; what of the day is covered, what can still be
had, and what is lost because it grew older than 90 days first. Refuses to pass over any second of the day: every one is covered,
open or lost, and each of these is said. Whatever is covered stays UNPROVEN.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from itemtrail.core import layout
from itemtrail.core.event_history import PROOF, SOURCE, Window, day_window, newest, oldest, without
from itemtrail.core.event_history_plan import EventHistoryPlan, EventHistoryReceipt
from itemtrail.core.plan import sha256
from itemtrail.errors import EvidenceError
from itemtrail.model import Conversion, Unit
from itemtrail.ports.data import ObjectStore


class State(StrEnum):
    """How much of a day is there. ``finding`` states are answers that somebody must hear of."""

    COVERED = "COVERED"
    OPEN = "OPEN"  # the rest has not settled yet, or has not happened
    UNFINISHED = "UNFINISHED"  # the run ended before the rest was read: run it again
    PAST_HORIZON = "PAST_HORIZON"  # some of it is older than 90 days and was never exported: nobody can get it any more
    PARTIAL = "PARTIAL"  # covered, and some of what was answered is no record


@dataclass(frozen=True, slots=True)
class UnitHistory:
    """A unit's last receipt with the SHA-256 of its bytes, every receipt, and the plan that was left open, if any."""

    unit: Unit
    receipts: tuple[EventHistoryReceipt, ...] = ()
    last_sha256: str | None = None
    open_plan: EventHistoryPlan | None = None

    @property
    def last(self) -> EventHistoryReceipt | None:
        """The last receipt."""
        return self.receipts[-1] if self.receipts else None

    @property
    def next_number(self) -> int:
        """The number of the commit that comes next."""
        return len(self.receipts)

    @property
    def covered_until(self) -> dt.datetime | None:
        """Where the next commit begins."""
        return self.last.covered.end if self.last else None


@dataclass(frozen=True, slots=True)
class Exported:
    """What the archive holds of one unit: windows of its day, and numbers over all its commits."""

    unit: Unit
    state: State
    covered: tuple[Window, ...]
    open: tuple[Window, ...]  # may still be had by a later run
    missing: tuple[Window, ...]  # older than 90 days, never exported
    rows: int
    duplicates: int
    quarantined: int
    commits: int
    source: str = SOURCE
    proof: str = PROOF

    @property
    def line(self) -> str:
        """One line for people."""
        held = f"{self.rows:,} events, unproven" if self.commits else "nothing exported"
        parts = [held, *(f"lost {w}: older than 90 days and not exported before" for w in self.missing)]
        what = "not read yet: run it again" if self.state is State.UNFINISHED else "not covered yet"
        parts += [f"{what} {w}" for w in self.open]
        if self.quarantined:
            parts.append(f"{self.quarantined:,} answers that are no record, kept in {layout.EVENT_HISTORY_PAGES}")
        return f"{self.unit}: {self.state}: {'; '.join(parts)}"


def load(archive: ObjectStore, unit: Unit) -> UnitHistory:
    """Every commit of ``unit``.

    Raises:
        EvidenceError: a number is missing, a document is unreadable, or the chain of receipts is broken.
    """
    folder = layout.event_history_receipts_folder(unit)
    names = [layout.parse_commit_name(info.key.removeprefix(folder)) for info in archive.list(folder)]
    found = {(kind, number) for name in names if name for number, kind in [name]}
    numbers = sorted(number for kind, number in found if kind == "receipt")
    if numbers != list(range(len(numbers))):
        raise EvidenceError(
            f"{unit}: receipts {numbers} of the event history are there, but not every one between.",
            advice=f"look at the versions below {folder} and at who deleted one.",
        )
    receipts: list[EventHistoryReceipt] = []
    last: str | None = None
    for number in numbers:
        receipt, digest = _read(archive, unit, number)
        if receipt.previous != last or (receipts and receipt.planned.start < receipts[-1].covered.end):
            key = layout.event_history_receipt_key(unit, number)
            raise EvidenceError(f"{key} is not the receipt that follows the one before.", advice="look at its older versions.")
        receipts.append(receipt)
        last = digest
    count = len(receipts)
    plan = read_plan(archive, unit, count) if ("plan", count) in found else None
    return UnitHistory(unit, tuple(receipts), last, plan)


def read_plan(archive: ObjectStore, unit: Unit, number: int) -> EventHistoryPlan:
    """The plan of one commit.

    Raises:
        NotFound; EvidenceError: it is not a plan of this unit.
    """
    key = layout.event_history_plan_key(unit, number)
    plan = EventHistoryPlan.from_json(archive.read(key).body, key=key)
    if (plan.unit, plan.number) != (unit, number):
        raise EvidenceError(f"{key} is the plan of {plan.unit} commit {plan.number}.", advice="look at its older versions.")
    return plan


def state(history: UnitHistory, *, now: dt.datetime, stopped: bool = False) -> Exported:
    """What the archive holds of the unit by ``now``. ``stopped``: a run was ended before it had read all it could."""
    day = day_window(history.unit.day)
    covered = tuple(receipt.covered for receipt in history.receipts if receipt.covered)
    lost = history.last.missing if history.last else ()
    rest = Window(history.covered_until or day.start, day.end)
    gone = Window(rest.start, max(rest.start, min(rest.end, oldest(now))))
    left = Window(max(rest.start, gone.end), rest.end)
    readable = Window(left.start, min(left.end, newest(now)))
    missing, still_open = (*lost, *((gone,) if gone else ())), (left,) if left else ()
    partial = history.last is not None and history.last.conversion is Conversion.PARTIAL
    verdict = _state(missing, still_open, partial, unfinished=bool(history.open_plan or (stopped and readable)))
    counts = [receipt.counts for receipt in history.receipts]
    return Exported(
        history.unit,
        verdict,
        covered,
        still_open,
        _joined(missing),
        sum(c.rows for c in counts),
        sum(c.duplicates for c in counts),
        sum(c.quarantined for c in counts),
        len(counts),
    )


def _state(missing: Sequence[Window], still_open: Sequence[Window], partial: bool, *, unfinished: bool) -> State:
    if unfinished:
        return State.UNFINISHED
    if missing:
        return State.PAST_HORIZON
    if still_open:
        return State.OPEN
    return State.PARTIAL if partial else State.COVERED


def _joined(windows: Sequence[Window]) -> tuple[Window, ...]:
    """Windows that touch as one."""
    if not windows:
        return ()
    whole = Window(windows[0].start, windows[-1].end)
    return without(whole, without(whole, windows))


def _read(archive: ObjectStore, unit: Unit, number: int) -> tuple[EventHistoryReceipt, str]:
    key = layout.event_history_receipt_key(unit, number)
    body = archive.read(key).body
    receipt = EventHistoryReceipt.from_json(body, key=key)
    if (receipt.unit, receipt.number) != (unit, number):
        raise EvidenceError(f"{key} is the receipt of {receipt.unit}.", advice="look at its older versions.")
    return receipt, sha256(body)
