"""Whether a role may stop or delete the trail, or, unless it sets up, change what it records.

Source: IAM user guide, "Policy evaluation logic"; docs/permissions.md, read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted
from itemtrail.core.evidence_access import CHANGING_TRAIL, ENDING_TRAIL
from itemtrail.core.posture import Posture, RolePosture
from itemtrail.core.role_policy import MENDING, READS, may_not


def decide(role: RolePosture, _posture: Posture, wanted: Wanted) -> Answer:
    """The answer for one role."""
    asked = ENDING_TRAIL if role.kind == "setup" else (*ENDING_TRAIL, *CHANGING_TRAIL)
    return may_not(role, asked, [wanted.trail_arn])


CHECK = Check(
    id="role_cannot_end_trail",
    title="No role of ours can end the trail",
    severity=Severity.CRITICAL,
    subject=Subject.ROLE,
    why="Whoever steals the role's credentials ends the recording first.",
    remediation=MENDING,
    needs=READS,
    decide=decide,
)
