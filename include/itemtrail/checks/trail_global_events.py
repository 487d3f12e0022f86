"""Whether events of IAM, STS and other global services are included.

Source: CloudTrail user guide, "Global service events", read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, told
from itemtrail.core.posture import Posture, TrailPosture


def decide(trail: TrailPosture, _posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one trail."""
    return told(trail.state.global_events, "global service events are included.", "IncludeGlobalServiceEvents is off.")


CHECK = Check(
    id="trail_global_events",
    title="The trail records global services",
    severity=Severity.MEDIUM,
    subject=Subject.TRAIL,
    why="Who was given, or assumed, the role that changed an item is answered by IAM and STS events.",
    remediation="itemtrail setup --apply",
    needs=("cloudtrail:DescribeTrails",),
    controls=("AWS Config cloudtrail-security-trail-enabled",),
    decide=decide,
)
