"""What the receipts of a table's stream say: which files count, until when everything is archived, and which records are lost.

Decides: only what a receipt names counts, and that a table's last receipt is found without listing all of them (8,760 a year).
Refuses to guess: a receipt that does not follow its predecessor is an ``EvidenceError``.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from itemtrail.core import layout
from itemtrail.core.plan import sha256
from itemtrail.core.stream_plan import Gap, StreamOutputKind, StreamPlan, StreamReceipt
from itemtrail.errors import EvidenceError, NotFound
from itemtrail.ports.data import ObjectStore

_STRIDE = 256


@dataclass(frozen=True, slots=True)
class StreamHistory:
    """A table's last receipt, the SHA-256 of its bytes, and the plan that was left open, if any."""

    table_arn: str
    last: StreamReceipt | None = None
    last_sha256: str | None = None
    open_plan: StreamPlan | None = None

    @property
    def next_number(self) -> int:
        """The number of the commit that comes next."""
        return self.last.number + 1 if self.last else 0


def records_files(store: ObjectStore, table_arn: str, day: dt.date) -> tuple[str, ...]:
    """Keys of the Parquet files with the table's stream records created on ``day``, each named by a receipt; in commit order."""
    numbers = {number for number, _ in _listed(store, table_arn, day)}
    committed = {key for number in sorted(numbers) for key in _outputs(store, table_arn, number)}
    return tuple(key for _, key in sorted(_listed(store, table_arn, day)) if key in committed)


def covered_until(store: ObjectStore, table_arn: str) -> dt.datetime | None:
    """Every stream record created before it is archived, gaps aside; None where that was never so."""
    last = load(store, table_arn).last
    return last.covered_until if last else None


def gaps(store: ObjectStore, table_arn: str, *, since: int = 0) -> tuple[Gap, ...]:
    """Every gap that commits from number ``since`` on recorded, oldest first."""
    last = load(store, table_arn).last
    numbers = last.gap_commits if last else ()
    return tuple(gap for number in numbers if number >= since for gap in read_receipt(store, table_arn, number).gaps)


def findings(store: ObjectStore, table_arn: str, *, known: int) -> tuple[str, ...]:
    """What keeps a run over one table from success, one line each. ``known``: how many receipts there were before it."""
    return (*lacking(store, table_arn, known=known), *(_say(table_arn, gap) for gap in gaps(store, table_arn, since=known)))


def lacking(store: ObjectStore, table_arn: str, *, known: int) -> tuple[str, ...]:
    """As ``findings``, gaps aside."""
    found = load(store, table_arn)
    last = found.last
    if found.open_plan:
        return (f"{table_arn}: commit {found.next_number} is planned and not finished; run it again",)
    if last is None or last.number < known:
        return (f"{table_arn}: this run left no receipt (see the log of its archive task)",)
    if not last.whole:
        return (f"{table_arn}: not complete up to this run (see the log of its archive task); the next run goes on",)
    return ()


def untold_gaps(store: ObjectStore, table_arn: str) -> tuple[tuple[str, str], ...]:
    """A line for each gap that nobody was told of yet, whichever run recorded it, and the key that remembers it as told.

    Who sends the line puts that object afterwards: told twice is better than never told.
    """
    last = load(store, table_arn).last
    told = f"alerts/streams/{layout.table_folder(table_arn)}"
    known = {info.key for info in store.list(told)} if last and last.gap_commits else set()
    new = [(n, mark) for n in (last.gap_commits if last else ()) if (mark := f"{told}{n:06d}.json") not in known]
    return tuple((_say(table_arn, gap), mark) for number, mark in new for gap in read_receipt(store, table_arn, number).gaps)


def quarantined(store: ObjectStore, table_arn: str, *, known: int) -> tuple[int, tuple[str, ...]]:
    """How many records the commits from number ``known`` on could not read, and where they are kept."""
    last = load(store, table_arn).last
    receipts = [read_receipt(store, table_arn, number) for number in range(known, last.number + 1 if last else 0)]
    places = [o.key for r in receipts for o in r.outputs if o.kind is StreamOutputKind.QUARANTINE]
    return sum(r.counts.quarantined for r in receipts), tuple(places)


