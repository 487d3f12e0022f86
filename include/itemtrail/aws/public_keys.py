"""CloudTrail's public keys, asked in the digest's own Region.

Refuses to judge a key: value, fingerprint and validity are handed on as they came.
Source: CloudTrail API reference, ListPublicKeys, read 2026-11-24.
"""

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from itemtrail.aws.errors import translated
from itemtrail.model import PublicKey

if TYPE_CHECKING:
    from types_boto3_cloudtrail import CloudTrailClient

ACTIONS = ("cloudtrail:ListPublicKeys",)


class CloudTrailKeys:
    """``PublicKeys`` over boto3. ``client`` makes a client for (service, Region)."""

    def __init__(self, client: Callable[[str, str], Any]) -> None:
        self._client = client

    def keys(self, region: str, start: dt.datetime, end: dt.datetime) -> tuple[PublicKey, ...]:
        """Keys whose validity overlaps ``[start, end]``, in the order they came."""
        cloudtrail: CloudTrailClient = self._client("cloudtrail", region)
        found: list[PublicKey] = []
        with translated("cloudtrail:ListPublicKeys", f"CloudTrail's public keys in {region}"):
            for page in cloudtrail.get_paginator("list_public_keys").paginate(StartTime=start, EndTime=end):
                found += [_key(item, region) for item in page.get("PublicKeyList", [])]
        return tuple(found)


def _key(item: Any, region: str) -> PublicKey:
    return PublicKey(
        fingerprint=item["Fingerprint"],
        value=bytes(item["Value"]),
        region=region,
        valid_from=item["ValidityStartTime"].astimezone(dt.UTC),
        valid_to=item["ValidityEndTime"].astimezone(dt.UTC),
    )
