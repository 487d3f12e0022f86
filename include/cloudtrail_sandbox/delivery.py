"""Delivery: from recorded events to log files and digests in the bucket, per trail and Region.

Decides: what goes into a log file and what it is called, whether the bucket lets it in, when a digest is due and which files it
names. Refuses: to lose anything. What the bucket refuses is kept, its reason shown in the trail's status, and tried again at each
delivery for 30 days, under the name it was made with. A digest names a file in the window in which it *arrived*.

Source: CloudTrail user guide "Getting and viewing your CloudTrail log files" (names, redelivery), "Quotas" (50 MB before
compression), "CloudTrail digest file structure"; read 2026-11-24.
"""

import datetime as dt
import gzip
import hashlib
import json
import secrets
import string
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cloudtrail_sandbox.delays import Delays
from cloudtrail_sandbox.digests import Chain, DeliveredLog, SignedDigest
from cloudtrail_sandbox.internal import InternalError
from cloudtrail_sandbox.signing import KeyRing
from cloudtrail_sandbox.trail import Trail
from cloudtrail_sandbox.world import Storage

LARGEST_FILE = 50_000_000
REDELIVERY = dt.timedelta(days=30)
_ALPHABET = string.ascii_letters + string.digits


@dataclass(frozen=True, slots=True)
class _Record:
    content: bytes
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class _LogFile:
    name: str
    body: bytes = field(repr=False)
    sha256: str
    oldest: dt.datetime
    newest: dt.datetime
    made: dt.datetime


@dataclass(slots=True)
class Status:
    """What GetTrailStatus says of deliveries, in one Region. Errors are S3 error codes, ``""`` is none."""

    delivered: dt.datetime | None = None
    error: str = ""
    digest_delivered: dt.datetime | None = None
    digest_error: str = ""


