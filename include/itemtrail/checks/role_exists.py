"""Whether a role that the configuration names is there.

Source: IAM API reference, GetRole, read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, failed, passed
from itemtrail.core.posture import Posture, RolePosture


def decide(role: RolePosture, _posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one role."""
    return passed("it is there.") if role.trust is not None else failed("there is no such role.")


CHECK = Check(
    id="role_exists",
    title="The role exists",
    severity=Severity.LOW,
    subject=Subject.ROLE,
    why="A task that runs under it fails; nothing is archived from then on, which watch_deadline tells within hours.",
    remediation=(
        "aws iam create-role --role-name {name} --assume-role-policy-document file://trust.json # with the policy of "
        "docs/permissions.md"
    ),
    needs=("iam:GetRole",),
    decide=decide,
)
