"""The parts of a plan that stands, each made by itself: by the task that commits, or by several tasks, a shard each.

Decides: a part is finished from its own tar where that is in the archive, else from the planned versions in the trail bucket; a
shard is every n-th part, and leaves a note of each part that it put, so that whoever commits need not read it again. Refuses to
believe a note whose outputs are not there in their size: the part is made again then, as it is without a note. An open plan is
finished without an original only where that is gone for good. docs/adr/0118.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from itemtrail.core import layout
from itemtrail.core.part_note import note, note_key, read_note
from itemtrail.core.plan import Input, Plan
from itemtrail.core.receipt import Made
from itemtrail.errors import EvidenceError, NotFound, SourceUnavailable
from itemtrail.flows.archive_build import Bench, BuiltPart, build_part
from itemtrail.flows.archive_commit import Progress, check_tar, put_part
from itemtrail.flows.archive_fetch import wanted_planned
from itemtrail.flows.archive_root import versions
from itemtrail.flows.receipts import read_plan
from itemtrail.model import Unit
from itemtrail.ports.data import ArchiveStore, ObjectStore
from itemtrail.settings import Settings


@dataclass(frozen=True, slots=True)
class PlannedParts:
    """Makes the parts of plans; ``spool`` holds one part at a time."""

    source: ObjectStore
    archive: ArchiveStore
    settings: Settings
    spool: Path
    progress: Progress

    def all(self, plan: Plan) -> tuple[Made, ...]:
        """Every part of ``plan``, in order: as noted, or made now.

        Raises:
            EvidenceError: an output exists with other content.
            SourceUnavailable: an original cannot be read now.
        """
        return tuple(self._noted(plan, number) or self._make(plan, number, inputs) for number, inputs in plan.parts())

    def shard(self, plan: Plan, shard: int, of: int) -> int:
        """Put the parts of one shard of ``of``, and a note for each; returns how many were not there yet.

        Raises:
            EvidenceError, SourceUnavailable: as ``all``.
        """
        made_by, count = versions(self.settings), 0
        for number, inputs in plan.parts()[shard::of]:
            if self._noted(plan, number):
                continue
            made = self._make(plan, number, inputs)
            body = note(plan, number, made, made_by).to_json()
            self.archive.put_new(note_key(plan, number, made_by), body, locked=False, content_type="application/json")
            self.progress(f"{plan.unit}: commit {plan.number}, part {number}: {made.rows} rows")
            count += 1
        return count

    def _noted(self, plan: Plan, number: int) -> Made | None:
        made_by = versions(self.settings)
        key = note_key(plan, number, made_by)
        try:
            made = read_note(self.archive.read(key).body, key=key, plan=plan, part=number, versions=made_by)
            there = all(self.archive.head(output.key).size == output.size for output in made.outputs)
        except NotFound:
            return None
        except EvidenceError as error:
            self.progress(f"{error} The part is made again.")
            return None
        return made if there else None

    def _make(self, plan: Plan, number: int, inputs: Sequence[Input]) -> Made:
        with tempfile.TemporaryDirectory(prefix="part-", dir=self.spool) as folder:
            room = Path(folder)
            bench = Bench(plan.unit, plan.number, self.source, room, self.settings.conversion)
            existing = self._existing(layout.tar_key(plan.unit, plan.number, number), inputs, room)
            built = build_part(bench, number, [wanted_planned(one) for one in inputs], existing=existing)
            _must_be_final(plan, built)
            return put_part(self.archive, plan, built, room=room)

    def _existing(self, key: str, inputs: Sequence[Input], room: Path) -> Path | None:
        path = room / "existing.tar"
        try:
            self.archive.download(key, path)
        except NotFound:
            return None
        check_tar(path, inputs, name=key)
        return path


def build_shard(unit: Unit, number: int, shard: int, of: int, parts: PlannedParts) -> int:
    """Put one shard's parts of a unit's commit; returns how many were not there yet. A commit that was made needs none.

    Raises:
        EvidenceError: there is no such plan, or an output exists with other content.
        SourceUnavailable: the service did not answer; run again.
    """
    try:
        parts.archive.head(layout.receipt_key(unit, number))
    except NotFound:
        return parts.shard(_plan(parts.archive, unit, number), shard, of)
    parts.progress(f"{unit}: commit {number} was made already")
    return 0


def _plan(archive: ArchiveStore, unit: Unit, number: int) -> Plan:
    try:
        return read_plan(archive, unit, number)
    except NotFound as error:
        key = layout.plan_key(unit, number)
        raise EvidenceError(f"{key} is not there.", advice="archive the unit again: that makes the plan.") from error


def _must_be_final(plan: Plan, part: BuiltPart) -> None:
    """An open plan is finished without an original only where that is gone for good."""
    for item, error in part.unread:
        if not isinstance(error, NotFound | EvidenceError):
            raise SourceUnavailable(
                f"{plan.unit} commit {plan.number} waits for {item.key}: {error.message}", advice="mend that, then run it again."
            ) from error
