"""The digest chain of one account and Region, judged: a verdict for every expected hour, and what is said of each log.

Rules, in the order of the code:

1. A digest is *genuine* if it lies where it says and its signature holds (``genuine``).
2. Backfill digests are a chain of their own (``backfill``).
3. Neighbours that are both genuine must agree: hash, signature, and the end of one is the start of the next.
4. Genuine digests are the windows of the chain; the time they leave open is cut into expected slots (``completeness``).
5. An altered or missing digest is blamed in its own slot only.
6. What a digest says of logs counts for as much as the digest itself.

Not done here: keys are taken as given, and what lies in older versions of an object is looked for by the flow.
Source: "Custom implementations of CloudTrail log file integrity validation", CloudTrail user guide, read 2026-11-24.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from itemtrail.core.backfill import BackfillReport, judge_backfill
from itemtrail.core.completeness import HOUR, Before, Kind, Rules, Slot, Span, Window, due, expected
from itemtrail.core.digest import HASH_ALGORITHM, Digest, LogEntry, Reading
from itemtrail.core.genuine import Finding, signatures
from itemtrail.core.keys import format_digest, log_folder, parse_digest
from itemtrail.core.reasons import COULD_NOT_LOOK, Reason
from itemtrail.core.signature import check
from itemtrail.model import ObjectVerdict, PublicKey, SlotVerdict, StoredObject, TrailRef, Verdict


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose chain it is."""

    trail: TrailRef
    account: str
    region: str


@dataclass(frozen=True, slots=True)
class Claim:
    """What a digest says of a log: ``sha256`` of its inflated content. ``verdict`` and ``reason`` are the digest's."""

    key: str
    sha256: str
    digest_key: str
    verdict: Verdict
    reason: str


@dataclass(frozen=True, slots=True)
class ChainReport:
    """A judged chain. ``others``: verdicts on objects of the digest folder that are no slot's digest (backfill, planted).

    ``digests`` are the digest objects as read, for packing; empty where they were not asked for. ``until``: no slot after it.
    ``late``: the hours before the end of each backfill digest that is not proven: it may list a log that nobody else does.
    """

    scope: Scope
    slots: tuple[SlotVerdict, ...]
    claims: Mapping[str, Claim]
    others: tuple[ObjectVerdict, ...]
    until: dt.datetime
    digests: tuple[StoredObject, ...] = ()
    late: tuple[SlotVerdict, ...] = ()


def judge(
    readings: Iterable[Reading],
    keys: Mapping[str, PublicKey],
    scope: Scope,
    span: Span,
    rules: Rules,
    *,
    no_keys: Reason | None = None,
    gone: Iterable[str] = (),
) -> ChainReport:
    """Judge the digests of one trail.

    ``keys`` by fingerprint; ``no_keys``: why they could not be had; ``gone``: backfill digests that were looked for, because a
    later one names them, and are not there.
    """
    everything = sorted(readings, key=lambda r: (r.key.end, r.key.key))
    standard = [r for r in everything if not r.key.backfill]
    backfill = [r for r in everything if r.key.backfill]
    findings = signatures(standard, keys, no_keys, _flavour)
    genuine = [r for r in standard if findings[r.key.key][0].verdict is Verdict.PROVEN]
    findings |= _links(genuine, scope)
    windows = [w for r in genuine if (w := _window(r, scope))]
    proven = {r.key.key for r in genuine}
    unproven = {r.key.end: r for r in standard if r.key.key not in proven}
    newest = standard[-1].key.end if standard else None
    slots = tuple(_Slots(scope, span, rules, findings, unproven, genuine, newest).verdicts(expected(windows, unproven, span)))
    late = judge_backfill(backfill, keys, no_keys, scope.trail, frozenset(gone))
    findings |= late.findings
    used = {slot.object for slot in slots}
    strays = [r for r in everything if r.key.key not in used and span.start <= r.key.end <= span.end]
    others = [_object(r.key.key, findings[r.key.key]) for r in strays] + [o for o in late.absent if _ends_in(o.key, scope, span)]
    claims, outside = _claims(everything, findings, scope)
    return ChainReport(scope, slots, claims, (*others, *outside), span.until, late=tuple(_open_hours(backfill, late, scope)))


def _flavour(document: Digest) -> Reason:
    if document.previous is None:
        return Reason.STARTING
    return Reason.OK if document.logs else Reason.EMPTY


