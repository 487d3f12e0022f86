"""One bucket as a ``ColdStore``: classes and restores by listing, requests by RestoreObject.

Decides: a listing tells class and restore of a thousand objects at once (``OptionalObjectAttributes``), so that whoever restores
need not be allowed to read anything; "under way already", "restored already" and "readable anyway" are no failures. Refuses to
restore what is in no Glacier class: S3 refuses it.
Source: S3 API reference, RestoreObject, ListObjectsV2 and RestoreStatus, read 2026-11-24.
"""

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from itemtrail.aws.errors import translated
from itemtrail.errors import SourceUnavailable
from itemtrail.model import Archived

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

ACTIONS = ("s3:ListBucket", "s3:RestoreObject")
# Under way; readable in Intelligent-Tiering; in a class that needs no restore (of this call S3 says so by InvalidObjectState).
_THERE = ("RestoreAlreadyInProgress", "ObjectAlreadyInActiveTierError", "InvalidObjectState")
_NO_CAPACITY = "GlacierExpeditedRetrievalNotAvailable"
_EXTENDED = 200  # the copy was there: S3 moved its expiry; 202 is a new restore


class S3ColdStore:
    """``ColdStore`` over boto3."""

    def __init__(self, client: "S3Client", bucket: str, region: str, *, root: str = "") -> None:
        self.region = region
        self._client = client
        self._bucket = bucket
        self._root = f"{root}/" if root else ""

    @property
    def name(self) -> str:
        """``s3://bucket/root``."""
        return f"s3://{self._bucket}/{self._root}".rstrip("/")

    def list(self, prefix: str, *, start_after: str) -> Iterator[Archived]:
        """Current objects under ``prefix`` behind ``start_after``, in key order."""
        with translated("s3:ListBucket", f"s3://{self._bucket}/{self._root}{prefix}"):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket,
                Prefix=self._root + prefix,
                StartAfter=self._root + start_after,
                OptionalObjectAttributes=["RestoreStatus"],
            )
            for page in pages:
                for found in page.get("Contents", []):
                    yield _archived(found["Key"][len(self._root) :], found)

    def request(self, key: str, *, days: int, tier: str) -> bool:
        """Ask for a temporary copy of the current version; False where one is there, or under way, already.

        Raises:
            NotFound, AccessDenied, SourceUnavailable (also where Expedited has no capacity), ConfigurationError.
        """
        wanted: Any = {"Days": days, "GlacierJobParameters": {"Tier": tier}}
        with translated("s3:RestoreObject", f"{self.name}/{key}"):
            try:
                answer = self._client.restore_object(Bucket=self._bucket, Key=self._root + key, RestoreRequest=wanted)
            except ClientError as error:
                code = error.response.get("Error", {}).get("Code")
                if code in _THERE:
                    return False
                if code == _NO_CAPACITY:
                    raise SourceUnavailable(
                        f"{self.name}/{key}: S3 has no capacity for Expedited now.", advice="take the tier Standard."
                    ) from error
                raise
        return answer["ResponseMetadata"]["HTTPStatusCode"] != _EXTENDED


def _archived(key: str, found: Any) -> Archived:
    status = found.get("RestoreStatus") or {}
    until = status.get("RestoreExpiryDate")
    return Archived(
        key=key,
        size=found["Size"],
        etag=found["ETag"].strip('"'),
        storage_class=found.get("StorageClass") or "STANDARD",
        restoring=bool(status.get("IsRestoreInProgress")),
        readable_until=until.astimezone(dt.UTC) if until else None,
        last_modified=found["LastModified"].astimezone(dt.UTC),
    )
