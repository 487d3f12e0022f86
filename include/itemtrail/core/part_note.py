"""The note that a part of a commit was put and read back: what whoever commits needs to know of it, without reading it again.

Decides: what a note says, and whose it is: of one plan, made by one version under one configuration. Notes are no evidence: one
that is missing, or made by another version, costs only that the part is made again. Refuses to hold what the plan says already.
"""

from dataclasses import dataclass

from itemtrail.core import layout
from itemtrail.core.plan import Input, Plan, Versions, canonical, decode, sha256
from itemtrail.core.receipt import Dropped, Made, Output, Quarantined, content_bytes, pack
from itemtrail.errors import EvidenceError


@dataclass(frozen=True, slots=True)
class PartNote:
    """One part. ``offsets``: where each planned original lies in the tar, None for one that was gone before it was packed."""

    plan: str
    versions: Versions
    part: int
    offsets: tuple[int | None, ...]
    outputs: tuple[Output, ...]
    duplicates: tuple[Dropped, ...]
    quarantined: tuple[Quarantined, ...]
    records_in: int
    rows: int
    same_event_id: int
    layout: int = 1
    kind: str = "partnote"

    def to_json(self) -> bytes:
        """Canonical bytes."""
        return canonical(self)


def note_key(plan: Plan, part: int, versions: Versions) -> str:
    """Where the note of a part lies."""
    made_from = sha256(canonical([sha256(plan.to_json()), versions]))
    return layout.part_note_key(plan.unit, plan.number, part, made_from)


def note(plan: Plan, part: int, made: Made, versions: Versions) -> PartNote:
    """The note of a part that was ``made``."""
    places = {packed.key: packed.offset for packed in made.packed}
    return PartNote(
        plan=sha256(plan.to_json()),
        versions=versions,
        part=part,
        offsets=tuple(places.get(one.key) for one in _inputs(plan, part)),
        outputs=made.outputs,
        duplicates=made.duplicates,
        quarantined=made.quarantined,
        records_in=made.records_in,
        rows=made.rows,
        same_event_id=made.same_event_id,
    )


def read_note(data: bytes, *, key: str, plan: Plan, part: int, versions: Versions) -> Made:
    """What the note in ``data`` says was made.

    Raises:
        EvidenceError: it is no note of this part of this plan by this version.
    """
    found, inputs = decode(data, PartNote, key=key), _inputs(plan, part)
    same = (found.plan, found.versions, found.part) == (sha256(plan.to_json()), versions, part)
    if not same or len(found.offsets) != len(inputs):
        raise EvidenceError(f"{key} is the note of another part.", advice="look at who wrote it.")
    tar = layout.tar_key(plan.unit, plan.number, part)
    placed = zip(inputs, found.offsets, strict=True)
    packed = tuple(pack(one, tar=tar, offset=offset) for one, offset in placed if offset is not None)
    return Made(
        packed=packed,
        outputs=found.outputs,
        duplicates=found.duplicates,
        quarantined=found.quarantined,
        records_in=found.records_in,
        rows=found.rows,
        same_event_id=found.same_event_id,
        bytes_in=content_bytes(packed),
    )


def _inputs(plan: Plan, part: int) -> tuple[Input, ...]:
    return dict(plan.parts()).get(part, ())
