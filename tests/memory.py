"""Ports in memory, for tests of the flows: one bucket with faults by key, CloudTrail's keys, a tagger.

``MemoryStore`` is an ``ObjectStore`` and an ``ArchiveStore``: versions are kept, puts are create-only, and
``fail(key, DENIED | UNAVAILABLE | COLD)`` makes reads of one key (or a listing below one prefix) fail as S3 would.
Everything a flow did is in ``reads``, ``listings`` and ``puts``, so that "each object is read once" can be asserted.
"""

import bisect
import datetime as dt
import hashlib
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from itemtrail.errors import AccessDenied, ColdStorage, ConfigurationError, ItemtrailError, NotFound, SourceUnavailable
from itemtrail.model import KeptVersion, ObjectInfo, PublicKey, StoredObject

EPOCH = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


class Fault(StrEnum):
    """What a read or a listing meets instead of an answer."""

    DENIED = "denied"
    UNAVAILABLE = "unavailable"
    COLD = "cold"
    GONE = "gone"  # listed, and then the service says 404
    REFUSED = "refused"  # 400: encrypted with a customer's key


@dataclass(frozen=True, slots=True)
class _Version:
    body: bytes
    metadata: Mapping[str, str]
    modified: dt.datetime
    version_id: str | None
    content_type: str = ""
    locked: bool = False
    deleted: bool = False  # a delete marker


@dataclass
class MemoryStore:
    """One bucket. ``versioned`` gives version ids ``v1``, ``v2`` …; ``clock`` is the LastModified of what is put next."""

    name: str = "s3://memory"
    versioned: bool = True
    clock: dt.datetime = EPOCH
    reads: list[str] = field(default_factory=list)
    listings: list[str] = field(default_factory=list)
    puts: list[str] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._objects: dict[str, list[_Version]] = {}
        self._faults: dict[str, Fault] = {}
        self._lock = threading.Lock()
        self._count = 0

    # How a test fills and damages the bucket.

    def put(
        self,
        key: str,
        body: bytes | Path,
        *,
        metadata: Mapping[str, str] | None = None,
        at: dt.datetime | None = None,
        content_type: str = "",
    ) -> None:
        """Put as anybody may: a new current version. As a ``DerivedStore`` too: a test sees by the key whether it was derived."""
        content = body.read_bytes() if isinstance(body, Path) else body
        self._add(key, _Version(content, dict(metadata or {}), at or self.clock, self._next_id(), content_type))

    def replace(self, key: str, body: bytes | None = None, *, metadata: Mapping[str, str] | None = None) -> None:
        """Overwrite body or metadata, keeping the other and the time."""
        old = self._objects[key][-1]
        kept = old.metadata if metadata is None else dict(metadata)
        self._add(key, _Version(old.body if body is None else body, kept, old.modified, self._next_id()))

    def delete(self, key: str) -> None:
        """Remove the object with its versions."""
        del self._objects[key]

    def mark_deleted(self, key: str, *, at: dt.datetime | None = None) -> None:
        """Delete as S3 does where versions are kept: a delete marker on top."""
        self._add(key, _Version(b"", {}, at or self.clock, self._next_id(), deleted=True))

    def fail(self, key: str, fault: Fault) -> None:
        """Reads of ``key``, and listings of the prefix ``key``, meet ``fault`` from now on."""
        self._faults[key] = fault

    def mend(self, key: str) -> None:
        """Take the fault away."""
        del self._faults[key]

    def keys(self, prefix: str = "") -> list[str]:
        """Current keys in order."""
        return sorted(key for key, found in self._objects.items() if key.startswith(prefix) and not found[-1].deleted)

    def body(self, key: str) -> bytes:
        """Current bytes, without counting as a read."""
        return self._objects[key][-1].body

    def metadata(self, key: str) -> dict[str, str]:
        """Current user metadata."""
        return dict(self._objects[key][-1].metadata)

    def versions(self, key: str) -> int:
        """How many versions the key has."""
        return len(self._objects.get(key, []))

    def locked(self, key: str) -> bool:
        """Whether the current version was put under retention."""
        return self._objects[key][-1].locked

    # ObjectStore.

    def list(self, prefix: str, *, start_after: str = "") -> Iterator[ObjectInfo]:
        """Current objects under ``prefix`` in key order."""
        self.listings.append(prefix)
        self._meet(prefix, "s3:ListBucket")
        keys = self.keys(prefix)
        for key in keys[bisect.bisect_right(keys, start_after) :]:
            if key in self._objects:
                yield self._info(key, self._objects[key][-1])

    def list_versions(self, prefix: str, *, start_after: str = "") -> Iterator[KeptVersion]:
        """Every version and delete marker under ``prefix``, in key order, of each key the newest first."""
        self.listings.append(prefix)
        self._meet(prefix, "s3:ListBucketVersions")
        for key in sorted(key for key in self._objects if key.startswith(prefix) and key > start_after):
            kept = self._objects.get(key, [])
            for version in reversed(kept):
                etag, latest = "" if version.deleted else _etag(version.body), version is kept[-1]
                name = version.version_id or "null"
                yield KeptVersion(key, len(version.body), version.modified, etag, name, latest, version.deleted)

    def list_prefixes(self, prefix: str) -> tuple[str, ...]:
        """Names directly below ``prefix``."""
        self.listings.append(prefix)
        self._meet(prefix, "s3:ListBucket")
        return tuple(sorted({k[len(prefix) :].split("/")[0] for k in self.keys(prefix) if "/" in k[len(prefix) :]}))

    def read(self, key: str, *, version_id: str | None = None) -> StoredObject:
        """The whole object."""
        version = self._version(key, version_id)
        return StoredObject(
            key=key,
            body=version.body,
            metadata=dict(version.metadata),
            content_type=version.content_type,
            last_modified=version.modified,
            etag=_etag(version.body),
            version_id=version.version_id,
        )

    def read_range(self, key: str, start: int, length: int, *, version_id: str | None = None) -> bytes:
        """Exactly ``length`` bytes from ``start``."""
        part = self._version(key, version_id).body[start : start + length]
        if len(part) != length:
            raise SourceUnavailable(f"{self.name}/{key}: {len(part)} bytes came for {length}.")
        return part

    def download(self, key: str, to: Path, *, version_id: str | None = None) -> str:
        """Write the object into ``to``; returns its SHA-256."""
        body = self._version(key, version_id).body
        to.write_bytes(body)
        return hashlib.sha256(body).hexdigest()

    def head(self, key: str, *, version_id: str | None = None) -> ObjectInfo:
        """Size, time, version."""
        return self._info(key, self._version(key, version_id))

    # ArchiveStore and ProvenTagger.

    def put_new(self, key: str, body: bytes | Path, *, locked: bool, content_type: str = "application/octet-stream") -> bool:
        """Create-only put; False if the key exists."""
        self._meet(key, "s3:PutObject")
        content = body.read_bytes() if isinstance(body, Path) else body
        with self._lock:
            if key in self._objects and not self._objects[key][-1].deleted:
                return False
            self.puts.append(key)
            version = _Version(content, {}, self.clock, self._id_unlocked(), content_type, locked)
            self._objects.setdefault(key, []).append(version)
        return True

    def tag_proven(self, key: str, *, version_id: str | None) -> None:
        """Set ``itemtrail=proven``."""
        self._meet(key, "s3:PutObjectTagging")
        if key not in self._objects:
            raise NotFound(f"{self.name}/{key} does not exist.")
        self.tags[key] = version_id or ""

    # Inside.

    def _add(self, key: str, version: _Version) -> None:
        with self._lock:
            kept = self._objects.setdefault(key, [])
            if not self.versioned:
                kept.clear()
            kept.append(version)

    def _next_id(self) -> str | None:
        with self._lock:
            return self._id_unlocked()

    def _id_unlocked(self) -> str | None:
        self._count += 1
        return f"v{self._count}" if self.versioned else None

    def _version(self, key: str, version_id: str | None) -> _Version:
        with self._lock:
            self.reads.append(key)
        self._meet(key, "s3:GetObject")
        for version in reversed(self._objects.get(key, [])):
            if version_id is None or (version.version_id or "null") == version_id:
                if version.deleted:
                    break
                return version
        raise NotFound(f"{self.name}/{key} does not exist.")

    def _meet(self, key: str, action: str) -> None:
        fault = self._faults.get(key)
        if fault:
            raise _error(fault, action, f"{self.name}/{key}")

    def _info(self, key: str, version: _Version) -> ObjectInfo:
        return ObjectInfo(key, len(version.body), version.modified, _etag(version.body), version.version_id)


