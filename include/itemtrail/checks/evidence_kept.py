"""Whether anything under an evidence prefix can expire before archive.keep_days, under any rule, tag and size (P2).

Source: S3 user guide, "Lifecycle configuration elements", "Conflicts in lifecycle configurations", read 2026-11-24.
"""

from itemtrail.core import lifecycle_posture
from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, not_applicable
from itemtrail.core.posture import BucketPosture, Posture


def decide(bucket: BucketPosture, _posture: Posture, wanted: Wanted) -> Answer:
    """The answer for one archive bucket."""
    if bucket.state is None:
        return not_applicable("there is no such bucket.")
    return lifecycle_posture.archive_kept(bucket.state, wanted)


CHECK = Check(
    id="evidence_kept",
    title="No lifecycle rule deletes or hides evidence too soon",
    severity=Severity.CRITICAL,
    subject=Subject.ARCHIVE_BUCKET,
    why="S3 deletes, or hides behind a delete marker, what nobody else could delete, and says nothing.",
    remediation=(
        "aws s3api get-bucket-lifecycle-configuration --bucket {name} # then remove the rule that is named; itemtrail "
        "setup --apply puts ours"
    ),
    needs=("s3:GetBucketLocation", "s3:GetLifecycleConfiguration", "s3:GetBucketVersioning"),
    decide=decide,
)
