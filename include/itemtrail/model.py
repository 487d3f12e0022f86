"""The words everything speaks: units, objects, slots, verdicts, keys. Frozen values, no behaviour beyond their own consistency.

Vocabulary: docs/design.md. Times: aware UTC ``datetime``; days: ``date``; sizes are bytes; hashes are lower-case hex.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Verdict(StrEnum):
    """What can be said of a slot, an object, a unit. The order of severity is the order of ``SEVERITY``."""

    PROVEN = "PROVEN"
    INCOMPLETE = "INCOMPLETE"  # not yet due
    UNPROVABLE = "UNPROVABLE"  # could not look, or the proof above it is bad
    DISPROVEN = "DISPROVEN"  # contrary evidence


SEVERITY = (Verdict.PROVEN, Verdict.INCOMPLETE, Verdict.UNPROVABLE, Verdict.DISPROVEN)


def worst(verdicts: "list[Verdict] | tuple[Verdict, ...]") -> Verdict:
    """The most severe of ``verdicts``; ``UNPROVABLE`` for none, because nothing proves nothing."""
    return max(verdicts, key=SEVERITY.index) if verdicts else Verdict.UNPROVABLE


class Conversion(StrEnum):
    """Whether every byte became rows (COMPLETE) or something was quarantined (PARTIAL)."""

    COMPLETE = "COMPLETE"
    PARTIAL = "PARTIAL"


@dataclass(frozen=True, slots=True, order=True)
class Unit:
    """One (account, Region, delivery date): what is archived, proven and alerted on as one."""

    account: str
    region: str
    day: dt.date

    def __str__(self) -> str:
        return f"{self.account}/{self.region}/{self.day}"


@dataclass(frozen=True, slots=True)
class TrailRef:
    """The trail a bucket belongs to, and where it delivers. ``prefix`` has no slash at its ends; ``""`` is none."""

    arn: str
    bucket: str
    prefix: str = ""
    organization_id: str = ""

    @property
    def name(self) -> str:
        """Trail name: what follows ``trail/`` in the ARN."""
        return self.arn.rpartition("trail/")[2]

    @property
    def home_region(self) -> str:
        """Region field of the ARN: the trail's home Region."""
        return self.arn.split(":")[3]

    @property
    def partition(self) -> str:
        """AWS partition: aws, aws-cn, aws-us-gov."""
        return self.arn.split(":")[1]


@dataclass(frozen=True, slots=True)
class LoggingStatus:
    """What GetTrailStatus says, true times or None. Source: CloudTrail API reference, GetTrailStatus."""

    is_logging: bool
    started: dt.datetime | None = None
    stopped: dt.datetime | None = None
    latest_delivery: dt.datetime | None = None
    latest_digest_delivery: dt.datetime | None = None
    latest_delivery_error: str = ""
    latest_digest_delivery_error: str = ""


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """One line of a listing. ``version_id`` is None on an unversioned bucket."""

    key: str
    size: int
    last_modified: dt.datetime
    etag: str = ""
    version_id: str | None = None


@dataclass(frozen=True, slots=True)
class KeptVersion:
    """One version of an object, or a delete marker. ``latest``: a plain read meets it. ``version_id`` may be ``null``."""

    key: str
    size: int
    last_modified: dt.datetime
    etag: str = ""
    version_id: str = "null"
    latest: bool = True
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Archived:
    """One line of a listing that tells of restores. ``readable_until`` is of the temporary copy, None where there is none."""

    key: str
    size: int
    etag: str
    storage_class: str
    restoring: bool = False
    readable_until: dt.datetime | None = None
    last_modified: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object as read: the stored bytes (never inflated by the adapter) and what S3 says of them."""

    key: str
    body: bytes = field(repr=False)
    metadata: Mapping[str, str]  # user metadata without the x-amz-meta- prefix, lower-case names
    content_type: str = ""
    content_encoding: str = ""
    last_modified: dt.datetime | None = None
    etag: str = ""
    version_id: str | None = None


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A CloudTrail public key as ListPublicKeys returns it. ``value`` is DER (PKCS#1 or SubjectPublicKeyInfo)."""

    fingerprint: str
    value: bytes = field(repr=False)
    region: str
    valid_from: dt.datetime
    valid_to: dt.datetime


@dataclass(frozen=True, slots=True)
class Shard:
    """A shard of a stream as listed. ``first`` and ``last``: its sequence numbers; ``last`` None while it is open."""

    id: str
    parent: str | None = None
    first: str | None = None
    last: str | None = None


@dataclass(frozen=True, slots=True)
class SlotVerdict:
    """Verdict on one expected digest hour ``(start, end]``. ``object`` is the digest's key, or None where none exists."""

    start: dt.datetime
    end: dt.datetime
    verdict: Verdict
    reason: str
    object: str | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ObjectVerdict:
    """Verdict on one log object that exists, or that a digest lists."""

    key: str
    verdict: Verdict
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Validation:
    """Everything said about one account, Region and range. ``verdict`` is the worst of slots and objects."""

    verdict: Verdict
    slots: tuple[SlotVerdict, ...]
    objects: tuple[ObjectVerdict, ...]
