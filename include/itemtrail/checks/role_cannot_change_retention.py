"""Whether a role may change lifecycle, policy, versioning or lock of a bucket, or delete it.

Setting up puts lifecycle, policy and versioning; even its role may not delete a bucket or its policy. Source: IAM user guide,
"Policy evaluation logic"; docs/permissions.md, read 2026-11-24.
"""

from itemtrail.core.access import grants
from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, failed, not_applicable, passed
from itemtrail.core.evidence_access import REMOVING_BUCKET, evidence_buckets
from itemtrail.core.posture import Posture, RolePosture


def decide(role: RolePosture, posture: Posture, wanted: Wanted) -> Answer:
    """The answer for one role."""
    if role.policies is None:
        return not_applicable("there is no such role.")
    asked = ("s3:DeleteBucket", "s3:DeleteBucketPolicy") if role.kind == "setup" else REMOVING_BUCKET
    found = grants(role.policies, asked, evidence_buckets(posture.partition, wanted))
    return failed(f"it may {'; '.join(str(one) for one in found)}.") if found else passed("it may not.")


CHECK = Check(
    id="role_cannot_change_retention",
    title="No role but setup can change what keeps evidence",
    severity=Severity.CRITICAL,
    subject=Subject.ROLE,
    why=("A lifecycle rule deletes what nobody may delete; without the policy everybody's role may do what its own allows."),
    remediation=(
        "aws iam get-role-policy --role-name {name} --policy-name POLICY # then put the policy of docs/permissions.md: "
        "aws iam put-role-policy"
    ),
    needs=(
        "iam:GetRole",
        "iam:ListRolePolicies",
        "iam:GetRolePolicy",
        "iam:ListAttachedRolePolicies",
        "iam:GetPolicy",
        "iam:GetPolicyVersion",
    ),
    decide=decide,
)
