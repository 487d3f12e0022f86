"""Whether selectors leave management events of some service out.

CloudTrail allows that for KMS and the RDS Data API, which are many; KMS is a failure of management_events_recorded too. Source:
CloudTrail user guide, "Logging management events" (excluding AWS KMS and Amazon RDS Data API events), read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, cannot_look, failed, passed
from itemtrail.core.posture import Posture, TrailPosture
from itemtrail.core.recorded import left_out


def decide(trail: TrailPosture, _posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one trail."""
    if trail.state.selectors is None:
        return cannot_look(f"its selectors could not be read: {trail.state.unreadable}.")
    sources = left_out(trail.state.selectors)
    return failed(f"left out: {', '.join(sources)}.") if sources else passed("no service is left out.")


CHECK = Check(
    id="management_exclusions",
    title="No service's management events are left out",
    severity=Severity.LOW,
    subject=Subject.TRAIL,
    why="Calls of a service that is left out are recorded by this trail nowhere.",
    remediation=(
        "aws cloudtrail get-event-selectors --trail-name {arn} --region {region} # then leave ExcludeManagementEventSources empty"
    ),
    needs=("cloudtrail:DescribeTrails", "cloudtrail:GetEventSelectors"),
    controls=("AWS Config cloudtrail-security-trail-enabled",),
    decide=decide,
)
