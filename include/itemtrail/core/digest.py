"""What a digest file says, read strictly: the document, its logs, its link to the one before, and its own place.

Decides: what is a digest document, and whether it lies where it says. Refuses to judge its signature (``signature``), its
neighbours (``chain``) and its hour (``completeness``). Unknown fields are accepted; fields that are known must have their type.
Source: "CloudTrail digest file structure", CloudTrail user guide, read 2026-11-24; steps numbered as in its page "Custom
implementations of CloudTrail log file integrity validation".
"""

import datetime as dt
import hashlib
from dataclasses import dataclass

import msgspec

from itemtrail.core.inflate import inflate
from itemtrail.core.keys import DigestKey
from itemtrail.core.reasons import Reason
from itemtrail.errors import Undecodable
from itemtrail.model import StoredObject, TrailRef

SIGNATURE_ALGORITHM = "SHA256withRSA"
HASH_ALGORITHM = "SHA-256"
_TIME = "%Y-%m-%dT%H:%M:%SZ"
_DAY, _YEAR = dt.timedelta(days=1), dt.timedelta(days=366)


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line of ``logFiles``. ``sha256`` is over the inflated content."""

    bucket: str
    key: str
    sha256: str
    algorithm: str


@dataclass(frozen=True, slots=True)
class Link:
    """The five ``previousDigest…`` fields of a digest that has a predecessor."""

    bucket: str
    key: str
    sha256: str
    algorithm: str
    signature: str


@dataclass(frozen=True, slots=True)
class Digest:
    """A digest document. ``previous`` is None on a starting digest. ``end_text`` is digestEndTime as written (it is signed)."""

    account: str
    start: dt.datetime
    end: dt.datetime
    end_text: str
    bucket: str
    key: str
    fingerprint: str
    algorithm: str
    previous: Link | None
    logs: tuple[LogEntry, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """A digest object after it was looked at once. ``problem`` is why it cannot be used, ``OK`` if nothing speaks against it yet.

    ``sha256`` is over the inflated content, ``""`` if that could not be had; ``signature`` and ``algorithm`` are the object's
    metadata, ``""`` where they are missing. ``note``: what is said instead of ``OK`` if it turns out to be proven (it comes from
    an older version of the object, say).
    """

    key: DigestKey
    problem: Reason = Reason.OK
    detail: str = ""
    document: Digest | None = None
    sha256: str = ""
    signature: str = ""
    algorithm: str = ""
    generated: dt.datetime | None = None
    modified: dt.datetime | None = None
    note: Reason = Reason.OK
    note_detail: str = ""


class _Log(msgspec.Struct, rename="camel"):
    s3_bucket: str = msgspec.field(name="s3Bucket")
    s3_object: str = msgspec.field(name="s3Object")
    hash_value: str
    hash_algorithm: str = HASH_ALGORITHM


class _Document(msgspec.Struct, rename="camel"):
    aws_account_id: str
    digest_start_time: str
    digest_end_time: str
    digest_bucket: str = msgspec.field(name="digestS3Bucket")
    digest_object: str = msgspec.field(name="digestS3Object")
    digest_public_key_fingerprint: str
    previous_digest_signature: str | None
    log_files: list[_Log]
    digest_signature_algorithm: str = SIGNATURE_ALGORITHM
    previous_bucket: str | None = msgspec.field(name="previousDigestS3Bucket", default=None)
    previous_object: str | None = msgspec.field(name="previousDigestS3Object", default=None)
    previous_digest_hash_value: str | None = None
    previous_digest_hash_algorithm: str | None = None


_DECODER = msgspec.json.Decoder(_Document)


def parse(content: bytes) -> Digest:
    """The digest document in ``content`` (inflated bytes).

    Raises:
        Undecodable: BAD_JSON, or SCHEMA (a required field is missing, has a wrong type or contradicts another).
    """
    try:
        raw = _DECODER.decode(content)
    except msgspec.ValidationError as error:
        raise Undecodable(Reason.SCHEMA, f"not a digest document: {error}.") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Undecodable(Reason.BAD_JSON, f"the digest is not JSON: {error}.") from error
    start, end = _time(raw.digest_start_time, "digestStartTime"), _time(raw.digest_end_time, "digestEndTime")
    if start >= end:
        raise Undecodable(Reason.SCHEMA, "digestStartTime is not before digestEndTime.")
    return Digest(
        account=raw.aws_account_id,
        start=start,
        end=end,
        end_text=raw.digest_end_time,
        bucket=raw.digest_bucket,
        key=raw.digest_object,
        fingerprint=raw.digest_public_key_fingerprint.lower(),
        algorithm=raw.digest_signature_algorithm,
        previous=_link(raw),
        logs=tuple(LogEntry(log.s3_bucket, log.s3_object, log.hash_value.lower(), log.hash_algorithm) for log in raw.log_files),
    )


def read(stored: StoredObject, key: DigestKey, trail: TrailRef, *, max_bytes: int) -> Reading:
    """Steps 1 to 3: inflate, parse, and compare the document with where it was read from. Never raises for bad bytes."""
    metadata = stored.metadata
    algorithm = metadata.get("signature-algorithm", "")
    signature = metadata.get("signature", "").lower()
    generated = _generated(metadata.get("backfill-generation-timestamp", ""), key.end, stored.last_modified)
    sha256 = ""
    document: Digest | None = None
    problem, detail = Reason.OK, ""
    try:
        content = inflate(stored.body, max_bytes=max_bytes)
        sha256 = hashlib.sha256(content).hexdigest()
        document = parse(content)
        problem, detail = _place(document, key, trail)
    except Undecodable as error:
        problem, detail = Reason(error.reason), error.message
    return Reading(key, problem, detail, document, sha256, signature, algorithm, generated, stored.last_modified)


def unread(key: DigestKey, problem: Reason, detail: str) -> Reading:
    """A digest that exists and could not be looked at."""
    return Reading(key, problem, detail)


def _place(document: Digest, key: DigestKey, trail: TrailRef) -> tuple[Reason, str]:
    if document.bucket != trail.bucket or document.key != key.key:
        return Reason.MOVED, f"it belongs at s3://{document.bucket}/{document.key}"
    if document.end != key.end:
        return Reason.BAD_FILENAME, f"digestEndTime is {document.end_text}"
    if document.account != key.account:
        return Reason.WRONG_ACCOUNT, f"awsAccountId is {document.account}"
    return Reason.OK, ""


def _link(raw: _Document) -> Link | None:
    parts = (raw.previous_bucket, raw.previous_object, raw.previous_digest_hash_value, raw.previous_digest_signature)
    if all(part is None for part in parts):
        return None
    bucket, key, sha256, signature = parts
    if bucket is None or key is None or sha256 is None or signature is None:
        raise Undecodable(Reason.SCHEMA, "some of the previousDigest fields are null and some are not.")
    return Link(bucket, key, sha256.lower(), raw.previous_digest_hash_algorithm or HASH_ALGORITHM, signature)


def _time(text: str, name: str) -> dt.datetime:
    try:
        return dt.datetime.strptime(text, _TIME).replace(tzinfo=dt.UTC)
    except ValueError as error:
        raise Undecodable(Reason.SCHEMA, f"{name} {text[:40]!r} is not a time like 2026-11-24T10:01:31Z.") from error


def _generated(text: str, end: dt.datetime, modified: dt.datetime | None) -> dt.datetime | None:
    """When a backfill digest was made, by its metadata; None for a time at which it cannot have been made."""
    try:
        made = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    made = made if made.tzinfo else made.replace(tzinfo=dt.UTC)
    return made if end - _DAY <= made <= (modified or end + _YEAR) + _DAY else None
