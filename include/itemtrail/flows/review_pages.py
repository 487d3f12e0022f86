"""Saved reviews to be looked at: which there are, one of them whole, how much was open in the last ones.

Decides: the latest review is the newest whole one that is not of the future, and what else lies below ``reviews/`` is said; a
review that cannot be read is a gap in the history, not a zero. Refuses to read what is too large, to show the snapshot of another
review, and to keep anything that was replaced: what is remembered is known by the object's version, time and size.
"""

import datetime as dt
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import TypeVar

from itemtrail.core import layout, review_read
from itemtrail.core.posture import Posture
from itemtrail.core.review_read import ReadReport, Tally
from itemtrail.core.review_report import Last, review_id
from itemtrail.core.review_trend import Point
from itemtrail.errors import EvidenceError, ItemtrailError, NotFound
from itemtrail.flows import review_store
from itemtrail.model import ObjectInfo
from itemtrail.ports.data import ObjectStore

HISTORY = 26  # reviews of half a year
MOST = 20_000  # objects that are listed: three of each review
_LOOK_BACK = dt.timedelta(days=400)
_KEY = re.compile(rf"{re.escape(layout.REVIEWS)}(\d{{8}}T\d{{6}}Z)/([a-z.]+)")
_READERS = 4
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Saved:
    """Reviews of the archive by id, the newest first. ``notes``: what is not as it should be among them."""

    reports: dict[str, ObjectInfo]
    notes: tuple[str, ...] = ()


def saved(archive: ObjectStore, *, now: dt.datetime) -> Saved:
    """The reviews of the last 400 days; of all time where there is none.

    Raises:
        AccessDenied, SourceUnavailable: could not look.
    """
    recent = archive.list(layout.REVIEWS, start_after=layout.REVIEWS + review_id(now - _LOOK_BACK))
    found = list(islice(recent, MOST)) or list(islice(archive.list(layout.REVIEWS), MOST))
    files = [(one, match) for one in found if (match := _KEY.fullmatch(one.key))]
    whole = {match[1]: one for one, match in files if match[2] == review_store.DOCUMENT}
    limit = review_id(now)
    future = [name for name in whole if name > limit]
    past = {name: whole[name] for name in sorted(whole, reverse=True) if name <= limit}
    begun = max((match[1] for _, match in files if match[1] not in whole and match[1] <= limit), default="")
    notes = (
        [f"more than {MOST:,} objects: a newer review may be behind them; look at who wrote them"] if len(found) == MOST else []
    )
    notes += [f"{len(future)} review(s) of the future are left out: {', '.join(sorted(future)[:3])}"] if future else []
    if begun and begun > next(iter(past), ""):
        notes.append(f"the review {begun} was begun and not finished: see the log of review_posture")
    return Saved(past, tuple(notes))


def chosen(archive: ObjectStore, of: Saved, review: str = "") -> ReadReport | None:
    """The review of that id, the latest where none is named; None where there is none at all.

    Raises:
        NotFound: there is no such review.
        EvidenceError: it cannot be shown. AccessDenied, SourceUnavailable.
    """
    name = review or next(iter(of.reports), "")
    if not name:
        return None
    info = of.reports.get(name) or _older(archive, name)
    report = _kept(archive, info, _read)
    if report.id != name:
        raise EvidenceError(f"{archive.name}/{info.key} is the review {report.id}.", advice="look at who wrote it.")
    return report


def history(archive: ObjectStore, of: Saved) -> tuple[Point, ...]:
    """How much was open in the last reviews, the oldest first."""
    newest = list(of.reports.items())[:HISTORY]
    with ThreadPoolExecutor(_READERS) as pool:
        return tuple(reversed(list(pool.map(lambda one: _point(archive, *one), newest))))


def snapshot(archive: ObjectStore, report: ReadReport) -> Posture:
    """The snapshot that the review was made of.

    Raises:
        EvidenceError: it is not the one its report names, or cannot be understood. NotFound, AccessDenied, SourceUnavailable.
    """
    return review_store.snapshot_of(archive, Last(report.id, report.review.taken_at, {}, report.snapshot))


def _older(archive: ObjectStore, name: str) -> ObjectInfo:
    if not re.fullmatch(r"\d{8}T\d{6}Z", name):
        raise NotFound(f"{name[:40]!r} is not the name of a review.", advice="choose one from the history.")
    return archive.head(layout.review_key(name, review_store.DOCUMENT))


def _point(archive: ObjectStore, name: str, info: ObjectInfo) -> Point:
    try:
        return Point(name, _kept(archive, info, _tally))
    except ItemtrailError as error:
        return Point(name, None, str(error))


def _kept(archive: ObjectStore, info: ObjectInfo, reader: Callable[["_Body"], T]) -> T:
    """What ``reader`` makes of an object, once for each version of it."""
    if info.size > review_read.MAX_BYTES:
        raise EvidenceError(
            f"{archive.name}/{info.key} has {info.size:,} bytes; a report has {review_read.MAX_BYTES:,} at most.",
            advice="look at who wrote it.",
        )
    return reader(_Body(archive, info))


class _Body:
    """An object to be read, equal to what was read of the same version, time and size."""

    def __init__(self, archive: ObjectStore, info: ObjectInfo) -> None:
        self._archive, self._info = archive, info
        self.where = f"{archive.name}/{info.key}"
        self._known_by = (self.where, info.size, info.last_modified, info.etag, info.version_id)

    def bytes(self) -> bytes:
        return self._archive.read(self._info.key).body

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Body) and self._known_by == other._known_by

    def __hash__(self) -> int:
        return hash(self._known_by)


@lru_cache(maxsize=4)
def _read(body: _Body) -> ReadReport:
    return review_read.read(body.bytes(), where=body.where)


@lru_cache(maxsize=512)
def _tally(body: _Body) -> Tally:
    return review_read.tally(body.bytes(), where=body.where)
