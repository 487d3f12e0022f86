"""Whether a default retention of the archive's bucket holds more, or in another mode, than what is configured.

Archived files carry a retention of their own; a default one would hold what is derived and rebuilt at will (changes/, reviews/)
as well. None is needed; one of the configured mode and length at most is no harm. Source: S3 user guide, "Object Lock
considerations" (default retention), read 2026-11-24.
"""

from itemtrail.core.bucket_policy import default_retention
from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, failed, not_applicable, passed
from itemtrail.core.posture import BucketPosture, Posture


def decide(bucket: BucketPosture, _posture: Posture, wanted: Wanted) -> Answer:
    """The answer for one archive bucket."""
    if bucket.state is None:
        return not_applicable("there is no such bucket.")
    default = default_retention(bucket.state)
    if default is None:
        return passed("no default retention; each archived file has its own.")
    mode, days = default
    if mode != wanted.retention_mode or days > wanted.retention_days:
        return failed(f"default {mode} of {days} days; configured is {wanted.retention_mode} of {wanted.retention_days} days.")
    return passed(f"default {mode} of {days} days, as configured or shorter.")


CHECK = Check(
    id="archive_default_retention",
    title="The default retention is not at odds with the configuration",
    severity=Severity.MEDIUM,
    subject=Subject.ARCHIVE_BUCKET,
    why="In COMPLIANCE mode a default that nobody meant cannot be taken back, and an erasure request cannot be met.",
    remediation="aws s3api put-object-lock-configuration --bucket {name} --object-lock-configuration ObjectLockEnabled=Enabled",
    needs=("s3:GetBucketLocation", "s3:GetBucketObjectLockConfiguration"),
    decide=decide,
)
