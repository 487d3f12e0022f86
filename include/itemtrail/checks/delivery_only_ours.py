"""Whether the bucket's policy lets CloudTrail deliver for trails of other accounts as well.

Source: CloudTrail user guide, "Amazon S3 bucket policy for CloudTrail" (aws:SourceArn); IAM user guide, "The confused deputy
problem", read 2026-11-24.
"""

from itemtrail.core.bucket_policy import delivery_keys, open_deliveries
from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, cannot_look, failed, not_applicable, passed
from itemtrail.core.posture import BucketPosture, Posture


def decide(bucket: BucketPosture, posture: Posture, wanted: Wanted) -> Answer:
    """The answer for one trail bucket."""
    if bucket.state is None:
        return not_applicable("there is no such bucket.")
    if not delivery_keys(posture, wanted):
        return cannot_look("the organization's id is not known, which the folder of its trail is named after.")
    sids = open_deliveries(bucket.state, posture, wanted)
    return failed(f"without aws:SourceArn: statement {', '.join(sids)}.") if sids else passed("every delivery names its trail.")


CHECK = Check(
    id="delivery_only_ours",
    title="Only this trail may deliver",
    severity=Severity.HIGH,
    subject=Subject.TRAIL_BUCKET,
    why="Anybody's trail can put log files of its own making into the folders of this one.",
    remediation=(
        "aws s3api get-bucket-policy --bucket {name} --query Policy --output text # then remove the statement; itemtrail "
        "setup --apply puts one with aws:SourceArn"
    ),
    needs=("s3:GetBucketLocation", "s3:GetBucketPolicy"),
    weighs=("cloudtrail:DescribeTrails", "organizations:DescribeOrganization"),
    decide=decide,
)
