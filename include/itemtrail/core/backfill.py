"""The backfill chain of one account and Region, walked: digests of logs that came too late for their hour's digest.

Decides, for every backfill digest whose signature holds (``genuine``):

1. The predecessor it names must exist, be the digest whose hash and signature it records, and be named by no other.
2. One that names no predecessor begins the chain (``BACKFILL_STARTING``); what came before it nobody vouches for.
3. One that is named and not there is MISSING_LINKED, under its own name. No hour owes a backfill digest, so nothing else is ever
   missing: not the newest one, and not one between two that name each other. Their logs are in no digest then (``UNLISTED``).

Not judged: whether windows touch. Backfill digests exist only for hours that had a late log, and AWS does not say that their
windows never overlap. Order is by generation, since a later one may speak of an earlier hour. Source: "CloudTrail digest file
structure", CloudTrail user guide, read 2026-11-24; what aws-cli 1.46 follows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from itemtrail.core.digest import HASH_ALGORITHM, Digest, Link, Reading
from itemtrail.core.genuine import Finding, signatures
from itemtrail.core.keys import parse_digest
from itemtrail.core.reasons import Reason
from itemtrail.model import ObjectVerdict, PublicKey, TrailRef, Verdict


@dataclass(frozen=True, slots=True)
class BackfillReport:
    """``findings`` by the key of each backfill digest read; ``absent``: those that a genuine one names and that are not there."""

    findings: Mapping[str, Finding]
    absent: tuple[ObjectVerdict, ...]


def in_order(readings: Sequence[Reading]) -> list[Reading]:
    """Backfill digests as they were made: by generation, where their metadata tells it, else by the end of their window."""
    return sorted(readings, key=lambda r: (r.generated or r.modified or r.key.end, r.key.end, r.key.key))


def judge_backfill(
    readings: Sequence[Reading], keys: Mapping[str, PublicKey], no_keys: Reason | None, trail: TrailRef, gone: frozenset[str]
) -> BackfillReport:
    """Judge the backfill digests of one chain. ``gone``: named predecessors that were looked for and are not there."""
    ordered = in_order(readings)
    findings = signatures(ordered, keys, no_keys, _flavour)
    read = {reading.key.key: reading for reading in ordered}
    named: dict[str, str] = {}
    absent: dict[str, ObjectVerdict] = {}
    for reading in ordered:
        if findings[reading.key.key][0].verdict is not Verdict.PROVEN or reading.document is None:
            continue
        link = reading.document.previous
        if link is None:
            continue
        if link.bucket == trail.bucket and link.key in gone:
            absent[link.key] = ObjectVerdict(
                link.key, Reason.MISSING_LINKED.verdict, Reason.MISSING_LINKED, f"named by {reading.key.key}"
            )
        finding = _against(link, read.get(link.key), findings, named.get(link.key), trail)
        named.setdefault(link.key, reading.key.key)
        if finding[0] is not Reason.OK or finding[1]:
            reason = findings[reading.key.key][0] if finding[0] is Reason.OK else finding[0]
            findings[reading.key.key] = reason, finding[1]
    return BackfillReport(findings, tuple(absent.values()))


def named_before(readings: Sequence[Reading], trail: TrailRef, account: str, region: str) -> frozenset[str]:
    """Backfill predecessors of this trail that the digests name and that are not among them."""
    have = {reading.key.key for reading in readings}
    found: set[str] = set()
    for reading in readings:
        link = reading.document.previous if reading.document and reading.problem is Reason.OK else None
        key = parse_digest(link.key, trail, account, region) if link and link.bucket == trail.bucket else None
        if key and reading.key.backfill and key.backfill and key.key not in have:
            found.add(key.key)
    return frozenset(found)


def _flavour(document: Digest) -> Reason:
    return Reason.BACKFILL if document.previous else Reason.BACKFILL_STARTING


def _against(link: Link, older: Reading | None, findings: Mapping[str, Finding], other: str | None, trail: TrailRef) -> Finding:
    """What a genuine digest's link says of it; ``OK`` with a detail where there is something to tell."""
    if other is not None:
        return Reason.FORK, f"it names {link.key}, and so does {other}"
    if link.algorithm != HASH_ALGORITHM:
        return Reason.HASH_ALGORITHM_UNSUPPORTED, f"previousDigestHashAlgorithm {link.algorithm}"
    if link.bucket != trail.bucket:
        return Reason.OK, f"its predecessor lies in s3://{link.bucket}"
    if older is None or findings[older.key.key][0].verdict is not Verdict.PROVEN:
        return Reason.OK, ""
    if link.sha256 != older.sha256:
        return Reason.CHAIN_HASH_MISMATCH, f"it records {link.sha256}, {older.key.key} has {older.sha256}"
    if older.signature and link.signature.lower() != older.signature:
        return Reason.CHAIN_SIGNATURE_MISMATCH, older.key.key
    return Reason.OK, ""
