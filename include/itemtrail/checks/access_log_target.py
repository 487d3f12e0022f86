"""Whether the bucket that access logs go to exists and has no default retention.

S3 does not deliver access logs to a bucket with a default retention period. Source: S3 user guide, "Enabling Amazon S3 server
access logging" (target bucket requirements), read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, cannot_look, failed, not_applicable, passed
from itemtrail.core.posture import BucketPosture, Posture, refused


def decide(bucket: BucketPosture, posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one bucket."""
    if bucket.state is None or not bucket.logging_bucket or bucket.logging_bucket == bucket.state.name:
        return not_applicable("no access log is written to another bucket.")
    target = next((one for one in posture.buckets if one.arn.split(":")[-1] == bucket.logging_bucket), None)
    if target is None:
        return cannot_look(f"{bucket.logging_bucket} was not looked at.")
    unseen = [
        refused(posture, action, target.arn, [""]) for action in ("s3:GetBucketLocation", "s3:GetBucketObjectLockConfiguration")
    ]
    if any(unseen):
        return cannot_look(f"could not look: {next(filter(None, unseen))}.")
    if target.state is None:
        return failed(f"{bucket.logging_bucket} does not exist.")
    rule = ((target.state.object_lock or {}).get("Rule") or {}).get("DefaultRetention")
    return failed(f"{bucket.logging_bucket} has a default retention.") if rule else passed(f"{bucket.logging_bucket} takes them.")


CHECK = Check(
    id="access_log_target",
    title="The access logs' bucket takes them",
    severity=Severity.MEDIUM,
    subject=Subject.BUCKET,
    why="Access logs that their target does not take are dropped without an error.",
    remediation=(
        "aws s3api get-object-lock-configuration --bucket ACCESS_LOG_BUCKET # then log to a bucket without default retention"
    ),
    needs=("s3:GetBucketLocation", "s3:GetBucketLogging"),
    weighs=("s3:GetBucketObjectLockConfiguration",),
    decide=decide,
)
