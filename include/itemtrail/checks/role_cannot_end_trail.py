"""Whether a role may stop or delete the trail, or, unless it sets up, change what it records.

Source: IAM user guide, "Policy evaluation logic"; docs/permissions.md, read 2026-11-24.
"""

from itemtrail.core.access import grants
from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, failed, not_applicable, passed
from itemtrail.core.evidence_access import CHANGING_TRAIL, ENDING_TRAIL
from itemtrail.core.posture import Posture, RolePosture


def decide(role: RolePosture, _posture: Posture, wanted: Wanted) -> Answer:
    """The answer for one role."""
    if role.policies is None:
        return not_applicable("there is no such role.")
    asked = ENDING_TRAIL if role.kind == "setup" else (*ENDING_TRAIL, *CHANGING_TRAIL)
    found = grants(role.policies, asked, [wanted.trail_arn])
    return failed(f"it may {'; '.join(str(one) for one in found)}.") if found else passed("it may not.")


CHECK = Check(
    id="role_cannot_end_trail",
    title="No role of ours can end the trail",
    severity=Severity.CRITICAL,
    subject=Subject.ROLE,
    why="Whoever steals the role's credentials ends the recording first.",
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
