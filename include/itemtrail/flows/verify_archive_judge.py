"""A unit's digests and logs judged again, from the bytes in its originals tars and the archived public keys alone.

Decides: PROVEN in the receipt must be PROVEN again; a unit whose receipt is PROVEN has no hour and no log that is not. Where a
digest was packed in several versions, the newest genuine one speaks. Neighbouring days lend the digests around midnight.
Refuses to believe archive.json: bucket and prefix are what the signed digests say of themselves.
Source: "Custom implementations of CloudTrail log file integrity validation", CloudTrail user guide, read 2026-11-24.
"""

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from itemtrail.core import digest
from itemtrail.core.chain import ChainReport, Scope, judge, with_other_trails
from itemtrail.core.completeness import Span
from itemtrail.core.digest import Reading
from itemtrail.core.inflate import inflate
from itemtrail.core.keys import parse_any_digest, parse_digest, parse_log
from itemtrail.core.logs import judge_log
from itemtrail.core.reasons import Reason
from itemtrail.core.receipt import Packed, Receipt
from itemtrail.core.signature import check
from itemtrail.core.verify import Code, Finding
from itemtrail.errors import Undecodable
from itemtrail.model import ObjectVerdict, PublicKey, StoredObject, TrailRef, Unit, Verdict

BEFORE, AFTER = dt.timedelta(hours=2), dt.timedelta(hours=3)
_LATER = dt.timedelta(days=40)  # after the day: everything is due by then
_DIGEST = re.compile(r"(?P<head>(?:.*/)?)AWSLogs/(?:(?P<organization>o-[a-z0-9]{10,32})/)?\d{12}/CloudTrail-Digest/")


@dataclass(frozen=True, slots=True)
class Rules:
    """Due and grace times: long past, so that the settings' defaults do."""

    digest_due_minutes: int = 90
    unlisted_grace_minutes: int = 180


@dataclass(slots=True)
class Originals:
    """What a unit's tars hold: digests as objects, logs as hashes. Newest commit last."""

    digests: list[StoredObject] = field(default_factory=list)
    logs: dict[str, list[Packed]] = field(default_factory=dict)
    blind: bool = False  # a tar could not be read: absence is not concluded


def stored(original: Packed, body: bytes) -> StoredObject:
    """A packed digest as it was read from the trail bucket."""
    return StoredObject(
        original.key,
        body,
        original.metadata,
        original.content_type,
        original.content_encoding,
        original.last_modified,
        original.etag,
        original.version_id,
    )


def trail_of(arn: str, digests: Sequence[StoredObject], *, max_bytes: int) -> TrailRef | None:
    """The trail as most digests say it: their own bucket and the head of their keys. None where none can be read."""
    found: Counter[tuple[str, str, str]] = Counter()
    for one in digests:
        match = _DIGEST.match(one.key)
        try:
            bucket = digest.parse(inflate(one.body, max_bytes=max_bytes)).bucket
        except Undecodable:
            continue
        if match:
            found[bucket, match["head"].strip("/"), match["organization"] or ""] += 1
    if not found or ":trail/" not in arn:
        return None
    bucket, prefix, organization = found.most_common(1)[0][0]
    return TrailRef(arn, bucket, prefix, organization)


@dataclass(frozen=True, slots=True)
class Judged:
    """The chain around one day, judged again."""

    report: ChainReport
    unit: Unit
    originals: Originals
    now: dt.datetime

    def object(self, key: str) -> ObjectVerdict:
        """What is said of a log now: the version that the digest lists, if it is among those packed."""
        claim, packed = self.report.claims.get(key), self.originals.logs.get(key, [])
        chosen = next((p for p in reversed(packed) if claim and p.content_sha256 == claim.sha256), packed[-1] if packed else None)
        return judge_log(
            key,
            content_sha256=chosen.content_sha256 if chosen else None,
            problem=chosen.problem if chosen else Reason.MISSING,
            report=self.report,
            now=self.now,
            rules=Rules(),
            arrived=chosen.last_modified if chosen else None,
        )


def judge_again(
    unit: Unit,
    trail: TrailRef,
    originals: Originals,
    around: Sequence[StoredObject],
    keys: Mapping[str, PublicKey],
    max_bytes: int,
) -> Judged:
    """Judge the unit's digests, with those of the days ``around`` it."""
    start = dt.datetime.combine(unit.day, dt.time(), dt.UTC)
    end = start + dt.timedelta(days=1)
    own = list(_readings([*around, *originals.digests], trail, unit, keys, max_bytes, own=True))
    others = list(_readings(originals.digests, trail, unit, keys, max_bytes, own=False))
    span = Span(start + dt.timedelta(microseconds=1), end - dt.timedelta(microseconds=1), end + _LATER)
    report = judge(own, keys, Scope(trail, unit.account, unit.region), span, Rules())
    return Judged(with_other_trails(report, others, keys), unit, originals, end + _LATER)


