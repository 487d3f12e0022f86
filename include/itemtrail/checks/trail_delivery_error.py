"""Whether CloudTrail reports an error of its last delivery of logs.

CloudTrail reports what the bucket refused, not timeouts; the freshness checks see those. Source: CloudTrail API reference,
GetTrailStatus (LatestDeliveryError), read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, failed, passed
from itemtrail.core.posture import Posture, TrailPosture


def decide(trail: TrailPosture, _posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one trail."""
    return failed(f"CloudTrail says {trail.delivery_error!r}.") if trail.delivery_error else passed("no delivery error.")


CHECK = Check(
    id="trail_delivery_error",
    title="Logs are delivered without error",
    severity=Severity.CRITICAL,
    subject=Subject.TRAIL,
    why="CloudTrail tries again for 30 days; what the bucket refuses for longer is lost.",
    remediation=(
        "itemtrail setup --apply # puts the delivery statements back; else see the error: aws cloudtrail get-trail-status"
        " --name {arn} --region {region}"
    ),
    needs=("cloudtrail:DescribeTrails", "cloudtrail:GetTrailStatus"),
    decide=decide,
)
