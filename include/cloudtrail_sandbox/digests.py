r"""Digests: the hourly signed statement of which log files were delivered, and the chain they form.

Decides: a chain's minute and second within the hour (fixed per trail and Region); a digest's window, document, name and
signature. Refuses: to be empty-handed: an hour without a log file has its digest too. The window is by *delivery* time. A
starting digest has null previous fields; a final one ends when the last log file has been delivered. Slashes are escaped in the
document (``\/``) as CloudTrail does. Source: CloudTrail user guide "CloudTrail digest file structure"; read 2026-11-24.
"""

import datetime as dt
import gzip
import hashlib
import json
from dataclasses import dataclass, field

from cloudtrail_sandbox.signing import ALGORITHM, SigningKey
from cloudtrail_sandbox.trail import Trail

HOUR = dt.timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class DeliveredLog:
    """A log file that arrived. ``sha256`` is of the inflated bytes; ``at`` is when it was put."""

    bucket: str
    key: str
    sha256: str
    oldest: dt.datetime
    newest: dt.datetime
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class SignedDigest:
    """A digest ready to be put: stored bytes and user metadata. ``bucket`` and ``key`` are part of what is signed."""

    bucket: str
    key: str
    body: bytes = field(repr=False)
    content_sha256: str
    signature: str
    end: dt.datetime
    generated: dt.datetime | None = None  # of a backfill digest: when it was made

    @property
    def metadata(self) -> dict[str, str]:
        """S3 user metadata."""
        told = {"signature": self.signature, "signature-algorithm": ALGORITHM}
        return told | ({"backfill-generation-timestamp": f"{self.generated:%Y-%m-%dT%H:%M:%S.000Z}"} if self.generated else {})


class Chain:
    """One chain of digests: of one trail in one Region, from a start of logging to its end."""

    def __init__(self, trail: Trail, region: str, start: dt.datetime) -> None:
        self._trail = trail
        self._region = region
        self._offset = offset(trail.arn, region)
        self._previous: SignedDigest | None = None
        self._previous_backfill: SignedDigest | None = None
        self.start = _whole_second(start)
        self.last = False  # no digest after the next one: validation was switched off

    @property
    def due(self) -> dt.datetime:
        """When the current window ends by the clock."""
        end = self.start.replace(minute=0, second=0) + self._offset
        return end if end > self.start else end + HOUR

    def digest(self, end: dt.datetime, logs: list[DeliveredLog], key: SigningKey) -> SignedDigest:
        """Close the window at ``end`` over ``logs`` and open the next."""
        self._previous = self._sign(self.start, end, logs, key, self._previous)
        self.start = end
        return self._previous

    def backfill(self, end: dt.datetime, logs: list[DeliveredLog], key: SigningKey, now: dt.datetime) -> SignedDigest:
        """A digest of files that the digest of the hour up to ``end`` does not name; a chain of its own."""
        self._previous_backfill = self._sign(end - HOUR, end, logs, key, self._previous_backfill, generated=now)
        return self._previous_backfill

    def _sign(
        self,
        start: dt.datetime,
        end: dt.datetime,
        logs: list[DeliveredLog],
        key: SigningKey,
        previous: SignedDigest | None,
        generated: dt.datetime | None = None,
    ) -> SignedDigest:
        name = f"{self._trail.account}_CloudTrail-Digest_{self._region}_{self._trail.name}_{self._trail.home_region}"
        tail = "_backfill" if generated else ""
        folder = f"{self._trail.folder('CloudTrail-Digest', self._region)}{end:%Y/%m/%d}/"
        object_key = f"{folder}{name}_{end:%Y%m%dT%H%M%SZ}{tail}.json.gz"
        document = self._document(object_key, start, end, logs, key.fingerprint, previous)
        content = json.dumps(document, separators=(",", ":"), ensure_ascii=False).replace("/", "\\/").encode()
        sha256 = hashlib.sha256(content).hexdigest()
        before = previous.signature if previous else "null"
        signature = key.sign(f"{stamp(end)}\n{self._trail.bucket}/{object_key}\n{sha256}\n{before}")
        body = gzip.compress(content, mtime=0)
        return SignedDigest(self._trail.bucket, object_key, body, sha256, signature, end, generated)

    def _document(
        self,
        object_key: str,
        start: dt.datetime,
        end: dt.datetime,
        logs: list[DeliveredLog],
        fingerprint: str,
        previous: SignedDigest | None,
    ) -> dict[str, object]:
        return {
            "awsAccountId": self._trail.account,
            "digestStartTime": stamp(start),
            "digestEndTime": stamp(end),
            "digestS3Bucket": self._trail.bucket,
            "digestS3Object": object_key,
            "digestPublicKeyFingerprint": fingerprint,
            "digestSignatureAlgorithm": ALGORITHM,
            "newestEventTime": stamp(max(log.newest for log in logs)) if logs else None,
            "oldestEventTime": stamp(min(log.oldest for log in logs)) if logs else None,
            "previousDigestS3Bucket": previous and previous.bucket,
            "previousDigestS3Object": previous and previous.key,
            "previousDigestHashValue": previous and previous.content_sha256,
            "previousDigestHashAlgorithm": previous and "SHA-256",
            "previousDigestSignature": previous and previous.signature,
            "logFiles": [_log_entry(log) for log in logs],
        }


def offset(trail_arn: str, region: str) -> dt.timedelta:
    """Minute and second within the hour at which a trail's digests in a Region end; never on a whole minute."""
    number = int.from_bytes(hashlib.sha256(f"{trail_arn} {region}".encode()).digest()[:8])
    return dt.timedelta(minutes=number % 60, seconds=1 + number // 60 % 58)


def stamp(time: dt.datetime) -> str:
    """CloudTrail's text form, UTC to the second."""
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"


def _log_entry(log: DeliveredLog) -> dict[str, str]:
    return {
        "s3Bucket": log.bucket,
        "s3Object": log.key,
        "hashValue": log.sha256,
        "hashAlgorithm": "SHA-256",
        "newestEventTime": stamp(log.newest),
        "oldestEventTime": stamp(log.oldest),
    }


def _whole_second(time: dt.datetime) -> dt.datetime:
    return time.replace(microsecond=0)
