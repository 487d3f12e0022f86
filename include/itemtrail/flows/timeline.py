"""Questions to the joined history: one item's changes, the item at a time, the changes of a person, an attribute or a table.

Decides: what is read (of each month the row groups that can hold the item; for a question about many items the columns that
decide, then only row groups with a hit), and what is told with the answer: which days are built, which are missing, what the
stream's archive lost. Refuses an item key of other attributes than the table's, and a question that names nothing.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from itemtrail.core import changes_files, item_key, timeline
from itemtrail.core.timeline import Built, Row, Span, State
from itemtrail.errors import EvidenceError
from itemtrail.flows import archive_stream_state
from itemtrail.flows.changes_store import Files, Source, each, files, find, opened, tables
from itemtrail.ports.data import ObjectStore

_DECIDING = ("change_ts", "actor", "source_identity", "session_issuer", "changed", "candidates")


@dataclass(frozen=True, slots=True)
class History:
    """One item's changes in order, and what of the table's history is there. ``notes``: what could not be looked at."""

    table_arn: str
    item_key: str
    rows: tuple[Row, ...]
    built: Built
    notes: tuple[str, ...] = ()
    hashed_keys: bool = False  # the table's keys are stored as keyed hashes


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which changes: of a principal, of a top-level attribute, of a table (name or ARN), in ``[first, last]``."""

    by: str | None = None
    attribute: str | None = None
    table: str | None = None
    first: dt.datetime | None = None
    last: dt.datetime | None = None


def history(
    store: ObjectStore, table: str, key: Sequence[str], first: dt.datetime | None = None, last: dt.datetime | None = None
) -> History:
    """The changes of one item in ``[first, last]``, oldest first.

    Args:
        store: the archive.
        table: name or ARN.
        key: ``EmpId=E-1042`` for each key attribute, or one JSON text.
        first: from when on, UTC; None is open.
        last: until when, that moment included; None is open.

    Raises:
        ConfigurationError: no history of the table, two tables of the name, a key of other attributes than the table's.
        AccessDenied, SourceUnavailable, EvidenceError.
    """
    words = timeline.typed_key(key)
    table_arn = find(store, table)
    found = files(store, table_arn, first and first.date(), last and last.date())
    text, hashed = _key_text(store, found, words, table_arn)
    parts = each(lambda source: _of_item(store, source, text), found.files)
    rows = [row for row in (row for part in parts for row in part) if _inside(row, first, last)]
    lost, notes = _lost(store, table_arn)
    return History(table_arn, text, tuple(sorted(rows, key=_place)), Built(found.days, lost), notes, hashed)


def as_of(store: ObjectStore, table: str, key: Sequence[str], at: dt.datetime) -> tuple[State, History]:
    """The item at ``at``, and the history that says so. Raises as ``history``."""
    whole = history(store, table, key)
    return timeline.as_of(whole.rows, at, whole.built), whole


def key_attributes(store: ObjectStore, table: str) -> tuple[str, dict[str, str]]:
    """The table's ARN, and its key attributes with their types (S, N or B; empty where no image tells), by its newest file.

    Raises:
        ConfigurationError: no history of the table, two tables of the name. AccessDenied, SourceUnavailable, EvidenceError.
    """
    table_arn = find(store, table)
    for source in reversed(files(store, table_arn).files):
        with opened(store, source) as file:
            names = sorted(timeline.names_of(changes_files.highest_key(file)))
            if names:
                return table_arn, dict.fromkeys(names, "") | changes_files.key_types(file, names)
    return table_arn, {}


def changes(store: ObjectStore, wanted: Wanted, *, newest_first: bool = False) -> Iterator[Row]:
    """Changes month by month, each month's in order of time.

    A principal is compared with the actor, the SourceIdentity and the role (its ARN or name), and with every candidate of an
    AMBIGUOUS row: such a change may be theirs.
    """
    arns = (find(store, wanted.table),) if wanted.table else tables(store)
    low, high = wanted.first and wanted.first.date(), wanted.last and wanted.last.date()
    sources = [source for arn in arns for source in files(store, arn, low, high).files]
    months = sorted({_month(source) for source in sources}, reverse=newest_first)
    for month in months:
        found = each(lambda source: _matching(store, source, wanted), [one for one in sources if _month(one) == month])
        yield from sorted(
            (row for rows in found for row in rows),
            key=lambda row: (row["change_ts"], row["table_arn"], _place(row)),
            reverse=newest_first,
        )


