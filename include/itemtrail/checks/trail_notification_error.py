"""Whether CloudTrail reports an error of its last notification.

Source: CloudTrail API reference, GetTrailStatus (LatestNotificationError), read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, failed, not_applicable, passed
from itemtrail.core.posture import Posture, TrailPosture


def decide(trail: TrailPosture, _posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one trail."""
    if not trail.sns_topic:
        return not_applicable("the trail notifies no topic.")
    return failed(f"CloudTrail says {trail.notification_error!r}.") if trail.notification_error else passed("no error.")


CHECK = Check(
    id="trail_notification_error",
    title="SNS is told of deliveries without error",
    severity=Severity.LOW,
    subject=Subject.TRAIL,
    why="Whoever waits for the trail's notifications is not told of new logs.",
    remediation="aws cloudtrail get-trail-status --name {arn} --region {region} # then mend the topic's policy",
    needs=("cloudtrail:DescribeTrails", "cloudtrail:GetTrailStatus"),
    decide=decide,
)
