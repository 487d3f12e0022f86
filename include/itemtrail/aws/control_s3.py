"""A bucket's whole configuration, read.

Decides: which answer means "there is none" (the service's own code for exactly that), so that a refusal never looks like an empty
configuration into which setting up would write. Source: S3 API reference, error codes of each Get operation, read 2026-11-24.
"""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from itemtrail.aws.errors import translated
from itemtrail.snapshot import BucketState

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

# Read operation → IAM action, and the error code that says that nothing is set.
_READS = {
    "get_bucket_versioning": ("s3:GetBucketVersioning", ""),
    "get_bucket_encryption": ("s3:GetEncryptionConfiguration", "ServerSideEncryptionConfigurationNotFoundError"),
    "get_public_access_block": ("s3:GetBucketPublicAccessBlock", "NoSuchPublicAccessBlockConfiguration"),
    "get_bucket_ownership_controls": ("s3:GetBucketOwnershipControls", "OwnershipControlsNotFoundError"),
    "get_bucket_acl": ("s3:GetBucketAcl", ""),
    "get_bucket_policy": ("s3:GetBucketPolicy", "NoSuchBucketPolicy"),
    "get_bucket_lifecycle_configuration": ("s3:GetLifecycleConfiguration", "NoSuchLifecycleConfiguration"),
    "get_object_lock_configuration": ("s3:GetBucketObjectLockConfiguration", "ObjectLockConfigurationNotFoundError"),
}
READ_ACTIONS = ("s3:ListBucket", "s3:GetBucketLocation", *(action for action, _ in _READS.values()))


def read_bucket(client: Callable[[str | None], "S3Client"], name: str) -> BucketState | None:
    """The bucket, or None where there is none. ``client`` makes an S3 client for a Region.

    Raises:
        AccessDenied: with the action; also for a bucket that somebody else owns. SourceUnavailable.
    """
    region = _region(client, name)
    if region is None:
        return None
    read = {method: _read(client(region), method, name) for method in _READS}
    versioning, ownership = read["get_bucket_versioning"] or {}, read["get_bucket_ownership_controls"]
    policy, lifecycle = read["get_bucket_policy"], read["get_bucket_lifecycle_configuration"]
    return BucketState(
        name=name,
        region=region,
        versioning=versioning.get("Status", ""),
        mfa_delete=versioning.get("MFADelete") == "Enabled",
        encryption=_inside(read["get_bucket_encryption"], "ServerSideEncryptionConfiguration"),
        public_access_block=_inside(read["get_public_access_block"], "PublicAccessBlockConfiguration"),
        ownership=ownership["OwnershipControls"]["Rules"][0]["ObjectOwnership"] if ownership else "",
        other_grants=_grantees(read["get_bucket_acl"] or {}),
        policy=json.loads(policy["Policy"]) if policy else None,
        lifecycle=lifecycle,
        object_lock=_inside(read["get_object_lock_configuration"], "ObjectLockConfiguration"),
    )


def _region(client: Callable[[str | None], "S3Client"], name: str) -> str | None:
    with translated("s3:ListBucket", f"s3://{name}"):
        try:
            client(None).head_bucket(Bucket=name)
        except ClientError as error:
            if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == 404:
                return None
            raise
    with translated("s3:GetBucketLocation", f"s3://{name}"):
        answer: dict[str, Any] = dict(client(None).get_bucket_location(Bucket=name))
    constraint = str(answer.get("LocationConstraint") or "")  # null in us-east-1
    return {"": "us-east-1", "EU": "eu-west-1"}.get(constraint, constraint)  # the oldest buckets answer EU


def _read(client: "S3Client", method: str, name: str) -> dict[str, Any] | None:
    action, nothing = _READS[method]
    with translated(action, f"s3://{name}"):
        try:
            answer = dict(getattr(client, method)(Bucket=name))
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == nothing:
                return None
            raise
    answer.pop("ResponseMetadata", None)
    return answer


def _inside(answer: dict[str, Any] | None, member: str) -> dict[str, Any] | None:
    return answer.get(member) if answer else None


def _grantees(acl: dict[str, Any]) -> tuple[str, ...]:
    owner = acl.get("Owner", {}).get("ID")
    found = {str(grant["Grantee"].get("URI") or grant["Grantee"].get("ID")) for grant in acl.get("Grants", [])}
    return tuple(sorted(found - {str(owner)}))
