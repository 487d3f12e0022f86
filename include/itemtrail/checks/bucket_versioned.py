"""Whether an overwrite or a deletion keeps the earlier version.

Source: S3 user guide, "Using versioning in S3 buckets", read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, not_applicable, told
from itemtrail.core.posture import BucketPosture, Posture


def decide(bucket: BucketPosture, _posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one bucket."""
    if bucket.state is None:
        return not_applicable("there is no such bucket.")
    return told(bucket.state.versioning == "Enabled", "versioning is on.", f"versioning is {bucket.state.versioning or 'off'}.")


CHECK = Check(
    id="bucket_versioned",
    title="Versioning is on",
    severity=Severity.CRITICAL,
    subject=Subject.BUCKET,
    why="Without versions an overwrite or a deletion destroys the log or the archived file at once.",
    remediation="aws s3api put-bucket-versioning --bucket {name} --versioning-configuration Status=Enabled",
    needs=("s3:GetBucketLocation", "s3:GetBucketVersioning"),
    controls=("Security Hub S3.14", "prowler s3_bucket_object_versioning"),
    decide=decide,
)
