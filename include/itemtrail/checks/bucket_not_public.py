"""Whether policy or ACL let everybody in.

The policy's statements are read as well as S3's own answer (IsPublic), because a public access block only hides them. Source:
S3 user guide, "The meaning of public"; ACL overview (predefined groups), read 2026-11-24.
"""

from itemtrail.core.access import public_statements
from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, failed, not_applicable, told
from itemtrail.core.posture import BucketPosture, Posture
from itemtrail.core.public_access import public_grants


def decide(bucket: BucketPosture, _posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one bucket."""
    if bucket.state is None:
        return not_applicable("there is no such bucket.")
    grants, open_ones = public_grants(bucket.state), public_statements(bucket.state.policy)
    if grants:
        return failed(f"its ACL lets {', '.join(grants)} in.")
    if open_ones:
        return failed(f"statement {', '.join(open_ones)} of its policy lets everybody in.")
    return told(
        None if bucket.public is None else not bucket.public, "neither policy nor ACL is public.", "S3 calls its policy public."
    )


CHECK = Check(
    id="bucket_not_public",
    title="Nobody outside reads or writes the bucket",
    severity=Severity.CRITICAL,
    subject=Subject.BUCKET,
    why="Logs show keys of items, names, addresses; a bucket that anybody writes to takes forged logs.",
    remediation=(
        "aws s3api get-bucket-policy --bucket {name} # then name the principals of the statement, and take the ACL's "
        "grant away: aws s3api put-bucket-acl --bucket {name} --acl private"
    ),
    needs=("s3:GetBucketLocation", "s3:GetBucketPolicy", "s3:GetBucketPolicyStatus", "s3:GetBucketAcl"),
    controls=("Security Hub CloudTrail.6", "prowler cloudtrail_logs_s3_bucket_is_not_publicly_accessible"),
    decide=decide,
)