def _links(genuine: Sequence[Reading], scope: Scope) -> dict[str, Finding]:
    """Rule 3: the newer of two genuine neighbours that contradict each other."""
    found: dict[str, Finding] = {}
    for older, newer in pairwise(genuine):
        reason, detail = _neighbours(older, newer, scope)
        if reason is not Reason.OK:
            found[newer.key.key] = reason, detail
    return found


def _neighbours(older: Reading, newer: Reading, scope: Scope) -> Finding:
    before, after = older.document, newer.document
    if before is None or after is None:
        raise ValueError("a genuine digest has a document")
    link, touching = after.previous, after.start <= before.end
    where = _before(after, scope)
    if where is not Before.CONTINUES or link is None:
        begun = Reason.CHAIN_RESTARTED if where is Before.BEGINS else Reason.PREDECESSOR_ELSEWHERE
        return (begun, f"{older.key.key} ends at {before.end_text}") if touching else (Reason.OK, "")
    if after.start < before.end:
        return Reason.TIME_OVERLAP, f"{older.key.key} ends at {before.end_text}"
    if link.key != older.key.key:
        named = parse_digest(link.key, scope.trail, scope.account, scope.region)
        skipped = touching or named is None or named.end <= before.end
        return (Reason.FORK, f"it names {link.key}") if skipped else (Reason.OK, "")
    if link.algorithm != HASH_ALGORITHM:
        return Reason.HASH_ALGORITHM_UNSUPPORTED, f"previousDigestHashAlgorithm {link.algorithm}"
    if link.sha256 != older.sha256:
        return Reason.CHAIN_HASH_MISMATCH, f"it records {link.sha256}, {older.key.key} has {older.sha256}"
    if older.signature and link.signature.lower() != older.signature:
        return Reason.CHAIN_SIGNATURE_MISMATCH, older.key.key
    if after.start > before.end:
        return Reason.TIME_GAP, f"{older.key.key} ends at {before.end_text}"
    return Reason.OK, ""


def _before(document: Digest, scope: Scope) -> Before:
    link = document.previous
    if link is None:
        return Before.BEGINS
    here = parse_digest(link.key, scope.trail, scope.account, scope.region)
    return Before.CONTINUES if here and link.bucket == scope.trail.bucket else Before.ELSEWHERE


def _window(reading: Reading, scope: Scope) -> Window | None:
    document = reading.document
    return Window(document.start, document.end, reading.key.key, _before(document, scope)) if document else None


@dataclass(frozen=True, slots=True)
class _Slots:
    """Rules 4 and 5: the verdict of each expected slot."""

    scope: Scope
    span: Span
    rules: Rules
    findings: Mapping[str, Finding]
    unproven: Mapping[dt.datetime, Reading]
    genuine: Sequence[Reading]
    newest: dt.datetime | None

    def verdicts(self, slots: Sequence[Slot]) -> Iterator[SlotVerdict]:
        named = {r.document.previous.key for r in self.genuine if r.document and r.document.previous}
        for slot in slots:
            reading = self.unproven.get(slot.end)
            key = slot.key or (reading.key.key if reading else None)
            reason, detail = self.findings[key] if key else self._absent(slot, named)
            yield SlotVerdict(slot.start, slot.end, reason.verdict, reason, key, detail)

    def _absent(self, slot: Slot, named: set[str]) -> Finding:
        match slot.kind:
            case Kind.GAP:
                return Reason.LOGGING_GAP, ""
            case Kind.ELSEWHERE:
                return Reason.PREDECESSOR_ELSEWHERE, ""
            case Kind.UNKNOWN:
                return self._unknown(slot)
        trail, account, region = self.scope.trail, self.scope.account, self.scope.region
        key = format_digest(trail, account, region, slot.end)
        if not due(slot.end, self.span.now, self.rules):
            return Reason.NOT_YET_DUE, f"due {slot.end + dt.timedelta(minutes=self.rules.digest_due_minutes):%Y-%m-%dT%H:%M:%SZ}"
        error = self.span.status.latest_digest_delivery_error if self.span.status else ""
        return self._missing(slot, key, named), f"{key} {error}".strip()

    def _missing(self, slot: Slot, key: str, named: set[str]) -> Reason:
        if key in named:
            return Reason.MISSING_LINKED
        if self.newest is None and self.span.offset is None:
            return Reason.MISSING_ALL
        tail = slot.end > self.newest if self.newest else self.span.older
        return Reason.MISSING_TAIL if tail else Reason.MISSING_BY_CADENCE

    def _unknown(self, slot: Slot) -> Finding:
        """Nothing proven lies before, and the digest that may begin the chain could not be looked at: neither could this hour."""
        following = min(end for end in self.unproven if end > slot.end)
        key = self.unproven[following].key.key
        first = not any(r.key.end <= slot.start for r in self.genuine)
        unread = first and self.findings[key][0] in COULD_NOT_LOOK
        return (Reason.DIGEST_NOT_READ if unread else Reason.BEGINNING_UNKNOWN), f"next digest: {key}"


