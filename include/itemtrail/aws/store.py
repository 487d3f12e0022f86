"""One bucket as an ``ObjectStore``: bulk reads by obstore (a tenth of boto3's CPU a GET), listings by boto3.

Decides: what is retried (a body that breaks off is read again, which botocore would not do), that a read is whole or an error,
and that listings come from ListObjectVersions, so that each object is named by the exact version that was there. Refuses to
inflate, to read by obstore a key that it would rewrite (boto3 does), and to fork: obstore hangs after a fork (docs/adr/0040).
Source: Amazon S3 API reference, GetObject and ListObjectVersions, read 2026-11-24.
"""

import datetime as dt
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import obstore
from botocore.exceptions import BotoCoreError

from itemtrail.aws.errors import translated
from itemtrail.errors import ColdStorage, SourceUnavailable
from itemtrail.model import KeptVersion, ObjectInfo, StoredObject

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

_Read = TypeVar("_Read")
LIST_ACTIONS = ("s3:ListBucket", "s3:ListBucketVersions")
READ_ACTIONS = ("s3:GetObject", "s3:GetObjectVersion")
_ATTEMPTS = 4
_CHUNK = 8 << 20
# obstore would refuse or rewrite other keys; CloudTrail's own keys are all of these letters.
_PLAIN_KEY = re.compile(r"[A-Za-z0-9!_.'()*=+@,-]+(/[A-Za-z0-9!_.'()*=+@,-]+)*")


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What obstore needs to read one bucket. ``credentials`` is called for fresh ones."""

    credentials: Any = field(repr=False)
    region: str
    endpoint_url: str | None = None


class S3Store:
    """Reads one bucket, or one root prefix in it; keys are relative to that root."""

    def __init__(self, client: "S3Client", reads: ReadOptions, bucket: str, *, root: str = "") -> None:
        self.bucket = bucket
        self._client = client
        self._options = reads
        self._root = f"{root}/" if root else ""

    @property
    def name(self) -> str:
        """``s3://bucket/root``."""
        return f"s3://{self.bucket}/{self._root}".rstrip("/")

    def list(self, prefix: str, *, start_after: str = "") -> Iterator[ObjectInfo]:
        """Current objects under ``prefix`` in key order, each with its version id (None where the bucket keeps none)."""
        full = self._root + prefix
        marker = self._root + start_after if start_after > prefix else ""
        for page in self._pages(full, marker=marker):
            for version in page.get("Versions", []):
                key = version["Key"][len(self._root) :]
                if version["IsLatest"] and key > start_after:
                    yield _info(key, version)

    def list_versions(self, prefix: str, *, start_after: str = "") -> Iterator[KeptVersion]:
        """Every version and delete marker under ``prefix``, in key order, of each key the newest first."""
        marker = self._root + start_after if start_after > prefix else ""
        for page in self._pages(self._root + prefix, marker=marker):
            found = [self._kept(one, deleted=False) for one in page.get("Versions", [])]
            found += [self._kept(one, deleted=True) for one in page.get("DeleteMarkers", [])]
            found.sort(key=lambda v: (v.key, not v.latest, -v.last_modified.timestamp()))
            yield from (version for version in found if version.key > start_after)

    def _kept(self, version: Mapping[str, Any], *, deleted: bool) -> KeptVersion:
        return KeptVersion(
            key=version["Key"][len(self._root) :],
            size=version.get("Size", 0),
            last_modified=version["LastModified"].astimezone(dt.UTC),
            etag=version.get("ETag", "").strip('"'),
            version_id=version.get("VersionId") or "null",
            latest=version["IsLatest"],
            deleted=deleted,
        )

    def list_prefixes(self, prefix: str) -> tuple[str, ...]:
        """Names directly below ``prefix``, without the trailing slash, sorted."""
        full = self._root + prefix
        found: list[str] = []
        with translated("s3:ListBucket", f"s3://{self.bucket}/{full}"):
            paginator = self._client.get_paginator("list_objects_v2")
            for page in paginator.paginate(Bucket=self.bucket, Prefix=full, Delimiter="/"):
                found += [p["Prefix"][len(full) :].rstrip("/") for p in page.get("CommonPrefixes", [])]
        return tuple(sorted(found))

    def read(self, key: str, *, version_id: str | None = None) -> StoredObject:
        """The whole object, bytes as stored.

        Raises:
            NotFound, AccessDenied, ColdStorage, SourceUnavailable, ConfigurationError.
        """
        return self._whole(key, version_id, lambda: self._get(key, version_id))

    def read_range(self, key: str, start: int, length: int, *, version_id: str | None = None) -> bytes:
        """Exactly ``length`` bytes from ``start``.

        Raises:
            SourceUnavailable: the object ends before; other errors as ``read``.
        """
        if length == 0:
            return b""

        def attempt() -> bytes:
            if not self._is_plain(key):
                span = f"bytes={start}-{start + length - 1}"
                return self._client.get_object(**self._request(key, version_id), Range=span)["Body"].read()
            options = _get_options(version_id) | {"range": (start, start + length)}
            return bytes(obstore.get(self._objects, self._root + key, options=options).bytes())

        body = self._whole(key, version_id, attempt)
        if len(body) != length:
            raise SourceUnavailable(f"{self.name}/{key}: {len(body)} bytes came for {length}.", advice="run again.")
        return body

    def download(self, key: str, to: Path, *, version_id: str | None = None) -> str:
        """Stream the object into ``to``; returns the SHA-256 of what was written."""

        def attempt() -> str:
            if not self._is_plain(key):
                stored = self._get(key, version_id)
                to.write_bytes(stored.body)
                return hashlib.sha256(stored.body).hexdigest()
            result = obstore.get(self._objects, self._root + key, options=_get_options(version_id))
            return _write(result.stream(min_chunk_size=_CHUNK), to, result.meta["size"], f"{self.name}/{key}")

        return self._whole(key, version_id, attempt)

    def head(self, key: str, *, version_id: str | None = None) -> ObjectInfo:
        """Size, time and version of an object."""
        with translated("s3:GetObject", f"{self.name}/{key}"):
            answer = self._client.head_object(**self._request(key, version_id))
        return ObjectInfo(
            key=key,
            size=answer["ContentLength"],
            last_modified=answer["LastModified"].astimezone(dt.UTC),
            etag=answer["ETag"].strip('"'),
            version_id=_version(answer.get("VersionId")),
        )

    @cached_property
    def _objects(self) -> Any:
        from obstore.store import S3Store as ObjectReader

        options = self._options
        endpoint: dict[str, Any] = {"endpoint": options.endpoint_url} if options.endpoint_url else {}
        return ObjectReader(
            self.bucket,
            region=options.region,
            credential_provider=options.credentials,
            virtual_hosted_style_request=False,
            client_options={
                "allow_http": bool(options.endpoint_url and options.endpoint_url.startswith("http://")),
                "connect_timeout": dt.timedelta(seconds=10),
                "read_timeout": dt.timedelta(seconds=60),
                "timeout": dt.timedelta(minutes=10),
                "user_agent": "itemtrail",
            },
            retry_config={"max_retries": 5, "retry_timeout": dt.timedelta(seconds=60)},
            **endpoint,
        )

    def _get(self, key: str, version_id: str | None) -> StoredObject:
        if not self._is_plain(key):
            return self._get_by_client(key, version_id)
        result = obstore.get(self._objects, self._root + key, options=_get_options(version_id))
        meta, body = result.meta, bytes(result.bytes())
        if len(body) != meta["size"]:
            raise _short(f"{self.name}/{key}", len(body), meta["size"])
        headers = {str(k): str(v) for k, v in result.attributes.items()}
        return StoredObject(
            key=key,
            body=body,
            metadata={k: v for k, v in headers.items() if k == k.lower()},
            content_type=headers.get("Content-Type", ""),
            content_encoding=headers.get("Content-Encoding", ""),
            last_modified=meta["last_modified"].astimezone(dt.UTC),
            etag=(meta["e_tag"] or "").strip('"'),
            version_id=_version(meta["version"]),
        )

    def _get_by_client(self, key: str, version_id: str | None) -> StoredObject:
        answer = self._client.get_object(**self._request(key, version_id))
        return StoredObject(
            key=key,
            body=answer["Body"].read(),
            metadata={k.lower(): v for k, v in answer["Metadata"].items()},
            content_type=answer.get("ContentType", ""),
            content_encoding=answer.get("ContentEncoding", ""),
            last_modified=answer["LastModified"].astimezone(dt.UTC),
            etag=answer["ETag"].strip('"'),
            version_id=_version(answer.get("VersionId")),
        )

    def _whole(self, key: str, version_id: str | None, attempt: Callable[[], _Read]) -> _Read:
        """Run a read until it is whole: body reads are not retried by botocore, and obstore gives up on some."""
        for left in reversed(range(_ATTEMPTS)):
            try:
                with translated("s3:GetObjectVersion" if version_id else "s3:GetObject", f"{self.name}/{key}"):
                    return attempt()
            except SourceUnavailable as error:
                if left == 0 or not _broke_off(error):
                    raise
        raise AssertionError("unreachable")

    def _pages(self, prefix: str, *, marker: str) -> Iterator[Any]:
        with translated("s3:ListBucketVersions", f"s3://{self.bucket}/{prefix}"):
            paginator = self._client.get_paginator("list_object_versions")
            start: dict[str, Any] = {"KeyMarker": marker} if marker else {}
            yield from paginator.paginate(Bucket=self.bucket, Prefix=prefix, **start)

    def _request(self, key: str, version_id: str | None) -> Any:
        version = {"VersionId": version_id} if version_id else {}
        return {"Bucket": self.bucket, "Key": self._root + key, **version}

    def _is_plain(self, key: str) -> bool:
        full = self._root + key
        return _PLAIN_KEY.fullmatch(full) is not None and not {".", ".."} & set(full.split("/"))


