"""A wholly good set-up as a snapshot, what is wanted of it, and ways to change one thing.

Every check passes on ``good()`` or does not apply, so that a test which plants one fault finds exactly that fault.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from itemtrail.core import forwarder_config, policy, retention
from itemtrail.core.check import Wanted
from itemtrail.core.posture import (
    AlarmPosture,
    BucketPosture,
    EvidenceEvent,
    ForwarderPosture,
    KeyPosture,
    LogGroupPosture,
    Posture,
    RegionPosture,
    RolePosture,
    TablePosture,
    TopicPosture,
    TrailPosture,
)
from itemtrail.snapshot import (
    BucketState,
    Document,
    ForwarderState,
    FunctionState,
    LogGroupState,
    MappingState,
    TableState,
    TrailState,
)

NOW = dt.datetime(2026, 11, 23, 6, 0, tzinfo=dt.UTC)
MINUTE, HOUR, DAY = dt.timedelta(minutes=1), dt.timedelta(hours=1), dt.timedelta(days=1)
ACCOUNT = "111122223333"
HOME, AWAY = "us-east-1", "eu-west-1"
TRAIL = f"arn:aws:cloudtrail:{HOME}:{ACCOUNT}:trail/HRMS-DynamoDB-Logs"
OTHER_TRAIL = f"arn:aws:cloudtrail:{HOME}:{ACCOUNT}:trail/security"
TRAIL_BUCKET, ARCHIVE_BUCKET, ACCESS_BUCKET = f"hrms-trail-{ACCOUNT}", f"hrms-archive-{ACCOUNT}", f"hrms-access-{ACCOUNT}"
KEY = f"arn:aws:kms:{HOME}:{ACCOUNT}:key/0f6e1c52-8d1a-4c55-9a53-1a3c7a1de001"
EMPLOYEES, PAYROLL, LEAVE = (
    f"arn:aws:dynamodb:{HOME}:{ACCOUNT}:table/{name}" for name in ("Employees", "Payroll", "LeaveRequests")
)
FORWARDER = f"arn:aws:lambda:{HOME}:{ACCOUNT}:function:itemtrail-forwarder"
QUEUE = f"arn:aws:sqs:{HOME}:{ACCOUNT}:itemtrail-forwarder-failed"
TOPIC = f"arn:aws:sns:{HOME}:{ACCOUNT}:itemtrail-alerts"
DEBUG_GROUP, OWN_GROUP, TRAIL_GROUP = "/itemtrail/streams", "/aws/lambda/itemtrail-forwarder", "/itemtrail/trail"
CHANGES_PATTERN = (
    "{ ($.eventSource = cloudtrail.amazonaws.com) && (($.eventName = StopLogging) || ($.eventName = DeleteTrail)"
    " || ($.eventName = UpdateTrail) || ($.eventName = PutEventSelectors)) }"
)
SELECTORS: Document = {
    "AdvancedEventSelectors": [
        {"Name": "management", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]},
        {
            "Name": "writes",
            "FieldSelectors": [
                {"Field": "eventCategory", "Equals": ["Data"]},
                {"Field": "resources.type", "Equals": ["AWS::DynamoDB::Table"]},
                {"Field": "readOnly", "Equals": ["false"]},
            ],
        },
    ]
}
BLOCKED = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
WITH_KEY: Document = {
    "Rules": [
        {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}, "BucketKeyEnabled": True}
    ]
}


def wanted() -> Wanted:
    """What the configuration asks for."""
    return Wanted(
        trail_arn=TRAIL,
        trail_bucket=TRAIL_BUCKET,
        trail_prefix="",
        archive_bucket=ARCHIVE_BUCKET,
        archive_prefix="",
        archive_region=HOME,
        home_region=HOME,
        accounts=(ACCOUNT,),
        regions=(AWAY, HOME),
        tables=None,
        reads=False,
        stream_tables=(EMPLOYEES, LEAVE, PAYROLL),
        expiry_days=90,
        keep_days=3653,
        reopen_days=30,
        retention_mode="GOVERNANCE",
        retention_days=30,
        originals_class="DEEP_ARCHIVE",
        originals_after_days=45,
        events_class="GLACIER_IR",
        events_after_days=90,
        tag_proven=True,
        debug_log_group=DEBUG_GROUP,
        debug_log_days=1,
        forwarder="itemtrail-forwarder",
        failure_queue="itemtrail-forwarder-failed",
        topic_arn=TOPIC,
    )


def good() -> Posture:
    """The snapshot on which nothing is wrong."""
    return Posture(
        taken_at=NOW,
        account=ACCOUNT,
        partition="aws",
        caller=f"arn:aws:sts::{ACCOUNT}:assumed-role/itemtrail-posture-reader/review",
        trail_arn=TRAIL,
        regions=(_region(AWAY), _region(HOME)),
        trails=(_trail(),),
        buckets=(_access_bucket(), _archive_bucket(), _trail_bucket()),
        keys=(_key(),),
        tables=(_table(EMPLOYEES), _global_table(LEAVE), _table(PAYROLL)),
        log_groups=(_own_group(), _debug_group(), _trail_group()),
        forwarders=(_forwarder(),),
        topics=(_topic(),),
        alarms=(AlarmPosture(_arn("cloudwatch", "alarm:trail-changed"), HOME, "itemtrail", "TrailChanged", (TOPIC,)),),
        roles=tuple(role(kind, *statements) for kind, statements in _ROLES.items()),
        events=(),
        events_since=NOW - 7 * DAY,
        events_until=NOW - 6 * HOUR,
    )


def changed(
    posture: Posture,
    group: str,
    chosen: Callable[[Any], bool] = lambda one: True,
    state: Any = None,
    **fields: Any,
) -> Posture:
    """``posture`` with ``fields`` set on each chosen member of ``group``, and the fields ``state`` set on its ``state``.

    A ``state`` that is no dict stands in its place (a key's is a word).
    """

    def one(member: Any) -> Any:
        if not chosen(member):
            return member
        inner = {"state": replace(member.state, **state) if isinstance(state, dict) else state} if state is not None else {}
        return replace(member, **inner, **fields)

    return replace(posture, **{group: tuple(one(member) for member in getattr(posture, group))})


def on_trail(state: Any = None, **fields: Any) -> Posture:
    """The good snapshot with the trail changed."""
    return changed(good(), "trails", state=state, **fields)


def on_bucket(which: str, state: Any = None, **fields: Any) -> Posture:
    """The good snapshot with the bucket of a role (trail, archive, access_logs) changed."""
    return changed(good(), "buckets", lambda one: which in one.roles, state, **fields)


def on_table(arn: str = EMPLOYEES, state: Any = None, **fields: Any) -> Posture:
    """The good snapshot with one table changed."""
    return changed(good(), "tables", lambda one: one.arn == arn, state, **fields)


def on_group(which: str = "debug", state: Any = None, **fields: Any) -> Posture:
    """The good snapshot with the log group of a role (debug, forwarder, trail) changed."""
    return changed(good(), "log_groups", lambda one: one.role == which, state, **fields)


def on(group: str, state: Any = None, **fields: Any) -> Posture:
    """The good snapshot with every member of ``group`` changed."""
    return changed(good(), group, state=state, **fields)


def on_region(name: str, **fields: Any) -> Posture:
    """The good snapshot with one Region changed."""
    return changed(good(), "regions", lambda one: one.name == name, **fields)


def with_role(kind: str, *statements: Document) -> Posture:
    """The good snapshot whose role of ``kind`` has these statements besides its own."""
    mine = role(kind, *_ROLES[kind], *statements)
    return replace(good(), roles=tuple(mine if one.kind == kind else one for one in good().roles))


def with_trust(kind: str, principal: Any, **condition: Any) -> Posture:
    """The good snapshot whose role of ``kind`` may be assumed by ``principal``."""
    return changed(good(), "roles", lambda one: one.kind == kind, trust=trust(principal, **condition))


def with_statements(which: str, *statements: Document) -> Posture:
    """The good snapshot with statements added to a bucket's policy."""
    now = next(one.state.policy for one in good().buckets if which in one.roles and one.state)
    return on_bucket(which, {"policy": {**(now or {}), "Statement": [*policy.statements(now), *statements]}})


def without_statement(which: str, sid: str) -> Posture:
    """The good snapshot with a statement left out of a bucket's policy."""
    now = next(one.state.policy for one in good().buckets if which in one.roles and one.state)
    return on_bucket(
        which, {"policy": {**(now or {}), "Statement": [one for one in policy.statements(now) if one["Sid"] != sid]}}
    )


def with_rules(which: str, *rules: Document, instead: bool = False) -> Posture:
    """The good snapshot with lifecycle rules added to a bucket's, or in their place."""
    now = next(one.state.lifecycle for one in good().buckets if which in one.roles and one.state) or {}
    return on_bucket(which, {"lifecycle": {**now, "Rules": [*([] if instead else now["Rules"]), *rules]}})


def selecting(*fields: Document, category: str = "Data") -> Document:
    """Selectors with the management selector and one of DynamoDB tables with these further fields."""
    kind = [{"Field": "resources.type", "Equals": ["AWS::DynamoDB::Table"]}] if category == "Data" else []
    one = {"Name": "narrow", "FieldSelectors": [{"Field": "eventCategory", "Equals": [category]}, *kind, *fields]}
    return {"AdvancedEventSelectors": [SELECTORS["AdvancedEventSelectors"][0 if category == "Data" else 1], one]}


def with_other_trail(selectors: Document | None, **state: Any) -> Posture:
    """The good snapshot with a second trail that logs."""
    other = TrailState(
        OTHER_TRAIL,
        HOME,
        "security-logs",
        multi_region=True,
        global_events=True,
        validation=True,
        logging=True,
        selectors=selectors,
    )
    return replace(good(), trails=(_trail(), TrailPosture(replace(other, **state))))


def event(name: str, source: str, resource: str, *, succeeded: bool = True, time: dt.datetime = NOW - HOUR) -> EvidenceEvent:
    """A management event as it was recorded."""
    actor = f"arn:aws:iam::{ACCOUNT}:user/mallory"
    return EvidenceEvent(f"{name}-1", name, f"{source}.amazonaws.com", time, HOME, actor, succeeded, resource)


def with_events(*events: EvidenceEvent) -> Posture:
    """The good snapshot after these events."""
    return replace(good(), events=events)


def role(kind: str, *statements: Document) -> RolePosture:
    """A role of ours with one inline policy."""
    arn = f"arn:aws:iam::{ACCOUNT}:role/itemtrail-{kind.replace('_', '-')}"
    return RolePosture(arn, kind, trust(f"arn:aws:iam::{ACCOUNT}:role/airflow"), {f"itemtrail-{kind}": document(*statements)})


def trust(principal: Any, **condition: Any) -> Document:
    """A trust policy."""
    one = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole", **condition}
    return document(one)


def document(*statements: Document) -> Document:
    """A policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(actions: str | list[str], resources: str | list[str], **more: Any) -> Document:
    """An Allow statement."""
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


def mapping(**fields: Any) -> MappingState:
    """The forwarder's event source mapping."""
    good_one = MappingState(
        "6b5f0e2c-0000-4000-8000-000000000001", FORWARDER, retries=3, max_age=82_800, bisect=True, reports=True, destination=QUEUE
    )
    return replace(good_one, **fields)


def _arn(service: str, rest: str, region: str = HOME) -> str:
    return f"arn:aws:{service}:{region}:{ACCOUNT}:{rest}"


def _bucket_arn(name: str) -> str:
    return policy.bucket_arn("aws", name)


def _region(name: str) -> RegionPosture:
    return RegionPosture(name, False, (TRAIL,), delivered_at=NOW - 5 * MINUTE, digest_delivered_at=NOW - 50 * MINUTE)


def _trail() -> TrailPosture:
    state = TrailState(
        TRAIL,
        HOME,
        TRAIL_BUCKET,
        multi_region=True,
        global_events=True,
        validation=True,
        kms_key=KEY,
        logging=True,
        selectors=SELECTORS,
    )
    return TrailPosture(
        state,
        started_at=NOW - 100 * DAY,
        delivered_at=NOW - 5 * MINUTE,
        digest_delivered_at=NOW - 50 * MINUTE,
        cloudwatch_delivered_at=NOW - 5 * MINUTE,
        cloudwatch_log_group=_arn("logs", f"log-group:{TRAIL_GROUP}:*"),
        insights=("ApiCallRateInsight", "ApiErrorRateInsight"),
        recursive_logging=False,
        tags={},
    )


def _bucket(name: str, role_name: str, **state: Any) -> BucketPosture:
    base = BucketState(
        name,
        HOME,
        versioning="Enabled",
        encryption=WITH_KEY,
        public_access_block=BLOCKED,
        ownership="BucketOwnerEnforced",
    )
    return BucketPosture(
        _bucket_arn(name),
        (role_name,),
        replace(base, **state),
        account=ACCOUNT,
        public=False,
        logging_bucket=ACCESS_BUCKET,
        logging_prefix=f"{name}/",
        requester_pays=False,
        foreign=False,
    )


def _trail_bucket() -> BucketPosture:
    statements = [
        *policy.delivery_statements("aws", TRAIL_BUCKET, "", ACCOUNT, TRAIL),
        policy.tls_only("aws", TRAIL_BUCKET),
        _no_removal(TRAIL_BUCKET),
    ]
    rules = retention.trail_rules("", expiry_days=90, noncurrent_days=30)
    return _bucket(TRAIL_BUCKET, "trail", policy=document(*statements), lifecycle={"Rules": list(rules)})


def _archive_bucket() -> BucketPosture:
    rules = retention.archive_rules(
        "", originals_class="DEEP_ARCHIVE", originals_after=45, events_class="GLACIER_IR", events_after=90, spill_days=1
    )
    return _bucket(
        ARCHIVE_BUCKET,
        "archive",
        policy=document(policy.tls_only("aws", ARCHIVE_BUCKET), _no_removal(ARCHIVE_BUCKET)),
        lifecycle={"Rules": list(rules)},
        object_lock={"ObjectLockEnabled": "Enabled"},
    )


def _access_bucket() -> BucketPosture:
    return replace(_bucket(ACCESS_BUCKET, "access_logs"), logging_bucket="", logging_prefix="")


def _no_removal(name: str) -> Document:
    arn = _bucket_arn(name)
    actions = ["s3:DeleteObjectVersion", "s3:BypassGovernanceRetention", "s3:PutLifecycleConfiguration", "s3:DeleteBucket"]
    only = {"ArnNotEquals": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/itemtrail-setup"}}
    return {
        "Sid": "NoRemoval",
        "Effect": "Deny",
        "Principal": "*",
        "Action": actions,
        "Resource": [arn, f"{arn}/*"],
        "Condition": only,
    }


def _key() -> KeyPosture:
    delivers = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudtrail.amazonaws.com"},
        "Action": ["kms:GenerateDataKey*", "kms:DescribeKey"],
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:SourceArn": TRAIL}},
    }
    account = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"}
    used = (TRAIL, _bucket_arn(ARCHIVE_BUCKET), _bucket_arn(TRAIL_BUCKET))
    return KeyPosture(KEY, "Enabled", "CUSTOMER", rotation=True, policy=document(account, delivers), used_by=used)


def _table(arn: str) -> TablePosture:
    name = arn.rpartition("/")[2]
    state = TableState(arn, "ACTIVE", "NEW_AND_OLD_IMAGES", f"{arn}/stream/2026-08-01T00:00:00.000", (f"{name}Id",))
    reader = mapping()
    return TablePosture(
        arn, state, pitr=True, deletion_protection=True, kms_key=KEY, readers=(reader,), mapping_states={reader.uuid: "Enabled"}
    )


def _global_table(arn: str) -> TablePosture:
    one = _table(arn)
    assert one.state
    return replace(one, state=replace(one.state, replicated=True), readers=(), mapping_states={}, replica_regions=(AWAY,))


def _debug_group() -> LogGroupPosture:
    state = LogGroupState(DEBUG_GROUP, HOME, 1)
    return LogGroupPosture(_arn("logs", f"log-group:{DEBUG_GROUP}"), DEBUG_GROUP, HOME, "debug", state, "STANDARD", KEY)


def _own_group() -> LogGroupPosture:
    state = LogGroupState(OWN_GROUP, HOME, forwarder_config.OWN_LOG_DAYS)
    return LogGroupPosture(_arn("logs", f"log-group:{OWN_GROUP}"), OWN_GROUP, HOME, "forwarder", state, "STANDARD", KEY)


def _trail_group() -> LogGroupPosture:
    counted = {
        "filterName": "trail-changed",
        "filterPattern": CHANGES_PATTERN,
        "metricTransformations": [{"metricName": "TrailChanged", "metricNamespace": "itemtrail", "metricValue": "1"}],
        "logGroupName": TRAIL_GROUP,
    }
    state = LogGroupState(TRAIL_GROUP, HOME, 90)
    return LogGroupPosture(
        _arn("logs", f"log-group:{TRAIL_GROUP}"), TRAIL_GROUP, HOME, "trail", state, "STANDARD", KEY, metric_filters=(counted,)
    )


def _forwarder() -> ForwarderPosture:
    function = FunctionState(
        FORWARDER,
        "itemtrail.forwarder.handler.handler",
        forwarder_config.RUNTIME,
        f"arn:aws:iam::{ACCOUNT}:role/itemtrail-forwarder",
        forwarder_config.TIMEOUT_SECONDS,
        forwarder_config.MEMORY_MB,
        {},
        "c2hh",
    )
    state = ForwarderState(function, queue=True, own_log=LogGroupState(OWN_GROUP, HOME, forwarder_config.OWN_LOG_DAYS))
    may = document(*_ROLES["forwarder"])
    return ForwarderPosture(FORWARDER, HOME, state, role_policy=may, queue_depth=0)


def _topic() -> TopicPosture:
    ours = {
        "Sid": "Account",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": ["SNS:Publish", "SNS:Subscribe"],
        "Resource": TOPIC,
        "Condition": {"StringEquals": {"AWS:SourceOwner": ACCOUNT}},
    }
    return TopicPosture(TOPIC, True, document(ours), KEY, confirmed=1, pending=0)


_TRAIL_OBJECTS, _ARCHIVE_OBJECTS = f"{_bucket_arn(TRAIL_BUCKET)}/AWSLogs/*", f"{_bucket_arn(ARCHIVE_BUCKET)}/*"
_ROLES: dict[str, tuple[Document, ...]] = {
    "archive_writer": (
        allow(["s3:ListBucket", "s3:ListBucketVersions"], _bucket_arn(ARCHIVE_BUCKET)),
        allow(["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:PutObjectRetention"], _ARCHIVE_OBJECTS),
    ),
    "auditor": (allow(["s3:GetObject", "s3:GetObjectVersion"], _ARCHIVE_OBJECTS),),
    "canary": (allow(["dynamodb:DescribeTable", "dynamodb:PutItem"], _arn("dynamodb", "table/itemtrail-canary")),),
    "forwarder": (
        allow(["dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:DescribeStream"], f"{EMPLOYEES}/stream/*"),
        allow(["logs:CreateLogStream", "logs:PutLogEvents"], _arn("logs", f"log-group:{DEBUG_GROUP}:*")),
        allow("s3:PutObject", f"{_bucket_arn(ARCHIVE_BUCKET)}/spill/*"),
        allow("sqs:SendMessage", QUEUE),
    ),
    "posture_reader": (allow(["s3:GetBucketPolicy", "s3:GetLifecycleConfiguration"], _bucket_arn(ARCHIVE_BUCKET)),),
    "setup": (
        allow(
            ["s3:PutBucketPolicy", "s3:PutLifecycleConfiguration", "s3:PutBucketVersioning"],
            [_bucket_arn(TRAIL_BUCKET), _bucket_arn(ARCHIVE_BUCKET)],
        ),
        allow(["cloudtrail:UpdateTrail", "cloudtrail:PutEventSelectors", "cloudtrail:StartLogging"], TRAIL),
    ),
    "stream_reader": (allow(["dynamodb:GetRecords", "dynamodb:GetShardIterator"], f"{EMPLOYEES}/stream/*"),),
    "trail_reader": (
        allow(["s3:GetObject", "s3:GetObjectVersion", "s3:PutObjectTagging"], _TRAIL_OBJECTS),
        allow("cloudtrail:GetTrailStatus", TRAIL),
    ),
}
