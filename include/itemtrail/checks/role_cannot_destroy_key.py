"""Whether a role may disable a KMS key of evidence, schedule its deletion, or change its policy.

Asked of the keys that the snapshot saw; a key's own policy may allow more than the role's does. Source: Service authorization
reference, "Actions, resources, and condition keys for AWS Key Management Service", read 2026-11-24.
"""

from itemtrail.core.access import grants
from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, failed, not_applicable, passed
from itemtrail.core.evidence_access import DESTROYING_KEY
from itemtrail.core.posture import Posture, RolePosture


def decide(role: RolePosture, posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one role."""
    if role.policies is None:
        return not_applicable("there is no such role.")
    if not posture.keys:
        return not_applicable("no KMS key was found.")
    found = grants(role.policies, DESTROYING_KEY, [key.arn for key in posture.keys])
    return failed(f"it may {'; '.join(str(one) for one in found)}.") if found else passed("it may not.")


CHECK = Check(
    id="role_cannot_destroy_key",
    title="No role of ours can take a key away",
    severity=Severity.CRITICAL,
    subject=Subject.ROLE,
    why="A deleted key destroys everything that it encrypted: logs, digests, the archive, with every proof.",
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
