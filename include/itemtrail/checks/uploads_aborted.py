"""Whether incomplete multipart uploads are aborted after some days (P5).

Source: S3 user guide, "Configuring a bucket lifecycle configuration to delete incomplete multipart uploads", read 2026-11-24.
"""

from itemtrail.core import lifecycle_posture
from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, not_applicable
from itemtrail.core.posture import BucketPosture, Posture


def decide(bucket: BucketPosture, _posture: Posture, wanted: Wanted) -> Answer:
    """The answer for one bucket."""
    if bucket.state is None:
        return not_applicable("there is no such bucket.")
    return lifecycle_posture.uploads_aborted(bucket.state, wanted, trail="trail" in bucket.roles)


CHECK = Check(
    id="uploads_aborted",
    title="Interrupted uploads are cleared away",
    severity=Severity.LOW,
    subject=Subject.BUCKET,
    why="Nothing is lost; parts that no listing shows are stored, and paid, for ever.",
    remediation="itemtrail setup --apply",
    needs=("s3:GetBucketLocation", "s3:GetLifecycleConfiguration"),
    decide=decide,
)
