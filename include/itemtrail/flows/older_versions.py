"""What a versioned bucket still holds of an object that was deleted or overwritten, and the proof that it is the one.

Decides: a listing of versions comes down to one ``History`` a key; an older version counts only if it is proven by itself (a
digest by its signature, a log by the hash that a proven digest records), so nobody can plant one. What happened to the key is
told with its time and version: ``RECOVERED_DELETED``, ``RECOVERED_OVERWRITTEN``. ``BYTES_DIFFER``: the current version is proven,
and another has other stored bytes. Refuses to read more than ten older versions of a key, or to
hold more: the newest nine, and the oldest, which is what was delivered. Source: Amazon S3 user guide, "Deleting object
versions from a versioning-enabled bucket", and API reference, ListObjectVersions, read 2026-11-24. Decided in docs/adr/0027.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from itemtrail.core.reasons import Reason
from itemtrail.errors import ConfigurationError, NotFound, SourceUnavailable
from itemtrail.model import KeptVersion, ObjectInfo, StoredObject
from itemtrail.ports.data import ObjectStore

MOST_VERSIONS = 10


@dataclass(frozen=True, slots=True)
class History:
    """A key's current object (None where it is deleted or never was), its delete marker, and its older versions, newest first."""

    key: str
    current: KeptVersion | None
    marker: KeptVersion | None
    older: tuple[KeptVersion, ...]

    @property
    def info(self) -> ObjectInfo | None:
        """The current object as a plain listing shows it."""
        return as_info(self.current) if self.current else None

    @property
    def recovered(self) -> Reason:
        """What it means that an older version is the proven one."""
        return Reason.RECOVERED_OVERWRITTEN if self.current else Reason.RECOVERED_DELETED

    def told(self, proven: KeptVersion, problem: str = "") -> str:
        """What happened, for a verdict's detail."""
        if self.current:
            why = f", {problem}" if problem else ""
            what = f"overwritten {self.current.last_modified:%Y-%m-%dT%H:%M:%SZ} (version {self.current.version_id}{why})"
        elif self.marker:
            what = f"deleted {self.marker.last_modified:%Y-%m-%dT%H:%M:%SZ} (delete marker {self.marker.version_id})"
        else:
            what = "its newest version is gone"
        return f"{what}; version {proven.version_id} is proven"


def as_info(one: KeptVersion) -> ObjectInfo:
    """A version as a plain listing shows it."""
    return ObjectInfo(one.key, one.size, one.last_modified, one.etag, None if one.version_id == "null" else one.version_id)


def histories(versions: Iterable[KeptVersion]) -> Iterator[History]:
    """A listing of versions, by key."""
    for key, group in groupby(versions, key=lambda version: version.key):
        latest: KeptVersion | None = None
        kept: list[KeptVersion] = []
        for one in group:
            if one.latest:
                latest = one
            elif not one.deleted:
                kept[MOST_VERSIONS - 1 :] = [one]  # the newest nine, and the oldest: whoever overwrites often cannot hide it
        deleted = latest is not None and latest.deleted
        yield History(key, None if deleted else latest, latest if deleted else None, tuple(kept))


def older_objects(store: ObjectStore, history: History, *, max_bytes: int) -> Iterator[tuple[KeptVersion, StoredObject]]:
    """The older versions that can be read, newest first. One that cannot be looked at is passed over: it proves nothing."""
    for version in history.older:
        if version.size > max_bytes:
            continue
        try:
            yield version, store.read(history.key, version_id=version.version_id)
        except (NotFound, SourceUnavailable, ConfigurationError):
            continue


def first_proven(
    store: ObjectStore, history: History, is_proven: Callable[[StoredObject], bool], *, max_bytes: int
) -> tuple[KeptVersion, StoredObject] | None:
    """The newest of the older versions that is proven."""
    return next((pair for pair in older_objects(store, history, max_bytes=max_bytes) if is_proven(pair[1])), None)


def bytes_differ(store: ObjectStore, history: History, body: bytes, *, max_bytes: int) -> str:
    """What to tell of a proven current object of which an older version has other stored bytes; ``""`` if none has."""
    current = history.current
    if current is None or all(one.etag == current.etag and one.size == current.size for one in history.older):
        return ""
    for version, stored in older_objects(store, history, max_bytes=max_bytes):
        if stored.body != body:
            return f"version {version.version_id} of {version.last_modified:%Y-%m-%dT%H:%M:%SZ} has other bytes"
    return ""
