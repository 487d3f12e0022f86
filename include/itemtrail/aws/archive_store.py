"""The archive bucket: a store that can be added to, never rewritten.

Decides: every put of evidence is create-only (``If-None-Match: *``), carries a SHA-256 that S3 checks, and, where asked,
retention on the new version. Refuses to delete, and to overwrite anything but what is derived (``changes/``, ``coverage/``).
Large files go up in parts; the condition is checked when they are completed, and an upload that lost is aborted.
Source: Amazon S3 user guide, "Conditional writes", "Object Lock", "Checking object integrity", read 2026-11-24.
"""

import contextlib
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from itemtrail.aws.errors import is_precondition_failed, is_upload_gone, translated
from itemtrail.aws.store import ReadOptions, S3Store
from itemtrail.errors import SourceUnavailable

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

ACTIONS = ("s3:PutObject", "s3:PutObjectRetention", "s3:AbortMultipartUpload")
_PART_BYTES = 64 << 20
_SINGLE_PUT_BYTES = 64 << 20
_CONFLICT_ATTEMPTS = 5
_DERIVED = ("changes/", "coverage/")


@dataclass(frozen=True, slots=True)
class Retention:
    """Object Lock retention of new versions: mode and how long from the put."""

    mode: str
    period: dt.timedelta


def _utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class S3Archive(S3Store):
    """``ArchiveStore`` over S3. ``retention`` None puts no lock; ``clock`` dates the retention only."""

    def __init__(
        self,
        client: "S3Client",
        reads: ReadOptions,
        bucket: str,
        *,
        root: str = "",
        retention: Retention | None = None,
        clock: Callable[[], dt.datetime] = _utc_now,
    ) -> None:
        super().__init__(client, reads, bucket, root=root)
        self._retention = retention
        self._clock = clock

    def put_new(self, key: str, body: bytes | Path, *, locked: bool, content_type: str = "application/octet-stream") -> bool:
        """Create-only put; True if created, False if the key exists.

        Raises:
            AccessDenied, SourceUnavailable, ConfigurationError (for example a bucket without Object Lock).
        """
        request = self._request(key, None) | {"ContentType": content_type, "ChecksumAlgorithm": "SHA256"}
        if locked and self._retention:
            request["ObjectLockMode"] = self._retention.mode
            request["ObjectLockRetainUntilDate"] = self._clock() + self._retention.period
        for _ in range(_CONFLICT_ATTEMPTS):
            try:
                with translated("s3:PutObject", f"{self.name}/{key}"):
                    return self._put_once(request, body)
            except SourceUnavailable as error:
                # 409: another conditional put of this key was under way. Source: "Conditional writes", read 2026-11-24.
                if "ConditionalRequestConflict" not in str(error):
                    raise
        raise SourceUnavailable(f"{self.name}/{key}: other writers kept this key busy.", advice="run again.")

    def put(self, key: str, body: bytes | Path, *, content_type: str = "application/octet-stream") -> None:
        """Replace a derived object.

        Raises:
            ValueError: the key is not below ``changes/`` or ``coverage/``. AccessDenied, SourceUnavailable, ConfigurationError.
        """
        if not key.startswith(_DERIVED):
            raise ValueError(f"{key} is evidence: it can be added to, never replaced")
        request = self._request(key, None) | {"ContentType": content_type, "ChecksumAlgorithm": "SHA256"}
        with translated("s3:PutObject", f"{self.name}/{key}"):
            if isinstance(body, bytes):
                self._client.put_object(**request, Body=body)
            else:
                with body.open("rb") as file:
                    self._client.put_object(**request, Body=file)

    def _put_once(self, request: dict[str, Any], body: bytes | Path) -> bool:
        try:
            if isinstance(body, bytes):
                self._client.put_object(**request, Body=body, IfNoneMatch="*")
            elif body.stat().st_size <= _SINGLE_PUT_BYTES:
                with body.open("rb") as file:
                    self._client.put_object(**request, Body=file, IfNoneMatch="*")
            else:
                self._put_parts(request, body)
        except ClientError as error:
            if is_precondition_failed(error) or is_upload_gone(error):
                return False
            raise
        return True

    def _put_parts(self, request: dict[str, Any], body: Path) -> None:
        upload: dict[str, Any] = {"Bucket": request["Bucket"], "Key": request["Key"]}
        upload["UploadId"] = self._client.create_multipart_upload(**request)["UploadId"]
        try:
            with body.open("rb") as file:
                parts = [self._put_part(upload, number, data) for number, data in enumerate(_pieces(file), start=1)]
            self._client.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts}, IfNoneMatch="*")
        except BaseException:
            with contextlib.suppress(ClientError, BotoCoreError):
                self._client.abort_multipart_upload(**upload)
            raise

    def _put_part(self, upload: dict[str, Any], number: int, data: bytes) -> Any:
        answer = self._client.upload_part(**upload, PartNumber=number, Body=data, ChecksumAlgorithm="SHA256")
        checksum = {"ChecksumSHA256": answer["ChecksumSHA256"]} if "ChecksumSHA256" in answer else {}
        return {"PartNumber": number, "ETag": answer["ETag"], **checksum}


def _pieces(file: Any) -> Any:
    while data := file.read(_PART_BYTES):
        yield data
