"""S3 legal holds: every version listed, the hold of one version read and set.

Decides: a version of which S3 says that it has no lock configuration is not held. Refuses to touch retention, and takes no other
refusal for "not held": a bucket without Object Lock is a ``ConfigurationError``.
Source: Amazon S3 API reference, PutObjectLegalHold, GetObjectLegalHold, ListObjectVersions; user guide, "Locking objects with
Object Lock", "Legal holds"; read 2026-11-24.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from itemtrail.aws.errors import translated
from itemtrail.errors import ConfigurationError
from itemtrail.ports.holds import ObjectVersion

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

ACTIONS = ("s3:GetObjectLegalHold", "s3:PutObjectLegalHold")
_NONE = ("NoSuchObjectLockConfiguration", "NoSuchObjectLegalHold")  # the second is SeaweedFS's word for it
_NO_LOCK = ("InvalidRequest", "ObjectLockConfigurationNotFoundError")


class S3LegalHolds:
    """``LegalHolds`` over boto3; keys are relative to ``root``."""

    def __init__(self, client: "S3Client", bucket: str, *, root: str = "") -> None:
        self._client = client
        self._bucket = bucket
        self._root = f"{root}/" if root else ""

    def versions(self, prefix: str) -> Iterator[ObjectVersion]:
        """Every version under ``prefix``, delete markers aside."""
        full = self._root + prefix
        with translated("s3:ListBucketVersions", f"s3://{self._bucket}/{full}"):
            for page in self._client.get_paginator("list_object_versions").paginate(Bucket=self._bucket, Prefix=full):
                for one in page.get("Versions", []):
                    yield ObjectVersion(one["Key"][len(self._root) :], one["VersionId"], one["IsLatest"])

    def folders(self, prefix: str) -> tuple[str, ...]:
        """Names directly below ``prefix``, hidden ones too."""
        full, found = self._root + prefix, set()
        with translated("s3:ListBucketVersions", f"s3://{self._bucket}/{full}"):
            pages = self._client.get_paginator("list_object_versions").paginate(Bucket=self._bucket, Prefix=full, Delimiter="/")
            for page in pages:
                found |= {one["Prefix"][len(full) :].rstrip("/") for one in page.get("CommonPrefixes", [])}
        return tuple(sorted(found))

    def held(self, key: str, version_id: str) -> bool:
        """Whether the version is under legal hold."""
        with translated("s3:GetObjectLegalHold", self._name(key)):
            try:
                answer = self._client.get_object_legal_hold(**self._where(key, version_id))
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") in _NONE:
                    return False
                raise self._without_lock(error) or error from error
        return answer.get("LegalHold", {}).get("Status") == "ON"

    def hold(self, key: str, version_id: str, *, on: bool) -> None:
        """Set the version's legal hold."""
        with translated("s3:PutObjectLegalHold", self._name(key)):
            try:
                self._client.put_object_legal_hold(
                    **self._where(key, version_id), LegalHold={"Status": "ON" if on else "OFF"}, ChecksumAlgorithm="SHA256"
                )
            except ClientError as error:
                raise self._without_lock(error) or error from error

    def _without_lock(self, error: ClientError) -> ConfigurationError | None:
        if error.response.get("Error", {}).get("Code") not in _NO_LOCK:
            return None
        return ConfigurationError(
            f"s3://{self._bucket} takes no legal hold: {error.response['Error'].get('Message', '')}.",
            advice="the bucket must be made with Object Lock (itemtrail setup does); copy the archive into one that was.",
        )

    def _where(self, key: str, version_id: str) -> Any:
        return {"Bucket": self._bucket, "Key": self._root + key, "VersionId": version_id}

    def _name(self, key: str) -> str:
        return f"s3://{self._bucket}/{self._root}{key}"
