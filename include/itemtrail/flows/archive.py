"""Archiving: one unit at a time, from the trail bucket into the archive, validated, packed, converted and committed.

Decides: the order of the commit protocol (an open plan is finished before a new one is made; the plan is put before any output),
that a unit whose judgement and originals are unchanged gets no new commit, and which units a day's run must look at. Refuses to
use an archive root that belongs to another trail. Time is a parameter.
Commit protocol: docs/design.md, "The archive"; docs/adr/0041.
"""

import contextlib
import datetime as dt
import tempfile
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from itemtrail.core import keys, layout
from itemtrail.core.chain import ChainReport
from itemtrail.core.plan import Input, Judgement, Plan, cut, identity
from itemtrail.core.receipt import Packed, Receipt, covered
from itemtrail.core.seen import Seen
from itemtrail.errors import AccessDenied, ColdStorage, EvidenceError, NotFound, SourceUnavailable
from itemtrail.flows.archive_build import Bench, BuiltPart, build_part
from itemtrail.flows.archive_commit import Progress, check_tar, commit
from itemtrail.flows.archive_discover import discover
from itemtrail.flows.archive_fetch import Wanted, wanted_digest, wanted_log, wanted_planned, wanted_stored
from itemtrail.flows.archive_judge import Observed, is_original, judge
from itemtrail.flows.archive_recovered import with_deleted_logs
from itemtrail.flows.archive_root import KeyRecorder, claim_root, store_keys, versions
from itemtrail.flows.archive_tags import tag
from itemtrail.flows.receipts import History, load, read_plan
from itemtrail.flows.validate_chain import REDELIVERED, not_seen, read_chain
from itemtrail.model import Conversion, LoggingStatus, ObjectInfo, TrailRef, Unit
from itemtrail.ports.data import ArchiveStore, ObjectStore, ProvenTagger, PublicKeys
from itemtrail.settings import Settings

_DAY = dt.timedelta(days=1)
_AFTER = dt.timedelta(hours=2)  # the digests that may list the day's last logs
_ROUNDS = 16

__all__ = ["archive_unit", "claim_root", "discover", "store_keys"]


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
    claim_root(archive, trail)
    work = _Work(unit, trail, status, source, archive, public_keys, settings, now, progress)
    for _ in range(_ROUNDS):
        with tempfile.TemporaryDirectory(prefix="unit-", dir=spool) as room:
            if work.step(Path(room)):
                break
    else:
        raise SourceUnavailable(f"{unit}: other writers kept it busy.", advice="run it again when they are done.")
    receipts = load(archive, unit).receipts
    if tagger is not None:
        tag(archive, tagger, unit, receipts, progress)
    return receipts[-1]


@dataclass(frozen=True, slots=True)
class _Draft:
    """A commit built in the room and not planned yet."""

    plan: Plan
    parts: tuple[BuiltPart, ...]


