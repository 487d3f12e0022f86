"""Archiving: one unit at a time, from the trail bucket into the archive, validated, packed, converted and committed.

Decides: the order of the commit protocol: an open plan is finished before a new one is made, and the plan is put before any
output. A big commit may be left planned, for several tasks to build its parts; whoever comes next finishes it. Refuses to use an
archive root that belongs to another trail. Time is a parameter. Commit protocol: docs/design.md, "The archive"; docs/adr/0041.
"""

import datetime as dt
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from itemtrail.core import layout
from itemtrail.core.plan import Plan
from itemtrail.core.receipt import Made, Receipt
from itemtrail.errors import SourceUnavailable
from itemtrail.flows.archive_commit import Progress, commit, put_part
from itemtrail.flows.archive_discover import discover
from itemtrail.flows.archive_draft import Desk
from itemtrail.flows.archive_parts import PlannedParts, build_shard
from itemtrail.flows.archive_root import claim_root, store_keys, versions
from itemtrail.flows.archive_tags import tag
from itemtrail.flows.receipts import History, load, read_plan
from itemtrail.model import Conversion, LoggingStatus, TrailRef, Unit
from itemtrail.ports.data import ArchiveStore, ObjectStore, ProvenTagger, PublicKeys
from itemtrail.settings import Settings

_ROUNDS = 16

__all__ = ["PlannedParts", "Split", "archive_or_split", "archive_unit", "build_shard", "claim_root", "discover", "store_keys"]


@dataclass(frozen=True, slots=True)
class Split:
    """A commit that is planned and big: ``shards`` tasks put its parts (``build_shard``), then ``archive_unit`` commits it."""

    number: int
    shards: int


def archive_unit(
    unit: Unit,
    *,
    trail: TrailRef,
    status: LoggingStatus | None,
    source: ObjectStore,
    archive: ArchiveStore,
    public_keys: PublicKeys,
    tagger: ProvenTagger | None,
    settings: Settings,
    now: dt.datetime,
    spool: Path,
    progress: Progress = lambda _: None,
) -> Receipt:
    """Bring the archive up to date with one unit; returns its last receipt. Files in ``spool`` are gone afterwards.

    Raises:
        ConfigurationError: the archive belongs to another trail, a bucket is missing, a listing is denied.
        EvidenceError: the archive holds something that contradicts the plan or its own receipts.
        SourceUnavailable: the service did not answer; run again.
    """
    desk = Desk(unit, trail, status, source, archive, public_keys, settings, now)
    _Work(desk, spool, progress).run()
    return _last(desk, tagger, progress)


def archive_or_split(
    unit: Unit,
    *,
    trail: TrailRef,
    status: LoggingStatus | None,
    source: ObjectStore,
    archive: ArchiveStore,
    public_keys: PublicKeys,
    tagger: ProvenTagger | None,
    settings: Settings,
    now: dt.datetime,
    spool: Path,
    progress: Progress = lambda _: None,
) -> Receipt | Split:
    """As ``archive_unit``, but a commit of ``archive.shard_bytes`` or more is only planned, for ``archive.shards`` tasks at most.

    Raises:
        ConfigurationError, EvidenceError, SourceUnavailable: as ``archive_unit``.
    """
    desk = Desk(unit, trail, status, source, archive, public_keys, settings, now, shards=settings.archive.shards)
    return _Work(desk, spool, progress).run() or _last(desk, tagger, progress)


def _last(desk: Desk, tagger: ProvenTagger | None, progress: Progress) -> Receipt:
    receipts = load(desk.archive, desk.unit).receipts
    if tagger is not None:
        tag(desk.archive, tagger, desk.unit, receipts, progress)
    return receipts[-1]


@dataclass(frozen=True, slots=True)
class _Work:
    """One unit's run."""

    desk: Desk
    spool: Path
    progress: Progress

    def run(self) -> Split | None:
        """Step until the unit is up to date (None), or until a big commit is planned."""
        claim_root(self.desk.archive, self.desk.trail)
        for _ in range(_ROUNDS):
            with tempfile.TemporaryDirectory(prefix="unit-", dir=self.spool) as room:
                done = self._step(Path(room))
            if isinstance(done, Split):
                self.progress(f"{self.desk.unit}: commit {done.number} is planned, to be built in {done.shards} shards")
                return done
            if done:
                return None
        raise SourceUnavailable(f"{self.desk.unit}: other writers kept it busy.", advice="run it again when they are done.")

    def _step(self, room: Path) -> Split | bool:
        """Finish an open plan, or make one commit, or find nothing to do; True when the unit is up to date."""
        desk, history = self.desk, load(self.desk.archive, self.desk.unit)
        if plan := history.open_plan:
            split = desk.split([one.size for one in plan.inputs], [one.part for one in plan.inputs])
            self.progress(f"{desk.unit}: finishing commit {plan.number}, which was left open")
            self._hint(plan.number)
            if split > 1:
                return Split(plan.number, split)
            parts = PlannedParts(desk.source, desk.archive, desk.settings, room, self.progress)
            self._commit(plan, parts.all(plan), history)
            return False
        draft = desk.draft(history, room, self.progress)
        if draft is None:
            return True
        plan = draft.plan
        self._hint(plan.number)
        key = layout.plan_key(desk.unit, plan.number)
        created = desk.archive.put_new(key, plan.to_json(), locked=True, content_type="application/json")
        if not created and read_plan(desk.archive, desk.unit, plan.number) != plan:
            return False  # another writer planned otherwise: its plan is finished first
        if draft.shards > 1:
            return Split(plan.number, draft.shards)
        self._commit(plan, [put_part(desk.archive, plan, part, room=room) for part in draft.parts], history)
        return True

    def _hint(self, number: int) -> None:
        """Say first that a unit is opened again: what the ledger knows of it may be old from now on (docs/adr/0049)."""
        if number:
            self.desk.archive.put_new(layout.reopened_key(self.desk.now.date(), self.desk.unit, number), b"{}", locked=False)

    def _commit(self, plan: Plan, made: Sequence[Made], history: History) -> None:
        desk = self.desk
        earlier = history.receipts[-1].conversion if history.receipts else Conversion.COMPLETE
        commit(desk.archive, plan, made, finished_by=versions(desk.settings), earlier=earlier, progress=self.progress)