@dataclass
class MemoryKeys:
    """``PublicKeys`` over a list; ``asked`` records (Region, start, end) of each call."""

    all: list[PublicKey]
    fault: Fault | None = None
    asked: list[tuple[str, dt.datetime, dt.datetime]] = field(default_factory=list)

    def keys(self, region: str, start: dt.datetime, end: dt.datetime) -> tuple[PublicKey, ...]:
        """Keys of ``region`` whose validity overlaps ``[start, end]``."""
        self.asked.append((region, start, end))
        if self.fault:
            raise _error(self.fault, "cloudtrail:ListPublicKeys", region)
        return tuple(k for k in self.all if k.region == region and k.valid_from <= end and k.valid_to >= start)


def _error(fault: Fault, action: str, resource: str) -> ItemtrailError:
    match fault:
        case Fault.DENIED:
            return AccessDenied(action, resource)
        case Fault.COLD:
            return ColdStorage(
                f"{resource} is in cold storage.", advice="`itemtrail restore --plan` plans its restore; then run again."
            )
        case Fault.REFUSED:
            return ConfigurationError(
                f"{action} on {resource} was refused: InvalidRequest.", advice="mend what the service names."
            )
        case Fault.GONE:
            return NotFound(f"{resource} does not exist.")
        case Fault.UNAVAILABLE:
            return SourceUnavailable(f"{resource}: the service answered 503.", advice="run again later.")


def _etag(body: bytes) -> str:
    return hashlib.md5(body, usedforsecurity=False).hexdigest()
