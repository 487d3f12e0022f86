"""Whether a rule of the trail's bucket expires anything but what is tagged itemtrail=proven, or that too soon (P7).

Source: S3 user guide, "Lifecycle configuration elements"; docs/retention.md, read 2026-11-24.
"""

from itemtrail.core import lifecycle_posture
from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, not_applicable
from itemtrail.core.posture import BucketPosture, Posture


def decide(bucket: BucketPosture, _posture: Posture, wanted: Wanted) -> Answer:
    """The answer for one trail bucket."""
    if bucket.state is None:
        return not_applicable("there is no such bucket.")
    return lifecycle_posture.trail_kept(bucket.state, wanted)


CHECK = Check(
    id="unproven_kept",
    title="Nothing that is not proven ever expires",
    severity=Severity.CRITICAL,
    subject=Subject.TRAIL_BUCKET,
    why="A log that was never archived, or never proven, is gone for good; that is when it is needed.",
    remediation=(
        "aws s3api get-bucket-lifecycle-configuration --bucket {name} # then remove the rule that is named; itemtrail "
        "setup --apply puts ours"
    ),
    needs=("s3:GetBucketLocation", "s3:GetLifecycleConfiguration", "s3:GetBucketVersioning"),
    decide=decide,
)
