"""The receipt of a commit: the document that commits, a pure function of the plan and of the outputs.

Decides: what a receipt says, that its numbers add up (records in = rows + duplicates + quarantined), and that a unit's conversion
is PARTIAL from its first quarantined bytes on. Refuses a clock, a run id, and anything read from the trail while it is written.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum

from itemtrail.core.plan import DigestFinding, Input, Judgement, Kind, Plan, Versions, canonical, decode, sha256
from itemtrail.errors import EvidenceError
from itemtrail.model import Conversion, ObjectVerdict, SlotVerdict, Unit, Verdict, worst

LOST = "LOST_BEFORE_PACKING"


class OutputKind(StrEnum):
    """Where an output lies."""

    ORIGINALS = "originals"
    EVENTS = "events"
    QUARANTINE = "quarantine"


@dataclass(frozen=True, slots=True)
class Packed(Input):
    """An input where it lies now: ``size`` bytes at ``offset`` of the tar at ``tar``."""

    tar: str = ""
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Output:
    """One object that the commit added. ``rows`` is 0 but for events."""

    key: str
    kind: OutputKind
    part: int
    size: int
    sha256: str
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Dropped:
    """A record that equals another of the same part in every byte, and the one that was kept."""

    source_object: str
    record_index: int
    survivor_object: str
    survivor_index: int


@dataclass(frozen=True, slots=True)
class Quarantined:
    """Bytes that became no row: a record, or a whole object where ``record_index`` is None. ``member`` of the quarantine tar."""

    source_object: str
    record_index: int | None
    reason: str
    detail: str
    tar: str
    member: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Counts:
    """Numbers of one commit; ``slots`` and ``objects`` are of the unit as judged. Sizes in bytes."""

    slots: int = 0
    objects: int = 0
    inputs: int = 0
    records_in: int = 0
    rows: int = 0
    duplicates: int = 0
    quarantined: int = 0  # an object that cannot be cut into records counts as one, here and in records_in
    quarantined_objects: int = 0  # of these, whole objects
    same_event_id: int = 0  # records whose eventID another record of its part has, with other content: all kept
    bytes_in: int = 0  # inflated
    bytes_stored: int = 0  # originals as delivered
    bytes_out: int = 0  # Parquet

    @property
    def ratio(self) -> float:
        """Inflated bytes per byte of Parquet; 0 where nothing was written."""
        return self.bytes_in / self.bytes_out if self.bytes_out else 0.0


@dataclass(frozen=True, slots=True)
class Made:
    """What outputs are, as written and read back: of one part, or of the whole commit."""

    packed: tuple[Packed, ...]
    outputs: tuple[Output, ...]
    duplicates: tuple[Dropped, ...]
    quarantined: tuple[Quarantined, ...]
    records_in: int
    rows: int
    same_event_id: int
    bytes_in: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """One commit of a unit. ``plan`` and ``previous`` are SHA-256 of the documents' bytes."""

    unit: Unit
    number: int
    previous: str | None
    plan: str
    trail: str
    versions: Versions
    finished_by: Versions
    verdict: Verdict
    conversion: Conversion
    counts: Counts
    slots: tuple[SlotVerdict, ...]
    objects: tuple[ObjectVerdict, ...]
    digests: tuple[DigestFinding, ...]
    listed_by: Mapping[str, str]
    keys: tuple[str, ...]
    inputs: tuple[Packed, ...]
    outputs: tuple[Output, ...]
    duplicates: tuple[Dropped, ...] = ()
    quarantined: tuple[Quarantined, ...] = ()
    lost: tuple[str, ...] = field(default=())
    layout: int = 1
    kind: str = "receipt"

    @property
    def judgement(self) -> Judgement:
        """What was observed of the unit when this commit was planned."""
        return Judgement(self.verdict, self.slots, self.objects, self.digests, self.listed_by)

    def to_json(self) -> bytes:
        """Canonical bytes."""
        return canonical(self)

    @classmethod
    def from_json(cls, data: bytes, *, key: str) -> "Receipt":
        """The receipt in ``data``; ``key`` is named in errors.

        Raises:
            EvidenceError: not a receipt of this layout.
        """
        return decode(data, cls, key=key)


