"""Whether the policy of the trail's key lets CloudTrail generate data keys, for this trail.

Source: CloudTrail user guide, "Configure AWS KMS key policies for CloudTrail", read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, not_applicable, told
from itemtrail.core.key_policy import admits_cloudtrail
from itemtrail.core.posture import KeyPosture, Posture


def decide(key: KeyPosture, _posture: Posture, wanted: Wanted) -> Answer:
    """The answer for one key."""
    if wanted.trail_arn not in key.used_by or key.state == "NotFound":
        return not_applicable("the trail does not use it, or there is no such key.")
    found = admits_cloudtrail(key.policy, wanted.trail_arn)
    return told(
        found,
        "CloudTrail may generate data keys for this trail.",
        f"no statement lets CloudTrail generate data keys for {wanted.trail_arn}.",
        "a condition of the key's policy decides and cannot be evaluated here",
    )


CHECK = Check(
    id="key_admits_cloudtrail",
    title="CloudTrail may encrypt with the trail's key",
    severity=Severity.CRITICAL,
    subject=Subject.KEY,
    why="CloudTrail tries again for 30 days; what it cannot encrypt for longer is lost.",
    remediation=(
        "aws kms get-key-policy --key-id {arn} --policy-name default --output text --region {region} > policy.json # add "
        "the statement of the CloudTrail user guide, then: aws kms put-key-policy --key-id {arn} --policy-name default "
        "--policy file://policy.json --region {region}"
    ),
    needs=("kms:DescribeKey", "kms:GetKeyPolicy"),
    decide=decide,
)
