"""Reading a table's streams on from its checkpoints: old streams first, parents before children, up to what one commit may hold.

Decides: where reading ends (a page created after the run began, or several empty answers: GetRecords does not say where the tip
is), what of it is a duplicate, and what may have been lost before it was read: records trimmed after the last one archived,
shards and streams that are not listed any more. Refuses to write. Time is a parameter: ``now`` is when the run began.
Source: DynamoDB Streams API reference, GetRecords; DynamoDB developer guide, "Change data capture for DynamoDB Streams" (records
stay 24 hours; read 2026-11-24); docs/adr/0046.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from itemtrail.core.shards import childless, in_order, lost_parents, ready, vanished, worth_keeping
from itemtrail.core.stream_plan import SETTLE, Checkpoint, Gap, Range
from itemtrail.core.stream_records import Redact, Row, Unreadable, created_of
from itemtrail.errors import NotFound, Trimmed
from itemtrail.flows.archive_stream_take import Take
from itemtrail.model import Shard
from itemtrail.ports.streams import StreamDescription, Streams

KEPT = dt.timedelta(hours=23)  # AWS keeps records for 24 hours; a run may take a while
_EMPTY_ANSWERS = 5


@dataclass(frozen=True, slots=True)
class Limits:
    """What one commit may hold; more is left to the next one. ``text`` is in characters of keys and images."""

    records: int = 40_000
    text: int = 40 << 20


@dataclass(slots=True)
class Draft:
    """What was read and is not planned yet. ``complete``: every stream was read to its tip; ``enabled``: one of them is on."""

    rows: list[Row] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    ranges: list[Range] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    checkpoints: list[Checkpoint] = field(default_factory=list)
    duplicates: int = 0
    complete: bool = False
    enabled: bool = False


@dataclass(slots=True)
class Reader:
    """One pass over a table's streams. ``looked``: when the run before began, None for the first of the table.

    ``covered``: everything created before it is archived.
    """

    table_arn: str
    streams: Streams
    redact: Redact | None
    now: dt.datetime
    looked: dt.datetime | None
    covered: dt.datetime | None
    limits: Limits
    draft: Draft = field(default_factory=Draft)
    text: int = 0

    def read(self, checkpoints: Sequence[Checkpoint]) -> Draft:
        """Everything after ``checkpoints``, as far as a commit may hold."""
        listed = {ref.arn for ref in self.streams.streams(self.table_arn)} | {c.stream_arn for c in checkpoints}
        self.draft.complete = True
        for arn in sorted(listed):  # by label, which is a time: oldest first
            known = {c.shard_id: c for c in checkpoints if c.stream_arn == arn}
            if self.draft.complete:
                self.draft.complete = _Stream(self, arn, known).read()
            else:
                self.draft.checkpoints += known.values()
        return self.draft

    @property
    def full(self) -> bool:
        """Whether the commit holds what it may."""
        held = len(self.draft.rows) + len(self.draft.unreadable)
        return held >= self.limits.records or self.text >= self.limits.text

    @property
    def stale(self) -> bool:
        """Whether the last look was so long ago that records may be gone since."""
        return self.looked is not None and self.looked < self.now - KEPT

    def keep(self, take: Take) -> None:
        """Add what was taken of one shard."""
        self.draft.rows += take.rows
        self.draft.unreadable += take.unreadable
        self.draft.duplicates += take.duplicates
        self.text += take.text
        if take.records or take.closed:
            self.draft.ranges.append(take.range())

    def gone(self, checkpoints: Sequence[Checkpoint]) -> None:
        """A stream that is not there any more: what was not read of them is lost."""
        unfinished = [c for c in checkpoints if not c.closed]
        lost = unfinished or (list(checkpoints[-1:]) if self.stale else [])
        self.draft.gaps += [Gap(c.stream_arn, c.shard_id, c.after, c.until, self.now) for c in lost]


@dataclass(slots=True)
class _Stream:
    """One stream of the table in this pass."""

    reader: Reader
    arn: str
    known: dict[str, Checkpoint]
    _visited: set[str] = field(default_factory=set)

    def read(self) -> bool:
        """Read what may be read; True when the stream is read to its tip."""
        found = self._describe()
        while found is not None:
            self._note_lost(found.shards)
            before = {name for name, c in self.known.items() if c.closed}
            if not self._shards(found):
                self._keep(found.shards)
                return False
            now_finished = {name for name, c in self.known.items() if c.closed} - before
            if not (found.enabled and childless(found.shards, now_finished)):
                self._keep(found.shards)
                return True
            found = self._describe()
        return True

    def _describe(self) -> StreamDescription | None:
        try:
            found = self.reader.streams.describe(self.arn)
        except NotFound:
            self.reader.gone(list(self.known.values()))
            return None
        self.reader.draft.enabled |= found.enabled
        return replace(found, shards=in_order(found.shards))

    def _keep(self, shards: Sequence[Shard]) -> None:
        self.reader.draft.checkpoints += worth_keeping(self.known.values(), shards)

    def _note_lost(self, shards: Sequence[Shard]) -> None:
        """Each shard that was trimmed before it was read to its end, once: from then on it counts as finished."""
        reader = self.reader
        for old in vanished(shards, self.known):
            reader.draft.gaps.append(Gap(self.arn, old.shard_id, old.after, old.until, reader.now))
            self.known[old.shard_id] = replace(old, closed=True)
        for name in lost_parents(shards, self.known):
            if reader.looked is not None:
                reader.draft.gaps.append(Gap(self.arn, name, None, reader.covered, reader.now))
            self.known[name] = Checkpoint(self.arn, name, None, True, None)

    def _shards(self, found: StreamDescription) -> bool:
        """Read every shard that may be read, children as soon as they may; False when the commit is full."""
        while todo := [s for s in ready(found.shards, self.known) if s.id not in self._visited]:
            for shard in todo:
                if self.reader.full or not self._shard(shard, enabled=found.enabled):
                    return False
                self._visited.add(shard.id)
        return True

    def _shard(self, shard: Shard, *, enabled: bool) -> bool:
        reader, old = self.reader, self.known.get(shard.id)
        take = Take(reader.table_arn, self.arn, shard.id, old.after if old else None, reader.redact)
        try:
            tip = self._pages(take, take.after)
        except Trimmed:
            tip = self._after_trim(take, old)
        except NotFound:
            take.closed = tip = True
            reader.draft.gaps.append(Gap(self.arn, shard.id, take.position, old.until if old else reader.covered, reader.now))
        if take.after is None and reader.looked is not None:
            self._begun_late(shard, take, old)
        take.closed = take.closed or (take.dry and not enabled)  # nothing is added to a stream that is off
        until = reader.now - SETTLE if tip else take.last or (old.until if old else None)
        self.known[shard.id] = Checkpoint(self.arn, shard.id, take.position, take.closed, until)
        reader.keep(take)
        return tip

    def _begun_late(self, shard: Shard, take: Take, old: Checkpoint | None) -> None:
        """A shard read from the oldest record there is, and not for the first time that the table is: was there an older one?"""
        reader = self.reader
        before = old or self.known.get(shard.parent or "")
        if before and (before.until is None or before.until < reader.now - KEPT):
            reader.draft.gaps.append(Gap(self.arn, shard.id, None, before.until, take.first or reader.now))
        elif reader.stale and take.first_number != shard.first:
            reader.draft.gaps.append(Gap(self.arn, shard.id, None, reader.covered, take.first or reader.now))

    def _after_trim(self, take: Take, old: Checkpoint | None) -> bool:
        """From the oldest record there is; whether that leaves a gap depends on how far the shard was archived."""
        reader, position = self.reader, take.position
        until = take.last or (old.until if old else None)
        take.begin_again()
        tip = self._pages(take, None)
        if until is None or until < reader.now - KEPT:
            reader.draft.gaps.append(Gap(self.arn, take.shard_id, position, until, take.first_again or reader.now))
        return tip

    def _pages(self, take: Take, after: str | None) -> bool:
        """Take page after page; True at the shard's end or tip, False when the commit is full."""
        reader, empty = self.reader, 0
        for page in reader.streams.pages(self.arn, take.shard_id, after=after):
            take.add(page)
            if page.closed:
                return True
            empty = 0 if page.records else empty + 1
            newest = created_of(page.records[-1]) if page.records else None
            take.dry = empty == _EMPTY_ANSWERS
            if take.dry or (newest and newest >= reader.now):
                return True
            held = len(reader.draft.rows) + len(reader.draft.unreadable) + take.records
            if held >= reader.limits.records or reader.text + take.text >= reader.limits.text:
                return False
        take.end()
        return True
