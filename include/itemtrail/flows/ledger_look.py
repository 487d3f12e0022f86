"""The archive's receipts held against the ledger: what is new, what vanished, what changed.

Decides: every receipt is listed, whatever its age (a listing of 620,000 units is some thousand requests; reading them is what is
avoided), and one whose size, ETag or version is no longer the one recorded is read and hashed: only other bytes are a change.
With ``full`` every receipt is read and hashed. Refuses to take what could not be looked at for changed: a listing that fails ends
the look; a receipt that cannot be read is told apart, and what was found of it before stands. Decisions: docs/adr/0049.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import pyarrow as pa

from itemtrail.core import layout
from itemtrail.core.layout import Receipts
from itemtrail.core.ledger import Change, Finding
from itemtrail.flows.ledger_book import Book
from itemtrail.flows.ledger_rows import THREADS, Unread, digest
from itemtrail.model import ObjectInfo
from itemtrail.ports.data import ObjectStore

_COLUMNS = ("leaf", "key", "size", "etag", "version_id", "kind", "account", "region")
_AT_ONCE = 1000
Place = tuple[str, str, str]  # folder, account, Region
_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Seen:
    """``new``: listed and not in the ledger; ``findings`` in leaf order; ``unread``: in the ledger, could not be read."""

    new: tuple[ObjectInfo, ...] = ()
    findings: tuple[Finding, ...] = ()
    unread: tuple[Unread, ...] = ()


@dataclass(slots=True)
class _Compared:
    """One place's listing beside the ledger's rows of that place."""

    new: list[ObjectInfo] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    other: list[ObjectInfo] = field(default_factory=list)


def look(archive: ObjectStore, book: Book, *, full: bool = False) -> Seen:
    """List every receipt and compare.

    Raises:
        AccessDenied, SourceUnavailable: a listing failed; nothing is concluded.
    """
    known = book.table(_COLUMNS).combine_chunks()
    ours = by_place(known)
    places = sorted({*ours, *_places(archive)})
    with ThreadPoolExecutor(THREADS, thread_name_prefix="look") as pool:
        found = list(pool.map(lambda place: _compare(archive, place, known, ours.get(place), full=full), places))
        gone = [key for one in found for key in one.gone]
        other = [info for one in found for info in one.other]
        hashed = [pair for part in _parts(other, _AT_ONCE) for pair in _digests(archive, pool, part)]
    return Seen(
        new=tuple(info for one in found for info in one.new),
        findings=_findings(book, gone, [(info, value) for info, value in hashed if not isinstance(value, Unread)]),
        unread=tuple(value for _, value in hashed if isinstance(value, Unread)),
    )


def standing(seen: Seen, before: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings of a look, and those made before of receipts that could not be read this time."""
    unread = {one.key for one in seen.unread}
    return tuple(sorted({*seen.findings, *(one for one in before if one.key in unread)}, key=lambda one: one.leaf))


def _places(archive: ObjectStore) -> Iterator[Place]:
    for kind in Receipts:
        for account in archive.list_prefixes(f"{kind}/"):
            for region in archive.list_prefixes(f"{kind}/{account}/"):
                yield str(kind), account.removeprefix("account="), region.removeprefix("region=")


def by_place(known: pa.Table) -> dict[Place, pa.Array]:
    """The rows of each place, as row numbers in order; ``known`` has the columns kind, account, region."""
    if not known.num_rows:
        return {}
    names = ["kind", "account", "region"]
    numbered = known.select(names).append_column("row", pa.array(np.arange(known.num_rows, dtype=np.int32)))
    grouped = numbered.group_by(names, use_threads=False).aggregate([("row", "list")])
    keys = zip(*(grouped[name].to_pylist() for name in names), strict=True)
    return dict(zip(keys, (one.values for one in grouped["row_list"]), strict=True))


def _compare(archive: ObjectStore, place: Place, known: pa.Table, rows: pa.Array | None, *, full: bool) -> _Compared:
    recorded = _recorded(known, rows)
    found = _Compared()
    kind, account, region = place
    for info in archive.list(f"{kind}/{layout.account_region(account, region)}"):
        name = layout.parse_any_commit(info.key)
        if name is None or name.is_plan:
            continue
        was = recorded.pop(info.key, None)
        if was is None:
            found.new.append(info)
        elif full or was != (info.size, info.etag, info.version_id):
            found.other.append(info)
    found.gone = list(recorded)
    return found


def _recorded(known: pa.Table, rows: pa.Array | None) -> dict[str, tuple[int, str, str | None]]:
    """(size, ETag, version) of a place's receipts by key, as the ledger has them."""
    if rows is None:
        return {}
    part = known.select(["key", "size", "etag", "version_id"]).take(rows)
    keys, sizes, etags, versions = (part[name].to_pylist() for name in part.column_names)
    return dict(zip(keys, zip(sizes, etags, versions, strict=True), strict=True))


def _parts(items: Sequence[_Item], size: int) -> Iterator[Sequence[_Item]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def _digests(
    archive: ObjectStore, pool: ThreadPoolExecutor, infos: Sequence[ObjectInfo]
) -> Iterator[tuple[ObjectInfo, str | Unread | None]]:
    return zip(infos, pool.map(lambda info: digest(archive, info), infos), strict=True)


def _findings(book: Book, gone: Sequence[str], hashed: Sequence[tuple[ObjectInfo, str | None]]) -> tuple[Finding, ...]:
    values = {info.key: value for info, value in hashed} | dict.fromkeys(gone)
    found = []
    for part in _parts(sorted(values), _AT_ONCE * 100):
        for key, row in book.rows_with(part).items():
            value = values[key]
            if value != row.sha256:
                found.append(Finding(row.leaf, key, Change.CHANGED if value else Change.VANISHED, row.sha256, value))
    return tuple(sorted(found, key=lambda one: one.leaf))
