"""Whether a policy of a role allows every action, or every action of a service, or everything but some.

Source: IAM user guide, "Security best practices in IAM" (least privilege); docs/permissions.md, read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, failed, not_applicable, passed
from itemtrail.core.posture import Posture, RolePosture
from itemtrail.core.role_policy import READS, wide


def decide(role: RolePosture, _posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one role."""
    if role.policies is None:
        return not_applicable("there is no such role.")
    found = wide(role.policies)
    return failed(f"{'; '.join(found)}.") if found else passed("its policies name their actions.")


CHECK = Check(
    id="role_not_admin",
    title="No role of ours is an administrator",
    severity=Severity.HIGH,
    subject=Subject.ROLE,
    why="What such a role may do grows with every new service; nobody can say what it cannot undo.",
    remediation=(
        "aws iam list-attached-role-policies --role-name {name} # then detach the wide one: aws iam detach-role-policy "
        "--role-name {name} --policy-arn POLICY_ARN"
    ),
    needs=READS,
    decide=decide,
)
