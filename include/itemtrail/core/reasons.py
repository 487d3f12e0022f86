"""Why a slot, a digest or a log has its verdict: each reason with its verdict, one line of meaning and one of what to do.

Decides: the vocabulary, and which reasons mean "could not look" (nobody saw anything bad; somebody could not see).
Source: "Validating CloudTrail log file integrity" and "Custom implementations of CloudTrail log file integrity validation",
CloudTrail user guide, read 2026-11-24. docs/runbook.md prints this table.
"""

from dataclasses import dataclass
from enum import StrEnum

from itemtrail.model import Verdict

_P, _I, _U, _D = Verdict.PROVEN, Verdict.INCOMPLETE, Verdict.UNPROVABLE, Verdict.DISPROVEN


@dataclass(frozen=True, slots=True)
class _Entry:
    verdict: Verdict
    meaning: str
    action: str = ""


class Reason(StrEnum):
    """Reason codes, as they stand in receipts, JSON documents and tables."""

    # PROVEN
    OK = "OK"
    EMPTY = "EMPTY"
    STARTING = "STARTING"
    SIGNED_BY_SUCCESSOR = "SIGNED_BY_SUCCESSOR"
    BACKFILL = "BACKFILL"
    BACKFILL_STARTING = "BACKFILL_STARTING"
    OTHER_TRAIL = "OTHER_TRAIL"
    BYTES_DIFFER = "BYTES_DIFFER"
    RECOVERED_DELETED = "RECOVERED_DELETED"
    RECOVERED_OVERWRITTEN = "RECOVERED_OVERWRITTEN"
    # INCOMPLETE
    NOT_YET_DUE = "NOT_YET_DUE"
    AWAITING_DIGEST = "AWAITING_DIGEST"
    # UNPROVABLE: could not look
    DENIED = "DENIED"
    UNAVAILABLE = "UNAVAILABLE"
    COLD = "COLD"
    REFUSED = "REFUSED"
    KEYS_DENIED = "KEYS_DENIED"
    KEYS_UNAVAILABLE = "KEYS_UNAVAILABLE"
    DIGEST_NOT_READ = "DIGEST_NOT_READ"
    # UNPROVABLE: looked, and the proof is not there
    DIGEST_NOT_PROVEN = "DIGEST_NOT_PROVEN"
    METADATA_MISSING = "METADATA_MISSING"
    KEY_NOT_FOUND = "KEY_NOT_FOUND"
    KEY_BAD = "KEY_BAD"
    KEY_OUT_OF_VALIDITY = "KEY_OUT_OF_VALIDITY"
    ALGORITHM_UNSUPPORTED = "ALGORITHM_UNSUPPORTED"
    HASH_ALGORITHM_UNSUPPORTED = "HASH_ALGORITHM_UNSUPPORTED"
    BACKFILL_NO_TIMESTAMP = "BACKFILL_NO_TIMESTAMP"
    LOGGING_GAP = "LOGGING_GAP"
    CHAIN_RESTARTED = "CHAIN_RESTARTED"
    PREDECESSOR_ELSEWHERE = "PREDECESSOR_ELSEWHERE"
    BEGINNING_UNKNOWN = "BEGINNING_UNKNOWN"
    BEFORE_CHAIN = "BEFORE_CHAIN"
    OUTSIDE_SCOPE = "OUTSIDE_SCOPE"
    TOO_LARGE = "TOO_LARGE"
    # DISPROVEN: a digest is absent
    MISSING_LINKED = "MISSING_LINKED"
    MISSING_BY_CADENCE = "MISSING_BY_CADENCE"
    MISSING_TAIL = "MISSING_TAIL"
    MISSING_ALL = "MISSING_ALL"
    # DISPROVEN: an object is not what it was
    NOT_GZIP = "NOT_GZIP"
    TRUNCATED = "TRUNCATED"
    CRC_MISMATCH = "CRC_MISMATCH"
    CORRUPT = "CORRUPT"
    APPENDED_MEMBER = "APPENDED_MEMBER"
    TRAILING_DATA = "TRAILING_DATA"
    # DISPROVEN: a digest contradicts its signature, its name or its neighbours
    BAD_JSON = "BAD_JSON"
    SCHEMA = "SCHEMA"
    MOVED = "MOVED"
    BAD_FILENAME = "BAD_FILENAME"
    WRONG_ACCOUNT = "WRONG_ACCOUNT"
    SIGNATURE_BAD = "SIGNATURE_BAD"
    HASH_DISAGREES_WITH_SUCCESSOR = "HASH_DISAGREES_WITH_SUCCESSOR"
    CHAIN_HASH_MISMATCH = "CHAIN_HASH_MISMATCH"
    CHAIN_SIGNATURE_MISMATCH = "CHAIN_SIGNATURE_MISMATCH"
    TIME_GAP = "TIME_GAP"
    TIME_OVERLAP = "TIME_OVERLAP"
    FORK = "FORK"
    # DISPROVEN: a log
    HASH_MISMATCH = "HASH_MISMATCH"
    MISSING = "MISSING"
    UNLISTED = "UNLISTED"
    LISTED_TWICE = "LISTED_TWICE"
    FOREIGN_OBJECT = "FOREIGN_OBJECT"

    @property
    def verdict(self) -> Verdict:
        """The one verdict this reason leads to."""
        return _TABLE[self].verdict

    @property
    def meaning(self) -> str:
        """One line: what was found."""
        return _TABLE[self].meaning

    @property
    def action(self) -> str:
        """One line: what to do next; ``""`` where nothing is to be done."""
        return _TABLE[self].action


