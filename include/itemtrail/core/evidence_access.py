"""Which permissions would let somebody remove, weaken or end the evidence, and on what.

Decides: the actions, and the resources they are asked of: what lies under evidence prefixes, not what is derived and rebuilt at
will. Source: Service authorization reference, "Actions, resources, and condition keys" of S3, CloudTrail and KMS; read
2026-11-24.
"""

from itemtrail.core import retention
from itemtrail.core.check import Wanted
from itemtrail.core.policy import bucket_arn

REMOVING_OBJECTS = ("s3:DeleteObject", "s3:DeleteObjectVersion", "s3:BypassGovernanceRetention")
REMOVING_BUCKET = (
    "s3:DeleteBucket",
    "s3:PutLifecycleConfiguration",
    "s3:PutBucketPolicy",
    "s3:DeleteBucketPolicy",
    "s3:PutBucketVersioning",
    "s3:PutBucketObjectLockConfiguration",
)
ENDING_TRAIL = ("cloudtrail:StopLogging", "cloudtrail:DeleteTrail")
DESTROYING_KEY = ("kms:ScheduleKeyDeletion", "kms:DisableKey", "kms:PutKeyPolicy", "kms:DeleteImportedKeyMaterial")
CHANGING_TRAIL = ("cloudtrail:UpdateTrail", "cloudtrail:PutEventSelectors")


def evidence_objects(partition: str, wanted: Wanted) -> tuple[str, ...]:
    """Patterns of the objects that are evidence, in both buckets."""
    archive, root = bucket_arn(partition, wanted.archive_bucket), retention.archive_root(wanted.archive_prefix)
    kept = [f"{archive}/{root}{name}*" for name in retention.EVIDENCE]
    return (*kept, f"{bucket_arn(partition, wanted.trail_bucket)}/{retention.trail_root(wanted.trail_prefix)}*")


def evidence_buckets(partition: str, wanted: Wanted) -> tuple[str, ...]:
    """ARNs of both buckets."""
    return tuple(bucket_arn(partition, name) for name in (wanted.trail_bucket, wanted.archive_bucket))
