"""The posture reader's policy: every action of the snapshot, on what the configuration names, and nothing that changes.

Decides: buckets are any (``arn:aws:s3:::*``: where access logs go is known only once it was read; it is configuration, never an
object), keys and alarms any of the account's, log groups too (the trail's is known only once the trail was read).
Source: Service Authorization Reference of each service, read 2026-11-24.
"""

from itemtrail.aws import (
    event_history,
    posture_account,
    posture_buckets,
    posture_forwarder,
    posture_keys,
    posture_tables,
    posture_trails,
)
from itemtrail.aws.control_forwarder import FUNCTION, MAPPINGS, QUEUE, ROLE, ROLE_POLICY
from itemtrail.aws.control_tables import LOG_GROUPS
from itemtrail.aws.control_trail import DESCRIBE
from itemtrail.aws.facts import Read
from itemtrail.core.permissions import Names, Role, Statement, allow

_ANYWHERE = (
    posture_account.REGIONS,
    posture_account.ORGANIZATION,
    DESCRIBE,
    MAPPINGS,
    LOG_GROUPS,
    posture_forwarder.ACCOUNT_POLICIES,
)
_TRAIL = tuple(read for read in posture_trails.READS if read is not DESCRIBE)
_TABLE = tuple(read for read in posture_tables.READS if read is not MAPPINGS)
_MANAGED = (posture_account.POLICY, posture_account.POLICY_VERSION)
_ROLES = (ROLE, posture_account.INLINE, ROLE_POLICY, posture_account.ATTACHED)


def posture(names: Names) -> Role:
    """The role."""
    managed = (names.arn("iam", "policy/*", region=""), names.arn("iam", "policy/*", region="", account="aws"))
    return Role(
        "posture",
        "Posture",
        "airflow.posture_conn",
        "reads the configuration of everything that keeps, carries or protects evidence; no object, no item, no log event, and "
        "it changes nothing",
        (
            *_allow("ReadAccount", _ANYWHERE, ["*"]),
            *_allow("ReadTrails", _TRAIL, [names.arn("cloudtrail", "trail/*")]),
            *_allow("ReadBuckets", posture_buckets.READS, [names.bucket("*")]),
            *_allow("ReadTables", _TABLE, names.tables),
            *_allow("ReadLogGroups", (posture_forwarder.METRIC_FILTERS, posture_forwarder.SUBSCRIPTIONS), _groups(names)),
            *_allow("ReadKeys", posture_keys.READS, [names.arn("kms", "key/*")]),
            *_allow("ReadAlarms", (posture_account.ALARMS,), [names.arn("cloudwatch", "alarm:*")]),
            *allow("LookUpEvents", event_history.ACTIONS, ["*"] if names.looks_up else []),
            *_forwarder(names),
            *_allow("ReadTopic", (posture_account.TOPIC,), [names.topic_arn] if names.topic_arn else []),
            *_allow("ReadRoles", _ROLES, names.roles),
            *_allow("ReadManagedPolicies", _MANAGED, managed if names.roles else ()),
        ),
    )


def _groups(names: Names) -> tuple[str, ...]:
    return (names.arn("logs", "log-group:*"),)


def _forwarder(names: Names) -> tuple[Statement, ...]:
    if not names.forwarder:
        return ()
    queue = [names.arn("sqs", names.failure_queue)]
    role = [names.arn("iam", f"role/{names.forwarder_role}", region="")]
    return (
        *_allow("ReadForwarder", (FUNCTION,), [names.arn("lambda", f"function:{names.forwarder}")]),
        *_allow("ReadFailureQueue", (QUEUE, posture_forwarder.DEPTH), queue),
        *_allow("ReadForwarderRole", (ROLE_POLICY,), role),
    )


def _allow(sid: str, reads: tuple[Read, ...], resources: tuple[str, ...] | list[str]) -> tuple[Statement, ...]:
    return allow(sid, (read.action for read in reads), resources)
