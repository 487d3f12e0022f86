"""Whether MFA delete is on, which S3 does not let go together with lifecycle rules.

CIS 3.1.2 and others ask for MFA delete; the archive's Object Lock does more, and works with lifecycle. A documented exception.
Source: S3 user guide, "Configuring MFA delete"; "Managing the lifecycle of objects", read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, not_applicable, told
from itemtrail.core.posture import BucketPosture, Posture


def decide(bucket: BucketPosture, _posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one bucket."""
    if bucket.state is None:
        return not_applicable("there is no such bucket.")
    return told(not bucket.state.mfa_delete, "MFA delete is off; Object Lock does its work.", "MFA delete is on.")


CHECK = Check(
    id="bucket_mfa_delete",
    title="MFA delete does not stand in the way of lifecycle",
    severity=Severity.MEDIUM,
    subject=Subject.BUCKET,
    why="Nothing gets cold and nothing expires; a lifecycle rule that is there cannot be changed.",
    remediation=(
        "aws s3api put-bucket-versioning --bucket {name} --versioning-configuration Status=Enabled,MFADelete=Disabled "
        "--mfa 'DEVICE_ARN CODE' # as the root user"
    ),
    needs=("s3:GetBucketLocation", "s3:GetBucketVersioning"),
    controls=("prowler s3_bucket_no_mfa_delete (the opposite, on purpose)",),
    decide=decide,
)
