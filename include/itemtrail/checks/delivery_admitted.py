"""Whether the bucket's policy admits this trail's logs and digests, for every archived account and Region.

Statements for CloudTrail's own accounts, one a Region, are from before 2014; they know no new Region and do not count. Source:
CloudTrail user guide, "Amazon S3 bucket policy for CloudTrail", read 2026-11-24.
"""

from itemtrail.core.bucket_policy import delivery
from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, not_applicable, told
from itemtrail.core.posture import BucketPosture, Posture


def decide(bucket: BucketPosture, posture: Posture, wanted: Wanted) -> Answer:
    """The answer for one trail bucket."""
    if bucket.state is None:
        return not_applicable("there is no such bucket.")
    found = delivery(bucket.state, posture, wanted)
    return told(found.good, found.detail, found.detail, found.detail.rstrip("."))


CHECK = Check(
    id="delivery_admitted",
    title="The bucket lets CloudTrail deliver",
    severity=Severity.CRITICAL,
    subject=Subject.TRAIL_BUCKET,
    why="CloudTrail tries again for 30 days; what the bucket refuses for longer is lost.",
    remediation="itemtrail setup --apply",
    needs=("s3:GetBucketLocation", "s3:GetBucketPolicy"),
    weighs=("cloudtrail:DescribeTrails", "organizations:DescribeOrganization"),
    decide=decide,
)
