"""Which digests are genuine: the signature of each, by its own metadata or by a successor that holds it.

Decides, for a standard chain and for a backfill chain alike:

1. A digest whose metadata lacks its signature is proven by a successor's ``previousDigestSignature`` that verifies: a signature
   that holds is AWS's, whoever says it.
2. A digest whose signature cannot be checked is DISPROVEN all the same if a genuine successor records another hash of it.

Refuses to judge what genuine digests say of each other: ``chain`` and ``backfill`` do. Source: "Custom implementations of
CloudTrail log file integrity validation", CloudTrail user guide, read 2026-11-24.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from itemtrail.core.digest import Digest, Link, Reading
from itemtrail.core.reasons import Reason
from itemtrail.core.signature import check
from itemtrail.model import PublicKey, Verdict

Finding = tuple[Reason, str]  # reason, detail


def signatures(
    readings: Sequence[Reading],
    keys: Mapping[str, PublicKey],
    no_keys: Reason | None,
    flavour: Callable[[Digest], Reason],
) -> dict[str, Finding]:
    """What each digest's own signature says of it, by key.

    ``readings`` are of one chain, each after the one it names; ``flavour`` is the reason of a digest that is proven by its own
    metadata. Newest first, so that a successor is judged before the digest it vouches for.
    """
    findings: dict[str, Finding] = {}
    vouched: dict[str, Link] = {}
    lent = _lent(readings)
    for reading in reversed(readings):
        reason, detail = (reading.problem, reading.detail)
        document, link = reading.document, vouched.get(reading.key.key)
        if reason is Reason.OK:
            reason, detail = check(reading, keys, no_keys=no_keys)
            if reason is Reason.METADATA_MISSING and link and link.sha256 == reading.sha256:
                reason, detail = check(reading, keys, no_keys=no_keys, signature=link.signature)
                reason = Reason.SIGNED_BY_SUCCESSOR if reason is Reason.OK else reason
            elif reason is Reason.METADATA_MISSING and link is None:
                again = (check(reading, keys, no_keys=no_keys, signature=one) for one in lent.get(reading.key.key, ()))
                reason = Reason.SIGNED_BY_SUCCESSOR if any(found[0] is Reason.OK for found in again) else reason
            if reason.verdict is Verdict.UNPROVABLE and link and link.sha256 != reading.sha256:
                reason, detail = Reason.HASH_DISAGREES_WITH_SUCCESSOR, f"it records {link.sha256}"
        if reason is Reason.OK and reading.key.backfill and reading.generated is None:
            reason = Reason.BACKFILL_NO_TIMESTAMP
        if reason.verdict is Verdict.PROVEN and document:
            if document.previous:
                vouched[document.previous.key] = document.previous
            reason = flavour(document) if reason is Reason.OK else reason
            if reading.note is not Reason.OK:
                reason, detail = reading.note, reading.note_detail
        findings[reading.key.key] = reason, detail
    return findings


def _lent(readings: Iterable[Reading]) -> dict[str, list[str]]:
    """Signatures that digests hold of others, by the other's key. Only one that verifies says anything."""
    found: dict[str, list[str]] = {}
    for reading in readings:
        if reading.document and reading.document.previous:
            found.setdefault(reading.document.previous.key, []).append(reading.document.previous.signature)
    return found
