"""Buckets as the review sees them.

Decides: whose a bucket is, by asking with ``ExpectedBucketOwner`` (S3 tells no account id): the caller's account, the trail's,
then the first few configured. Another account's bucket is read as far as it lets itself be read.
Source: S3 API reference, GetBucketLocation, GetBucketPolicyStatus, GetBucketLogging, GetBucketRequestPayment,
GetBucketReplication, GetBucketNotificationConfiguration; S3 user guide, "Verifying bucket ownership", read 2026-11-24.
"""

import dataclasses
import datetime as dt
from typing import Any

from itemtrail.aws import control_s3
from itemtrail.aws.control_s3 import LOCATION
from itemtrail.aws.facts import SAYS_NOTHING, Noting, Read
from itemtrail.posture import BucketPosture
from itemtrail.snapshot import BucketState, Identity

PUBLIC = Read("s3", "get_bucket_policy_status", "s3:GetBucketPolicyStatus", frozenset({"NoSuchBucketPolicy"}))
LOGGING = Read("s3", "get_bucket_logging", "s3:GetBucketLogging")
PAYMENT = Read("s3", "get_bucket_request_payment", "s3:GetBucketRequestPayment", tells="Payer")
REPLICATION = Read(
    "s3",
    "get_bucket_replication",
    "s3:GetReplicationConfiguration",
    frozenset({"ReplicationConfigurationNotFoundError"}),
)
NOTIFICATION = Read("s3", "get_bucket_notification_configuration", "s3:GetBucketNotification")
READS = (*control_s3.READS, PUBLIC, LOGGING, PAYMENT, REPLICATION, NOTIFICATION)
_MOST_OWNERS = 12
_NOT_THE_OWNER = frozenset({"AccessDenied", "403"})


def read(facts: Noting, name: str, roles: tuple[str, ...], caller: Identity, owners: tuple[str, ...]) -> BucketPosture:
    """The bucket ``name``; ``owners`` are the accounts whose it may be, the caller's first."""
    arn = f"arn:{caller.partition}:s3:::{name}"
    region = control_s3.read_region(facts, name, arn)
    if region is None:
        return BucketPosture(arn, roles, None)
    owner = _owner(facts, name, arn, owners) if region else None
    told = BucketPosture(
        arn,
        roles,
        _written(control_s3.read_state(facts, name, arn, region)),
        account=owner or "",
        foreign=None if owner is None else owner != caller.account,
    )
    return _more(facts, told, name, region)


def also(found: BucketPosture, role: str) -> BucketPosture:
    """The same bucket in one role more."""
    return dataclasses.replace(found, roles=tuple(sorted({*found.roles, role})))


def _more(facts: Noting, told: BucketPosture, name: str, region: str) -> BucketPosture:
    arn, where = told.arn, region or None
    status = facts.ask(PUBLIC, arn, where, Bucket=name)
    logging = (facts.ask(LOGGING, arn, where, Bucket=name) or {}).get("LoggingEnabled") or {}
    payer = facts.ask(PAYMENT, arn, where, Bucket=name)
    notification = facts.ask(NOTIFICATION, arn, where, Bucket=name)
    return dataclasses.replace(
        told,
        public=_public(facts, arn, region, status),
        logging_bucket=logging.get("TargetBucket", ""),
        logging_prefix=logging.get("TargetPrefix", ""),
        requester_pays=None if payer is None else payer.get("Payer") == "Requester",
        replication=(facts.ask(REPLICATION, arn, where, Bucket=name) or {}).get("ReplicationConfiguration"),
        notification={key: value for key, value in (notification or {}).items() if key != "ResponseMetadata"} or None,
    )


def _written(state: BucketState) -> BucketState:
    """Dates of lifecycle rules as text: a snapshot holds JSON values."""

    def text(value: Any) -> Any:
        if isinstance(value, dt.datetime):
            return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
        if isinstance(value, dict):
            return {name: text(held) for name, held in value.items()}
        return [text(one) for one in value] if isinstance(value, list) else value

    return dataclasses.replace(state, lifecycle=text(state.lifecycle))


def _public(facts: Noting, arn: str, region: str, answer: dict[str, Any] | None) -> bool | None:
    """Whether the policy is public; False where there is none, None where S3 does not say."""
    if not answer:
        return None if answer is None else False
    said = (answer.get("PolicyStatus") or {}).get("IsPublic")
    if not isinstance(said, bool):
        facts.note(PUBLIC, arn, region, SAYS_NOTHING)
        return None
    return said


def _owner(facts: Noting, name: str, arn: str, owners: tuple[str, ...]) -> str | None:
    """The first account that S3 confirms; "" where it is none of them, None where S3 could not be asked."""
    probe = dataclasses.replace(LOCATION, nothing=LOCATION.nothing | _NOT_THE_OWNER)
    for account in owners[:_MOST_OWNERS]:
        answer = facts.ask(probe, arn, None, Bucket=name, ExpectedBucketOwner=account)
        if answer or answer is None:
            return account if answer else None
    return ""
