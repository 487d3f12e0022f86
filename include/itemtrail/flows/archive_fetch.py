"""Reading originals, each once: a few ahead of where they are needed, in the order in which they are wanted.

Decides: how far ahead (objects and bytes), and that an object above the limit goes through a file instead of memory. An error is
handed on beside the object that met it: what could not be read is a verdict, not the end of the unit.
"""

import contextlib
import datetime as dt
import hashlib
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from itemtrail.core.plan import Input, Kind, identity
from itemtrail.errors import ConfigurationError, ItemtrailError, NotFound, SourceUnavailable
from itemtrail.model import ObjectInfo, StoredObject
from itemtrail.ports.data import ObjectStore

_THREADS = 8
_AHEAD_OBJECTS = 32
_AHEAD_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """An original to read. ``stored`` is there already for a digest that validation read; ``planned`` for one of an open plan."""

    key: str
    version_id: str | None
    etag: str
    size: int
    kind: Kind
    last_modified: dt.datetime | None = None
    stored: StoredObject | None = field(default=None, repr=False)
    planned: Input | None = None

    @property
    def identity(self) -> tuple[str, str]:
        """Key and version, as in plans."""
        return identity(self.key, self.version_id, self.etag)


@dataclass(frozen=True, slots=True)
class Fetched:
    """An original as read: in memory, or as the file at ``path`` where it is above the limit."""

    stored: StoredObject
    path: Path | None = None


def wanted_log(info: ObjectInfo) -> Wanted:
    """An object of a log folder."""
    return Wanted(info.key, info.version_id, info.etag, info.size, Kind.LOG, info.last_modified)


def wanted_digest(info: ObjectInfo) -> Wanted:
    """A digest that validation did not read."""
    return Wanted(info.key, info.version_id, info.etag, info.size, Kind.DIGEST, info.last_modified)


def wanted_stored(stored: StoredObject) -> Wanted:
    """A digest that validation read already."""
    size = len(stored.body)
    return Wanted(stored.key, stored.version_id, stored.etag, size, Kind.DIGEST, stored.last_modified, stored=stored)


def wanted_planned(planned: Input) -> Wanted:
    """An original that an open plan names."""
    p = planned
    return Wanted(p.key, p.version_id, p.etag, p.size, p.kind, p.last_modified, planned=p)


def fetch_all(
    source: ObjectStore, wanted: Sequence[Wanted], *, room: Path, max_bytes: int
) -> Iterator[tuple[Wanted, Fetched | ItemtrailError]]:
    """Every object of ``wanted`` in its order, or the error that it met."""
    waiting: deque[tuple[Wanted, Future[Fetched | ItemtrailError]]] = deque()
    left = iter(wanted)
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="fetch") as threads, contextlib.ExitStack() as undo:
        undo.callback(lambda: [future.cancel() for _, future in waiting])
        for item in left:
            waiting.append((item, threads.submit(_fetch, source, item, room, max_bytes)))
            while len(waiting) >= _AHEAD_OBJECTS or _ahead(waiting) > _AHEAD_BYTES:
                yield _next(waiting)
        while waiting:
            yield _next(waiting)


def _ahead(waiting: deque[tuple[Wanted, Future[Fetched | ItemtrailError]]]) -> int:
    return sum(item.size for item, _ in waiting if item.stored is None) if len(waiting) > 1 else 0


def _next(
    waiting: deque[tuple[Wanted, Future[Fetched | ItemtrailError]]],
) -> tuple[Wanted, Fetched | ItemtrailError]:
    item, future = waiting.popleft()
    return item, future.result()


def _fetch(source: ObjectStore, item: Wanted, room: Path, max_bytes: int) -> Fetched | ItemtrailError:
    if item.stored is not None:
        return Fetched(item.stored)
    try:
        if item.size > max_bytes:
            return _through_a_file(source, item, room)
        return Fetched(source.read(item.key, version_id=item.version_id))
    except (ConfigurationError, SourceUnavailable, NotFound) as error:
        return error


def _through_a_file(source: ObjectStore, item: Wanted, room: Path) -> Fetched:
    path = room / f"large-{hashlib.sha256(repr(item.identity).encode()).hexdigest()}"
    source.download(item.key, path, version_id=item.version_id)
    stored = StoredObject(
        key=item.key, body=b"", metadata={}, last_modified=item.last_modified, etag=item.etag, version_id=item.version_id
    )
    return Fetched(stored, path)