def built(store: ObjectStore, table: str | None) -> dict[str, Built]:
    """By table ARN: the days that are built."""
    arns = (find(store, table),) if table else tables(store)
    return {arn: Built(files(store, arn).days) for arn in arns}


def _of_item(store: ObjectStore, source: Source, text: str) -> list[dict[str, Any]]:
    with opened(store, source) as file:
        rows: list[dict[str, Any]] = changes_files.of_item(file, text).to_pylist()
        return rows


def _place(row: Row) -> tuple[dt.datetime, int, str]:
    """Order of one item's rows, as the files have it."""
    return row["change_ts"], int(row["sequence_number"] or 0), row["event_id"] or ""


def _inside(row: Row, first: dt.datetime | None, last: dt.datetime | None) -> bool:
    return (first is None or row["change_ts"] >= first) and (last is None or row["change_ts"] <= last)


def _key_text(store: ObjectStore, found: Files, words: Mapping[str, str], table_arn: str) -> tuple[str, bool]:
    """The key as rows have it, numbers spelt as the types of the table's key say; and whether its keys are stored as hashes."""
    seen: dict[frozenset[str], tuple[Source, str]] = {}
    for source in reversed(found.files):
        with opened(store, source) as file:
            sample = changes_files.highest_key(file)
        if sample and (names := timeline.names_of(sample)):
            seen.setdefault(names, (source, sample))
        if frozenset(words) in seen:
            break
    timeline.check_names(words, tuple(seen), table_arn)
    told_by, sample = seen.get(frozenset(words), (None, ""))
    hashed = "hmac-sha256:" in sample
    if told_by is None or not timeline.needs_types(words):
        return item_key.of_words(words, {}), hashed
    with opened(store, told_by) as file:
        return item_key.of_words(words, changes_files.key_types(file, tuple(words))), hashed


def _lost(store: ObjectStore, table_arn: str) -> tuple[tuple[Span, ...], tuple[str, ...]]:
    """Times whose stream records were lost; a note where that could not be read."""
    try:
        return tuple(Span(gap.from_ts, gap.to_ts) for gap in archive_stream_state.gaps(store, table_arn)), ()
    except EvidenceError as error:
        return (), (f"which stream records were lost could not be read: {error}",)


def _month(source: Source) -> str:
    day = changes_files.parse_day(source.info.key)
    return f"{day:%Y-%m}" if day else changes_files.parse_month(source.info.key) or ""


def _matching(store: ObjectStore, source: Source, wanted: Wanted) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    with opened(store, source) as file:
        for number in range(file.num_row_groups):
            mask = _mask(file.read_row_group(number, columns=list(_DECIDING), use_threads=False).combine_chunks(), wanted)
            if pc.any(mask).as_py():
                found += changes_files.row_group(file, number).filter(mask).to_pylist()
    return found


def _mask(part: pa.Table, wanted: Wanted) -> Any:
    mask = pa.repeat(True, part.num_rows)
    if wanted.first:
        mask = pc.and_(mask, pc.greater_equal(part["change_ts"], wanted.first))
    if wanted.last:
        mask = pc.and_(mask, pc.less_equal(part["change_ts"], wanted.last))
    if wanted.by:
        mask = pc.and_(mask, _made_by(part, wanted.by))
    if wanted.attribute:
        mask = pc.and_(mask, _any_of(part["changed"], pc.equal(pc.list_flatten(part["changed"]), wanted.attribute)))
    return mask


def _made_by(part: pa.Table, principal: str) -> Any:
    mask = pa.repeat(False, part.num_rows)
    for name in ("actor", "source_identity", "session_issuer"):
        mask = pc.or_(mask, _names(part[name], principal))
    candidates = pc.struct_field(pc.list_flatten(part["candidates"]), "actor")
    return pc.or_(mask, _any_of(part["candidates"], _names(candidates, principal)))


def _names(column: Any, principal: str) -> Any:
    """Whether a value is the principal, or an ARN that ends with it."""
    ends = pc.and_(pc.starts_with(column, "arn:"), pc.ends_with(column, f"/{principal}"))
    return pc.fill_null(pc.or_(pc.equal(column, principal), ends), False)


def _any_of(lists: Any, hits: Any) -> Any:
    """By row: whether one of the list's elements is a hit."""
    rows = np.zeros(len(lists), dtype=bool)
    rows[pc.list_parent_indices(lists).to_numpy()[hits.to_numpy(zero_copy_only=False)]] = True
    return pa.array(rows)
