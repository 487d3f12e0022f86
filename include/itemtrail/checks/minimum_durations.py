"""Whether rules respect the minimum storage durations (P8).

Source: S3 user guide, "Constraints and considerations for transitions", read 2026-11-24.
"""

from itemtrail.core import lifecycle_posture
from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, not_applicable
from itemtrail.core.posture import BucketPosture, Posture


def decide(bucket: BucketPosture, _posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one bucket."""
    if bucket.state is None:
        return not_applicable("there is no such bucket.")
    return lifecycle_posture.durations_kept(bucket.state)


CHECK = Check(
    id="minimum_durations",
    title="No rule leaves a storage class before its minimum",
    severity=Severity.LOW,
    subject=Subject.BUCKET,
    why="Nothing is lost; S3 refuses the rule, or bills the rest of the duration.",
    remediation="aws s3api get-bucket-lifecycle-configuration --bucket {name} # then move the rule's next step later",
    needs=("s3:GetBucketLocation", "s3:GetLifecycleConfiguration"),
    decide=decide,
)
