"""Whether a role may delete objects under evidence prefixes, or bypass a lock on them.

Only what a role's policies allow is asked; a condition does not count as a protection. Source: IAM user guide, "Policy
evaluation logic"; docs/permissions.md, read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted
from itemtrail.core.evidence_access import REMOVING_OBJECTS, evidence_objects
from itemtrail.core.posture import Posture, RolePosture
from itemtrail.core.role_policy import MENDING, READS, may_not


def decide(role: RolePosture, posture: Posture, wanted: Wanted) -> Answer:
    """The answer for one role."""
    return may_not(
        role, REMOVING_OBJECTS, evidence_objects(posture.partition, wanted), good="it may not delete, nor bypass a lock."
    )


CHECK = Check(
    id="role_cannot_delete",
    title="No role of ours can delete evidence",
    severity=Severity.CRITICAL,
    subject=Subject.ROLE,
    why="Who archives could undo; whoever steals its credentials removes evidence that is not locked, or no longer.",
    remediation=MENDING,
    needs=READS,
    decide=decide,
)
