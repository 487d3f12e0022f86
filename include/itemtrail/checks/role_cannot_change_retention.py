"""Whether a role may change lifecycle, policy, versioning or lock of a bucket, or delete it.

Setting up puts lifecycle, policy and versioning; even its role may not delete a bucket or its policy. Source: IAM user guide,
"Policy evaluation logic"; docs/permissions.md, read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted
from itemtrail.core.evidence_access import REMOVING_BUCKET, evidence_buckets
from itemtrail.core.posture import Posture, RolePosture
from itemtrail.core.role_policy import MENDING, READS, may_not


def decide(role: RolePosture, posture: Posture, wanted: Wanted) -> Answer:
    """The answer for one role."""
    asked = ("s3:DeleteBucket", "s3:DeleteBucketPolicy") if role.kind == "setup" else REMOVING_BUCKET
    return may_not(role, asked, evidence_buckets(posture.partition, wanted))


CHECK = Check(
    id="role_cannot_change_retention",
    title="No role but setup can change what keeps evidence",
    severity=Severity.CRITICAL,
    subject=Subject.ROLE,
    why=("A lifecycle rule deletes what nobody may delete; without the policy everybody's role may do what its own allows."),
    remediation=MENDING,
    needs=READS,
    decide=decide,
)
