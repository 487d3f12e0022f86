"""Log groups and forwarders as the review sees them.

Decides: which log groups matter (the debug group and the forwarder's own in every Region with a table, the trail's wherever it
is). Refuses to keep values of environment variables that are not the forwarder's own: a snapshot holds no secrets.
Source: CloudWatch Logs API reference, DescribeLogGroups, DescribeMetricFilters, DescribeSubscriptionFilters,
DescribeAccountPolicies (RETENTION_POLICY); SQS API reference, GetQueueAttributes, read 2026-11-24.
"""

import dataclasses

from itemtrail.aws.control_forwarder import FUNCTION, QUEUE, ROLE_POLICY, read_function, read_queue
from itemtrail.aws.control_tables import LOG_GROUPS, group_state, named_group
from itemtrail.aws.facts import Noting, Read
from itemtrail.posture import ForwarderPosture, LogGroupPosture, PostureScope, TrailPosture
from itemtrail.snapshot import ForwarderState, FunctionState, Identity, LogGroupState

METRIC_FILTERS = Read("logs", "describe_metric_filters", "logs:DescribeMetricFilters", member="metricFilters")
SUBSCRIPTIONS = Read("logs", "describe_subscription_filters", "logs:DescribeSubscriptionFilters", member="subscriptionFilters")
ACCOUNT_POLICIES = Read("logs", "describe_account_policies", "logs:DescribeAccountPolicies")
HIDDEN = "(not shown)"
DEPTH = Read("sqs", "get_queue_attributes", "sqs:GetQueueAttributes")
READS = (LOG_GROUPS, METRIC_FILTERS, SUBSCRIPTIONS, ACCOUNT_POLICIES, FUNCTION, QUEUE, DEPTH, ROLE_POLICY)
_OURS = {"LOG_GROUP", "REDACTION", "REDACTION_KEY_PARAMETER", "SPILL_BUCKET", "SPILL_PREFIX", "SPILL_REGION"}
_COUNT = "ApproximateNumberOfMessages"


@dataclasses.dataclass(frozen=True, slots=True)
class Group:
    """A log group to look at. ``account`` is the owner's."""

    name: str
    region: str
    role: str
    account: str


def groups(scope: PostureScope, trails: list[TrailPosture], caller: Identity) -> list[Group]:
    """The log groups there are to look at, each once."""
    found = {}
    for region in scope.capture_regions:
        if scope.debug_log_group:
            found[scope.debug_log_group, region] = "debug"
        if scope.forwarder:
            found[f"/aws/lambda/{scope.forwarder}", region] = "forwarder"
    chosen = [Group(name, region, role, caller.account) for (name, region), role in found.items()]
    for trail in trails:
        parts = trail.cloudwatch_log_group.split(":", 6)
        if len(parts) == 7 and trail.state.arn.endswith(f":{scope.trail_account}:trail/{scope.trail_name}"):
            chosen.append(Group(parts[6], parts[3], "trail", parts[4]))
    return list(dict.fromkeys(chosen))


def log_group(facts: Noting, group: Group, caller: Identity) -> LogGroupPosture:
    """The group, its filters, and the account-level retention policies of its Region."""
    name, region = group.name, group.region
    arn = f"arn:{caller.partition}:logs:{region}:{group.account}:log-group:{name}"
    if group.account != caller.account:
        facts.note(LOG_GROUPS, arn, region, f"the log group is of account {group.account}")
        return LogGroupPosture(arn, name, region, group.role, LogGroupState(name, region))
    listed = facts.pages(LOG_GROUPS, arn, region, logGroupNamePrefix=name)
    found = named_group(listed, name)
    if listed is not None and found is None:
        return LogGroupPosture(arn, name, region, group.role, None)
    told = found or {}
    return LogGroupPosture(
        arn,
        name,
        region,
        group.role,
        group_state(name, region, told),
        log_class=told.get("logGroupClass", ""),
        kms_key=told.get("kmsKeyId", ""),
        metric_filters=tuple(facts.pages(METRIC_FILTERS, arn, region, logGroupName=name) or ()),
        subscriptions=tuple(facts.pages(SUBSCRIPTIONS, arn, region, logGroupName=name) or ()),
        account_policies=tuple(
            (facts.ask(ACCOUNT_POLICIES, arn, region, policyType="RETENTION_POLICY") or {}).get("accountPolicies", ())
        ),
    )


def _without_secrets(function: FunctionState | None) -> FunctionState | None:
    """The function with the values of variables that are not the forwarder's own left out."""
    if function is None:
        return None
    shown = {name: value if name in _OURS else HIDDEN for name, value in function.environment.items()}
    return dataclasses.replace(function, environment=shown)


def read(facts: Noting, scope: PostureScope, region: str, caller: Identity) -> ForwarderPosture:
    """The forwarder of the Region."""
    arn = f"arn:{caller.partition}:lambda:{region}:{caller.account}:function:{scope.forwarder}"
    function = _without_secrets(read_function(facts, scope.forwarder, region, arn))
    queue = read_queue(facts, scope.failure_queue, region, arn)
    own = f"/aws/lambda/{scope.forwarder}"
    group = named_group(facts.pages(LOG_GROUPS, arn, region, logGroupNamePrefix=own), own)
    role = function.role.rpartition("/")[2] if function else scope.forwarder_role
    inline = facts.ask(ROLE_POLICY, arn, region, RoleName=role, PolicyName=scope.forwarder_policy) or {}
    depth = facts.ask(DEPTH, arn, region, QueueUrl=queue, AttributeNames=[_COUNT]) if queue else None
    count = str(((depth or {}).get("Attributes") or {}).get(_COUNT, ""))
    return ForwarderPosture(
        arn,
        region,
        ForwarderState(function, bool(queue), group_state(own, region, group) if group else None),
        role_policy=facts.document(ROLE_POLICY, arn, region, inline["PolicyDocument"]) if inline else None,
        queue_depth=int(count) if count.isdigit() else None,
    )
