"""A bucket's whole configuration, read fact by fact.

Decides: which answer means "there is none" (the service's own code for exactly that), so that a refusal never looks like an empty
configuration into which setting up would write. GetBucketLocation says whether there is such a bucket and where: it asks for less
than HeadBucket, which needs the right to list objects. Source: S3 API reference, error codes of each Get operation; Service
Authorization Reference, read 2026-11-24.
"""

from typing import Any

from itemtrail.aws.facts import Facts, Read
from itemtrail.snapshot import BucketState


def _read(method: str, action: str, nothing: str = "") -> Read:
    return Read("s3", method, action, frozenset({nothing} - {""}))


LOCATION = _read("get_bucket_location", "s3:GetBucketLocation", "NoSuchBucket")
VERSIONING = _read("get_bucket_versioning", "s3:GetBucketVersioning")
ENCRYPTION = _read("get_bucket_encryption", "s3:GetEncryptionConfiguration", "ServerSideEncryptionConfigurationNotFoundError")
PUBLIC_ACCESS = _read("get_public_access_block", "s3:GetBucketPublicAccessBlock", "NoSuchPublicAccessBlockConfiguration")
OWNERSHIP = _read("get_bucket_ownership_controls", "s3:GetBucketOwnershipControls", "OwnershipControlsNotFoundError")
ACL = _read("get_bucket_acl", "s3:GetBucketAcl")
POLICY = _read("get_bucket_policy", "s3:GetBucketPolicy", "NoSuchBucketPolicy")
LIFECYCLE = _read("get_bucket_lifecycle_configuration", "s3:GetLifecycleConfiguration", "NoSuchLifecycleConfiguration")
OBJECT_LOCK = _read(
    "get_object_lock_configuration", "s3:GetBucketObjectLockConfiguration", "ObjectLockConfigurationNotFoundError"
)
READS = (LOCATION, VERSIONING, ENCRYPTION, PUBLIC_ACCESS, OWNERSHIP, ACL, POLICY, LIFECYCLE, OBJECT_LOCK)
READ_ACTIONS = tuple(read.action for read in READS)


def read_bucket(facts: Facts, name: str, resource: str) -> BucketState | None:
    """The bucket, or None where there is none. ``resource`` names it in a refusal.

    Where ``facts`` goes on after a refusal, what could not be read is empty, the Region included.
    """
    region = read_region(facts, name, resource)
    return None if region is None else read_state(facts, name, resource, region)


def read_region(facts: Facts, name: str, resource: str) -> str | None:
    """The bucket's Region, "" where it could not be read, None where there is no such bucket."""
    answer = facts.ask(LOCATION, resource, None, Bucket=name)
    if answer is None:
        return ""
    if not answer:
        return None
    constraint = str(answer.get("LocationConstraint") or "")  # null in us-east-1
    return {"": "us-east-1", "EU": "eu-west-1"}.get(constraint, constraint)  # the oldest buckets answer EU


def read_state(facts: Facts, name: str, resource: str, region: str) -> BucketState:
    """Everything but the Region, which is given."""

    def get(read: Read, member: str = "") -> Any:
        answer = facts.ask(read, resource, region or None, Bucket=name) or {}
        return answer.get(member) if member else {key: answer[key] for key in answer if key != "ResponseMetadata"}

    versioning = get(VERSIONING)
    rules = (get(OWNERSHIP, "OwnershipControls") or {}).get("Rules") or [{}]
    policy = get(POLICY, "Policy")
    return BucketState(
        name=name,
        region=region,
        versioning=versioning.get("Status", ""),
        mfa_delete=versioning.get("MFADelete") == "Enabled",
        encryption=get(ENCRYPTION, "ServerSideEncryptionConfiguration"),
        public_access_block=get(PUBLIC_ACCESS, "PublicAccessBlockConfiguration"),
        ownership=rules[0].get("ObjectOwnership", ""),
        other_grants=_grantees(get(ACL)),
        policy=facts.document(POLICY, resource, region, policy) if policy else None,
        lifecycle=get(LIFECYCLE) or None,
        object_lock=get(OBJECT_LOCK, "ObjectLockConfiguration"),
    )


def _grantees(acl: dict[str, Any]) -> tuple[str, ...]:
    owner = acl.get("Owner", {}).get("ID")
    found = {str(grant["Grantee"].get("URI") or grant["Grantee"].get("ID")) for grant in acl.get("Grants", [])}
    return tuple(sorted(found - {str(owner)}))
