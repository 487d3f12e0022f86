"""Whether a bucket is open to everybody by its settings: the public access block and the ACL.

Decides: which of the four settings are not on, and which grantees of the ACL stand for everybody, whether S3 or somebody names
them by URI or by their short name. Source: S3 user guide, "ACL overview" (predefined groups), read 2026-11-24.
"""

from itemtrail.snapshot import BucketState, Document

SETTINGS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
_EVERYBODY = ("global/AllUsers", "global/AuthenticatedUsers", "AllUsers", "AuthenticatedUsers")


def unblocked(block: Document | None) -> tuple[str, ...]:
    """Settings of a public access block that are not on; None is a bucket without one."""
    return tuple(name for name in SETTINGS if (block or {}).get(name) is not True)


def public_grants(state: BucketState) -> tuple[str, ...]:
    """Grantees of the ACL that are everybody, unless ACLs are switched off."""
    if state.ownership == "BucketOwnerEnforced":
        return ()
    return tuple(one for one in state.other_grants if one.endswith(_EVERYBODY))
