"""A unit's next commit before it is planned: what is observed, what is new of it, and the judgement.

Decides: that a unit whose judgement and originals are unchanged gets no new commit, and whether the new originals are so many
that several tasks build them (then they are read and hashed only; each is read again, and must have its planned hash, by the
shard that packs it). Refuses to write to the archive, public keys apart. Time is a parameter.
"""

import contextlib
import datetime as dt
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from itemtrail.core import keys
from itemtrail.core.chain import ChainReport
from itemtrail.core.plan import Input, Judgement, Plan, cut, identity, shards
from itemtrail.core.receipt import Packed, covered
from itemtrail.errors import AccessDenied, ColdStorage, NotFound, SourceUnavailable
from itemtrail.flows.archive_build import Bench, BuiltPart, ReadPart, build_part, read_part
from itemtrail.flows.archive_commit import Progress
from itemtrail.flows.archive_fetch import Wanted, wanted_digest, wanted_log, wanted_stored
from itemtrail.flows.archive_judge import Observed, is_original, judge
from itemtrail.flows.archive_recovered import with_deleted_logs
from itemtrail.flows.archive_root import KeyRecorder, store_keys, versions
from itemtrail.flows.receipts import History
from itemtrail.flows.validate_chain import REDELIVERED, not_seen, read_chain
from itemtrail.model import LoggingStatus, ObjectInfo, TrailRef, Unit
from itemtrail.ports.data import ArchiveStore, ObjectStore, PublicKeys
from itemtrail.settings import Settings

_DAY = dt.timedelta(days=1)
_AFTER = dt.timedelta(hours=2)  # the digests that may list the day's last logs


@dataclass(frozen=True, slots=True)
class Draft:
    """A commit that is not planned yet. ``parts`` are empty where ``shards`` (more than one) will build them."""

    plan: Plan
    parts: tuple[BuiltPart, ...]
    shards: int = 1


@dataclass(frozen=True, slots=True)
class Desk:
    """What a unit's draft is made from. ``shards``: by how many tasks a big commit may be built, 1 for this one alone."""

    unit: Unit
    trail: TrailRef
    status: LoggingStatus | None
    source: ObjectStore
    archive: ArchiveStore
    public_keys: PublicKeys
    settings: Settings
    now: dt.datetime
    shards: int = 1

    def draft(self, history: History, room: Path, progress: Progress) -> Draft | None:
        """Observe, build what is new, judge; None if nothing is new."""
        recorder = KeyRecorder(self.public_keys)
        have = covered(history.receipts)
        most = self.settings.conversion.max_inflated_bytes
        seen = with_deleted_logs(self._observe(recorder), self.source, have, max_bytes=most)
        wanted = _new(seen, self._other_digests(seen), have)
        progress(f"{self.unit}: {len(seen.logs)} logs, {len(seen.relevant_digests)} digests, {len(wanted)} new")
        numbers = cut([item.size for item in wanted], self.settings.archive.part_bytes)
        split = self.split([item.size for item in wanted], numbers)
        bench = Bench(self.unit, history.next_number, self.source, room, self.settings.conversion)
        pieces = [(p, [w for w, n in zip(wanted, numbers, strict=True) if n == p]) for p in sorted(set(numbers))]
        built = tuple(build_part(bench, *piece) for piece in pieces) if split == 1 else ()
        parts: tuple[ReadPart, ...] = built if split == 1 else tuple(read_part(bench, *piece) for piece in pieces)
        _must_not_be_blind(parts)
        fresh = {i.key: i for part in parts for i in part.inputs}
        judgement = judge(
            seen,
            _contents(seen, have) | fresh,
            {item.key: not_seen(error)[0] for part in parts for item, error in part.unread},
            history.receipts[-1] if history.receipts else None,
            archived=have,
            now=self.now,
            rules=self.settings.validation,
        )
        if not fresh and history.receipts and judgement.says() == history.receipts[-1].judgement.says():
            return None
        stored_keys = store_keys(self.archive, recorder.found)
        return Draft(self._plan(history, fresh.values(), judgement, stored_keys), built, split)

    def split(self, sizes: Sequence[int], numbers: Sequence[int]) -> int:
        """By how many tasks originals of these sizes and parts are built."""
        return shards(sizes, numbers, big=self.settings.archive.shard_bytes, most=self.shards)

    def _plan(self, history: History, inputs: Iterable[Input], judgement: Judgement, stored_keys: tuple[str, ...]) -> Plan:
        return Plan(
            unit=self.unit,
            number=history.next_number,
            previous=history.last_sha256,
            trail=self.trail.arn,
            versions=versions(self.settings),
            inputs=tuple(inputs),
            judgement=judgement,
            keys=stored_keys,
        )

    def _observe(self, recorder: KeyRecorder) -> Observed:
        unit, trail = self.unit, self.trail
        start = dt.datetime.combine(unit.day, dt.time(), dt.UTC)
        logs = self._originals(keys.log_day(trail, unit))
        digests = self._originals(keys.digest_day(trail, unit))
        report = self._chain(recorder, start, start + _DAY + _AFTER)
        late = [log.last_modified for log in logs if log.key not in report.claims]
        if late and max(late) > start + _DAY:  # redelivered after an outage: listed by the digest of the hour of its arrival
            report = self._chain(recorder, start, min(max(late), start + REDELIVERED) + _AFTER)
        return Observed(unit, trail, logs, digests, report)

    def _chain(self, recorder: KeyRecorder, start: dt.datetime, end: dt.datetime) -> ChainReport:
        return read_chain(
            self.source,
            recorder,
            self.trail,
            self.status,
            account=self.unit.account,
            region=self.unit.region,
            start=start,
            end=end,
            now=self.now,
            rules=self.settings.validation,
            max_bytes=self.settings.conversion.max_inflated_bytes,
        )

    def _originals(self, folder: str) -> tuple[ObjectInfo, ...]:
        unit, trail = self.unit, self.trail
        return tuple(i for i in self.source.list(folder) if is_original(i, trail, unit.account, unit.region))

    def _other_digests(self, seen: Observed) -> Iterator[ObjectInfo]:
        """Digests of other trails that list logs of the day: what a verdict leans on goes into the archive."""
        for key in sorted(seen.listing_digests - {d.key for d in seen.relevant_digests}):
            with contextlib.suppress(NotFound, AccessDenied):
                yield self.source.head(key)


def _new(seen: Observed, others: Iterable[ObjectInfo], have: Container[tuple[str, str]]) -> list[Wanted]:
    """What no commit of the unit holds, in key order; a digest that validation read is not read again."""
    wanted = {info.key: wanted_digest(info) for info in (*seen.digests, *others)}
    wanted |= {stored.key: wanted_stored(stored) for stored in seen.relevant_digests}
    wanted |= {info.key: wanted_log(info) for info in seen.logs}
    return [wanted[key] for key in sorted(wanted) if wanted[key].identity not in have]


def _contents(seen: Observed, have: Mapping[tuple[str, str], Packed]) -> dict[str, Input]:
    """What is recorded of the day's logs that are archived already, by key."""
    known = ((info.key, have.get(identity(info.key, info.version_id, info.etag))) for info in seen.logs)
    return {key: original for key, original in known if original}


def _must_not_be_blind(parts: Sequence[ReadPart]) -> None:
    """Where not one object could be read because the service did not answer, nothing is learnt by committing."""
    errors = [error for part in parts for _, error in part.unread]
    answered = any(part.inputs for part in parts)
    if errors and not answered and all(isinstance(e, SourceUnavailable) and not isinstance(e, ColdStorage) for e in errors):
        raise errors[0]
