"""One unit, looked at now: every commit with its receipt, what is not proven and why, and whether the calendar agrees.

Decides: the answer is what the receipts say at this moment; a chain of receipts that is broken is told as such, never as proven.
Refuses to read receipts of more than ``MOST_BYTES`` together: it says what to run instead. Reads, never writes.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from itemtrail.core import layout
from itemtrail.core.coverage_book import Mark
from itemtrail.core.coverage_calendar import MAX_AGE, Day, State
from itemtrail.core.reasons import COULD_NOT_LOOK, NOTED, Reason
from itemtrail.core.receipt import Counts, Receipt
from itemtrail.errors import EvidenceError
from itemtrail.flows.coverage import found as found_of
from itemtrail.flows.receipts import History, Lack, UnitState, load, state
from itemtrail.model import Unit, Verdict
from itemtrail.ports.data import ObjectStore

MOST_BYTES = 64 << 20
EXAMPLES = 12
_DAY = dt.timedelta(days=1)
_OF_MARK = {
    Mark.PROVEN: State.PROVEN,
    Mark.QUARANTINED: State.QUARANTINED,
    Mark.FINDINGS: State.FINDINGS,
    Mark.MISSING: State.MISSING,
}


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit of a unit. ``sha256`` is of the receipt's bytes."""

    receipt: Receipt
    key: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Group:
    """What has one reason: how often, what it means, what to do, where."""

    verdict: Verdict
    reason: str
    meaning: str
    action: str
    count: int
    examples: tuple[str, ...]
    could_not_look: bool


@dataclass(frozen=True, slots=True)
class Look:
    """What the receipts of a unit say. ``broken``: they cannot be read as a chain, and why."""

    unit: Unit
    state: State
    verdict: Verdict | None
    line: str
    commits: tuple[Commit, ...] = ()
    counts: Counts | None = None
    slots_proven: int = 0
    objects_proven: int = 0
    groups: tuple[Group, ...] = ()
    notes: tuple[Group, ...] = ()
    broken: str = ""


def look(archive: ObjectStore, unit: Unit, *, now: dt.datetime) -> Look:
    """What the receipts say of ``unit`` at ``now`` (aware UTC).

    Raises:
        AccessDenied, SourceUnavailable: could not look. EvidenceError: the receipts are too large to be read for a page.
    """
    size = sum(info.size for info in archive.list(layout.receipts_folder(unit)))
    if size > MOST_BYTES:
        raise EvidenceError(
            f"the receipts of {unit} have {size:,} bytes: too much to read for a page.",
            advice=f"itemtrail receipts --day {unit.day} --unit {unit.account}/{unit.region}",
        )
    try:
        history = load(archive, unit)
    except EvidenceError as error:
        return Look(unit, State.FINDINGS, None, str(error), broken=str(error))
    return _of(history, state(history), now)


def disagrees(found: Look, claim: Day) -> str:
    """How the calendar differs from the receipts, empty where it does not, or where it says nothing."""
    if claim.state in (found.state, State.UNSEEN):
        return ""
    return f"the calendar says {claim.state.words}; the receipts, read now, say {found.state.words}"


def _of(history: History, lack: UnitState | None, now: dt.datetime) -> Look:
    unit, last = history.unit, history.receipts[-1] if history.receipts else None
    groups = tuple(_groups(last, proven=False)) if last else ()
    return Look(
        unit,
        _state(unit, lack, now),
        last.verdict if last else None,
        lack.line if lack else "",
        commits=_commits(history),
        counts=history.counts,
        slots_proven=_proven(last.slots) if last else 0,
        objects_proven=_proven(last.objects) if last else 0,
        groups=groups,
        notes=tuple(_groups(last, proven=True)) if last else (),
        broken=lack.line if lack and lack.reason is Lack.BROKEN_RECEIPTS else "",
    )


def _state(unit: Unit, lack: UnitState | None, now: dt.datetime) -> State:
    if lack and unit.day >= now.date():
        return State.NOT_DUE
    seen = _OF_MARK[found_of(unit, lack).mark]
    late = now - dt.datetime.combine(unit.day + _DAY, dt.time(), dt.UTC) > MAX_AGE
    return State.PENDING if seen in (State.MISSING, State.FINDINGS) and not late else seen


def _commits(history: History) -> tuple[Commit, ...]:
    """Each names the hash of the one before it, so only the last one's is needed besides."""
    hashes = [receipt.previous or "" for receipt in history.receipts[1:]] + [history.last_sha256 or ""]
    return tuple(
        Commit(receipt, layout.receipt_key(history.unit, receipt.number), digest)
        for receipt, digest in zip(history.receipts, hashes, strict=False)
    )


def _groups(last: Receipt, *, proven: bool) -> Iterator[Group]:
    """Slots and objects by reason: those not proven, or those proven with something to tell."""
    items = [(s.verdict, s.reason, s.object or f"the digest due by {s.end:%Y-%m-%d %H:%M:%S} UTC") for s in last.slots]
    items += [(o.verdict, o.reason, o.key) for o in last.objects]
    wanted: dict[tuple[Verdict, str], list[str]] = {}
    for verdict, reason, where in items:
        if (verdict is Verdict.PROVEN) is proven and (not proven or reason in set(NOTED)):
            wanted.setdefault((verdict, reason), []).append(where)
    for (verdict, reason), places in sorted(wanted.items(), key=lambda one: -len(one[1])):
        known = Reason(reason) if reason in set(Reason) else None
        yield Group(
            verdict,
            reason,
            known.meaning if known else "",
            known.action if known else "",
            len(places),
            tuple(places[:EXAMPLES]),
            reason in set(COULD_NOT_LOOK),
        )


def _proven(items: Sequence[object]) -> int:
    return sum(getattr(one, "verdict", None) is Verdict.PROVEN for one in items)