def load(store: ObjectStore, table_arn: str) -> StreamHistory:
    """The table's last receipt and its open plan.

    Raises:
        EvidenceError: a receipt is missing or unreadable, or does not name its predecessor.
    """
    found = _last_commits(store, table_arn)
    receipts = [number for number, kind in found if kind == "receipt"]
    plans = [number for number, kind in found if kind == "plan"]
    if not receipts:
        return _without_receipt(store, table_arn, plans)
    number = receipts[-1]
    last, digest = _read(store, table_arn, number)
    if number:
        _, before = _read(store, table_arn, number - 1)
        if last.previous != before:
            raise _broken(layout.stream_receipt_key(table_arn, number))
    has_plan = number + 1 in plans
    return StreamHistory(table_arn, last, digest, read_plan(store, table_arn, number + 1) if has_plan else None)


def read_receipt(store: ObjectStore, table_arn: str, number: int) -> StreamReceipt:
    """One receipt of the table."""
    return _read(store, table_arn, number)[0]


def read_plan(store: ObjectStore, table_arn: str, number: int) -> StreamPlan:
    """One plan of the table.

    Raises:
        NotFound; EvidenceError: it is not this plan.
    """
    key = layout.stream_plan_key(table_arn, number)
    plan = StreamPlan.from_json(store.read(key).body, key=key)
    if (plan.table_arn, plan.number) != (table_arn, number):
        raise EvidenceError(f"{key} is another table's or another commit's plan.", advice="look at its older versions.")
    return plan


def _without_receipt(store: ObjectStore, table_arn: str, plans: list[int]) -> StreamHistory:
    if plans and plans != [0]:
        raise EvidenceError(
            f"{table_arn}: plans {plans} are there, but not one receipt.",
            advice=f"look at the versions below {layout.stream_receipts_folder(table_arn)} and at who deleted one.",
        )
    return StreamHistory(table_arn, open_plan=read_plan(store, table_arn, 0) if plans else None)


def _read(store: ObjectStore, table_arn: str, number: int) -> tuple[StreamReceipt, str]:
    key = layout.stream_receipt_key(table_arn, number)
    body = store.read(key).body
    receipt = StreamReceipt.from_json(body, key=key)
    if (receipt.table_arn, receipt.number) != (table_arn, number):
        raise EvidenceError(f"{key} is another table's or another commit's receipt.", advice="look at its older versions.")
    return receipt, sha256(body)


def _last_commits(store: ObjectStore, table_arn: str) -> list[tuple[int, str]]:
    """(number, kind) of the last commits, in order: strides double until nothing follows, then halve."""
    low, stride = 0, _STRIDE
    while _follows(store, table_arn, low + stride):
        low, stride = low + stride, stride * 2
    while stride > _STRIDE:
        stride //= 2
        low = low + stride if _follows(store, table_arn, low + stride) else low
    start = max(0, low - 1)
    names = _names(store, table_arn, start)
    return [found for info in names if (found := layout.parse_stream_commit(info)) and found[0] >= start]


def _follows(store: ObjectStore, table_arn: str, number: int) -> bool:
    """Whether anything of commit ``number`` or a later one is there."""
    return next(_names(store, table_arn, number), None) is not None


def _names(store: ObjectStore, table_arn: str, number: int) -> Iterator[str]:
    folder = layout.stream_receipts_folder(table_arn)
    return (info.key for info in store.list(folder, start_after=f"{folder}{number:06d}"))


def _listed(store: ObjectStore, table_arn: str, day: dt.date) -> list[tuple[int, str]]:
    keys = [info.key for info in store.list(layout.stream_day_folder(table_arn, day))]
    return [(number, key) for key in keys if (number := layout.parse_stream_file(key)) is not None]


def _outputs(store: ObjectStore, table_arn: str, number: int) -> tuple[str, ...]:
    """What commit ``number`` added; nothing where it is not committed yet."""
    try:
        receipt = read_receipt(store, table_arn, number)
    except NotFound:
        return ()
    return tuple(o.key for o in receipt.outputs if o.kind is StreamOutputKind.RECORDS)


def _say(table_arn: str, gap: Gap) -> str:
    count = f"{gap.records} records" if gap.records else "records"
    begin = f"{gap.from_ts:%Y-%m-%d %H:%M:%S}" if gap.from_ts else "an unknown time"
    end = f"{gap.to_ts:%Y-%m-%d %H:%M:%S}" if gap.to_ts else "now"
    return f"{table_arn}: gap: {count} of {gap.shard_id} created from {begin} to {end} UTC may be lost"


def _broken(key: str) -> EvidenceError:
    return EvidenceError(f"{key} does not follow the receipt before it.", advice="look at the versions of both.")
