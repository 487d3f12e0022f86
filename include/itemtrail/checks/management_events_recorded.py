"""Whether one trail that logs in every Region records reads and writes of every service that touches evidence.

One trail has to do all of it. A trail whose selectors could not be read is left aside, and told where it decides. Source:
CloudTrail user guide, "Logging management events", read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, cannot_look, failed, passed
from itemtrail.core.posture import Posture, refused
from itemtrail.core.recorded import management


def decide(posture: Posture, _same: Posture, wanted: Wanted) -> Answer:
    """The answer for the account."""
    found = [(one, management(one)) for one in posture.trails]
    good = [one.state.arn for one, answer in found if answer == ""]
    if good:
        return passed(f"{good[0]} records them.")
    unknown = [f"{one.state.arn} ({one.state.unreadable or 'status not known'})" for one, answer in found if answer is None]
    unseen = refused(posture, "cloudtrail:DescribeTrails", "*", [wanted.home_region, *wanted.regions])
    if unknown or unseen:
        return cannot_look(f"no trail is known to record them all, and not all could be read: {', '.join(unknown) or unseen}.")
    reasons = "; ".join(f"{one.state.arn}: {answer}" for one, answer in found)
    return failed(f"no trail records them all: {reasons or 'there is no trail'}.")


CHECK = Check(
    id="management_events_recorded",
    title="Some trail records all management events in all Regions",
    severity=Severity.HIGH,
    subject=Subject.ACCOUNT,
    why="Who changed a policy, a key, a table or the trail itself is told by management events.",
    remediation=(
        "itemtrail setup --apply # if no trail records any; else widen: aws cloudtrail get-event-selectors --trail-name {trail}"
    ),
    needs=(),
    weighs=("cloudtrail:DescribeTrails", "cloudtrail:GetEventSelectors", "cloudtrail:GetTrailStatus"),
    controls=(
        "Security Hub CloudTrail.1",
        "prowler cloudtrail_multi_region_enabled_logging_management_events",
        "AWS Config cloudtrail-security-trail-enabled",
    ),
    decide=decide,
)