# Proven, and somebody laid hands on it all the same: `itemtrail validate` ends with 1.
RECOVERED = frozenset({Reason.RECOVERED_DELETED, Reason.RECOVERED_OVERWRITTEN})
# Proven, with something to tell of it.
NOTED = RECOVERED | {Reason.BYTES_DIFFER, Reason.SIGNED_BY_SUCCESSOR}
COULD_NOT_LOOK = frozenset(
    {
        Reason.DENIED,
        Reason.UNAVAILABLE,
        Reason.COLD,
        Reason.REFUSED,
        Reason.KEYS_DENIED,
        Reason.KEYS_UNAVAILABLE,
        Reason.DIGEST_NOT_READ,
    }
)


def markdown() -> str:
    """The table of docs/runbook.md, section "Verdict reasons"."""
    rows = ["| verdict | reason | what it means | what to do |", "|---|---|---|---|"]
    for reason, entry in _TABLE.items():
        verdict = f"{entry.verdict} (could not look)" if reason in COULD_NOT_LOOK else str(entry.verdict)
        rows.append(f"| {verdict} | `{reason}` | {entry.meaning} | {entry.action or '–'} |")
    return "\n".join(rows) + "\n"


_OVERWRITTEN = "Keep the object as evidence, look at older versions of it, and find who wrote it (S3 data events, access logs)."
_SIGNED_FAULT = "AWS signed this, so the service or its key is at fault: keep both digests, open a case with AWS Support."
_ABSENT = (
    "Look for a delete marker or an older version; find who deleted it; check GetTrailStatus for a delivery error; run again."
)

