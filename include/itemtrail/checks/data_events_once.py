"""Whether a second trail that logs records the same DynamoDB data events.

Source: CloudTrail pricing (data events are billed for each copy), read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, cannot_look, failed, passed
from itemtrail.core.posture import Posture, refused
from itemtrail.core.recorded import same_data


def decide(posture: Posture, _same: Posture, wanted: Wanted) -> Answer:
    """The answer for the account."""
    others = [one.state.arn for one in posture.trails if one.state.arn != wanted.trail_arn and same_data(one, wanted)]
    if others:
        return failed(f"recorded, and billed, by {', '.join(others)} as well.")
    unknown = [one.state.arn for one in posture.trails if one.state.arn != wanted.trail_arn and one.state.selectors is None]
    unseen = refused(posture, "cloudtrail:DescribeTrails", "*", [wanted.home_region, *wanted.regions])
    if unknown or unseen:
        return cannot_look(f"could not look at every trail: {', '.join(unknown) or unseen}.")
    return passed("no other trail records DynamoDB data events of the wanted tables.")


CHECK = Check(
    id="data_events_once",
    title="Data events are recorded by one trail",
    severity=Severity.LOW,
    subject=Subject.ACCOUNT,
    why=(
        "Nothing is lost; each further copy of a data event is billed, and its files mix with ours where the bucket is the same."
    ),
    remediation=(
        "aws cloudtrail get-event-selectors --trail-name OTHER_TRAIL_ARN # then take the DynamoDB data events out of one "
        "of the two"
    ),
    needs=(),
    weighs=("cloudtrail:DescribeTrails", "cloudtrail:GetEventSelectors", "cloudtrail:GetTrailStatus"),
    decide=decide,
)
