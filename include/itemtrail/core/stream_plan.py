"""Plan and receipt of a commit of stream records: what it will hold, fixed before anything is written, and what it holds.

Decides: what makes a record the same record (stream, shard, sequence number), where the next commit goes on (a checkpoint per
shard, committed with the data), what a gap says, and that numbers add up (records in = rows + duplicates + quarantined). Refuses
a clock and a run id: ``observed`` is an input of the plan, so that a commit that is finished later says the same.
Commit protocol: docs/design.md, "The archive"; docs/adr/0045. Source: DynamoDB Streams API reference (read 2026-11-24).
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from itemtrail.core.plan import Versions, canonical, decode, sha256
from itemtrail.core.redaction import Rule
from itemtrail.errors import EvidenceError

SETTLE = dt.timedelta(minutes=1)  # a record is in its stream by then


class StreamOutputKind(StrEnum):
    """Where an output lies."""

    RECORDS = "records"
    QUARANTINE = "quarantine"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far a shard is archived. ``after``: its last sequence number, None before its first record.

    ``until``: every record of the shard created before it is archived (None: nothing is known). ``closed``: read to its end.
    """

    stream_arn: str
    shard_id: str
    after: str | None
    closed: bool
    until: dt.datetime | None

    @property
    def shard(self) -> tuple[str, str]:
        """(stream, shard)."""
        return self.stream_arn, self.shard_id


@dataclass(frozen=True, slots=True)
class Range:
    """Records of one shard in one commit: ``(after, up_to]``. ``first`` and ``last``: when they were created, None where unsaid.

    ``up_to`` None: the shard had no record with a sequence number in this commit. ``closed``: the range goes to the shard's end.
    ``records`` counts them once each, ``quarantined`` those of them that could not be read.
    """

    stream_arn: str
    shard_id: str
    after: str | None
    up_to: str | None
    closed: bool
    records: int
    quarantined: int
    first: dt.datetime | None
    last: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Gap:
    """Records that may be lost for good: those of a shard after ``after``, created between ``from_ts`` and ``to_ts``.

    ``from_ts`` None: not known; ``to_ts``: the first record that was still there, or the time at which none was.
    ``records``: how many, where that is known.
    """

    stream_arn: str
    shard_id: str
    after: str | None
    from_ts: dt.datetime | None
    to_ts: dt.datetime | None
    records: int | None = None


@dataclass(frozen=True, slots=True)
class PlannedOutput:
    """One object of the commit. ``content``: SHA-256 of its rows as canonical JSON, whichever writer made the file."""

    key: str
    kind: StreamOutputKind
    rows: int
    content: str


@dataclass(frozen=True, slots=True)
class StreamOutput:
    """One object that the commit added, as it was read back."""

    key: str
    kind: StreamOutputKind
    rows: int
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class StreamPlan:
    """One commit of a table before it is made. ``previous``: SHA-256 of the table's last receipt, None for the first.

    ``covered_until``: everything created before it is archived once the commit is. ``checkpoints``: as of this commit.
    ``gap_commits``: earlier commits of the table that recorded a gap. ``redaction``: the rules that records were redacted by, so
    that finishing redacts alike; ``redaction_key`` tells which key hashed, it is not the key.
    """

    table_arn: str
    number: int
    previous: str | None
    versions: Versions
    observed: dt.datetime
    covered_until: dt.datetime | None
    ranges: tuple[Range, ...]
    duplicates: int
    outputs: tuple[PlannedOutput, ...]
    checkpoints: tuple[Checkpoint, ...]
    gaps: tuple[Gap, ...] = ()
    gap_commits: tuple[int, ...] = ()
    redaction: tuple[Rule, ...] = ()
    redaction_key: str = ""
    layout: int = 1
    kind: str = "streamplan"

    def to_json(self) -> bytes:
        """Canonical bytes."""
        return canonical(self)

    @classmethod
    def from_json(cls, data: bytes, *, key: str) -> "StreamPlan":
        """The plan in ``data``; ``key`` is named in errors.

        Raises:
            EvidenceError: not a plan of this layout.
        """
        return decode(data, cls, key=key)


@dataclass(frozen=True, slots=True)
class StreamCounts:
    """Numbers of one commit. ``lost``: planned records that were trimmed before an interrupted commit was finished."""

    records_in: int
    rows: int
    duplicates: int
    quarantined: int
    lost: int = 0


@dataclass(frozen=True, slots=True)
class StreamReceipt:
    """One commit of a table. ``plan`` and ``previous`` are SHA-256 of the documents' bytes; ``gaps`` are this commit's."""

    table_arn: str
    number: int
    previous: str | None
    plan: str
    versions: Versions
    finished_by: Versions
    observed: dt.datetime
    covered_until: dt.datetime | None
    counts: StreamCounts
    ranges: tuple[Range, ...]
    outputs: tuple[StreamOutput, ...]
    checkpoints: tuple[Checkpoint, ...]
    gaps: tuple[Gap, ...] = ()
    gap_commits: tuple[int, ...] = ()
    redaction: tuple[Rule, ...] = ()
    redaction_key: str = ""
    layout: int = 1
    kind: str = "streamreceipt"

    @property
    def whole(self) -> bool:
        """Whether the streams were read to their tip: then everything is archived up to shortly before this run began."""
        return self.covered_until is not None and self.observed - self.covered_until <= SETTLE

    def to_json(self) -> bytes:
        """Canonical bytes."""
        return canonical(self)

    @classmethod
    def from_json(cls, data: bytes, *, key: str) -> "StreamReceipt":
        """The receipt in ``data``; ``key`` is named in errors.

        Raises:
            EvidenceError: not a receipt of this layout.
        """
        return decode(data, cls, key=key)


def make_receipt(
    plan: StreamPlan, outputs: Sequence[StreamOutput], *, lost: Sequence[Gap] = (), finished_by: Versions
) -> StreamReceipt:
    """The receipt of ``plan`` once its outputs are there; ``lost``: planned ranges that could not be read again.

    Raises:
        EvidenceError: the numbers do not add up; nothing may be committed.
    """
    gone = sum(gap.records or 0 for gap in lost)
    rows = sum(o.rows for o in outputs if o.kind is StreamOutputKind.RECORDS)
    bad = sum(o.rows for o in outputs if o.kind is StreamOutputKind.QUARANTINE)
    taken = sum(r.records for r in plan.ranges) - gone
    if taken != rows + bad:
        raise EvidenceError(
            f"{plan.table_arn} commit {plan.number}: {taken} records were read, but {rows} rows + {bad} quarantined were made.",
            advice="nothing was committed; this is a fault of itemtrail: report it with the table's plan.",
        )
    gaps = (*plan.gaps, *lost)
    return StreamReceipt(
        table_arn=plan.table_arn,
        number=plan.number,
        previous=plan.previous,
        plan=sha256(plan.to_json()),
        versions=plan.versions,
        finished_by=finished_by,
        observed=plan.observed,
        covered_until=plan.covered_until,
        counts=StreamCounts(taken + plan.duplicates, rows, plan.duplicates, bad, gone),
        ranges=plan.ranges,
        outputs=tuple(outputs),
        checkpoints=plan.checkpoints,
        gaps=gaps,
        gap_commits=(*plan.gap_commits, plan.number) if gaps else plan.gap_commits,
        redaction=plan.redaction,
        redaction_key=plan.redaction_key,
    )
