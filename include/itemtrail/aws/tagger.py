"""Marks in the trail bucket what may expire: the tag ``itemtrail=proven`` on exactly the version that was archived.

Keeps other tags. Refuses to tag where ten tags are already set. Source: Amazon S3 API reference, PutObjectTagging (replaces the
whole set; no new version; at most ten tags), read 2026-11-24.
"""

from typing import TYPE_CHECKING, Any

from itemtrail.aws.errors import translated
from itemtrail.errors import ConfigurationError

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

TAG = ("itemtrail", "proven")
ACTIONS = ("s3:GetObjectTagging", "s3:GetObjectVersionTagging", "s3:PutObjectTagging", "s3:PutObjectVersionTagging")
_MOST_TAGS = 10


class S3Tagger:
    """``ProvenTagger`` over boto3."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def tags(self, key: str) -> frozenset[tuple[str, str]]:
        """The tags of the current version."""
        with translated("s3:GetObjectTagging", f"s3://{self._bucket}/{key}"):
            answer = self._client.get_object_tagging(Bucket=self._bucket, Key=key)
        return frozenset((tag["Key"], tag["Value"]) for tag in answer["TagSet"])

    def tag_proven(self, key: str, *, version_id: str | None) -> None:
        """Set the tag on one version; nothing is written where it is set already."""
        where: Any = {"Bucket": self._bucket, "Key": key} | ({"VersionId": version_id} if version_id else {})
        resource = f"s3://{self._bucket}/{key}"
        with translated("s3:GetObjectVersionTagging", resource):
            tags = {tag["Key"]: tag["Value"] for tag in self._client.get_object_tagging(**where)["TagSet"]}
        if tags.get(TAG[0]) == TAG[1]:
            return
        tags[TAG[0]] = TAG[1]
        if len(tags) > _MOST_TAGS:
            raise ConfigurationError(f"{resource} has ten tags already.", advice="remove one, or set archive.tag_proven = false.")
        with translated("s3:PutObjectVersionTagging", resource):
            self._client.put_object_tagging(**where, Tagging={"TagSet": [{"Key": k, "Value": v} for k, v in tags.items()]})
