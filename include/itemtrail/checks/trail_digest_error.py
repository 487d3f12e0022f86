"""Whether CloudTrail reports an error of its last delivery of a digest.

Source: CloudTrail API reference, GetTrailStatus (LatestDigestDeliveryError), read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, failed, passed
from itemtrail.core.posture import Posture, TrailPosture


def decide(trail: TrailPosture, _posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one trail."""
    return failed(f"CloudTrail says {trail.digest_error!r}.") if trail.digest_error else passed("no digest delivery error.")


CHECK = Check(
    id="trail_digest_error",
    title="Digests are delivered without error",
    severity=Severity.CRITICAL,
    subject=Subject.TRAIL,
    why="An hour without its digest can never be proven.",
    remediation=(
        "itemtrail setup --apply # puts the delivery statements back; else see the error: aws cloudtrail get-trail-status"
        " --name {arn} --region {region}"
    ),
    needs=("cloudtrail:DescribeTrails", "cloudtrail:GetTrailStatus"),
    decide=decide,
)
