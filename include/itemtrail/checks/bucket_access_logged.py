"""Whether server access logs of the bucket are written, to another bucket.

Source: S3 user guide, "Logging requests with server access logging", read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, failed, not_applicable, told
from itemtrail.core.posture import BucketPosture, Posture


def decide(bucket: BucketPosture, _posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one bucket."""
    if bucket.state is None:
        return not_applicable("there is no such bucket.")
    if not bucket.logging_bucket:
        return failed("no access log is written.")
    own = bucket.logging_bucket == bucket.state.name
    return told(not own, f"logged to {bucket.logging_bucket}.", "it logs to itself: each log is a request that is logged.")


CHECK = Check(
    id="bucket_access_logged",
    title="Access to the bucket is logged",
    severity=Severity.MEDIUM,
    subject=Subject.BUCKET,
    why="Who read, overwrote or deleted a log or an archived file is answered by nothing else.",
    remediation=(
        "aws s3api put-bucket-logging --bucket {name} --bucket-logging-status "
        "'LoggingEnabled={TargetBucket=ACCESS_LOG_BUCKET,TargetPrefix={name}/}'"
    ),
    needs=("s3:GetBucketLocation", "s3:GetBucketLogging"),
    controls=(
        "CIS AWS Foundations v7.0 4.4",
        "Security Hub CloudTrail.7",
        "prowler cloudtrail_logs_s3_bucket_access_logging_enabled",
    ),
    decide=decide,
)
