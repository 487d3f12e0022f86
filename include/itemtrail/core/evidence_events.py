"""Management events that end, narrow or endanger evidence: the one list, for the archive's column and for the review.

Decides: which events those are, by service; which of them only where the request says so; what kind of evidence each touches
(``Touched``); and whether an event in a review concerns the set-up (every event of CloudTrail does; of another service only what
names one of our resources, or names none). Refuses to leave out a failed attempt: who reads the list tells them apart.
Lambda writes its API's date behind an event's name (DeleteFunction20150331); names are compared without it.
Source: CloudTrail user guide and the services' own pages "Logging … API calls with CloudTrail"; Lambda developer guide, "Logging
Lambda API calls using CloudTrail"; read 2026-11-24.
"""

import re
from collections.abc import Iterable
from enum import StrEnum

from itemtrail.core.check import Answer, Wanted, cannot_look, failed, passed
from itemtrail.core.posture import EvidenceEvent, Posture


class Touched(StrEnum):
    """What kind of evidence an event touches."""

    TRAIL = "trail"
    BUCKET = "bucket"
    KEY = "key"
    TABLE = "table"
    STREAM_PATH = "stream path"  # log groups and the forwarder


DYNAMODB = "dynamodb.amazonaws.com"
CLOUDTRAIL = "cloudtrail.amazonaws.com"
EVENTS = {
    DYNAMODB: (
        Touched.TABLE,
        frozenset(
            {
                "ImportTable", "StartBulkPutItems", "RestoreTableFromBackup", "RestoreTableToPointInTime", "DeleteTable",
                "UpdateTimeToLive", "UpdateTable", "DisableKinesisStreamingDestination", "UpdateContinuousBackups",
                "PutResourcePolicy",
            }
        ),
    ),
    CLOUDTRAIL: (
        Touched.TRAIL,
        frozenset({"StopLogging", "DeleteTrail", "UpdateTrail", "PutEventSelectors", "PutEventConfiguration"}),
    ),
    "s3.amazonaws.com": (
        Touched.BUCKET,
        frozenset(
            {
                "PutBucketLifecycle", "PutBucketLifecycleConfiguration", "DeleteBucketLifecycle", "PutBucketPolicy",
                "DeleteBucketPolicy", "PutBucketVersioning", "PutBucketObjectLockConfiguration", "PutObjectLockConfiguration",
                "DeleteObject", "DeleteObjects", "PutBucketEncryption", "DeleteBucketEncryption", "PutBucketLogging",
                "DeleteBucket", "PutBucketPublicAccessBlock", "DeleteBucketPublicAccessBlock", "PutBucketAcl",
                "PutBucketOwnershipControls", "DeleteBucketOwnershipControls", "PutBucketRequestPayment",
            }
        ),
    ),
    "kms.amazonaws.com": (
        Touched.KEY,
        frozenset({"DisableKey", "ScheduleKeyDeletion", "PutKeyPolicy", "DeleteImportedKeyMaterial"}),
    ),
    "logs.amazonaws.com": (
        Touched.STREAM_PATH,
        frozenset({"DeleteLogGroup", "PutRetentionPolicy", "DeleteRetentionPolicy", "PutAccountPolicy"}),
    ),
    "lambda.amazonaws.com": (Touched.STREAM_PATH, frozenset({"DeleteEventSourceMapping", "DeleteFunction"})),
}  # fmt: skip
"""Source of events → what they touch, and their names."""
ARCHIVED = "itemtrail:archive_trail"
"""What an ``Unread`` names where a day that is due is not archived: a DAG, not an IAM action; the events are the archive's."""
CONDITIONAL = frozenset({"UpdateTable", "UpdateContinuousBackups"})
"""Only where the request says so; read by ``dynamodb.weakens``."""

_API_DATE = re.compile(r"20\d{6}(v\d+)?$")


def alarms(source: str | None, name: str | None) -> bool:
    """Whether the event is on the list."""
    return touched(source, name) is not None


def touched(source: str | None, name: str | None) -> Touched | None:
    """What the event touches; None where it is not on the list."""
    kind, names = EVENTS.get(source or "", (None, frozenset[str]()))
    return kind if _API_DATE.sub("", name or "") in names else None


def happened(posture: Posture, kind: Touched, *ours: str) -> Answer:
    """Whether an event of ``kind`` that succeeded concerns the set-up. ``ours``: names that count besides the snapshot's."""
    return _told(posture, [one for one in concerning(posture, kind, ours) if one.succeeded], "nothing of the kind")


def attempted(posture: Posture, wanted: Wanted) -> Answer:
    """Whether an event of any kind that failed concerns the set-up."""
    tables = [arn.rpartition("/")[2] for arn in (*wanted.stream_tables, *(wanted.tables or ()))]
    ours = (wanted.trail_bucket, wanted.archive_bucket, wanted.debug_log_group, wanted.forwarder, *tables)
    return _told(posture, [one for kind in Touched for one in concerning(posture, kind, ours) if not one.succeeded], "no attempt")


def concerning(posture: Posture, kind: Touched, ours: Iterable[str] = ()) -> tuple[EvidenceEvent, ...]:
    """The snapshot's events of one kind that concern the set-up, oldest first. ``ours``: names that count besides its ARNs.

    A bucket that is no longer there is in no snapshot; its name comes from the configuration.
    """
    names = _names(posture) | {one for one in ours if one}
    found = [one for one in posture.events if touched(one.source, one.name) is kind]
    mine = [one for one in found if kind is Touched.TRAIL or not one.resource or _named(one.resource) & names]
    return tuple(sorted(mine, key=lambda one: (one.time, one.event_id)))


def _told(posture: Posture, events: list[EvidenceEvent], nothing: str) -> Answer:
    if events:
        return failed(f"{said(events)}.")
    missing = [one for one in posture.unread if one.action == ARCHIVED]
    if missing or posture.events_since is None or posture.events_until is None:
        return cannot_look("not all that happened since the last review could be looked at; events_looked_at says what.")
    return passed(f"{nothing} from {posture.events_since:%Y-%m-%d %H:%MZ} to {posture.events_until:%Y-%m-%d %H:%MZ}.")


def said(events: Iterable[EvidenceEvent], most: int = 3) -> str:
    """The events for people: who did what to what, when."""
    listed = [
        f"{one.name}{f' of {one.resource}' if one.resource else ''} by {one.actor or 'somebody not named'} at"
        f" {one.time:%Y-%m-%d %H:%M:%SZ} in {one.region} (event {one.event_id})"
        for one in events
    ]
    return "; ".join(listed[:most]) + (f"; and {len(listed) - most} more" if len(listed) > most else "")


def _names(posture: Posture) -> set[str]:
    groups = (posture.buckets, posture.keys, posture.tables, posture.log_groups, posture.forwarders, posture.topics)
    arns = [one.arn for group in groups for one in group]
    mappings = [reader.uuid for table in posture.tables for reader in table.readers]
    return {name for arn in [*arns, *(group.name for group in posture.log_groups)] for name in _named(arn)} | set(mappings)


def _named(resource: str) -> set[str]:
    """An ARN or name, and the name alone, of a function without its version."""
    tail = resource.split(":", 5)[-1].removesuffix(":*") if resource.startswith("arn:") else resource
    name = re.sub(r"^(table/|key/|function:|log-group:|event-source-mapping:)", "", tail)
    return {resource, tail, name, name.partition(":")[0] if tail.startswith("function:") else name}
