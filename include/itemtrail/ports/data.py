"""What a flow needs to read and to add, as Protocols. Adapters: ``itemtrail.aws``; tests use in-memory ones.

Every method raises only ``itemtrail.errors``: ``NotFound`` where the service says so, ``AccessDenied`` with the IAM action,
``SourceUnavailable`` for anything that may pass, ``ConfigurationError`` for a bucket or trail that does not exist.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

from itemtrail.model import KeptVersion, LoggingStatus, ObjectInfo, PublicKey, StoredObject, TrailRef


class ObjectStore(Protocol):
    """One bucket, or one root prefix in it. Keys are relative to that root."""

    @property
    def name(self) -> str:
        """How people call it: ``s3://bucket/root``."""

    def list(self, prefix: str, *, start_after: str = "") -> Iterator[ObjectInfo]:
        """Current objects under ``prefix`` in key order; ``version_id`` is None where the bucket keeps no versions."""

    def list_versions(self, prefix: str, *, start_after: str = "") -> Iterator[KeptVersion]:
        """Every version and delete marker under ``prefix``, in key order, of each key the newest first."""

    def list_prefixes(self, prefix: str) -> tuple[str, ...]:
        """Names directly below ``prefix`` (Delimiter ``/``), without the trailing slash, sorted."""

    def read(self, key: str, *, version_id: str | None = None) -> StoredObject:
        """The whole object, bytes as stored. Body reads are retried; a short read never returns."""

    def read_range(self, key: str, start: int, length: int, *, version_id: str | None = None) -> bytes:
        """Exactly ``length`` bytes from ``start``."""

    def download(self, key: str, to: Path, *, version_id: str | None = None) -> str:
        """Stream the object into ``to``; returns its SHA-256."""

    def head(self, key: str, *, version_id: str | None = None) -> ObjectInfo:
        """Size, time, version of an object."""


class ArchiveStore(ObjectStore, Protocol):
    """A store that can be added to, never rewritten."""

    def put_new(self, key: str, body: bytes | Path, *, locked: bool, content_type: str = "application/octet-stream") -> bool:
        """Create-only put (``If-None-Match: *``) with a SHA-256 checksum; True if created, False if the key exists (412).

        ``locked`` puts per-object retention (the store's configured mode and days) on the new version.
        ``body`` as a Path is streamed (multipart above the part size).
        """


class DerivedStore(ArchiveStore, Protocol):
    """An archive in which what is derived (``changes/``, ``coverage/``) can be replaced."""

    def put(self, key: str, body: bytes | Path, *, content_type: str = "application/octet-stream") -> None:
        """Put, replacing what is there; never under retention.

        Raises:
            ValueError: the key is not below ``changes/`` or ``coverage/``: everything else in an archive is evidence.
        """


class ProvenTagger(Protocol):
    """Marks what may expire: sets the tag ``itemtrail=proven`` on exactly the version that was archived."""

    def tag_proven(self, key: str, *, version_id: str | None) -> None:
        """Set the tag, keeping other tags."""


class TrailApi(Protocol):
    """Reading a trail. Writing it is the setup flow's own port."""

    def describe(self, name_or_arn: str) -> TrailRef:
        """GetTrail; ``ConfigurationError`` where it does not exist."""

    def status(self, trail: TrailRef, *, region: str | None = None) -> LoggingStatus:
        """GetTrailStatus, asked in ``region`` (home Region by default)."""

    def regions(self) -> tuple[str, ...]:
        """Regions enabled for the account (DescribeRegions or account:ListRegions)."""


class PublicKeys(Protocol):
    """ListPublicKeys, always asked in the digest's own Region."""

    def keys(self, region: str, start: dt.datetime, end: dt.datetime) -> tuple[PublicKey, ...]:
        """Keys whose validity overlaps ``[start, end]``."""


class Notifier(Protocol):
    """Where an alert goes."""

    def publish(self, subject: str, message: str, attributes: Mapping[str, str]) -> None:
        """Send one alert."""
