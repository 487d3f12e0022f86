"""The shards of a stream: which may be read now, in which order, and what was lost before anybody read it.

Decides: a shard is read after its parent is finished; it is finished when its iterator ended (a closed shard's does, after its
EndingSequenceNumber), never because the service stopped listing it; a parent that is not listed any more was trimmed. A split is
one parent with several children; in a merge the child names one parent and the other simply ends. Refuses to guess order from
shard names. Source: DynamoDB developer guide, "Reading and processing a stream"; DynamoDB Streams API reference, Shard (read
2026-11-24).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from itemtrail.core.stream_plan import Checkpoint
from itemtrail.errors import EvidenceError
from itemtrail.model import Shard

Known = Mapping[str, Checkpoint]
"""Checkpoints of one stream, by shard."""


def ready(shards: Sequence[Shard], known: Known) -> tuple[Shard, ...]:
    """Shards that may be read now: not finished, and the parent is finished or not listed; in the order of the listing."""
    listed = {shard.id for shard in shards}
    finished = {name for name, checkpoint in known.items() if checkpoint.closed}
    return tuple(s for s in shards if s.id not in finished and (s.parent in finished or s.parent not in listed))


def in_order(shards: Sequence[Shard]) -> tuple[Shard, ...]:
    """Every shard after its parent.

    Raises:
        EvidenceError: the parents form a ring, so that none could ever be read.
    """
    listed = {shard.id for shard in shards}
    waiting, placed, ordered = list(shards), set[str](), list[Shard]()
    while waiting:
        able = [s for s in waiting if s.parent in placed or s.parent not in listed]
        if not able:
            raise EvidenceError(
                f"the shards {', '.join(sorted(s.id for s in waiting)[:3])} name each other as parents.",
                advice="this is no answer that DynamoDB gives: check the endpoint.",
            )
        ordered += able
        placed |= {s.id for s in able}
        waiting = [s for s in waiting if s.id not in placed]
    return tuple(ordered)


def lost_parents(shards: Sequence[Shard], known: Known) -> tuple[str, ...]:
    """Parents that are named, not listed, and were never read to their end: trimmed before they were; sorted."""
    listed = {shard.id for shard in shards}
    return tuple(sorted({s.parent for s in shards if s.parent and s.parent not in listed and not _finished(known, s.parent)}))


def vanished(shards: Sequence[Shard], known: Known) -> tuple[Checkpoint, ...]:
    """Checkpoints of shards that were not finished and are not listed any more, by shard."""
    listed = {shard.id for shard in shards}
    return tuple(known[name] for name in sorted(known) if not known[name].closed and name not in listed)


def worth_keeping(checkpoints: Iterable[Checkpoint], shards: Sequence[Shard]) -> tuple[Checkpoint, ...]:
    """The checkpoints that a later run may need: of listed shards, and of parents that listed shards name."""
    named: Collection[str | None] = {s.id for s in shards} | {s.parent for s in shards}
    return tuple(c for c in checkpoints if c.shard_id in named)


def childless(shards: Sequence[Shard], finished: Iterable[str]) -> bool:
    """Whether one of ``finished`` has no child in this listing: a newer listing may have one."""
    parents = {shard.parent for shard in shards}
    return any(name not in parents for name in finished)


def _finished(known: Known, name: str) -> bool:
    return name in known and known[name].closed
