"""The verdict on one log object, from what the chain says of it and what its content hashes to; and the verdict on all.

Decides: a log is judged by whichever digest lists it. Listed by no digest, it is judged by the digests that cover its time:
they are all proven and the grace time is over, so nobody vouches for it; one is not (a backfill digest counts too), so nobody
can tell. Refuses to take a
log's own name for proof of anything but the minute it carries. Source: "Validating CloudTrail log file integrity",
CloudTrail user guide, read 2026-11-24.
"""

import datetime as dt
from bisect import bisect_right
from collections.abc import Sequence

from itemtrail.core.chain import ChainReport, Claim
from itemtrail.core.completeness import Rules
from itemtrail.core.keys import LogKey, parse_log
from itemtrail.core.reasons import COULD_NOT_LOOK, Reason
from itemtrail.model import ObjectInfo, ObjectVerdict, SlotVerdict, Validation, Verdict, worst

# The minute in a log's name is not its delivery: AWS's own sample, named 14:45, holds an event of 14:52.
NAME_SLACK = dt.timedelta(minutes=10)


def judge_log(
    key: str,
    *,
    content_sha256: str | None,
    problem: str,
    report: ChainReport,
    now: dt.datetime,
    rules: Rules,
    arrived: dt.datetime | None = None,
) -> ObjectVerdict:
    """Verdict on the log ``key``.

    ``arrived``: its LastModified, None where that is not known. A log that was redelivered is older by name than by arrival,
    and the digest of the hour of its arrival lists it.

    ``content_sha256`` is over the inflated content, None where there is none; ``problem`` is then ``MISSING`` (not in the
    listing), an ``Undecodable.reason``, or why it could not be looked at (``DENIED``, ``UNAVAILABLE``, ``COLD``); ``""`` if
    there is none.

    Raises:
        ValueError: neither hash nor problem for a log that a digest lists, or a problem that is no ``Reason``.
    """
    claim = report.claims.get(key)
    if claim is None:
        log = parse_log(key, report.scope.trail, report.scope.account, report.scope.region)
        return _unlisted(log, report, now, rules, arrived or log.delivered) if log else _verdict(key, Reason.FOREIGN_OBJECT)
    if problem and Reason(problem) in COULD_NOT_LOOK:
        return _verdict(key, Reason(problem))
    if claim.verdict is not Verdict.PROVEN:
        return _verdict(key, _under(claim), f"{claim.reason}: {claim.digest_key}")
    if problem:
        return _verdict(key, Reason(problem), f"listed by {claim.digest_key}")
    if content_sha256 is None:
        raise ValueError(f"{key}: neither a hash nor a problem was given")
    if content_sha256 != claim.sha256:
        return _verdict(key, Reason.HASH_MISMATCH, f"{claim.digest_key} records {claim.sha256}, it has {content_sha256}")
    return _verdict(key, Reason.OTHER_TRAIL if claim.reason == Reason.OTHER_TRAIL else Reason.OK)


def judge_foreign(info: ObjectInfo, now: dt.datetime, rules: Rules) -> ObjectVerdict:
    """Verdict on an object in CloudTrail's folder that has no name CloudTrail gives: tolerated for the grace time."""
    fresh = now < info.last_modified + dt.timedelta(minutes=rules.unlisted_grace_minutes)
    reason = Reason.AWAITING_DIGEST if fresh else Reason.FOREIGN_OBJECT
    return _verdict(info.key, reason, f"written {info.last_modified:%Y-%m-%dT%H:%M:%SZ}")


def summarise(slots: Sequence[SlotVerdict], objects: Sequence[ObjectVerdict]) -> Validation:
    """All verdicts with the worst of them on top; UNPROVABLE if there is none, because nothing proves nothing."""
    verdicts = [slot.verdict for slot in slots] + [item.verdict for item in objects]
    return Validation(worst(verdicts), tuple(slots), tuple(sorted(objects, key=lambda o: o.key)))


def _under(claim: Claim) -> Reason:
    reason = Reason(claim.reason)
    if reason in (Reason.LISTED_TWICE, Reason.HASH_ALGORITHM_UNSUPPORTED):
        return reason
    return Reason.DIGEST_NOT_READ if reason in COULD_NOT_LOOK else Reason.DIGEST_NOT_PROVEN


def _unlisted(log: LogKey, report: ChainReport, now: dt.datetime, rules: Rules, arrived: dt.datetime) -> ObjectVerdict:
    if log.delivered > now + NAME_SLACK:
        return _verdict(log.key, Reason.FOREIGN_OBJECT, "the time in its name has not come")
    if not report.slots or log.delivered < report.slots[0].start:
        return _verdict(log.key, Reason.BEFORE_CHAIN)
    open_slots = [s for s in _covering(log.delivered, report.slots) if s.verdict is not Verdict.PROVEN]
    open_slots += [s for s in report.late if s.start <= log.delivered + NAME_SLACK and log.delivered < s.end]
    if open_slots and worst([s.verdict for s in open_slots]) is not Verdict.INCOMPLETE:
        unread = all(s.reason in COULD_NOT_LOOK or s.verdict is Verdict.INCOMPLETE for s in open_slots)
        reason = Reason.DIGEST_NOT_READ if unread else Reason.DIGEST_NOT_PROVEN
        return _verdict(log.key, reason, "; ".join(f"{s.reason}: {s.start:%H:%M:%S}–{s.end:%H:%M:%SZ}" for s in open_slots))
    graced = now < max(log.delivered, arrived) + dt.timedelta(minutes=rules.unlisted_grace_minutes)
    if open_slots or graced:
        return _verdict(log.key, Reason.AWAITING_DIGEST)
    return _verdict(log.key, Reason.UNLISTED)


def _covering(delivered: dt.datetime, slots: Sequence[SlotVerdict]) -> list[SlotVerdict]:
    """Slots whose digest could list a log of this minute."""
    found: list[SlotVerdict] = []
    for at in range(bisect_right(slots, delivered, key=lambda s: s.end), len(slots)):
        if slots[at].start > delivered + NAME_SLACK:
            break
        found.append(slots[at])
    return found


def _verdict(key: str, reason: Reason, detail: str = "") -> ObjectVerdict:
    return ObjectVerdict(key, reason.verdict, reason, detail)
