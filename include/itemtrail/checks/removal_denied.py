"""Whether the bucket's policy denies everybody, but named principals, what would undo the evidence.

Asked of s3:BypassGovernanceRetention, s3:PutLifecycleConfiguration and s3:DeleteBucket; of versions asks archive_held. Source:
IAM user guide, "Policy evaluation logic" (an explicit Deny in a resource's policy), read 2026-11-24.
"""

from itemtrail.core.access import denies_all
from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, failed, not_applicable, passed
from itemtrail.core.posture import BucketPosture, Posture


def decide(bucket: BucketPosture, _posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one bucket."""
    if bucket.state is None:
        return not_applicable("there is no such bucket.")
    asked = {"s3:PutLifecycleConfiguration": bucket.arn, "s3:DeleteBucket": bucket.arn}
    if "archive" in bucket.roles:
        asked["s3:BypassGovernanceRetention"] = f"{bucket.arn}/*"
    open_ones = [action for action, resource in asked.items() if not denies_all(bucket.state.policy, action, resource)]
    return failed(f"no Deny for everybody: {', '.join(open_ones)}.") if open_ones else passed(f"denied: {', '.join(asked)}.")


CHECK = Check(
    id="removal_denied",
    title="Nobody but named principals may bypass a lock or change lifecycle",
    severity=Severity.MEDIUM,
    subject=Subject.BUCKET,
    why="One role with s3:* bypasses a GOVERNANCE lock, or lets a lifecycle rule expire what nobody archived.",
    remediation=(
        "aws s3api get-bucket-policy --bucket {name} --query Policy --output text > policy.json # add a Deny of these "
        "actions for everybody but your setup role, then: aws s3api put-bucket-policy --bucket {name} --policy "
        "file://policy.json"
    ),
    needs=("s3:GetBucketLocation", "s3:GetBucketPolicy"),
    decide=decide,
)
