"""Whether the bucket's owner is the trail's account or one that is archived.

A bucket name is free again when its bucket is deleted: somebody else's bucket of that name takes whatever is delivered. Source:
S3 user guide, "Verifying bucket ownership with bucket owner condition", read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, cannot_look, failed, not_applicable, told
from itemtrail.core.posture import BucketPosture, Posture

ASKED = 10  # S3 tells no owner; of more accounts than these not every one is asked for


def decide(bucket: BucketPosture, posture: Posture, wanted: Wanted) -> Answer:
    """The answer for one bucket."""
    if bucket.state is None:
        return not_applicable("there is no such bucket.")
    if bucket.account:
        known = bucket.account in {posture.account, *wanted.accounts}
        return told(known, f"it belongs to {bucket.account}.", f"it belongs to {bucket.account}, which is not configured.")
    if bucket.foreign and len(wanted.accounts) <= ASKED:
        return failed("it belongs to none of the configured accounts.")
    return cannot_look("whose it is is not known.")


CHECK = Check(
    id="bucket_account",
    title="The bucket belongs to a configured account",
    severity=Severity.HIGH,
    subject=Subject.BUCKET,
    why="In somebody else's bucket evidence can be read, changed or withheld by its owner.",
    remediation=(
        "aws s3api get-bucket-location --bucket {name} --expected-bucket-owner ACCOUNT_ID # then correct the "
        "configuration, or make a bucket of your own"
    ),
    needs=("s3:GetBucketLocation",),
    decide=decide,
)
