"""Whether the bucket's policy lets CloudTrail deliver for trails of other accounts as well.

Source: CloudTrail user guide, "Amazon S3 bucket policy for CloudTrail" (aws:SourceArn); IAM user guide, "The confused deputy
problem", read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, failed, not_applicable, passed
from itemtrail.core.policy_check import open_to_any_trail
from itemtrail.core.posture import BucketPosture, Posture


def decide(bucket: BucketPosture, posture: Posture, wanted: Wanted) -> Answer:
    """The answer for one trail bucket."""
    if bucket.state is None:
        return not_applicable("there is no such bucket.")
    head = f"{wanted.trail_prefix}/" if wanted.trail_prefix else ""
    key = f"{head}AWSLogs/{posture.account}/CloudTrail/{wanted.home_region}/2026/01/01/x.json.gz"
    sids = open_to_any_trail(bucket.state.policy, posture.partition, bucket.state.name, key)
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
    decide=decide,
)
