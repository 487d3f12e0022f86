"""Whether a role may delete objects under evidence prefixes, or bypass a lock on them.

Only what a role's policies allow is asked; a condition does not count as a protection. Source: IAM user guide, "Policy
evaluation logic"; docs/permissions.md, read 2026-11-24.
"""

from itemtrail.core.access import grants
from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, failed, not_applicable, passed
from itemtrail.core.evidence_access import REMOVING_OBJECTS, evidence_objects
from itemtrail.core.posture import Posture, RolePosture


def decide(role: RolePosture, posture: Posture, wanted: Wanted) -> Answer:
    """The answer for one role."""
    if role.policies is None:
        return not_applicable("there is no such role.")
    found = grants(role.policies, REMOVING_OBJECTS, evidence_objects(posture.partition, wanted))
    return failed(f"it may {'; '.join(str(one) for one in found)}.") if found else passed("it may not delete, nor bypass a lock.")


CHECK = Check(
    id="role_cannot_delete",
    title="No role of ours can delete evidence",
    severity=Severity.CRITICAL,
    subject=Subject.ROLE,
    why="Who archives could undo; whoever steals its credentials removes evidence that is not locked, or no longer.",
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
