"""Whether the trail's bucket and prefix are those that are archived from.

Source: CloudTrail API reference, DescribeTrails, read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, failed, passed
from itemtrail.core.posture import Posture, TrailPosture


def decide(trail: TrailPosture, _posture: Posture, wanted: Wanted) -> Answer:
    """The answer for one trail."""
    here, there = f"s3://{trail.state.bucket}/{trail.state.prefix}", f"s3://{wanted.trail_bucket}/{wanted.trail_prefix}"
    return passed(f"it delivers to {here}.") if here == there else failed(f"it delivers to {here}; archived is {there}.")


CHECK = Check(
    id="trail_bucket_configured",
    title="The trail delivers to the configured bucket",
    severity=Severity.CRITICAL,
    subject=Subject.TRAIL,
    why="What is delivered elsewhere is neither archived nor proven, and nobody notices until it is asked for.",
    remediation=(
        "aws cloudtrail describe-trails --trail-name-list {arn} --region {region} # then correct trail.bucket and "
        "trail.prefix, or the trail"
    ),
    needs=("cloudtrail:DescribeTrails",),
    decide=decide,
)