def make(plan: Plan, made: Made, *, finished_by: Versions, earlier: Conversion) -> Receipt:
    """The receipt of ``plan`` once its outputs are there.

    Args:
        plan: as it stands in the archive.
        made: outputs as read back.
        finished_by: versions of the one who finished; the plan's own unless it was left open.
        earlier: conversion of the unit's previous receipt (COMPLETE for the first).

    Raises:
        EvidenceError: the numbers do not add up; nothing may be committed.
    """
    lost = tuple(sorted({i.key for i in plan.inputs} - {p.key for p in made.packed}))
    judgement = _without_lost(plan.judgement, frozenset(lost))
    counts = _count(judgement, made)
    _must_add_up(plan, counts)
    partial = bool(made.quarantined or lost) or earlier is Conversion.PARTIAL
    return Receipt(
        unit=plan.unit,
        number=plan.number,
        previous=plan.previous,
        plan=sha256(plan.to_json()),
        trail=plan.trail,
        versions=plan.versions,
        finished_by=finished_by,
        verdict=judgement.verdict,
        conversion=Conversion.PARTIAL if partial else Conversion.COMPLETE,
        counts=counts,
        slots=judgement.slots,
        objects=judgement.objects,
        digests=judgement.digests,
        listed_by=judgement.listed_by,
        keys=plan.keys,
        inputs=made.packed,
        outputs=made.outputs,
        duplicates=made.duplicates,
        quarantined=made.quarantined,
        lost=lost,
    )


def joined(parts: Sequence[Made]) -> Made:
    """What all of a commit's parts are together."""
    return Made(
        packed=tuple(one for part in parts for one in part.packed),
        outputs=tuple(one for part in parts for one in part.outputs),
        duplicates=tuple(one for part in parts for one in part.duplicates),
        quarantined=tuple(one for part in parts for one in part.quarantined),
        records_in=sum(part.records_in for part in parts),
        rows=sum(part.rows for part in parts),
        same_event_id=sum(part.same_event_id for part in parts),
        bytes_in=sum(part.bytes_in for part in parts),
    )


def content_bytes(packed: Iterable[Packed]) -> int:
    """Inflated bytes of the logs among ``packed``."""
    return sum(one.content_size for one in packed if one.kind is Kind.LOG)


def pack(original: Input, *, tar: str, offset: int) -> Packed:
    """``original`` with the place where it was packed."""
    values = {f.name: getattr(original, f.name) for f in fields(Input)}
    return Packed(**values, tar=tar, offset=offset)


def total(receipts: Sequence[Receipt]) -> Counts:
    """Numbers of a whole unit: slots and objects as last judged, everything else summed over its commits."""
    if not receipts:
        return Counts()
    sums = {name: sum(asdict(r.counts)[name] for r in receipts) for name in asdict(Counts())}
    last = receipts[-1].counts
    return Counts(**sums | {"slots": last.slots, "objects": last.objects})


def covered(receipts: Iterable[Receipt]) -> dict[tuple[str, str], Packed]:
    """Every original that some commit of the unit holds, by identity."""
    return {p.identity: p for receipt in receipts for p in receipt.inputs}


def _count(judgement: Judgement, made: Made) -> Counts:
    return Counts(
        slots=len(judgement.slots),
        objects=len(judgement.objects),
        inputs=len(made.packed),
        records_in=made.records_in,
        rows=made.rows,
        duplicates=len(made.duplicates),
        quarantined=len(made.quarantined),
        quarantined_objects=sum(q.record_index is None for q in made.quarantined),
        same_event_id=made.same_event_id,
        bytes_in=made.bytes_in,
        bytes_stored=sum(p.size for p in made.packed),
        bytes_out=sum(o.size for o in made.outputs if o.kind is OutputKind.EVENTS),
    )


def _must_add_up(plan: Plan, counts: Counts) -> None:
    if counts.records_in != counts.rows + counts.duplicates + counts.quarantined:
        raise EvidenceError(
            f"{plan.unit} commit {plan.number}: {counts.records_in} records came, but {counts.rows} rows + {counts.duplicates} "
            f"duplicates + {counts.quarantined} quarantined were made.",
            advice="nothing was committed; this is a fault of itemtrail: report it with the unit's files.",
        )


def _without_lost(judgement: Judgement, lost: frozenset[str]) -> Judgement:
    """An original that vanished between plan and packing cannot be proven from this archive."""
    if not lost:
        return judgement
    detail = "planned, then gone from the trail bucket before it was packed"
    objects = tuple(
        ObjectVerdict(o.key, worst((o.verdict, Verdict.UNPROVABLE)), LOST, detail) if o.key in lost else o
        for o in judgement.objects
    )
    verdict = worst((judgement.verdict, Verdict.UNPROVABLE))
    return Judgement(verdict, judgement.slots, objects, judgement.digests, judgement.listed_by)
