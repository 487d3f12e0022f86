"""Whether a statement of the bucket's policy allows somebody to delete, to change lifecycle or policy, or to bypass a lock.

CloudTrail and other AWS services are not somebody; what roles of the account may do by their own policies is asked of the
roles. Source: S3 user guide, "Actions, resources, and condition keys for Amazon S3", read 2026-11-24.
"""

from itemtrail.core.access import allowed_to_others
from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, failed, not_applicable, passed
from itemtrail.core.evidence_access import REMOVING_BUCKET, REMOVING_OBJECTS
from itemtrail.core.posture import BucketPosture, Posture


def decide(bucket: BucketPosture, _posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one bucket."""
    if bucket.state is None:
        return not_applicable("there is no such bucket.")
    found = [
        *allowed_to_others(bucket.state.policy, REMOVING_OBJECTS, [f"{bucket.arn}/*"]),
        *allowed_to_others(bucket.state.policy, REMOVING_BUCKET, [bucket.arn]),
    ]
    if found:
        return failed("; ".join(str(one) for one in found[:3]) + (f"; and {len(found) - 3} more." if len(found) > 3 else "."))
    return passed("no statement allows it.")


CHECK = Check(
    id="removal_not_granted",
    title="The bucket's policy gives nobody the means to remove evidence",
    severity=Severity.CRITICAL,
    subject=Subject.BUCKET,
    why="Whoever the bucket's policy names can remove evidence, whatever the roles' policies say.",
    remediation=(
        "aws s3api get-bucket-policy --bucket {name} --query Policy --output text > policy.json # remove the statement, "
        "then: aws s3api put-bucket-policy --bucket {name} --policy file://policy.json"
    ),
    needs=("s3:GetBucketLocation", "s3:GetBucketPolicy"),
    decide=decide,
)
