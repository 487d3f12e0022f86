"""Whether all four settings of the public access block are on.

Source: S3 API reference, PutPublicAccessBlock, read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, failed, not_applicable, passed
from itemtrail.core.posture import BucketPosture, Posture
from itemtrail.core.public_access import unblocked


def decide(bucket: BucketPosture, _posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one bucket."""
    if bucket.state is None:
        return not_applicable("there is no such bucket.")
    missing = unblocked(bucket.state.public_access_block)
    return failed(f"not on: {', '.join(missing)}.") if missing else passed("all four settings are on.")


CHECK = Check(
    id="bucket_blocks_public",
    title="Public access is blocked in full",
    severity=Severity.HIGH,
    subject=Subject.BUCKET,
    why="One careless statement or ACL would show the world who did what, or let it write.",
    remediation=(
        "aws s3api put-public-access-block --bucket {name} --public-access-block-configuration "
        "BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true"
    ),
    needs=("s3:GetBucketLocation", "s3:GetBucketPublicAccessBlock"),
    controls=("CIS AWS Foundations v7.0 3.1.4",),
    decide=decide,
)