class Channel:
    """A trail's way from one Region into its bucket. ``status`` outlives stops and starts."""

    def __init__(self, trail: Trail, region: str, storage: Storage, keys: KeyRing) -> None:
        self.trail = trail
        self.region = region
        self.status = Status()
        self.chain: Chain | None = None
        self.open = False  # the trail is logging here
        self.closing = False  # stopped, final delivery to come
        self._storage = storage
        self._keys = keys
        self._buffer: list[_Record] = []
        self._files: deque[_LogFile] = deque()
        self._digests: deque[SignedDigest] = deque()
        self._delivered: list[DeliveredLog] = []
        self._delays = Delays()
        self._not_before = dt.datetime.min.replace(tzinfo=dt.UTC)

    @property
    def held(self) -> int:
        """Events, log files and digests not delivered yet."""
        return len(self._buffer) + len(self._files) + len(self._digests)

    @property
    def due(self) -> dt.datetime | None:
        """When the next digest is due, if one is."""
        return self.chain.due if self.chain else None

    def start(self, now: dt.datetime) -> None:
        """Begin to log; with validation on, begin a chain."""
        if self.closing:
            self.finish(now)
        self.open, self.closing = True, False  # a chain that could not be finished goes on: its files are still to be named
        self.follow_validation(now)

    def follow_validation(self, now: dt.datetime) -> None:
        """Take up the trail's validation setting: a new chain, or the end of this one after its current hour."""
        if self.chain is not None:
            self.chain.last = not self.trail.validation
        elif self.trail.validation and self.open:
            self.chain = Chain(self.trail, self.region, max(now, self._not_before))
            self._delivered.clear()

    def stop(self) -> None:
        """Log no more; what was recorded is delivered, and the final digest written, at the next delivery."""
        self.closing = self.closing or self.open
        self.open = False

    def finish(self, now: dt.datetime) -> None:
        """The last delivery after a stop, with the final digest; put off while the bucket refuses, for a digest must name all."""
        self.delay(digests=False, logs=False, newest_first=False, now=now)  # a final digest names all there is
        self.deliver(now)
        if self._files:
            return
        self.closing = False
        if self.chain is not None:
            end = (now + dt.timedelta(microseconds=999_999)).replace(microsecond=0)
            if end > self.chain.start or self._delivered:
                self.digest(max(end, self.chain.start + dt.timedelta(seconds=1)), now)
        if self.chain is not None:
            self._not_before = self.chain.start
            self.chain = None

    def add(self, event: Mapping[str, Any], content: bytes) -> None:
        """Hold an event for the next log file."""
        self._buffer.append(_Record(content, _event_time(event)))

    def deliver(self, now: dt.datetime) -> list[str]:
        """Make log files of what is held and deliver them, then what earlier deliveries were refused; the keys that arrived."""
        self._files.extend(_log_file(batch, self._new_name(now), now) for batch in _batches(self._buffer))
        self._buffer.clear()
        arrived = [key for key in iter(lambda: self._deliver_file(now), None) if key]
        while self._digests and self._deliver_digest(now):
            pass
        return arrived

    def bring(self, key: str, body: bytes, content: bytes, now: dt.datetime) -> None:
        """Deliver given bytes under a given key, so that the next digest names and hashes them.

        Raises:
            InternalError: the bucket refuses it.
        """
        error = self._put(self.trail.bucket, key, body, {})
        if error:
            raise InternalError(error, f"the bucket refuses {key}", 403)
        times = _times(content) or [now]
        self._arrived(key, hashlib.sha256(content).hexdigest(), min(times), max(times), now)

    def delay(self, *, digests: bool, logs: bool, newest_first: bool, now: dt.datetime) -> None:
        """Fall behind, or catch up: see ``delays``."""
        self._delays.digests = digests
        if self._delays.logs and not logs and self.chain is not None:
            for end, files in self._delays.take_closed(self.chain.start):
                self._digests.append(self.chain.backfill(end, files, self._keys.signing(now), now))
            self._delivered += self._delays.late
            self._delays.late = []
        self._delays.logs = logs
        if newest_first and self._digests:
            self._digests = deque(reversed(self._digests))
            self._deliver_digest(now)  # the others at the next delivery: LastModified tells seconds
            return
        while self._digests and self._deliver_digest(now):
            pass

    def digest(self, end: dt.datetime, now: dt.datetime) -> None:
        """Close the window at ``end``: sign, and deliver with whatever digests were refused before."""
        if self.chain is None:
            return
        logs = [log for log in self._delivered if log.at <= end]
        self._delivered = [log for log in self._delivered if log.at > end]
        self._digests.append(self.chain.digest(end, logs, self._keys.signing(end)))
        if self.chain.last:
            self._not_before, self.chain = end, None
        while self._digests and self._deliver_digest(now):
            pass

    def _deliver_file(self, now: dt.datetime) -> str | None:
        """Deliver the first waiting file: its key, ``""`` where it was given up, None where there is none or it was refused."""
        if not self._files:
            return None
        file = self._files[0]
        if now - file.made > REDELIVERY:
            self._files.popleft()
            return ""
        key = f"{self.trail.folder('CloudTrail', self.region)}{file.made:%Y/%m/%d}/{file.name}"
        self.status.error = self._put(self.trail.bucket, key, file.body, {})
        if self.status.error:
            return None
        self._files.popleft()
        self._arrived(key, file.sha256, file.oldest, file.newest, now)
        return key

    def _deliver_digest(self, now: dt.datetime) -> bool:
        if self._delays.digests:
            return False
        digest = self._digests[0]
        if now - digest.end <= REDELIVERY:
            self.status.digest_error = self._put(digest.bucket, digest.key, digest.body, digest.metadata)
            if self.status.digest_error:
                return False
            self.status.digest_delivered = now
        self._digests.popleft()
        return True

    def _arrived(self, key: str, sha256: str, oldest: dt.datetime, newest: dt.datetime, now: dt.datetime) -> None:
        self.status.delivered = now
        self.status.error = ""
        if self.chain is not None:
            log = DeliveredLog(self.trail.bucket, key, sha256, oldest, newest, now)
            (self._delays.late if self._delays.logs else self._delivered).append(log)

    def _put(self, bucket: str, key: str, body: bytes, metadata: Mapping[str, str]) -> str:
        """S3's error code, ``""`` when the object arrived."""
        if not self._storage.bucket_exists(bucket):
            return "NoSuchBucket"
        trail = self.trail
        if not self._storage.bucket_policy_allows_delivery(bucket, key, source_arn=trail.arn, source_account=trail.account):
            return "AccessDenied"
        try:
            self._storage.put_object(
                bucket, key, body, metadata=metadata, content_type="application/json", content_encoding="gzip"
            )
        except InternalError as error:
            return error.code
        return ""

    def _new_name(self, now: dt.datetime) -> str:
        unique = "".join(secrets.choice(_ALPHABET) for _ in range(16))
        return f"{self.trail.account}_CloudTrail_{self.region}_{now:%Y%m%dT%H%MZ}_{unique}.json.gz"


def encode(event: Mapping[str, Any]) -> bytes:
    """An event as it stands in a log file: compact JSON, UTF-8 (escaped only where UTF-8 cannot hold it)."""
    try:
        return json.dumps(event, separators=(",", ":"), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(event, separators=(",", ":")).encode()


def _batches(records: list[_Record]) -> list[list[_Record]]:
    batches: list[list[_Record]] = []
    room = 0
    for record in records:
        if len(record.content) + 1 > room:
            batches.append([])
            room = LARGEST_FILE - len('{"Records":[]}')
        batches[-1].append(record)
        room -= len(record.content) + 1
    return batches


def _log_file(records: list[_Record], name: str, now: dt.datetime) -> _LogFile:
    content = b'{"Records":[' + b",".join(record.content for record in records) + b"]}"
    times = [record.at for record in records]
    sha256 = hashlib.sha256(content).hexdigest()
    return _LogFile(name, gzip.compress(content, mtime=0), sha256, min(times), max(times), now)


def _times(content: bytes) -> list[dt.datetime]:
    """The event times in a log file's content; none where it cannot be read as one."""
    try:
        return [_event_time(record) for record in json.loads(content)["Records"]]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return []


def _event_time(event: Mapping[str, Any]) -> dt.datetime:
    return dt.datetime.strptime(event["eventTime"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=dt.UTC)
