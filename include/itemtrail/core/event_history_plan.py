"""Plan and receipt of a commit of event history: which window it asks for, fixed before anything is written, and what it holds.

Decides: that a unit's commits follow each other without a hole in time, what was never answered because it grew older than 90
days first (``missing``), and that numbers add up (records in = rows + duplicates + quarantined). Every document says ``UNPROVEN``
and a document that says anything else is refused: there is no verdict here, because there is nothing to prove it with. Refuses a
clock and a run id. Commit protocol: docs/design.md, "The archive"; docs/adr/0095.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from itemtrail.core.event_history import Window, day_window, without
from itemtrail.core.plan import Versions, canonical, decode, sha256
from itemtrail.core.receipt import Dropped
from itemtrail.errors import EvidenceError
from itemtrail.model import Conversion, Unit


@dataclass(frozen=True, slots=True)
class EventHistoryPlan:
    """One commit of a unit before it is made. ``previous`` is the SHA-256 of the unit's last receipt, None for the first."""

    unit: Unit
    number: int
    previous: str | None
    versions: Versions
    window: Window
    source: Literal["event_history"] = "event_history"
    proof: Literal["UNPROVEN"] = "UNPROVEN"
    layout: int = 1
    kind: str = "eventhistoryplan"

    def to_json(self) -> bytes:
        """Canonical bytes."""
        return canonical(self)

    @classmethod
    def from_json(cls, data: bytes, *, key: str) -> "EventHistoryPlan":
        """The plan in ``data``; ``key`` is named in errors.

        Raises:
            EvidenceError: not a plan of this layout.
        """
        return decode(data, cls, key=key)


@dataclass(frozen=True, slots=True)
class StoredPart:
    """A part as it lies in the archive: what was answered for ``window``; ``last``: nothing older was to be had."""

    key: str
    window: Window
    last: bool
    events: int
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A Parquet file of the commit."""

    key: str
    rows: int
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class SetAside:
    """A ``CloudTrailEvent`` that is no record, and why; its bytes are in line ``record_index`` + 2 of ``source_object``."""

    source_object: str
    record_index: int
    reason: str
    detail: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class EventHistoryCounts:
    """Numbers of one commit. ``same_event_id``: rows whose eventID another row of the commit has, with other content."""

    records_in: int
    rows: int
    duplicates: int
    quarantined: int
    same_event_id: int
    bytes_in: int


@dataclass(frozen=True, slots=True)
class EventHistoryReceipt:
    """One commit of a unit. ``covered``: what was answered in full; ``missing``: of the unit's whole day, up to its end.

    Nothing is said of the time after ``covered.end``: a later commit may cover it.
    """

    unit: Unit
    number: int
    previous: str | None
    plan: str
    versions: Versions
    finished_by: Versions
    planned: Window
    covered: Window
    missing: tuple[Window, ...]
    conversion: Conversion
    counts: EventHistoryCounts
    parts: tuple[StoredPart, ...]
    outputs: tuple[StoredFile, ...]
    duplicates: tuple[Dropped, ...] = ()
    quarantined: tuple[SetAside, ...] = ()
    source: Literal["event_history"] = "event_history"
    proof: Literal["UNPROVEN"] = "UNPROVEN"
    layout: int = 1
    kind: str = "eventhistoryreceipt"

    def to_json(self) -> bytes:
        """Canonical bytes."""
        return canonical(self)

    @classmethod
    def from_json(cls, data: bytes, *, key: str) -> "EventHistoryReceipt":
        """The receipt in ``data``; ``key`` is named in errors.

        Raises:
            EvidenceError: not a receipt of this layout.
        """
        return decode(data, cls, key=key)


@dataclass(frozen=True, slots=True)
class Converted:
    """What became of a commit's records, as written and read back."""

    counts: EventHistoryCounts
    outputs: tuple[StoredFile, ...]
    duplicates: tuple[Dropped, ...]
    quarantined: tuple[SetAside, ...]


def make_receipt(
    plan: EventHistoryPlan,
    parts: Sequence[StoredPart],
    converted: Converted,
    *,
    earlier: EventHistoryReceipt | None,
    finished_by: Versions,
) -> EventHistoryReceipt:
    """The receipt of ``plan`` once its parts and files are there; ``earlier`` is the unit's receipt before it.

    Raises:
        EvidenceError: parts do not follow each other, or the numbers do not add up; nothing may be committed.
    """
    _must_follow(plan, parts)
    _must_add_up(plan, parts, converted.counts)
    covered = Window(parts[-1].window.start, plan.window.end)
    at = earlier.covered.end if earlier else day_window(plan.unit.day).start
    before = (*(earlier.missing if earlier else ()), *without(Window(at, plan.window.start), ()))
    partial = bool(converted.quarantined) or (earlier is not None and earlier.conversion is Conversion.PARTIAL)
    return EventHistoryReceipt(
        unit=plan.unit,
        number=plan.number,
        previous=plan.previous,
        plan=sha256(plan.to_json()),
        versions=plan.versions,
        finished_by=finished_by,
        planned=plan.window,
        covered=covered,
        missing=(*before, *without(plan.window, (covered,))),
        conversion=Conversion.PARTIAL if partial else Conversion.COMPLETE,
        counts=converted.counts,
        parts=tuple(parts),
        outputs=converted.outputs,
        duplicates=converted.duplicates,
        quarantined=converted.quarantined,
    )


def _must_follow(plan: EventHistoryPlan, parts: Sequence[StoredPart]) -> None:
    at = plan.window.end
    for part in parts:
        if part.window.end != at or not plan.window.start <= part.window.start <= at:
            raise EvidenceError(
                f"{part.key} is about {part.window}, but {plan.window.start:%H:%M:%S} to {at:%H:%M:%S} was to follow.",
                advice="nothing was committed; look at the object's versions and at who wrote it.",
            )
        at = part.window.start
    if not parts:
        raise EvidenceError(f"{plan.unit} commit {plan.number} has no part.", advice="report this as a fault of itemtrail.")


def _must_add_up(plan: EventHistoryPlan, parts: Sequence[StoredPart], counts: EventHistoryCounts) -> None:
    answered = sum(part.events for part in parts)
    if not answered == counts.records_in == counts.rows + counts.duplicates + counts.quarantined:
        raise EvidenceError(
            f"{plan.unit} commit {plan.number}: {answered} events were answered, {counts.records_in} records read, but "
            f"{counts.rows} rows + {counts.duplicates} duplicates + {counts.quarantined} quarantined were made.",
            advice="nothing was committed; this is a fault of itemtrail: report it with the unit's parts.",
        )
