"""Whether the trail records now.

Source: CloudTrail API reference, GetTrailStatus, read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, told
from itemtrail.core.posture import Posture, TrailPosture


def decide(trail: TrailPosture, _posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one trail."""
    stopped = f" since {trail.stopped_at:%Y-%m-%d %H:%M:%SZ}" if trail.stopped_at else ""
    since = f" since {trail.started_at:%Y-%m-%d %H:%M:%SZ}" if trail.started_at else ""
    return told(trail.state.logging, f"it logs{since}.", f"it does not log{stopped}.")


CHECK = Check(
    id="trail_logging",
    title="The trail is logging",
    severity=Severity.CRITICAL,
    subject=Subject.TRAIL,
    why="What happens while logging is off is recorded nowhere and cannot be recovered.",
    remediation="aws cloudtrail start-logging --name {arn} --region {region}",
    needs=("cloudtrail:DescribeTrails", "cloudtrail:GetTrailStatus"),
    controls=("CIS AWS Foundations v7.0 4.1",),
    decide=decide,
)
