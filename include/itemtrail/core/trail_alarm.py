"""Whether somebody is told when the trail is changed: metric filter, alarm and topic together.

Decides: which metric filters of the trail's log group count each change that ends or narrows recording, and whether an alarm that
acts stands on one of them and tells an SNS topic. Refuses to take a filter it does not understand for one that counts.
Source: CIS AWS Foundations, "Ensure CloudTrail configuration changes are monitored"; CloudWatch API reference, MetricAlarm.
"""

from dataclasses import dataclass

from itemtrail.core.metric_filters import counts
from itemtrail.core.posture import Posture, refused
from itemtrail.core.selectors import Tri
from itemtrail.snapshot import Document

CHANGES = ("StopLogging", "DeleteTrail", "UpdateTrail", "PutEventSelectors")


@dataclass(frozen=True, slots=True)
class Found:
    """``good`` None: the log group was not seen, or a filter was not understood and no other does it."""

    good: Tri
    detail: str


def alarmed(log_group: str, posture: Posture) -> Found:
    """Whether every change of the trail reaches a topic, from the trail's ``log_group`` (ARN)."""
    arn = log_group.removesuffix(":*")
    groups = [one for one in posture.log_groups if one.arn.removesuffix(":*") == arn]
    unseen = [
        refused(posture, action, "*" if action.startswith("cloudwatch") else one.arn, [one.region])
        for one in groups
        for action in ("logs:DescribeLogGroups", "logs:DescribeMetricFilters", "cloudwatch:DescribeAlarms")
    ]
    if not groups or any(unseen):
        why = next(filter(None, unseen), "it was not looked at")
        return Found(None, f"{arn.split(':')[-1]}, to which the trail is delivered, could not be looked at: {why}.")
    filters = [one for group in groups for one in group.metric_filters]
    if not filters:
        return Found(False, f"no metric filter on {arn.split(':')[-1]}.")
    counted = {name: [one for one in filters if _counts(one, name) is True] for name in CHANGES}
    unseen = [name for name in CHANGES if not counted[name]]
    if unseen:
        unknown = any(_counts(one, name) is None for name in unseen for one in filters)
        said = f"no metric filter counts {', '.join(unseen)}"
        return Found(None if unknown else False, f"{said}{'; one was not understood' if unknown else ''}.")
    silent = [name for name in CHANGES if not any(_metric(one) & _alarmed(posture, acting=False) for one in counted[name])]
    if silent:
        return Found(False, f"no alarm stands on the metric that counts {', '.join(silent)}.")
    untold = [name for name in CHANGES if not any(_metric(one) & _alarmed(posture, acting=True) for one in counted[name])]
    if untold:
        return Found(False, f"the alarm on {', '.join(untold)} tells no SNS topic.")
    return Found(True, f"{', '.join(CHANGES)} are counted, and an alarm tells a topic.")


def _counts(filtered: Document, name: str) -> Tri:
    event = {"eventName": name, "eventSource": "cloudtrail.amazonaws.com", "eventType": "AwsApiCall"}
    return counts(str(filtered.get("filterPattern") or ""), event)


def _metric(filtered: Document) -> set[tuple[str, str]]:
    found = filtered.get("metricTransformations") or []
    return {(str(one.get("metricNamespace")), str(one.get("metricName"))) for one in found}


def _alarmed(posture: Posture, *, acting: bool) -> set[tuple[str, str]]:
    """Metrics with an alarm; ``acting``: one that tells an SNS topic."""
    return {
        (one.namespace, one.metric)
        for one in posture.alarms
        if not acting or (one.actions_enabled and any(action.split(":")[2:3] == ["sns"] for action in one.actions))
    }
