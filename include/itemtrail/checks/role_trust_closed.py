"""Whether a role's trust policy lets everybody in.

Source: IAM user guide, "AWS JSON policy elements: Principal", read 2026-11-24.
"""

from itemtrail.core.access import public_statements
from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, failed, not_applicable, passed
from itemtrail.core.posture import Posture, RolePosture


def decide(role: RolePosture, _posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one role."""
    if role.trust is None:
        return not_applicable("there is no such role.")
    found = public_statements(role.trust)
    return (
        failed(f"statement {', '.join(found)} of its trust lets everybody in.") if found else passed("it names whom it trusts.")
    )


CHECK = Check(
    id="role_trust_closed",
    title="Only named principals may assume a role of ours",
    severity=Severity.CRITICAL,
    subject=Subject.ROLE,
    why="Anybody, in any account, who knows the role's name may act as it.",
    remediation=(
        "aws iam get-role --role-name {name} # then name the principal: aws iam update-assume-role-policy --role-name "
        "{name} --policy-document file://trust.json"
    ),
    needs=("iam:GetRole",),
    decide=decide,
)