_TABLE: dict[Reason, _Entry] = {
    Reason.OK: _Entry(_P, "Signature, hash and links hold."),
    Reason.EMPTY: _Entry(_P, "Signed digest that lists no log: AWS states that nothing was delivered in this hour."),
    Reason.STARTING: _Entry(_P, "Signed first digest of the trail: the chain begins here."),
    Reason.SIGNED_BY_SUCCESSOR: _Entry(
        _P,
        "The object's signature metadata is missing; the signature that the next digest holds proves it.",
        "Nothing for the proof; find out who copied the object without its metadata.",
    ),
    Reason.BACKFILL: _Entry(_P, "Signed backfill digest: lists logs that came too late for their hour's digest."),
    Reason.BACKFILL_STARTING: _Entry(
        _P, "Signed backfill digest that names no predecessor: it begins its chain, and nobody vouches for one before it."
    ),
    Reason.OTHER_TRAIL: _Entry(
        _P, "Not this trail's log: a signed digest of another trail in the same folder lists it, and the hash holds."
    ),
    Reason.BYTES_DIFFER: _Entry(
        _P,
        "The content is what AWS signed; an older version of the object has other stored bytes: it was written anew.",
        "Nothing for the proof; find who wrote the newer version (S3 data events, access logs).",
    ),
    Reason.RECOVERED_DELETED: _Entry(
        _P,
        "The object was deleted; a version that the bucket still holds is what AWS signed.",
        "Find who deleted it, at the time and by the marker in the line; keep the version (a lifecycle rule may remove it).",
    ),
    Reason.RECOVERED_OVERWRITTEN: _Entry(
        _P,
        "The object was overwritten with something that is not proven; an older version in the bucket is what AWS signed.",
        "Keep both versions as evidence; find who wrote the newer one, at the time in the line.",
    ),
    Reason.NOT_YET_DUE: _Entry(
        _I,
        "The hour's digest is not there and not yet due.",
        "Run again after it is due.",
    ),
    Reason.AWAITING_DIGEST: _Entry(
        _I,
        "No digest lists the log, and the digest that would may still come.",
        "Run again after the grace time.",
    ),
    Reason.DENIED: _Entry(
        _U,
        "S3 or KMS answered 403.",
        "Allow s3:GetObject, s3:GetObjectVersion and kms:Decrypt to this role; run again.",
    ),
    Reason.UNAVAILABLE: _Entry(
        _U,
        "S3 did not answer usefully (throttled, 5xx, connection reset).",
        "Run again later.",
    ),
    Reason.COLD: _Entry(
        _U,
        "The object lies in a Glacier class.",
        "Plan its restore (`itemtrail restore --plan --what delivered --day D`), request it, run again when it is ready.",
    ),
    Reason.REFUSED: _Entry(
        _U,
        "S3 refuses to give this object, and not for want of permission (it may be encrypted with a customer's own key).",
        "See what S3 said in the line; find who wrote the object this way, and look at an older version of it.",
    ),
    Reason.KEYS_DENIED: _Entry(
        _U,
        "ListPublicKeys was denied.",
        "Allow cloudtrail:ListPublicKeys in the digest's Region; run again.",
    ),
    Reason.KEYS_UNAVAILABLE: _Entry(_U, "ListPublicKeys did not answer usefully.", "Run again later."),
    Reason.DIGEST_NOT_READ: _Entry(
        _U,
        "The digest that would prove this could not be read.",
        "Mend what the digest's own line says, then run again.",
    ),
    Reason.DIGEST_NOT_PROVEN: _Entry(
        _U,
        "The digest that would prove this is missing or not proven.",
        "See the line of the digest; the log itself is archived all the same.",
    ),
    Reason.METADATA_MISSING: _Entry(
        _U,
        "The digest has no signature metadata, and no proven digest follows that holds its signature.",
        "Look at an older version of the object; after the next digest is delivered run again.",
    ),
    Reason.KEY_NOT_FOUND: _Entry(
        _U,
        "No public key of the Region has the digest's fingerprint.",
        "Compare with the keys kept in the archive; a fingerprint that AWS never published means a forged digest.",
    ),
    Reason.KEY_BAD: _Entry(
        _U,
        "The public key is not what its fingerprint says, or not an RSA key.",
        "Fetch the keys again; check the endpoint.",
    ),
    Reason.KEY_OUT_OF_VALIDITY: _Entry(
        _U,
        "The key's validity does not cover the time in which the digest was signed.",
        "Keep the digest and open a case with AWS Support.",
    ),
    Reason.ALGORITHM_UNSUPPORTED: _Entry(
        _U,
        "The digest or its metadata names a signature algorithm other than SHA256withRSA.",
        "Look at the object's metadata; update itemtrail.",
    ),
    Reason.HASH_ALGORITHM_UNSUPPORTED: _Entry(
        _U, "A proven digest names a hash algorithm other than SHA-256.", "Update itemtrail; open a case with AWS Support."
    ),
    Reason.BACKFILL_NO_TIMESTAMP: _Entry(
        _U,
        "A backfill digest without its backfill-generation-timestamp: its key cannot be chosen.",
        "Look at an older version of the object.",
    ),
    Reason.LOGGING_GAP: _Entry(
        _U,
        "No digest, and the next one says that it begins a new chain: logging or validation was off.",
        "Compare with StopLogging, StartLogging, UpdateTrail and DeleteTrail events; nobody can prove this time.",
    ),
    Reason.CHAIN_RESTARTED: _Entry(
        _U,
        "Signed, but it names no predecessor although a digest ends right where it begins.",
        "Compare with StopLogging, StartLogging and UpdateTrail events around this time.",
    ),
    Reason.PREDECESSOR_ELSEWHERE: _Entry(
        _U,
        "The digest names a predecessor in another bucket or prefix: the trail was moved.",
        "Validate the earlier time there.",
    ),
    Reason.BEGINNING_UNKNOWN: _Entry(
        _U,
        "No digest, and the next one is not proven: it may begin a new chain, so whether one was due cannot be told.",
        "Mend the next digest's line first, or let this role call cloudtrail:GetTrailStatus.",
    ),
    Reason.BEFORE_CHAIN: _Entry(
        _U,
        "The log was delivered before the first digest: nothing vouches for it.",
        "Compare with the time log file validation was switched on.",
    ),
    Reason.OUTSIDE_SCOPE: _Entry(
        _U,
        "A proven digest lists an object outside this bucket, prefix, account or Region.",
        "Validate it there.",
    ),
    Reason.TOO_LARGE: _Entry(
        _U,
        "The object inflates to more than the limit.",
        "Raise conversion.max_inflated_bytes if it is genuine; a bomb is not.",
    ),
    Reason.MISSING_LINKED: _Entry(_D, "The digest does not exist, although the next one names it.", _ABSENT),
    Reason.MISSING_BY_CADENCE: _Entry(_D, "No digest covers this hour, although digests before and after do.", _ABSENT),
    Reason.MISSING_TAIL: _Entry(_D, "The hour's digest is past due, and no newer one exists.", _ABSENT),
    Reason.MISSING_ALL: _Entry(
        _D,
        "No digest of this trail exists here at all.",
        "Check account, Region, prefix and trail; then as for any deletion.",
    ),
    Reason.NOT_GZIP: _Entry(_D, "The object is not gzip.", _OVERWRITTEN),
    Reason.TRUNCATED: _Entry(_D, "The gzip stream ends early.", _OVERWRITTEN),
    Reason.CRC_MISMATCH: _Entry(_D, "The gzip checksum or length does not hold.", _OVERWRITTEN),
    Reason.CORRUPT: _Entry(_D, "The gzip stream is damaged.", _OVERWRITTEN),
    Reason.APPENDED_MEMBER: _Entry(_D, "Another gzip member was appended.", _OVERWRITTEN),
    Reason.TRAILING_DATA: _Entry(_D, "Bytes follow the gzip stream.", _OVERWRITTEN),
    Reason.BAD_JSON: _Entry(_D, "The digest is not JSON.", _OVERWRITTEN),
    Reason.SCHEMA: _Entry(_D, "The digest lacks a field, or one has a wrong type.", _OVERWRITTEN),
    Reason.MOVED: _Entry(
        _D,
        "The digest says that it belongs to another bucket or key.",
        "Find who moved or copied it here; look for the original.",
    ),
    Reason.BAD_FILENAME: _Entry(_D, "The time in the digest's name is not the end of its window.", _OVERWRITTEN),
    Reason.WRONG_ACCOUNT: _Entry(_D, "The digest is of another account than its folder.", _OVERWRITTEN),
    Reason.SIGNATURE_BAD: _Entry(_D, "The signature does not hold: the digest or its metadata was altered.", _OVERWRITTEN),
    Reason.HASH_DISAGREES_WITH_SUCCESSOR: _Entry(_D, "The next, proven digest records another hash of this one.", _OVERWRITTEN),
    Reason.CHAIN_HASH_MISMATCH: _Entry(_D, "Signed, but it records another hash than its proven predecessor has.", _SIGNED_FAULT),
    Reason.CHAIN_SIGNATURE_MISMATCH: _Entry(
        _D, "Signed, but it records another signature than its proven predecessor has.", _SIGNED_FAULT
    ),
    Reason.TIME_GAP: _Entry(_D, "Signed, but its window begins after its predecessor's end.", _SIGNED_FAULT),
    Reason.TIME_OVERLAP: _Entry(_D, "Signed, but its window begins before its predecessor's end.", _SIGNED_FAULT),
    Reason.FORK: _Entry(_D, "Signed, but the predecessor it names is not the digest before it.", _SIGNED_FAULT),
    Reason.HASH_MISMATCH: _Entry(_D, "The log's content is not what the proven digest records.", _OVERWRITTEN),
    Reason.MISSING: _Entry(_D, "A proven digest lists the log, and it does not exist.", _ABSENT),
    Reason.UNLISTED: _Entry(
        _D,
        "The log exists, and no digest lists it although the digests of its time are proven.",
        "Treat it as planted: find who wrote it.",
    ),
    Reason.LISTED_TWICE: _Entry(_D, "Two proven digests list the log with different hashes.", _SIGNED_FAULT),
    Reason.FOREIGN_OBJECT: _Entry(
        _D,
        "An object in CloudTrail's folder whose name CloudTrail would not give.",
        "Keep a copy, find who wrote it, then remove it.",
    ),
}
