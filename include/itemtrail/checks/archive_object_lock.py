"""Whether the archive's bucket has Object Lock, without which no retention holds.

Source: S3 user guide, "Locking objects with Object Lock", read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, not_applicable, told
from itemtrail.core.posture import BucketPosture, Posture


def decide(bucket: BucketPosture, _posture: Posture, wanted: Wanted) -> Answer:
    """The answer for one archive bucket."""
    if bucket.state is None:
        return not_applicable("there is no such bucket.")
    on = (bucket.state.object_lock or {}).get("ObjectLockEnabled") == "Enabled"
    if not on and wanted.retention_mode == "NONE":
        return not_applicable("archive.retention_mode is NONE: the configuration asks for no lock.")
    return told(on, "Object Lock is on.", f"Object Lock is off; archived files are to be held in {wanted.retention_mode} mode.")


CHECK = Check(
    id="archive_object_lock",
    title="Object Lock is on",
    severity=Severity.CRITICAL,
    subject=Subject.ARCHIVE_BUCKET,
    why="Whoever may delete, deletes evidence: nothing that is archived is held.",
    remediation="aws s3api put-object-lock-configuration --bucket {name} --object-lock-configuration ObjectLockEnabled=Enabled",
    needs=("s3:GetBucketLocation", "s3:GetBucketObjectLockConfiguration"),
    controls=("Security Hub S3.15", "prowler s3_bucket_object_lock"),
    decide=decide,
)
