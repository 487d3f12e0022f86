"""Whether the trail's events reach CloudWatch Logs, where an alarm can see them within minutes.

Source: CloudTrail user guide, "Sending events to CloudWatch Logs", read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, failed, told
from itemtrail.core.freshness import age
from itemtrail.core.posture import Posture, TrailPosture


def decide(trail: TrailPosture, posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one trail."""
    if not trail.cloudwatch_log_group:
        return failed("the trail sends nothing to CloudWatch Logs.")
    since = age(posture.taken_at, trail.cloudwatch_delivered_at)
    where = trail.cloudwatch_log_group
    return told(since.hours <= 24, f"{where} was delivered to {since}.", f"{where} was delivered to {since}.")


CHECK = Check(
    id="trail_cloudwatch_logs",
    title="The trail is delivered to CloudWatch Logs",
    severity=Severity.MEDIUM,
    subject=Subject.TRAIL,
    why="Whoever stops the trail is noticed only by the next review.",
    remediation=(
        "aws cloudtrail update-trail --name {arn} --cloud-watch-logs-log-group-arn LOG_GROUP_ARN "
        "--cloud-watch-logs-role-arn ROLE_ARN --region {region}"
    ),
    needs=("cloudtrail:DescribeTrails", "cloudtrail:GetTrailStatus"),
    controls=("Security Hub CloudTrail.5", "prowler cloudtrail_cloudwatch_logging_enabled"),
    decide=decide,
)