def compare(judged: Judged, receipt: Receipt) -> Iterator[Finding]:
    """What the unit's last receipt calls PROVEN and is not, and what it does not speak of."""
    yield from _slots(judged, receipt)
    said = {o.key: o for o in receipt.objects}
    others = {o.key: o for o in judged.report.others} | {
        s.object: ObjectVerdict(s.object, s.verdict, s.reason, s.detail) for s in judged.report.slots if s.object
    }
    for key, one in said.items():
        if one.verdict is Verdict.PROVEN:
            now = others.get(key) if _is_digest(key, judged) else judged.object(key)
            if now is None:
                yield Finding(Reason.DIGEST_NOT_PROVEN, key, "the receipt calls it PROVEN, and it is not in the archive")
            elif now.verdict is not Verdict.PROVEN:
                yield Finding(now.reason, key, now.detail or "the receipt calls it PROVEN")
    if receipt.verdict is Verdict.PROVEN:
        yield from _unsaid(judged, said)


def _slots(judged: Judged, receipt: Receipt) -> Iterator[Finding]:
    again = {s.object: s for s in judged.report.slots if s.object}
    for slot in receipt.slots:
        if slot.verdict is not Verdict.PROVEN:
            continue
        now = again.get(slot.object or "")
        if now is None:
            yield Finding(
                Reason.MISSING_LINKED, slot.object or "", "the receipt calls the hour PROVEN, and no original is its digest"
            )
        elif now.verdict is not Verdict.PROVEN:
            yield Finding(now.reason, slot.object or "", now.detail or "the receipt calls the hour PROVEN")
    if receipt.verdict is not Verdict.PROVEN:
        return
    known = {s.object for s in receipt.slots}
    for s in judged.report.slots:
        if s.verdict is not Verdict.PROVEN and (s.object is None or s.object not in known):
            code = Code.TAIL_UNSEEN if s.reason in (Reason.MISSING_TAIL, Reason.MISSING_ALL) else s.reason
            yield Finding(code, s.object or f"{s.start:%Y-%m-%dT%H:%M:%SZ}", f"the hour until {s.end:%H:%M:%SZ}: {s.reason}")


def _unsaid(judged: Judged, said: Mapping[str, ObjectVerdict]) -> Iterator[Finding]:
    """Logs of the day that a proven receipt says nothing of."""
    scope = judged.report.scope
    for key, claim in judged.report.claims.items():
        log = parse_log(key, scope.trail, scope.account, scope.region)
        if log and log.day == judged.unit.day and key not in said and claim.reason != Reason.OTHER_TRAIL:
            yield Finding(Code.LOG_NOT_ARCHIVED, key, f"listed by {claim.digest_key}")
    for key in judged.originals.logs:
        if key not in said:
            yield Finding(Code.RECEIPT_DISAGREES, key, "it is packed, and the receipt has no verdict on it")


def _is_digest(key: str, judged: Judged) -> bool:
    scope = judged.report.scope
    return parse_any_digest(key, scope.trail, scope.account, scope.region) is not None


def _readings(
    found: Sequence[StoredObject], trail: TrailRef, unit: Unit, keys: Mapping[str, PublicKey], max_bytes: int, *, own: bool
) -> Iterator[Reading]:
    """One reading a digest: the newest version that is genuine, else the newest."""
    chosen: dict[str, Reading] = {}
    for one in found:
        mine = parse_digest(one.key, trail, unit.account, unit.region)
        other = parse_any_digest(one.key, trail, unit.account, unit.region)
        key = mine if own else other[2] if other and not mine else None
        if key is None:
            continue
        reading = digest.read(one, key, trail, max_bytes=max_bytes)
        if one.key not in chosen or _is_genuine(reading, keys) or not _is_genuine(chosen[one.key], keys):
            chosen[one.key] = reading
    yield from chosen.values()


def _is_genuine(reading: Reading, keys: Mapping[str, PublicKey]) -> bool:
    return reading.problem is Reason.OK and check(reading, keys, no_keys=None)[0] is Reason.OK
