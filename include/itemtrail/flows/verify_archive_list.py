"""What lies in an archive, group by group: all objects of a unit, of a table's stream, of a day of the event history.

Decides: to whom an object belongs, by its key alone, and that an object below an evidence prefix which belongs to nobody is told.
The listings of all prefixes are walked side by side, so that memory holds one account and Region. Refuses to look below
prefixes that are derived. A listing that fails ends the run: nothing may be called missing then.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby

from itemtrail.core import layout
from itemtrail.core.layout import Receipts
from itemtrail.errors import AccessDenied, SourceUnavailable
from itemtrail.model import ObjectInfo
from itemtrail.ports.data import ObjectStore

_PREFIXES = (
    layout.RECEIPTS,
    layout.ORIGINALS,
    layout.EVENTS,
    layout.QUARANTINE,
    layout.STREAM_RECEIPTS,
    layout.STREAM_RECORDS,
    layout.EVENT_HISTORY_RECEIPTS,
    layout.EVENT_HISTORY_PAGES,
    layout.EVENT_HISTORY,
)
_PLACE = re.compile(r"account=(\d{12})/region=([a-z0-9-]+)/")
_FOLDER = re.compile(r"(delivery_date|table_name|event_date)=([^/]+)/[^/]+(?:/[^/]+)?")
_FIRST, _LAST = "2013-01-01", "2199-12-31"  # CloudTrail began in November 2013
_KINDS = {"delivery_date": Receipts.UNIT, "table_name": Receipts.STREAM, "event_date": Receipts.EVENT_HISTORY}


@dataclass(frozen=True, slots=True, order=True)
class Name:
    """Whose objects."""

    kind: Receipts
    account: str
    region: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.account}/{self.region}/{self.name}"


@dataclass(slots=True)
class Group:
    """All objects of one unit, table or day. ``size``: bytes of all of them."""

    keys: set[str] = field(default_factory=set)
    size: int = 0


@dataclass(frozen=True, slots=True)
class Scope:
    """Which accounts and Regions; None for all."""

    account: str | None = None
    region: str | None = None

    def holds(self, account: str, region: str) -> bool:
        """Whether a place is asked for."""
        return self.account in (None, account) and self.region in (None, region)


def places(archive: ObjectStore, scope: Scope, strays: list[str]) -> Iterator[tuple[str, str, dict[Name, Group]]]:
    """(account, Region, groups by name), in order. ``strays`` is told keys that belong to nobody.

    Raises:
        SourceUnavailable: a listing failed, or was denied.
    """
    streams = [groupby(_listed(archive, prefix, scope, strays), key=lambda pair: pair[0]) for prefix in _PREFIXES]
    heads = [next(stream, None) for stream in streams]
    while found := [head[0] for head in heads if head]:
        place = min(found)
        groups: dict[Name, Group] = {}
        for number, head in enumerate(heads):
            if head and head[0] == place:
                for _, prefix, info in head[1]:
                    _sort_in(groups, place, prefix, info, strays)
                heads[number] = next(streams[number], None)
        yield *place, groups


def _listed(
    archive: ObjectStore, prefix: str, scope: Scope, strays: list[str]
) -> Iterator[tuple[tuple[str, str], str, ObjectInfo]]:
    below = f"account={scope.account}/" if scope.account else ""
    try:
        for info in archive.list(prefix + below):
            place = _PLACE.match(info.key, len(prefix))
            if place is None:
                strays.append(info.key)
            elif scope.holds(place[1], place[2]):
                yield (place[1], place[2]), prefix, info
    except AccessDenied as error:
        raise SourceUnavailable(error.message, advice=error.advice) from error


def _sort_in(groups: dict[Name, Group], place: tuple[str, str], prefix: str, info: ObjectInfo, strays: list[str]) -> None:
    name = _name(place, prefix, info.key)
    if name is None:
        strays.append(info.key)
        return
    group = groups.setdefault(name, Group())
    group.keys.add(info.key)
    group.size += info.size


def _name(place: tuple[str, str], prefix: str, key: str) -> Name | None:
    if prefix in (layout.EVENTS, layout.EVENT_HISTORY):
        day = layout.parse_events_file(key)
        kind = Receipts.UNIT if prefix == layout.EVENTS else Receipts.EVENT_HISTORY
        return Name(kind, *place, day.isoformat()) if day and _is_possible(day.isoformat()) else None
    found = _FOLDER.fullmatch(key, len(f"{prefix}{layout.account_region(*place)}"))
    if found is None:
        return None
    kind = _KINDS[found[1]]
    if kind is not Receipts.STREAM and not _is_possible(found[2]):
        return None
    own = {layout.RECEIPTS: Receipts.UNIT, layout.ORIGINALS: Receipts.UNIT, layout.STREAM_RECEIPTS: Receipts.STREAM}
    own |= {layout.STREAM_RECORDS: Receipts.STREAM, layout.EVENT_HISTORY_RECEIPTS: Receipts.EVENT_HISTORY}
    own |= {layout.EVENT_HISTORY_PAGES: Receipts.EVENT_HISTORY}
    return Name(kind, *place, found[2]) if own.get(prefix, kind) is kind else None


def _is_possible(day: str) -> bool:
    """Whether it is a day on which there can be a unit: a planted folder of the year 1 must not make a million missing days."""
    return layout.is_day(day) and _FIRST <= day <= _LAST
