"""Whether the bucket's owner owns every object, ACLs or not.

Source: S3 user guide, "Controlling ownership of objects and disabling ACLs for your bucket", read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, not_applicable, told
from itemtrail.core.posture import BucketPosture, Posture


def decide(bucket: BucketPosture, _posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one bucket."""
    if bucket.state is None:
        return not_applicable("there is no such bucket.")
    enforced = bucket.state.ownership == "BucketOwnerEnforced"
    return told(enforced, "BucketOwnerEnforced.", f"ownership is {bucket.state.ownership or 'not set'}: ACLs are in force.")


CHECK = Check(
    id="bucket_owner_enforced",
    title="ACLs are switched off",
    severity=Severity.MEDIUM,
    subject=Subject.BUCKET,
    why=("An object whose writer keeps it may be unreadable for the archive, and an ACL lets people in whom no policy shows."),
    remediation=(
        "itemtrail setup --apply # or: aws s3api put-bucket-ownership-controls --bucket {name} --ownership-controls "
        "'Rules=[{ObjectOwnership=BucketOwnerEnforced}]'"
    ),
    needs=("s3:GetBucketLocation", "s3:GetBucketOwnershipControls"),
    controls=("prowler s3_bucket_acl_prohibited",),
    decide=decide,
)
