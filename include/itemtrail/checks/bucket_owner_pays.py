"""Whether the bucket is not Requester Pays.

Source: CloudTrail user guide, "Amazon S3 bucket policy for CloudTrail" (Requester Pays is not supported), read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, not_applicable, told
from itemtrail.core.posture import BucketPosture, Posture


def decide(bucket: BucketPosture, _posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one bucket."""
    if bucket.state is None:
        return not_applicable("there is no such bucket.")
    return told(None if bucket.requester_pays is None else not bucket.requester_pays, "the owner pays.", "Requester Pays is on.")


CHECK = Check(
    id="bucket_owner_pays",
    title="The owner pays for requests",
    severity=Severity.HIGH,
    subject=Subject.BUCKET,
    why="CloudTrail does not deliver to a bucket with Requester Pays.",
    remediation="aws s3api put-bucket-request-payment --bucket {name} --request-payment-configuration Payer=BucketOwner",
    needs=("s3:GetBucketLocation", "s3:GetBucketRequestPayment"),
    decide=decide,
)
