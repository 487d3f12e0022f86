"""Whether a metric filter on the trail's log group, an alarm and an SNS topic tell of changes of the trail.

The filter is evaluated, not compared: it must count StopLogging, DeleteTrail, UpdateTrail and PutEventSelectors. Source: CIS
AWS Foundations, "Ensure CloudTrail configuration changes are monitored", read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, failed, told
from itemtrail.core.posture import Posture, TrailPosture
from itemtrail.core.trail_alarm import alarmed


def decide(trail: TrailPosture, posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one trail."""
    if not trail.cloudwatch_log_group:
        return failed("the trail sends nothing to CloudWatch Logs, so no metric filter sees its changes.")
    found = alarmed(trail.cloudwatch_log_group, posture)
    return told(found.good, found.detail, found.detail, found.detail.rstrip("."))


CHECK = Check(
    id="trail_change_alarm",
    title="An alarm tells somebody when the trail is changed",
    severity=Severity.MEDIUM,
    subject=Subject.TRAIL,
    why="Whoever stops the trail is noticed only by the next review.",
    remediation=(
        "aws logs put-metric-filter --log-group-name LOG_GROUP --filter-name trail-changed --filter-pattern '{ "
        "$.eventSource = cloudtrail.amazonaws.com && ($.eventName = StopLogging || $.eventName = DeleteTrail || "
        "$.eventName = UpdateTrail || $.eventName = PutEventSelectors) }' --metric-transformations "
        "metricName=TrailChanged,metricNamespace=itemtrail,metricValue=1 --region {region} # and an alarm on it: aws "
        "cloudwatch put-metric-alarm"
    ),
    needs=("cloudtrail:DescribeTrails",),
    weighs=("logs:DescribeLogGroups", "logs:DescribeMetricFilters", "cloudwatch:DescribeAlarms"),
    controls=("CIS AWS Foundations v7.0 5.5",),
    decide=decide,
)
