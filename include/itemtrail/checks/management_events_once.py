"""Whether our trail and another one both record management events.

Source: CloudTrail pricing (the first copy of management events in each Region is free), read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, cannot_look, failed, passed
from itemtrail.core.posture import Posture, refused
from itemtrail.core.selectors import touches_management


def decide(posture: Posture, _same: Posture, wanted: Wanted) -> Answer:
    """The answer for the account."""
    logging = [one.state for one in posture.trails if one.state.logging is not False and one.state.selectors is not None]
    copies = [state.arn for state in logging if state.selectors is not None and touches_management(state.selectors)]
    if len(copies) > 1:
        return failed(f"recorded, and billed, by {len(copies)} trails: {', '.join(copies)}.")
    unknown = [one.state.arn for one in posture.trails if one.state.selectors is None and one.state.logging is not False]
    unseen = refused(posture, "cloudtrail:DescribeTrails", "*", [wanted.home_region, *wanted.regions])
    if unknown or unseen:
        return cannot_look(f"could not look at every trail: {', '.join(unknown) or unseen}.")
    return passed("no second copy is recorded.")


CHECK = Check(
    id="management_events_once",
    title="Management events are recorded by one trail",
    severity=Severity.LOW,
    subject=Subject.ACCOUNT,
    why="Nothing is lost; the second copy of management events is billed.",
    remediation="aws cloudtrail get-event-selectors --trail-name {trail} # then leave management events to one of the two",
    needs=(),
    weighs=("cloudtrail:DescribeTrails", "cloudtrail:GetEventSelectors", "cloudtrail:GetTrailStatus"),
    decide=decide,
)
