"""Events that end evidence since the last review, read from the archive itself; and until when the archive can tell.

Decides: which files are read (those of every commit since the last review, into whichever day: a late delivery is as good a place
to hide as any; each commit is read by one review, so that nothing is told twice), and until when all is looked at: the first day
that is not over, or of which a unit has no receipt, or only one from before all had come. Refuses to take a day that is not
archived for one on which nothing happened. Reads the columns that decide, and of row groups with a hit the rest.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow.compute as pc
import pyarrow.parquet as pq

from itemtrail.core import evidence_rows, layout
from itemtrail.core.posture import EvidenceEvent
from itemtrail.core.receipt import Output, OutputKind, Receipt
from itemtrail.flows.changes_store import Source, each, opened
from itemtrail.model import ObjectInfo, Unit, Verdict
from itemtrail.ports.data import ObjectStore

LATE = dt.timedelta(hours=30)
"""How long after its end a day may be without receipts before that is a fault; as `itemtrail coverage` has it."""
SKEW = dt.timedelta(minutes=15)
"""How far S3's clock and ours may be apart: S3 refuses requests that are further off (RequestTimeTooSkewed)."""
_DAY = dt.timedelta(days=1)
_FIRST_LOOK = 7 * _DAY
_MOST = 1000


@dataclass(frozen=True, slots=True)
class Looked:
    """What was looked at. ``since`` and ``until`` bound the time of which every unit is archived; None: nothing is."""

    since: dt.datetime | None
    until: dt.datetime | None
    commits: int = 0  # that were read
    late: tuple[Unit, ...] = ()  # due and not archived
    left_out: int = 0  # events beyond the most that a snapshot keeps


@dataclass(frozen=True, slots=True)
class _Commit:
    unit: Unit
    number: int
    info: ObjectInfo


def evidence_events(
    archive: ObjectStore,
    *,
    accounts: Sequence[str],
    regions: Sequence[str],
    buckets: Sequence[str],
    since: dt.datetime | None,
    committed_since: dt.datetime | None,
    reopen_days: int,
    now: dt.datetime,
) -> tuple[tuple[EvidenceEvent, ...], Looked]:
    """The events, oldest first, and what was looked at.

    Args:
        archive: the archive.
        accounts: whose units are expected.
        regions: of which Regions.
        buckets: whose S3 events count; those of other buckets are nothing to the evidence.
        since: from when on all must be archived, aware UTC; None: of a week, or since the archive's first day if that is later.
        committed_since: when commits were read last; those since then are read, whatever their day. None: all since ``since``.
        reopen_days: how old a day may be that is committed again.
        now: aware UTC.

    Raises:
        AccessDenied, SourceUnavailable, EvidenceError: could not look; nothing is concluded.
    """
    pairs = [(account, region) for account in sorted({*accounts}) for region in sorted({*regions})]
    start = since.date() if since else now.date() - _FIRST_LOOK
    commits = [one for found in each(lambda pair: _commits(archive, *pair, start - reopen_days * _DAY), pairs) for one in found]
    if not commits:
        return (), Looked(None, None)
    first = start if since else max(start, min(one.unit.day for one in commits))
    wanted = [one for one in commits if _is_new(one, first, committed_since)]
    receipts = each(lambda one: _receipt(archive, one), [one for one in commits if one in wanted or one.unit.day >= first])
    read = {(one.unit, one.number) for one in wanted}
    keys = [(output.key, output.size) for one in receipts if (one.unit, one.number) in read for output in _events(one)]
    found = {event.event_id or repr(event): event for part in each(lambda file: _read(archive, *file), keys) for event in part}
    ours = [event for event in found.values() if _is_ours(event, buckets)]
    kept = sorted(ours, key=lambda event: (not event.succeeded, -event.time.timestamp()))[:_MOST]
    looked = _looked(first, since, pairs, receipts, now)
    events = tuple(sorted(kept, key=lambda event: (event.time, event.event_id)))
    return events, Looked(looked.since, looked.until, len(read), looked.late, len(ours) - len(kept))


def _commits(archive: ObjectStore, account: str, region: str, oldest: dt.date) -> list[_Commit]:
    folder = f"{layout.RECEIPTS}{layout.account_region(account, region)}"
    listed = archive.list(folder, start_after=f"{folder}delivery_date={oldest}")
    named = ((layout.parse_commit(info.key), info) for info in listed)
    return [_Commit(name[0], name[1], info) for name, info in named if name and name[2] == "receipt"]


def _is_new(one: _Commit, first: dt.date, committed_since: dt.datetime | None) -> bool:
    return one.unit.day >= first if committed_since is None else one.info.last_modified > committed_since - SKEW


def _events(receipt: Receipt) -> Iterator[Output]:
    return (output for output in receipt.outputs if output.kind is OutputKind.EVENTS)


def _receipt(archive: ObjectStore, commit: _Commit) -> Receipt:
    key = commit.info.key
    return Receipt.from_json(archive.read(key, version_id=commit.info.version_id).body, key=key)


def _read(archive: ObjectStore, key: str, size: int) -> list[EvidenceEvent]:
    with opened(archive, Source(ObjectInfo(key, size, dt.datetime.min.replace(tzinfo=dt.UTC)))) as file:
        return [event for group in range(file.num_row_groups) for event in _group(file, group)]


def _group(file: pq.ParquetFile, group: int) -> list[EvidenceEvent]:
    flags = evidence_rows.may_count(file.read_row_group(group, columns=list(evidence_rows.DECIDING)))
    if not pc.any(flags).as_py():
        return []
    return evidence_rows.events(file.read_row_group(group, columns=list(evidence_rows.COLUMNS)))


def _is_ours(event: EvidenceEvent, buckets: Sequence[str]) -> bool:
    return event.source != "s3.amazonaws.com" or not event.resource or event.resource.rpartition(":")[2] in buckets


def _looked(
    first: dt.date, since: dt.datetime | None, pairs: Sequence[tuple[str, str]], receipts: Sequence[Receipt], now: dt.datetime
) -> Looked:
    """A day counts once it is over and the last receipt of each of its units says that all that was due had come."""
    verdicts = {one.unit: one.verdict for one in sorted(receipts, key=lambda one: one.number)}
    there = {unit for unit, verdict in verdicts.items() if verdict is not Verdict.INCOMPLETE}
    days = [first + n * _DAY for n in range((now.date() - first).days)]
    lacking = [Unit(*pair, day) for day in days for pair in pairs if Unit(*pair, day) not in there]
    until = min((unit.day for unit in lacking), default=now.date())
    late = tuple(unit for unit in lacking if now - _midnight(unit.day + _DAY) > LATE)
    return Looked(since or _midnight(first), _midnight(until), late=late)


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), dt.UTC)