def with_other_trails(report: ChainReport, readings: Iterable[Reading], keys: Mapping[str, PublicKey]) -> ChainReport:
    """``report`` with the claims of other trails' genuine digests on logs that this trail does not list.

    Two trails may deliver into one folder, and log names carry no trail: what another trail's signed digest lists is not
    planted.
    """
    claims = dict(report.claims)
    for reading in readings:
        if reading.document and reading.problem is Reason.OK and check(reading, keys, no_keys=None)[0] is Reason.OK:
            for log in reading.document.logs:
                claim = Claim(log.key, log.sha256, reading.key.key, Verdict.PROVEN, Reason.OTHER_TRAIL)
                if log.bucket == report.scope.trail.bucket and log.algorithm == HASH_ALGORITHM:
                    claims.setdefault(log.key, claim)
    return replace(report, claims=claims)


def _claims(
    readings: Sequence[Reading], findings: Mapping[str, Finding], scope: Scope
) -> tuple[dict[str, Claim], list[ObjectVerdict]]:
    """Rule 6. A proven digest's word stands above an unproven one's; two proven ones must say the same."""
    claims: dict[str, Claim] = {}
    outside: list[ObjectVerdict] = []
    folder = log_folder(scope.trail, scope.account, scope.region)
    for reading in readings:
        reason = findings[reading.key.key][0]
        for log in reading.document.logs if reading.document else ():
            if log.bucket != scope.trail.bucket or not log.key.startswith(folder):
                if reason.verdict is Verdict.PROVEN:
                    where = f"s3://{log.bucket}, listed by {reading.key.key}"
                    outside.append(_object(log.key, (Reason.OUTSIDE_SCOPE, where)))
                continue
            claims[log.key] = _merge(claims.get(log.key), _claim(log, reading.key.key, reason))
    return claims, outside


def _claim(log: LogEntry, digest_key: str, reason: Reason) -> Claim:
    if log.algorithm != HASH_ALGORITHM and reason.verdict is Verdict.PROVEN:
        reason = Reason.HASH_ALGORITHM_UNSUPPORTED
    return Claim(log.key, log.sha256, digest_key, reason.verdict, reason)


def _merge(old: Claim | None, new: Claim) -> Claim:
    if old is None or old.verdict is not Verdict.PROVEN:
        return new if old is None or new.verdict is Verdict.PROVEN else old
    if new.verdict is Verdict.PROVEN and new.sha256 != old.sha256:
        return Claim(new.key, new.sha256, new.digest_key, Verdict.DISPROVEN, Reason.LISTED_TWICE)
    return old


def _open_hours(backfill: Iterable[Reading], late: BackfillReport, scope: Scope) -> Iterator[SlotVerdict]:
    ends = {r.key.key: r.key.end for r in backfill}
    for one in late.absent:
        digest = parse_digest(one.key, scope.trail, scope.account, scope.region)
        ends |= {one.key: digest.end} if digest else {}
    for verdict in (*late.absent, *(_object(key, finding) for key, finding in late.findings.items())):
        if verdict.verdict is not Verdict.PROVEN and verdict.key in ends:
            end = ends[verdict.key]
            yield SlotVerdict(end - HOUR, end, verdict.verdict, verdict.reason, verdict.key, verdict.detail)


def _ends_in(key: str, scope: Scope, span: Span) -> bool:
    digest = parse_digest(key, scope.trail, scope.account, scope.region)
    return digest is not None and span.start <= digest.end <= span.end


def _object(key: str, finding: Finding) -> ObjectVerdict:
    reason, detail = finding
    return ObjectVerdict(key, reason.verdict, reason, detail)
