"""Whether the bucket that logs are delivered to, or that the archive lies in, is there.

Source: S3 API reference, GetBucketLocation, read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, failed, passed
from itemtrail.core.posture import BucketPosture, Posture


def decide(bucket: BucketPosture, _posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one bucket."""
    return passed(f"it is there, in {bucket.state.region}.") if bucket.state else failed("there is no such bucket.")


CHECK = Check(
    id="bucket_exists",
    title="The bucket exists",
    severity=Severity.CRITICAL,
    subject=Subject.BUCKET,
    why=("Without the trail's bucket CloudTrail's deliveries are lost after 30 days; without the archive's nothing is kept."),
    remediation="itemtrail setup --apply",
    needs=("s3:GetBucketLocation",),
    decide=decide,
)
