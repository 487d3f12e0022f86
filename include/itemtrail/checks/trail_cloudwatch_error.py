"""Whether CloudTrail reports an error of its last delivery to CloudWatch Logs.

Source: CloudTrail API reference, GetTrailStatus (LatestCloudWatchLogsDeliveryError), read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, failed, not_applicable, passed
from itemtrail.core.posture import Posture, TrailPosture


def decide(trail: TrailPosture, _posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one trail."""
    if not trail.cloudwatch_log_group:
        return not_applicable("the trail sends nothing to CloudWatch Logs.")
    return failed(f"CloudTrail says {trail.cloudwatch_error!r}.") if trail.cloudwatch_error else passed("no error.")


CHECK = Check(
    id="trail_cloudwatch_error",
    title="CloudWatch Logs is delivered to without error",
    severity=Severity.MEDIUM,
    subject=Subject.TRAIL,
    why="Alarms on changes of the trail itself do not fire.",
    remediation="aws cloudtrail get-trail-status --name {arn} --region {region} # then mend the role that it names",
    needs=("cloudtrail:DescribeTrails", "cloudtrail:GetTrailStatus"),
    decide=decide,
)