def _get_options(version_id: str | None) -> Any:
    return {"version": version_id} if version_id else {}


def _write(chunks: Any, to: Path, size: int, name: str) -> str:
    digest, written = hashlib.sha256(), 0
    with to.open("wb") as file:
        for chunk in chunks:
            digest.update(chunk)
            written += file.write(chunk)
    if written != size:
        raise _short(name, written, size)
    return digest.hexdigest()


def _broke_off(error: SourceUnavailable) -> bool:
    """Whether the connection, not the service, failed: the service's own refusals were retried below us already."""
    if isinstance(error, ColdStorage):
        return False
    cause = error.__cause__
    return cause is None or isinstance(cause, BotoCoreError) or "body" in str(cause).lower()


def _short(name: str, got: int, wanted: int) -> SourceUnavailable:
    return SourceUnavailable(f"{name}: {got} of {wanted} bytes came.", advice="run again.")


def _info(key: str, version: Mapping[str, Any]) -> ObjectInfo:
    return ObjectInfo(
        key=key,
        size=version["Size"],
        last_modified=version["LastModified"].astimezone(dt.UTC),
        etag=version["ETag"].strip('"'),
        version_id=_version(version.get("VersionId")),
    )


def _version(value: str | None) -> str | None:
    return None if value in (None, "", "null") else value
