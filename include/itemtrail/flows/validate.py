"""Validate what CloudTrail delivered in a range: the digest chain (``read_chain``), then every log, read once.

Decides: which logs belong to the range, and which need not be read (a log that no proven digest lists cannot be proven by its
content). No body is kept after it was hashed. Refuses to conclude absence from a refusal: only a listing or the service's
own 404 does. Source: "Validating CloudTrail log file integrity", CloudTrail user guide, read 2026-11-24.
"""

import datetime as dt
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from itemtrail.core.chain import ChainReport
from itemtrail.core.completeness import Rules, Span, expected
from itemtrail.core.inflate import inflate
from itemtrail.core.keys import digest_folder, log_folder, parse_digest, parse_log
from itemtrail.core.logs import judge_foreign, judge_log, summarise
from itemtrail.core.reasons import COULD_NOT_LOOK, Reason
from itemtrail.errors import AccessDenied, SourceUnavailable, Undecodable
from itemtrail.flows.older_versions import History, bytes_differ, first_proven, histories
from itemtrail.flows.side_by_side import each
from itemtrail.flows.validate_chain import LOOK_AROUND, REDELIVERED, look, not_seen, read_chain
from itemtrail.model import LoggingStatus, ObjectInfo, ObjectVerdict, SlotVerdict, StoredObject, TrailRef, Validation, Verdict
from itemtrail.ports.data import ObjectStore, PublicKeys

__all__ = ["Progress", "read_chain", "validate"]

Progress = Callable[[str], None]
_DAY = dt.timedelta(days=1)
_SAY_EVERY = 500


def validate(
    store: ObjectStore,
    public_keys: PublicKeys,
    trail: TrailRef,
    status: LoggingStatus | None,
    *,
    account: str,
    region: str,
    start: dt.datetime,
    end: dt.datetime,
    now: dt.datetime,
    rules: Rules,
    max_bytes: int,
    progress: Progress = lambda _line: None,
) -> Validation:
    """Verdicts on the range ``(start, min(end, now)]``.

    Slots: those whose window ends in it. Objects: logs whose name's minute lies in it, logs that the slots' digests list,
    and what lies in CloudTrail's folders and should not.

    Raises:
        ConfigurationError: the bucket does not exist, or the credentials are wrong.
        SourceUnavailable, AccessDenied: digests could be listed once, and not again for a log that arrived late.
        ValueError: ``start`` is not before ``end``.
    """
    if start >= end:
        raise ValueError("start must be before end")
    until = min(end, now)
    progress(f"reading the digests of {account} in {region}")

    def chain(to: dt.datetime) -> ChainReport:
        return read_chain(
            store,
            public_keys,
            trail,
            status,
            account=account,
            region=region,
            start=start,
            end=to + LOOK_AROUND,
            now=now,
            rules=rules,
            max_bytes=max_bytes,
            keep_digests=False,
        )

    try:
        report = chain(until)
    except (AccessDenied, SourceUnavailable) as error:
        reason, detail = not_seen(error)
        hours = expected([], [], Span(start, until, now, status))
        return summarise([SlotVerdict(h.start, h.end, reason.verdict, reason, None, detail) for h in hours if h.end > start], [])
    slots = [slot for slot in report.slots if start < slot.end <= until]
    progress(f"{len(slots)} slots; reading logs")
    return summarise(slots, _Logs(store, report, slots, start, until, now, rules, max_bytes, progress).verdicts(chain))


@dataclass(slots=True)
class _Day:
    """One day's folder as listed: sizes of the logs that matter, what versions are kept, and verdicts on the rest."""

    day: str
    sizes: dict[str, int] = field(default_factory=dict)
    kept: dict[str, History] = field(default_factory=dict)
    arrived: dict[str, dt.datetime] = field(default_factory=dict)
    said: list[ObjectVerdict] = field(default_factory=list)
    unseen: bool = False


