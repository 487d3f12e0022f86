"""The set-up as it is: one read-only snapshot of everything that keeps, carries or protects evidence.

Decides: which facts a review sees, and how a fact that could not be read is told: never as an empty value alone, but by an
``Unread`` beside it, naming the IAM action. Refuses to judge (the checks do) and to hold secrets, item values or policies of
principals that are not ours. Words are AWS's own; documents are kept as the service returned them.
Source: API references of CloudTrail, S3, KMS, DynamoDB, Lambda, CloudWatch, CloudWatch Logs, SNS, IAM, read 2026-11-24.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from itemtrail.snapshot import (
    BucketState,
    Document,
    ForwarderState,
    LogGroupState,
    MappingState,
    TableState,
    TrailState,
)

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Unread:
    """A fact that could not be read. ``resource`` is its ARN, ``*`` where it is the account's or a Region's as a whole."""

    action: str  # the IAM action that reads it: s3:GetBucketLogging
    resource: str
    region: str
    why: str  # "AccessDenied", "ThrottlingException", …


@dataclass(frozen=True, slots=True)
class RegionPosture:
    """A Region enabled for the account, and what CloudTrail says of the trail from there (GetTrailStatus, per Region)."""

    name: str
    opt_in: bool  # not enabled by default
    trail_arns: tuple[str, ...] = ()  # trails seen from here, copies of multi-Region trails included
    delivered_at: dt.datetime | None = None  # LatestDeliveryTime of the configured trail, asked here
    digest_delivered_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class TrailPosture:
    """A trail, once (copies are in ``RegionPosture.trail_arns``), asked in its home Region."""

    state: TrailState
    started_at: dt.datetime | None = None  # StartLoggingTime
    stopped_at: dt.datetime | None = None
    delivered_at: dt.datetime | None = None
    digest_delivered_at: dt.datetime | None = None
    delivery_error: str = ""
    digest_error: str = ""
    cloudwatch_error: str = ""
    notification_error: str = ""
    cloudwatch_log_group: str = ""  # ARN
    sns_topic: str = ""  # ARN
    insights: tuple[str, ...] = ()  # insight types
    recursive_logging: bool | None = None
    tags: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class BucketPosture:
    """A bucket that holds evidence, or the target of its access logs. ``roles``: trail, archive, access_logs."""

    arn: str
    roles: tuple[str, ...]
    state: BucketState | None  # None: there is no such bucket
    account: str = ""  # "" where the owner is not known
    public: bool | None = None  # GetBucketPolicyStatus IsPublic
    logging_bucket: str = ""
    logging_prefix: str = ""
    requester_pays: bool | None = None
    replication: Document | None = None
    notification: Document | None = None


@dataclass(frozen=True, slots=True)
class KeyPosture:
    """A KMS key that evidence, tables or logs are encrypted with."""

    arn: str
    state: str = ""  # Enabled, Disabled, PendingDeletion …
    manager: str = ""  # AWS or CUSTOMER
    rotation: bool | None = None
    deletion_at: dt.datetime | None = None
    policy: Document | None = None
    used_by: tuple[str, ...] = ()  # ARNs


@dataclass(frozen=True, slots=True)
class TablePosture:
    """A table whose history is wanted. ``state`` None: there is no such table."""

    arn: str
    state: TableState | None
    pitr: bool | None = None
    deletion_protection: bool | None = None
    ttl_attribute: str = ""  # "" where TTL is off
    kinesis_streams: tuple[str, ...] = ()  # ARNs of active destinations
    kms_key: str = ""  # "" for the AWS-owned key
    readers: tuple[MappingState, ...] = ()  # event source mappings of its stream
    mapping_states: Mapping[str, str] | None = None  # UUID → State (Enabled, Disabled …)
    replica_regions: tuple[str, ...] = ()
    resource_policy: Document | None = None


@dataclass(frozen=True, slots=True)
class LogGroupPosture:
    """A log group: the debug group of images, the forwarder's own, or the trail's. ``state`` None: there is none."""

    arn: str
    name: str
    region: str
    role: str  # debug, forwarder, trail
    state: LogGroupState | None
    log_class: str = ""
    kms_key: str = ""
    metric_filters: tuple[Document, ...] = ()
    subscriptions: tuple[Document, ...] = ()


@dataclass(frozen=True, slots=True)
class ForwarderPosture:
    """The forwarder in one Region."""

    arn: str
    region: str
    state: ForwarderState
    role_policy: Document | None = None
    queue_depth: int | None = None  # ApproximateNumberOfMessages of the failure queue


@dataclass(frozen=True, slots=True)
class TopicPosture:
    """The alert topic."""

    arn: str
    exists: bool | None = None
    policy: Document | None = None
    kms_key: str = ""
    confirmed: int | None = None  # subscriptions
    pending: int | None = None


@dataclass(frozen=True, slots=True)
class AlarmPosture:
    """A CloudWatch alarm on a metric of a trail's metric filter."""

    arn: str
    region: str
    namespace: str
    metric: str
    actions: tuple[str, ...] = ()
    actions_enabled: bool = True


@dataclass(frozen=True, slots=True)
class RolePosture:
    """One of our own roles, with its inline and attached policies' documents. ``kind``: trail_reader, archive_writer …."""

    arn: str
    kind: str
    trust: Document | None = None
    policies: Mapping[str, Document] | None = None


@dataclass(frozen=True, slots=True)
class EvidenceEvent:
    """A management event that ends, narrows or endangers evidence (StopLogging, PutEventSelectors, …), as recorded."""

    event_id: str
    name: str
    source: str
    time: dt.datetime
    region: str
    actor: str
    succeeded: bool
    resource: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Posture:
    """The snapshot. Tuples are sorted by ARN; times are aware UTC."""

    taken_at: dt.datetime
    account: str
    partition: str
    caller: str
    trail_arn: str  # the configured trail's
    organization: str = ""
    regions: tuple[RegionPosture, ...] = ()
    trails: tuple[TrailPosture, ...] = ()
    buckets: tuple[BucketPosture, ...] = ()
    keys: tuple[KeyPosture, ...] = ()
    tables: tuple[TablePosture, ...] = ()
    log_groups: tuple[LogGroupPosture, ...] = ()
    forwarders: tuple[ForwarderPosture, ...] = ()
    topics: tuple[TopicPosture, ...] = ()
    alarms: tuple[AlarmPosture, ...] = ()
    roles: tuple[RolePosture, ...] = ()
    events: tuple[EvidenceEvent, ...] = ()
    events_since: dt.datetime | None = None  # None: evidence-ending events were not asked for
    unread: tuple[Unread, ...] = ()
    schema_version: int = SCHEMA_VERSION


def trail(posture: Posture) -> TrailPosture | None:
    """The configured trail, or None where it was not seen."""
    return next((one for one in posture.trails if one.state.arn == posture.trail_arn), None)


def bucket(posture: Posture, role: str) -> BucketPosture | None:
    """The bucket with ``role`` (trail, archive), or None where it was not looked at."""
    return next((one for one in posture.buckets if role in one.roles), None)


def unread(posture: Posture, action: str, resource: str, region: str = "") -> Unread | None:
    """Why ``action`` on ``resource`` gave nothing; an account- or Region-wide refusal (``*``) counts for every resource."""
    for one in posture.unread:
        if one.action == action and one.resource in (resource, "*") and (not region or one.region in (region, "")):
            return one
    return None
