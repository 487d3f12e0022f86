"""Whether, until the end of archive.keep_days, a lock or a Deny for everybody keeps versions from being deleted.

P10 of the lifecycle properties: from the end of the lock on, only permissions hold the evidence; a Deny in the bucket's policy
(named principals left out) is one that no role's policy can undo. Source: S3 user guide, "Locking objects with Object Lock";
IAM user guide, "Policy evaluation logic", read 2026-11-24.
"""

from itemtrail.core.access import denies_all
from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, not_applicable, passed, told
from itemtrail.core.lifecycle_hygiene import locked
from itemtrail.core.posture import BucketPosture, Posture


def decide(bucket: BucketPosture, _posture: Posture, wanted: Wanted) -> Answer:
    """The answer for one archive bucket."""
    if bucket.state is None:
        return not_applicable("there is no such bucket.")
    root = f"{wanted.archive_prefix}/" if wanted.archive_prefix else ""
    if denies_all(bucket.state.policy, "s3:DeleteObjectVersion", f"{bucket.arn}/{root}*"):
        return passed("the bucket's policy denies everybody, but named principals, to delete versions.")
    on = (bucket.state.object_lock or {}).get("ObjectLockEnabled") == "Enabled"
    found = locked(wanted.retention_mode if on else "NONE", wanted.retention_days, wanted.keep_days, bucket.state.name)
    return told(found.status == "PASS", f"{found.detail}.", f"{found.detail}; no Deny in the bucket's policy stands in.")


CHECK = Check(
    id="archive_held",
    title="Evidence is held for as long as it is to be kept",
    severity=Severity.HIGH,
    subject=Subject.ARCHIVE_BUCKET,
    why="After the lock has run out, one over-generous role is enough to delete years of evidence.",
    remediation=(
        "aws s3api get-bucket-policy --bucket {name} --query Policy --output text > policy.json # add a Deny of "
        "s3:DeleteObjectVersion for everybody to it, then: aws s3api put-bucket-policy --bucket {name} --policy "
        "file://policy.json"
    ),
    needs=("s3:GetBucketLocation", "s3:GetBucketPolicy", "s3:GetBucketObjectLockConfiguration"),
    decide=decide,
)
