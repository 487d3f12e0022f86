"""The set-up as it is: one read-only snapshot of everything that keeps, carries or protects evidence.

Decides: which facts a review sees, and how a fact that could not be read is told: never as an empty value alone, but by an
``Unread`` beside it, naming the IAM action (beside each field below: what a check that uses it lists in ``needs``). Refuses to
judge (the checks do) and to hold secrets, item values or policies of principals that are not ours. Words are AWS's own; documents
are kept as the service returned them.

How an ``Unread`` names its resource: the ARN of the dataclass it belongs to (the table, not its stream; the bucket; the trail),
with its Region; ``*`` and the Region for a ``RegionPosture`` and lists of a Region; ``*`` and "" for the account's. A thing whose
existence could not be read is in the snapshot with an empty state and an ``Unread``; only "there is none" gives a state of None.
Source: API references of CloudTrail, S3, KMS, DynamoDB, Lambda, CloudWatch, CloudWatch Logs, SNS, IAM, read 2026-11-24.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

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

    name: str  # ec2:DescribeRegions
    opt_in: bool  # not enabled by default
    trail_arns: tuple[str, ...] = ()  # trails seen from here, copies of multi-Region trails included: cloudtrail:DescribeTrails
    delivered_at: dt.datetime | None = None  # LatestDeliveryTime of the configured trail, asked here: cloudtrail:GetTrailStatus
    digest_delivered_at: dt.datetime | None = None  # the same


@dataclass(frozen=True, slots=True)
class TrailPosture:
    """A trail, once (copies are in ``RegionPosture.trail_arns``), asked in its home Region."""

    state: TrailState  # cloudtrail:DescribeTrails; logging: GetTrailStatus; selectors: GetEventSelectors
    started_at: dt.datetime | None = None  # StartLoggingTime, and down to cloudwatch_delivered_at: cloudtrail:GetTrailStatus
    stopped_at: dt.datetime | None = None
    delivered_at: dt.datetime | None = None
    digest_delivered_at: dt.datetime | None = None
    delivery_error: str = ""
    digest_error: str = ""
    cloudwatch_error: str = ""
    notification_error: str = ""
    cloudwatch_delivered_at: dt.datetime | None = None  # LatestCloudWatchLogsDeliveryTime
    cloudwatch_log_group: str = ""  # ARN, cloudtrail:DescribeTrails
    sns_topic: str = ""  # ARN, the same
    insights: tuple[str, ...] = ()  # insight types, cloudtrail:GetInsightSelectors
    recursive_logging: bool | None = None  # None: CloudTrail did not say
    tags: Mapping[str, str] | None = None  # cloudtrail:ListTags


@dataclass(frozen=True, slots=True)
class BucketPosture:
    """A bucket that holds evidence, or the target of its access logs. ``roles``: trail, archive, access_logs."""

    arn: str
    roles: tuple[str, ...]
    # None: there is no such bucket (s3:GetBucketLocation). Its versioning and mfa_delete are read with s3:GetBucketVersioning,
    # encryption with GetEncryptionConfiguration, public_access_block with GetBucketPublicAccessBlock, ownership with
    # GetBucketOwnershipControls, other_grants with GetBucketAcl, policy with GetBucketPolicy, lifecycle with
    # GetLifecycleConfiguration, object_lock with GetBucketObjectLockConfiguration
    state: BucketState | None
    account: str = ""  # the owner, of the configured accounts; "" where it is none of them, or not known
    public: bool | None = None  # IsPublic, s3:GetBucketPolicyStatus; False where there is no policy
    logging_bucket: str = ""  # s3:GetBucketLogging
    logging_prefix: str = ""  # the same
    requester_pays: bool | None = None  # s3:GetBucketRequestPayment
    replication: Document | None = None  # s3:GetReplicationConfiguration
    notification: Document | None = None  # s3:GetBucketNotification
    foreign: bool | None = None  # owned by another account than the caller's: s3:GetBucketLocation


@dataclass(frozen=True, slots=True)
class KeyPosture:
    """A KMS key that evidence, tables or logs are encrypted with."""

    arn: str  # as the key itself says; as the user of the key names it where kms:DescribeKey was refused
    state: str = ""  # Enabled, Disabled, PendingDeletion …; NotFound where KMS knows no such key: kms:DescribeKey
    manager: str = ""  # AWS or CUSTOMER: kms:DescribeKey
    rotation: bool | None = None  # kms:GetKeyRotationStatus; None for a kind of key that cannot rotate
    deletion_at: dt.datetime | None = None  # kms:DescribeKey
    policy: Document | None = None  # kms:GetKeyPolicy
    used_by: tuple[str, ...] = ()  # ARNs


@dataclass(frozen=True, slots=True)
class TablePosture:
    """A table whose history is wanted. ``state`` None: there is no such table."""

    arn: str
    state: TableState | None  # dynamodb:DescribeTable
    pitr: bool | None = None  # dynamodb:DescribeContinuousBackups
    deletion_protection: bool | None = None  # dynamodb:DescribeTable
    ttl_attribute: str = ""  # "" where TTL is off: dynamodb:DescribeTimeToLive
    kinesis_streams: tuple[str, ...] = ()  # ARNs of active destinations: dynamodb:DescribeKinesisStreamingDestination
    # ARN → ApproximateCreationDateTimePrecision (MILLISECOND, MICROSECOND): dynamodb:DescribeKinesisStreamingDestination
    kinesis_precision: Mapping[str, str] | None = None
    kms_key: str = ""  # "" for the AWS-owned key: dynamodb:DescribeTable
    readers: tuple[MappingState, ...] = ()  # event source mappings of its stream: lambda:ListEventSourceMappings
    mapping_states: Mapping[str, str] | None = None  # UUID → State (Enabled, Disabled …): lambda:ListEventSourceMappings
    replica_regions: tuple[str, ...] = ()  # dynamodb:DescribeTable
    resource_policy: Document | None = None  # dynamodb:GetResourcePolicy


@dataclass(frozen=True, slots=True)
class LogGroupPosture:
    """A log group: the debug group of images, the forwarder's own, or the trail's. ``state`` None: there is none."""

    arn: str
    name: str
    region: str
    role: str  # debug, forwarder, trail
    state: LogGroupState | None  # logs:DescribeLogGroups
    log_class: str = ""  # the same
    kms_key: str = ""  # the same
    metric_filters: tuple[Document, ...] = ()  # logs:DescribeMetricFilters
    subscriptions: tuple[Document, ...] = ()  # logs:DescribeSubscriptionFilters
    account_policies: tuple[Document, ...] = ()  # RETENTION_POLICY of the account in this Region: logs:DescribeAccountPolicies


@dataclass(frozen=True, slots=True)
class ForwarderPosture:
    """The forwarder in one Region."""

    arn: str
    region: str
    state: ForwarderState  # lambda:GetFunctionConfiguration, sqs:GetQueueUrl, logs:DescribeLogGroups
    role_policy: Document | None = None  # iam:GetRolePolicy
    queue_depth: int | None = None  # ApproximateNumberOfMessages of the failure queue: sqs:GetQueueAttributes


@dataclass(frozen=True, slots=True)
class TopicPosture:
    """The alert topic."""

    arn: str
    exists: bool | None = None  # all of it: sns:GetTopicAttributes
    policy: Document | None = None
    kms_key: str = ""
    confirmed: int | None = None  # subscriptions
    pending: int | None = None


@dataclass(frozen=True, slots=True)
class AlarmPosture:
    """A CloudWatch alarm on a metric of a trail's metric filter (cloudwatch:DescribeAlarms, asked in the group's Region)."""

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
    trust: Document | None = None  # iam:GetRole; None and no ``Unread``: there is no such role
    # Names of inline, ARNs of attached policies: iam:ListRolePolicies, GetRolePolicy, ListAttachedRolePolicies, GetPolicy,
    # GetPolicyVersion. Where one was refused, what could be read, and an ``Unread`` of the role.
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
    events_until: dt.datetime | None = None  # all of the time until then was looked at; None: nothing was
    unread: tuple[Unread, ...] = ()
    schema_version: int = SCHEMA_VERSION


@dataclass(frozen=True, slots=True)
class PostureScope:
    """What a snapshot is taken of: names of the configuration, nothing more.

    ``tables``: ARNs; those of other accounts are asked for by ARN and may well be refused. ``roles``: kind → ARN.
    """

    trail_name: str
    trail_account: str
    home_region: str
    trail_bucket: str
    archive_bucket: str
    accounts: tuple[str, ...] = ()  # whose the buckets may be
    regions: tuple[str, ...] = ()  # looked at where the account's list is refused
    tables: tuple[str, ...] = ()
    capture_regions: tuple[str, ...] = ()  # where debug log groups and forwarders are
    debug_log_group: str = ""
    forwarder: str = ""  # "" for none
    forwarder_role: str = ""
    forwarder_policy: str = ""  # the name of its inline policy
    failure_queue: str = ""
    topic_arn: str = ""
    roles: Mapping[str, str] = field(default_factory=dict)
