"""Whether S3 data events on the trail's own bucket are recorded together with recursive logging.

Source: CloudTrail API reference, Trail (RecursiveLogging), read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, cannot_look, passed, told
from itemtrail.core.posture import Posture, TrailPosture
from itemtrail.core.selectors import records


def decide(trail: TrailPosture, posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one trail."""
    if trail.state.selectors is None:
        return cannot_look(f"its selectors could not be read: {trail.state.unreadable}.")
    own = f"arn:{posture.partition}:s3:::{trail.state.bucket}/AWSLogs/x"
    put = {
        "eventCategory": "Data",
        "eventName": "PutObject",
        "readOnly": "false",
        "resources.type": "AWS::S3::Object",
        "resources.ARN": own,
    }
    if records(trail.state.selectors, put) is False:
        return passed("S3 data events on its own bucket are not recorded.")
    return told(
        None if trail.recursive_logging is None else not trail.recursive_logging,
        "S3 data events on its own bucket are recorded, without CloudTrail's own deliveries.",
        "S3 data events on its own bucket are recorded, CloudTrail's own deliveries included.",
        "whether CloudTrail leaves its own deliveries out (RecursiveLogging) is not known",
    )


CHECK = Check(
    id="trail_recursive_logging",
    title="Deliveries are not recorded as events of their own",
    severity=Severity.LOW,
    subject=Subject.TRAIL,
    why=(
        "Each delivery is an event, which is delivered, which is an event: noise, and a bill, in which a real write to "
        "the bucket drowns."
    ),
    remediation=(
        "aws cloudtrail get-event-selectors --trail-name {arn} --region {region} # then leave the trail's own bucket out "
        "of its S3 data events"
    ),
    needs=("cloudtrail:DescribeTrails", "cloudtrail:GetEventSelectors"),
    decide=decide,
)
