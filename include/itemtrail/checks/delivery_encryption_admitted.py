"""Whether a statement that demands SSE-KMS refuses what a trail without a KMS key delivers, its digests above all.

With a KMS key set for the trail, logs and digests are delivered with aws:kms; without one, with AES256. Source: CloudTrail user
guide, "Encrypting CloudTrail log files, digest files and event data stores with AWS KMS keys", read 2026-11-24.
"""

from itemtrail.core import posture as looked
from itemtrail.core.bucket_policy import delivery
from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, cannot_look, not_applicable, told
from itemtrail.core.posture import BucketPosture, Posture


def decide(bucket: BucketPosture, posture: Posture, wanted: Wanted) -> Answer:
    """The answer for one trail bucket."""
    mine = looked.trail(posture)
    unseen = "" if mine else looked.refused(posture, "cloudtrail:DescribeTrails", "*", [wanted.home_region])
    if unseen:
        return cannot_look(f"could not look at the trail: {unseen}.")
    if bucket.state is None or mine is None:
        return not_applicable("there is no such bucket, or no trail.")
    algorithm = "aws:kms" if mine.state.kms_key else "AES256"
    found = delivery(bucket.state, posture, wanted, algorithm)
    either = delivery(bucket.state, posture, wanted)
    if either.good is not True:
        return not_applicable(
            "delivery is refused, or not known to be admitted, whatever the encryption; delivery_admitted says why."
        )
    return told(found.good, f"{algorithm} is admitted.", f"{algorithm} is refused: {found.detail}", found.detail.rstrip("."))


CHECK = Check(
    id="delivery_encryption_admitted",
    title="The bucket takes the encryption CloudTrail delivers with",
    severity=Severity.CRITICAL,
    subject=Subject.TRAIL_BUCKET,
    why="The refused files are lost after 30 days; an hour whose digest is refused can never be proven.",
    remediation=(
        "aws cloudtrail update-trail --name {trail} --kms-key-id alias/itemtrail # or except cloudtrail.amazonaws.com "
        "from the statement"
    ),
    needs=("s3:GetBucketLocation", "s3:GetBucketPolicy"),
    weighs=("cloudtrail:DescribeTrails", "organizations:DescribeOrganization"),
    decide=decide,
)
