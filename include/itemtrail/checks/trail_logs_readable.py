"""Whether nothing in the trail's bucket becomes unreadable before it is validated, and digests stay with their logs (P4).

Source: S3 user guide, "Understanding and managing Amazon S3 storage classes", read 2026-11-24.
"""

from itemtrail.core import lifecycle_posture
from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, not_applicable
from itemtrail.core.posture import BucketPosture, Posture


def decide(bucket: BucketPosture, _posture: Posture, wanted: Wanted) -> Answer:
    """The answer for one trail bucket."""
    if bucket.state is None:
        return not_applicable("there is no such bucket.")
    return lifecycle_posture.trail_readable(bucket.state, wanted)


CHECK = Check(
    id="trail_logs_readable",
    title="Logs and digests stay readable until they are proven",
    severity=Severity.HIGH,
    subject=Subject.TRAIL_BUCKET,
    why="A digest in Glacier proves nothing: its hour cannot be archived as proven before it is restored.",
    remediation=(
        "aws s3api get-bucket-lifecycle-configuration --bucket {name} # then remove the rule that is named; itemtrail "
        "setup --apply puts ours"
    ),
    needs=("s3:GetBucketLocation", "s3:GetLifecycleConfiguration"),
    decide=decide,
)
