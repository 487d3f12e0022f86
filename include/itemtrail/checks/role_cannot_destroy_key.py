"""Whether a role may disable a KMS key of evidence, schedule its deletion, or change its policy.

Asked of the keys that the snapshot saw; a key's own policy may allow more than the role's does. Source: Service authorization
reference, "Actions, resources, and condition keys for AWS Key Management Service", read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, not_applicable
from itemtrail.core.evidence_access import DESTROYING_KEY
from itemtrail.core.posture import Posture, RolePosture
from itemtrail.core.role_policy import MENDING, READS, may_not


def decide(role: RolePosture, posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one role."""
    if role.policies is not None and not posture.keys:
        return not_applicable("no KMS key was found.")
    return may_not(role, DESTROYING_KEY, [key.arn for key in posture.keys])


CHECK = Check(
    id="role_cannot_destroy_key",
    title="No role of ours can take a key away",
    severity=Severity.CRITICAL,
    subject=Subject.ROLE,
    why="A deleted key destroys everything that it encrypted: logs, digests, the archive, with every proof.",
    remediation=MENDING,
    needs=READS,
    decide=decide,
)