@dataclass(slots=True)
class _Logs:
    """The logs of a range: what exists, what digests list, and the verdict on each."""

    store: ObjectStore
    report: ChainReport
    slots: Sequence[SlotVerdict]
    start: dt.datetime
    until: dt.datetime
    now: dt.datetime
    rules: Rules
    max_bytes: int
    progress: Progress
    found: list[ObjectVerdict] = field(default_factory=list)
    kept: dict[str, History] = field(default_factory=dict)
    arrived: dict[str, dt.datetime] = field(default_factory=dict)  # of logs that no digest read so far lists

    def verdicts(self, chain: Callable[[dt.datetime], ChainReport]) -> list[ObjectVerdict]:
        """Every verdict on an object: logs, then what lies in the folders and should not.

        ``chain`` reads on to a later end: the digest that lists a log which CloudTrail could not deliver for days.
        """
        wanted = self._wanted()
        sizes, unseen = self._list(wanted)
        if (latest := max(self.arrived.values(), default=self.until)) > self.until + LOOK_AROUND:
            self.report = chain(min(latest, self.until + REDELIVERED))
            self.found.clear()
            wanted = self._wanted()
            sizes, unseen = self._list(wanted)
        present = set(sizes)
        absent = wanted - present
        gone = sorted(key for key in absent if _day(key, self.folder) not in unseen)
        self.found += list(each(gone, self._gone))
        remaining = sorted((wanted | present) - set(gone))
        self.found += [self._judge(key) for key in remaining if not self._proven(key)]
        large = {key for key, size in sizes.items() if size > self.max_bytes and self._proven(key)}
        self.found += [self._judge(key, problem=Reason.TOO_LARGE) for key in sorted(large)]
        readable = [key for key in remaining if self._proven(key) and key not in large]
        for done, verdict in enumerate(each(readable, self._read, size=lambda key: sizes.get(key, 0)), start=1):
            self.found.append(verdict)
            if done % _SAY_EVERY == 0:
                self.progress(f"{done} of {len(readable)} logs")
        return [*self.found, *(item for item in self.report.others if self._concerns(item))]

    @property
    def folder(self) -> str:
        """The log folder of the account and Region."""
        scope = self.report.scope
        return log_folder(scope.trail, scope.account, scope.region)

    def _wanted(self) -> set[str]:
        """Logs that must exist: listed by a digest of the range, or listed at all with a name in the range.

        What an altered digest lists need not exist: whoever altered it chose the names.
        """
        objects = {slot.object for slot in self.slots}
        claims = self.report.claims.values()
        mine = (c for c in claims if c.reason != Reason.OTHER_TRAIL and c.verdict is not Verdict.DISPROVEN)
        return {claim.key for claim in mine if claim.digest_key in objects or self._in_range(claim.key)}

    def _list(self, wanted: set[str]) -> tuple[dict[str, int], set[str]]:
        """Size by key of what exists, of the range or wanted; and the days whose folder could not be listed."""
        first, last = self.start.date(), self.until.date()
        days = {f"{first + n * _DAY:%Y/%m/%d}" for n in range((last - first).days + 1)}
        present: dict[str, int] = {}
        unseen: set[str] = set()
        asked = sorted(days | {_day(key, self.folder) for key in wanted if self._proven(key)})
        for listed in each(asked, lambda day: self._list_day(day, wanted, own=day in days)):
            present |= listed.sizes
            self.kept |= listed.kept
            self.arrived |= listed.arrived
            self.found += listed.said
            unseen |= {listed.day} if listed.unseen else set()
        return present, unseen

    def _list_day(self, day: str, wanted: set[str], *, own: bool) -> "_Day":
        """One day's folder; what lies in it and should not is told only of the range's own days."""
        listed, prefix = _Day(day), f"{self.folder}{day}/"
        try:
            for history in histories(self.store.list_versions(prefix)):
                if history.older:
                    listed.kept[history.key] = history
                info = history.info
                if info is None:
                    continue
                if info.key in wanted or self._in_range(info.key):
                    listed.sizes[info.key] = info.size
                    if info.key not in self.report.claims:
                        listed.arrived[info.key] = info.last_modified
                elif own and self._is_foreign(info):
                    listed.said.append(judge_foreign(info, self.now, self.rules))
        except (AccessDenied, SourceUnavailable) as error:
            reason, detail = not_seen(error)
            listed.said.append(ObjectVerdict(prefix, reason.verdict, reason, detail))
            listed.unseen = True
        return listed

    def _in_range(self, key: str) -> bool:
        scope = self.report.scope
        log = parse_log(key, scope.trail, scope.account, scope.region)
        return log is not None and self.start <= log.delivered <= self.until

    def _is_foreign(self, info: ObjectInfo) -> bool:
        scope = self.report.scope
        folder_marker = not info.size and info.key.endswith("/")
        return not folder_marker and parse_log(info.key, scope.trail, scope.account, scope.region) is None

    def _concerns(self, item: ObjectVerdict) -> bool:
        """Whether an object of the digest folder belongs to the range, by the time in its name or the day of its folder."""
        scope = self.report.scope
        folder = digest_folder(scope.trail, scope.account, scope.region)
        if not item.key.startswith(folder):
            return True
        key = parse_digest(item.key, scope.trail, scope.account, scope.region)
        if key:
            return self.start < key.end <= self.until
        return f"{self.start:%Y/%m/%d}" <= _day(item.key, folder) <= f"{self.until:%Y/%m/%d}"

    def _proven(self, key: str) -> bool:
        claim = self.report.claims.get(key)
        return claim is not None and claim.verdict is Verdict.PROVEN

    def _read(self, key: str) -> ObjectVerdict:
        found = look(self.store, key)
        if not isinstance(found, StoredObject):
            return self._older(self._judge(key, problem=found[0]))
        said = self._content(key, found)
        if said.verdict is not Verdict.PROVEN:
            return self._older(said)
        differ = bytes_differ(self.store, self.kept[key], found.body, max_bytes=self.max_bytes) if key in self.kept else ""
        return ObjectVerdict(key, said.verdict, Reason.BYTES_DIFFER, differ) if differ else said

    def _gone(self, key: str) -> ObjectVerdict:
        return self._older(self._judge(key, problem=Reason.MISSING))

    def _content(self, key: str, stored: StoredObject) -> ObjectVerdict:
        try:
            content = inflate(stored.body, max_bytes=self.max_bytes)
        except Undecodable as error:
            return self._judge(key, problem=error.reason)
        return self._judge(key, hashlib.sha256(content).hexdigest())

    def _older(self, said: ObjectVerdict) -> ObjectVerdict:
        """``said``, or that an older version is the proven one."""
        history = self.kept.get(said.key)
        if history is None or not self._proven(said.key) or said.reason in COULD_NOT_LOOK:
            return said
        found = first_proven(
            self.store,
            history,
            lambda stored: self._content(said.key, stored).verdict is Verdict.PROVEN,
            max_bytes=self.max_bytes,
        )
        if found is None:
            return said
        return ObjectVerdict(said.key, Verdict.PROVEN, history.recovered, history.told(found[0], said.reason))

    def _judge(self, key: str, content_sha256: str | None = None, *, problem: str = "") -> ObjectVerdict:
        return judge_log(
            key,
            content_sha256=content_sha256,
            problem=problem,
            report=self.report,
            now=self.now,
            rules=self.rules,
            arrived=self.arrived.get(key),
        )


def _day(key: str, folder: str) -> str:
    """``YYYY/MM/DD`` of a key in ``folder``."""
    return key[len(folder) :][:10]
