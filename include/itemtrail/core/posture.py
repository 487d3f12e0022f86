"""The snapshot of ``itemtrail.posture`` with the look-ups that checks, comparison and report share.

Decides: how a fact that could not be read is found again, whether it was refused for one resource, a Region or the account.
"""

from collections.abc import Iterable

from itemtrail.posture import (
    SCHEMA_VERSION,
    AlarmPosture,
    BucketPosture,
    EvidenceEvent,
    ForwarderPosture,
    KeyPosture,
    LogGroupPosture,
    Posture,
    PostureScope,
    RegionPosture,
    RolePosture,
    TablePosture,
    TopicPosture,
    TrailPosture,
    Unread,
)

__all__ = [
    "SCHEMA_VERSION",
    "AlarmPosture",
    "BucketPosture",
    "EvidenceEvent",
    "ForwarderPosture",
    "KeyPosture",
    "LogGroupPosture",
    "Posture",
    "PostureScope",
    "RegionPosture",
    "RolePosture",
    "TablePosture",
    "TopicPosture",
    "TrailPosture",
    "Unread",
    "bucket",
    "refused",
    "trail",
    "unread",
]


def trail(posture: Posture) -> TrailPosture | None:
    """The configured trail, or None where it was not seen."""
    return next((one for one in posture.trails if one.state.arn == posture.trail_arn), None)


def bucket(posture: Posture, role: str) -> BucketPosture | None:
    """The bucket with ``role`` (trail, archive), or None where it was not looked at."""
    return next((one for one in posture.buckets if role in one.roles), None)


def unread(posture: Posture, action: str, resource: str, region: str = "") -> Unread | None:
    """Why ``action`` on ``resource`` gave nothing; an account- or Region-wide refusal (``*``) counts for every resource."""
    for one in posture.unread:
        if one.action == action and one.resource in (resource, "*") and (not region or one.region in (region, "")):
            return one
    return None


def refused(posture: Posture, action: str, resource: str, regions: Iterable[str]) -> str:
    """Why ``action`` on ``resource`` gave nothing in one of ``regions``, in words; "" where it was never refused there."""
    found = (unread(posture, action, resource, region) for region in regions)
    return next((f"{one.why} for {one.action} on {one.resource} in {one.region or 'the account'}" for one in found if one), "")
