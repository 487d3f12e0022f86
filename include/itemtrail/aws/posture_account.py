"""Of the account: its Regions and organization, the alert topic, alarms, and our own roles.

Decides: where the list of Regions is refused, those of the configuration are looked at (and the refusal is told). Source: API
references of EC2 (DescribeRegions), Organizations, SNS (GetTopicAttributes), CloudWatch (DescribeAlarms), IAM, read 2026-11-24.
"""

from typing import Any

from itemtrail.aws.control_forwarder import ROLE, ROLE_POLICY
from itemtrail.aws.facts import Noting, Read
from itemtrail.posture import (
    AlarmPosture,
    LogGroupPosture,
    PostureScope,
    RegionPosture,
    RolePosture,
    TopicPosture,
    TrailPosture,
)

_NO_ENTITY = frozenset({"NoSuchEntity"})
REGIONS = Read("ec2", "describe_regions", "ec2:DescribeRegions", tells="Regions", regional=False)
ORGANIZATION = Read(
    "organizations",
    "describe_organization",
    "organizations:DescribeOrganization",
    frozenset({"AWSOrganizationsNotInUseException"}),
    regional=False,
)
TOPIC = Read(
    "sns", "get_topic_attributes", "sns:GetTopicAttributes", frozenset({"NotFound", "NotFoundException"}), tells="Attributes"
)
ALARMS = Read("cloudwatch", "describe_alarms", "cloudwatch:DescribeAlarms", member="MetricAlarms")
INLINE = Read("iam", "list_role_policies", "iam:ListRolePolicies", _NO_ENTITY, "PolicyNames", regional=False)
ATTACHED = Read(
    "iam", "list_attached_role_policies", "iam:ListAttachedRolePolicies", _NO_ENTITY, "AttachedPolicies", regional=False
)
POLICY = Read("iam", "get_policy", "iam:GetPolicy", _NO_ENTITY, tells="Policy", regional=False)
POLICY_VERSION = Read("iam", "get_policy_version", "iam:GetPolicyVersion", _NO_ENTITY, tells="PolicyVersion", regional=False)
READS = (REGIONS, ORGANIZATION, TOPIC, ALARMS, ROLE, INLINE, ROLE_POLICY, ATTACHED, POLICY, POLICY_VERSION)


def regions(facts: Noting, scope: PostureScope) -> list[RegionPosture]:
    """The Regions enabled for the account."""
    answer = facts.ask(REGIONS, "*", None, AllRegions=True)
    if answer is None:
        return [RegionPosture(name, opt_in=False) for name in sorted({scope.home_region, *scope.regions})]
    found = [one for one in answer["Regions"] if one.get("OptInStatus") != "not-opted-in"]
    return [RegionPosture(one["RegionName"], opt_in=one.get("OptInStatus") == "opted-in") for one in found]


def organization(facts: Noting, trails: list[TrailPosture]) -> str:
    """``o-…`` where a trail is an organization's; nobody else asks."""
    if not any(trail.state.organization for trail in trails):
        return ""
    return str(((facts.ask(ORGANIZATION, "*", None) or {}).get("Organization") or {}).get("Id", ""))


def topic(facts: Noting, arn: str) -> TopicPosture:
    """The alert topic."""
    region = arn.split(":")[3]
    answer = facts.ask(TOPIC, arn, region, TopicArn=arn)
    if not answer:
        return TopicPosture(arn, exists=None if answer is None else False)
    said = answer.get("Attributes") or {}
    return TopicPosture(
        arn,
        exists=True,
        policy=facts.document(TOPIC, arn, region, said["Policy"]) if said.get("Policy") else None,
        kms_key=said.get("KmsMasterKeyId", ""),
        confirmed=_count(said.get("SubscriptionsConfirmed")),
        pending=_count(said.get("SubscriptionsPending")),
    )


def metrics(groups: list[LogGroupPosture], region: str) -> frozenset[tuple[str, str]]:
    """(Namespace, metric) that the Region's metric filters fill."""
    made = [made for group in groups if group.region == region for one in group.metric_filters for made in _transformed(one)]
    return frozenset((one.get("metricNamespace", ""), one.get("metricName", "")) for one in made)


def alarms(facts: Noting, region: str, watched: frozenset[tuple[str, str]]) -> list[AlarmPosture]:
    """The Region's alarms on one of the ``watched`` metrics, by itself or within an expression."""
    return [
        AlarmPosture(
            found["AlarmArn"],
            region,
            namespace,
            metric,
            actions=tuple(sorted(found.get("AlarmActions") or ())),
            actions_enabled=bool(found.get("ActionsEnabled", True)),
        )
        for found in facts.pages(ALARMS, "*", region, AlarmTypes=["MetricAlarm"]) or ()
        for namespace, metric in sorted(_metrics_of(found) & watched)
    ]


def role(facts: Noting, kind: str, arn: str, account: str) -> RolePosture:
    """One of our roles, with every policy of it that could be read. IAM is asked by name, within ``account``, the caller's."""
    owner, name = arn.split(":")[4], arn.rpartition("/")[2]
    if owner != account:
        facts.note(ROLE, arn, None, f"the role is of account {owner}")
        return RolePosture(arn, kind)
    answer = facts.ask(ROLE, arn, None, RoleName=name)
    found = (answer or {}).get("Role", {})
    if answer == {} or found.get("Arn", arn) != arn:  # another path: that name is another role
        return RolePosture(arn, kind)
    trust = found.get("AssumeRolePolicyDocument")
    document = facts.document(ROLE, arn, None, trust) if trust is not None else None
    return RolePosture(arn, kind, trust=document, policies=_policies(facts, arn, name))


def _policies(facts: Noting, arn: str, name: str) -> dict[str, Any] | None:
    inline = facts.pages(INLINE, arn, None, RoleName=name)
    attached = facts.pages(ATTACHED, arn, None, RoleName=name)
    if inline is None and attached is None:
        return None
    found: dict[str, Any] = {}
    for policy in inline or ():
        said = facts.ask(ROLE_POLICY, arn, None, RoleName=name, PolicyName=policy)
        document = facts.document(ROLE_POLICY, arn, None, said["PolicyDocument"]) if said else None
        if document is not None:
            found[str(policy)] = document
    for one in attached or ():
        document = _attached(facts, arn, one["PolicyArn"])
        if document is not None:
            found[one["PolicyArn"]] = document
    return found


def _attached(facts: Noting, arn: str, policy_arn: str) -> Any:
    policy = facts.ask(POLICY, arn, None, PolicyArn=policy_arn)
    if not policy:
        return None
    version = policy["Policy"]["DefaultVersionId"]
    said = facts.ask(POLICY_VERSION, arn, None, PolicyArn=policy_arn, VersionId=version)
    return facts.document(POLICY_VERSION, arn, None, said["PolicyVersion"]["Document"]) if said else None


def _transformed(metric_filter: Any) -> list[dict[str, Any]]:
    return list(metric_filter.get("metricTransformations") or ())


def _metrics_of(alarm: dict[str, Any]) -> set[tuple[str, str]]:
    own = {(alarm.get("Namespace", ""), alarm.get("MetricName", ""))}
    inside = [(one.get("MetricStat") or {}).get("Metric") or {} for one in alarm.get("Metrics") or ()]
    return own | {(one.get("Namespace", ""), one.get("MetricName", "")) for one in inside}


def _count(text: Any) -> int | None:
    return int(text) if str(text).isdigit() else None
