"""Every object version of units and stream commits, by their receipts as they were created.

Decides: everything of a unit is in: plans, receipts, originals, events, quarantine, and the public keys that its receipts lean
on; of a document the oldest version counts, whatever was put over it later. Derived files (``changes/``) are not in: they can be
built again. Refuses to pass over an unreadable receipt in silence: its files are found by their names, and that is said.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from itemtrail.core import layout
from itemtrail.core.hold import Held, StreamCommit
from itemtrail.core.receipt import Receipt
from itemtrail.core.stream_plan import StreamReceipt
from itemtrail.errors import EvidenceError
from itemtrail.flows.changes_store import each
from itemtrail.model import Unit
from itemtrail.ports.data import ObjectStore
from itemtrail.ports.holds import LegalHolds, ObjectVersion

_Document = TypeVar("_Document")


@dataclass(frozen=True, slots=True)
class Bucket:
    """The archive: its objects, and the versions of them."""

    store: ObjectStore
    holds: LegalHolds

    def list(self, prefix: str) -> list[ObjectVersion]:
        """Every version under ``prefix``."""
        return list(self.holds.versions(prefix))

    def oldest(self, key: str, versions: Iterable[ObjectVersion]) -> bytes | None:
        """The bytes of the first of ``versions`` that ``key`` had, None where it has none."""
        found = [one for one in versions if one.key == key]
        return self.store.read(key, version_id=found[-1].version_id).body if found else None


@dataclass(frozen=True, slots=True)
class Found:
    """What a scope comes to now. ``gone``: keys that receipts name, without any version; ``notes``: what a reader must know."""

    units: tuple[Unit, ...] = ()
    streams: tuple[StreamCommit, ...] = ()
    objects: tuple[Held, ...] = ()
    gone: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def stream_receipt(bucket: Bucket, table: str, number: int) -> tuple[StreamReceipt | None, str]:
    """A table's receipt as it was created; None and why where there is none to read."""
    key = layout.stream_receipt_key(table, number)
    return _read(bucket, key, bucket.list(key), lambda body: StreamReceipt.from_json(body, key=key))


def _read(
    bucket: Bucket, key: str, versions: Iterable[ObjectVersion], decode: Callable[[bytes], _Document]
) -> tuple[_Document | None, str]:
    body = bucket.oldest(key, versions)
    if body is None:
        return None, "it is not there"
    try:
        return decode(body), ""
    except EvidenceError as error:
        return None, error.message


@dataclass(slots=True)
class _Keys:
    """Prefixes of which everything is held, keys that are held, and those of both that a receipt promises; what to say."""

    whole: set[str] = field(default_factory=set)
    exact: set[str] = field(default_factory=set)
    promised: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)


def versions_of(
    bucket: Bucket, units: Sequence[Unit], streams: Sequence[StreamCommit], folders: set[str], notes: Sequence[str]
) -> Found:
    """Every version of ``units``, ``streams`` and everything below ``folders``; ``notes`` come before its own."""
    parts = [
        *each(lambda unit: _keys_of_unit(bucket, unit), units),
        *each(lambda commit: _keys_of_commit(bucket, commit), streams),
    ]
    whole = folders.union(*(part.whole for part in parts))
    exact: set[str] = set().union(*(part.exact for part in parts))
    kept = _listed(bucket, whole, exact)
    there = {version.key for version in kept}
    notes = [*notes, *(note for part in parts for note in part.notes), *_hidden(kept)]
    objects = tuple(sorted({Held(version.key, version.version_id) for version in kept}))
    promised: set[str] = set().union(*(part.promised for part in parts))
    return Found(tuple(units), tuple(streams), objects, tuple(sorted(promised - there)), tuple(dict.fromkeys(notes)))


def _listed(bucket: Bucket, whole: set[str], exact: set[str]) -> set[ObjectVersion]:
    folders = sorted(whole | {f"{key.rpartition('/')[0]}/" for key in exact})
    listed = each(bucket.list, folders)
    return {v for folder, vs in zip(folders, listed, strict=True) for v in vs if folder in whole or v.key in exact}


def _hidden(kept: set[ObjectVersion]) -> list[str]:
    hidden = sorted({v.key for v in kept} - {v.key for v in kept if v.latest})
    if not hidden:
        return []
    return [f"{len(hidden)} object(s) are hidden by a delete marker, such as {hidden[0]}; their versions are held"]


def _keys_of_unit(bucket: Bucket, unit: Unit) -> _Keys:
    folder = layout.unit_folder(unit)
    found = _Keys(whole={f"{root}{folder}" for root in (layout.RECEIPTS, layout.ORIGINALS, layout.QUARANTINE)})
    papers = bucket.list(layout.receipts_folder(unit))
    numbers = sorted({parsed[1] for one in papers if (parsed := layout.parse_commit(one.key))})
    unread = []
    for number in numbers:
        key = layout.receipt_key(unit, number)
        receipt, why = _read(bucket, key, papers, lambda body, key=key: Receipt.from_json(body, key=key))  # type: ignore[misc]
        if receipt is None:
            unread.append(f"{unit}: receipt {number} cannot be read ({why}); refresh the hold once it can")
            continue
        outputs = {output.key for output in receipt.outputs}
        found.exact |= outputs
        found.promised |= {*outputs, *receipt.keys, key}
    found.exact |= {key for key in found.promised if key.startswith("keys/")}
    if unread or numbers != list(range(len(numbers))) or not numbers:
        found.exact |= _by_name(bucket, unit)
        found.notes += [*unread, f"{unit}: not every receipt is there; its events are held by their names"]
    return found


def _by_name(bucket: Bucket, unit: Unit) -> set[str]:
    """Event files of the unit by their names, of every event date that is there: no receipt says which there are."""
    folder = f"{layout.EVENTS}{layout.account_region(unit.account, unit.region)}"
    starts = [f"{folder}{name}/{unit.day}." for name in bucket.holds.folders(folder)]
    return {one.key for versions in each(bucket.list, starts) for one in versions}


def _keys_of_commit(bucket: Bucket, commit: StreamCommit) -> _Keys:
    table, number = commit.table_arn, commit.number
    plan, receipt = layout.stream_plan_key(table, number), layout.stream_receipt_key(table, number)
    made, why = stream_receipt(bucket, table, number)
    if made is None:
        note = f"{table}: receipt {number} cannot be read ({why}); refresh the hold once it can"
        return _Keys(exact={plan, receipt, *_records_by_name(bucket, commit)}, notes=[note])
    outputs = {output.key for output in made.outputs}
    return _Keys(exact={plan, receipt, *outputs}, promised={*outputs, receipt})


def _records_by_name(bucket: Bucket, commit: StreamCommit) -> set[str]:
    """Files of a commit by its number, of every day that is there."""
    folder = f"{layout.STREAM_RECORDS}{layout.table_folder(commit.table_arn)}"
    starts = [f"{folder}{name}/{commit.number:06d}-" for name in bucket.holds.folders(folder)]
    found = {one.key for versions in each(bucket.list, starts) for one in versions}
    return found | {layout.stream_quarantine_key(commit.table_arn, commit.number)}