@dataclass(frozen=True, slots=True)
class _Work:
    """One unit's run."""

    unit: Unit
    trail: TrailRef
    status: LoggingStatus | None
    source: ObjectStore
    archive: ArchiveStore
    public_keys: PublicKeys
    settings: Settings
    now: dt.datetime
    progress: Progress

    def step(self, room: Path) -> bool:
        """Finish an open plan, or make one commit, or find nothing to do; True when the unit is up to date."""
        history = load(self.archive, self.unit)
        if history.open_plan:
            self.progress(f"{self.unit}: finishing commit {history.next_number}, which was left open")
            self._hint(history.next_number)
            self._finish(history.open_plan, self._rebuild(history.open_plan, room), history, room)
            return False
        draft = self._draft(history, room)
        if draft is None:
            return True
        self._hint(draft.plan.number)
        key = layout.plan_key(self.unit, draft.plan.number)
        created = self.archive.put_new(key, draft.plan.to_json(), locked=True, content_type="application/json")
        if not created and read_plan(self.archive, self.unit, draft.plan.number) != draft.plan:
            return False  # another writer planned otherwise: its plan is finished first
        self._finish(draft.plan, draft.parts, history, room)
        return True

    def _hint(self, number: int) -> None:
        """Say first that a unit is opened again: what the ledger knows of it may be old from now on (docs/adr/0049)."""
        if number:
            self.archive.put_new(layout.reopened_key(self.now.date(), self.unit, number), b"{}", locked=False)

    def _finish(self, plan: Plan, parts: Sequence[BuiltPart], history: History, room: Path) -> None:
        earlier = history.receipts[-1].conversion if history.receipts else Conversion.COMPLETE
        commit(
            self.archive,
            plan,
            parts,
            room=room,
            finished_by=versions(self.settings),
            earlier=earlier,
            progress=self.progress,
        )

    def _draft(self, history: History, room: Path) -> _Draft | None:
        """Observe, build what is new, judge; None if nothing is new."""
        recorder = KeyRecorder(self.public_keys)
        have = covered(history.receipts)
        most = self.settings.conversion.max_inflated_bytes
        seen = with_deleted_logs(self._observe(recorder), self.source, have, max_bytes=most)
        wanted = _new(seen, self._other_digests(seen), have)
        self.progress(f"{self.unit}: {len(seen.logs)} logs, {len(seen.relevant_digests)} digests, {len(wanted)} new")
        parts = self._build(history.next_number, wanted, room)
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
        return _Draft(self._plan(history, fresh.values(), judgement, stored_keys), parts)

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

    def _build(self, number: int, wanted: Sequence[Wanted], room: Path) -> tuple[BuiltPart, ...]:
        numbers = cut([item.size for item in wanted], self.settings.archive.part_bytes)
        with Seen(room) as seen:
            bench = Bench(self.unit, number, self.source, room, self.settings.conversion, seen)
            return tuple(
                build_part(bench, part, [w for w, n in zip(wanted, numbers, strict=True) if n == part])
                for part in sorted(set(numbers))
            )

    def _rebuild(self, plan: Plan, room: Path) -> tuple[BuiltPart, ...]:
        """What an open plan says, again: a part whose tar is in the archive needs nothing of the trail bucket."""
        there = {info.key for info in self.archive.list(f"{layout.ORIGINALS}{layout.unit_folder(self.unit)}")}
        parts: list[BuiltPart] = []
        with Seen(room) as seen:
            bench = Bench(self.unit, plan.number, self.source, room, self.settings.conversion, seen)
            for number, inputs in plan.parts():
                key = layout.tar_key(self.unit, plan.number, number)
                existing = self._existing(key, inputs, room) if key in there else None
                parts.append(build_part(bench, number, [wanted_planned(i) for i in inputs], existing=existing))
                _must_be_final(plan, parts[-1])
                if existing:
                    existing.unlink()
        return tuple(parts)

    def _existing(self, key: str, inputs: Sequence[Input], room: Path) -> Path:
        path = room / "existing.tar"
        self.archive.download(key, path)
        check_tar(path, inputs, name=key)
        return path


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


def _must_not_be_blind(parts: Sequence[BuiltPart]) -> None:
    """Where not one object could be read because the service did not answer, nothing is learnt by committing."""
    errors = [error for part in parts for _, error in part.unread]
    answered = any(part.inputs for part in parts)
    if errors and not answered and all(isinstance(e, SourceUnavailable) and not isinstance(e, ColdStorage) for e in errors):
        raise errors[0]


def _must_be_final(plan: Plan, part: BuiltPart) -> None:
    """An open plan is finished without an original only where that is gone for good."""
    for item, error in part.unread:
        if not isinstance(error, NotFound | EvidenceError):
            raise SourceUnavailable(
                f"{plan.unit} commit {plan.number} waits for {item.key}: {error.message}", advice="mend that, then run it again."
            ) from error
