"""Whether a write of one item was logged: every unit of the time, its events of the table, and the item's stream records.

Decides: which units can hold an event of the time (the table's Region in every account of the archive, and the trail's home
Region, where a change of the trail itself is logged; from the first day to the day after the last, on which its last events are
delivered), and that only files count which a receipt names. Refuses a time that is not over.
"""

import datetime as dt
import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from itemtrail.core import absence, item_key, timeline
from itemtrail.core.absence import Absence, Question, Streamed, UnitSaid
from itemtrail.core.receipt import OutputKind, Receipt
from itemtrail.errors import ConfigurationError
from itemtrail.flows import archive_stream_state
from itemtrail.flows.receipts import History, load
from itemtrail.model import Unit
from itemtrail.ports.data import ObjectStore
from itemtrail.settings import ArchiveSettings, TrailSettings

_DAY = dt.timedelta(days=1)
_THREADS = 8
_COLUMNS = (
    "eventID", "eventName", "eventSource", "event_ts", "table_arn", "item_keys", "operation_kind", "succeeded", "params_omitted",
)  # fmt: skip
_SQL = """
SELECT {columns} FROM read_parquet($files, hive_partitioning = false)
WHERE (event_ts IS NULL OR event_ts BETWEEN $low AND $high) AND (
    (eventSource = 'dynamodb.amazonaws.com' AND (
        table_arn = $table OR list_contains(list_transform(item_keys, lambda item: item.table_arn), $table)
        OR contains(coalesce(resources, ''), $table) OR (table_arn IS NULL AND item_keys IS NULL AND operation_kind <> 'read')))
    OR (eventSource = 'cloudtrail.amazonaws.com' AND evidence_alarm))
ORDER BY event_ts, eventID
"""


def absent(
    archive: ObjectStore,
    trail: TrailSettings,
    wanted: ArchiveSettings,
    *,
    table_arn: str,
    key: Sequence[str],
    first: dt.datetime,
    last: dt.datetime,
    now: dt.datetime,
    room: Path,
    progress: Callable[[str], None] = lambda _: None,
) -> Absence:
    """The answer.

    Args:
        archive: the archive.
        trail: whose home Region is looked at too.
        wanted: accounts and Regions of the archive.
        table_arn: the table.
        key: ``EmpId=E-1042`` for each key attribute, or one JSON text.
        first: from when on, aware UTC.
        last: until when, that moment included.
        now: the time.
        room: an empty folder for copies.
        progress: is told what is read.

    Raises:
        ConfigurationError: the archive does not hold the table's account or Region, or the time is not over.
        ColdStorage, EvidenceError, AccessDenied, SourceUnavailable.
    """
    region, account = table_arn.split(":")[3:5]
    if account not in wanted.accounts or region not in wanted.regions:
        raise ConfigurationError(
            f"the archive does not hold {account}/{region}.", advice="add them to `archive.accounts` and `archive.regions`."
        )
    if not first <= last < now:
        raise ConfigurationError("the time asked for is not over, or ends before it begins.", advice="end it in the past.")
    stream_keys = _stream_files(archive, table_arn, first, last)
    types, records = _streamed(archive, stream_keys, room)
    text = item_key.of_words(timeline.typed_key(key), types)
    question = Question(table_arn, text, first, last, types)
    histories = [load(archive, unit) for unit in _units(trail, wanted, account, region, first, last)]
    files = sorted({o.key for history in histories for o in _events(history.receipts)})
    progress(f"{len(histories)} units, {len(files)} files of events, {len(stream_keys)} of stream records")
    covered = archive_stream_state.covered_until(archive, table_arn)
    found = tuple(one[1:] for one in records if one[0] == text and first <= one[1] <= last)
    stream = Streamed(covered is not None and covered > last and not archive_stream_state.gaps(archive, table_arn), found)
    return absence.answer(question, [_said(one) for one in histories], _rows(archive, files, question, room), stream)


def _units(
    trail: TrailSettings, wanted: ArchiveSettings, account: str, region: str, first: dt.datetime, last: dt.datetime
) -> Iterator[Unit]:
    places = {(one, region) for one in wanted.accounts} | {(trail.account, trail.home_region)}
    for at, where in sorted(places & {(a, r) for a in wanted.accounts for r in wanted.regions} | {(account, region)}):
        for number in range((last.date() - first.date()).days + 2):
            yield Unit(at, where, first.date() + number * _DAY)


def _events(receipts: Sequence[Receipt]) -> Iterator[Any]:
    for receipt in receipts:
        yield from (output for output in receipt.outputs if output.kind is OutputKind.EVENTS)


def _said(history: History) -> UnitSaid:
    if not history.receipts or history.open_plan:
        return UnitSaid(history.unit, None, None)
    last = history.receipts[-1]
    return UnitSaid(history.unit, last.verdict, last.conversion, history.last_sha256 or "")


def _stream_files(archive: ObjectStore, table_arn: str, first: dt.datetime, last: dt.datetime) -> list[str]:
    days = (first.date() + number * _DAY for number in range((last.date() - first.date()).days + 1))
    return [key for day in days for key in archive_stream_state.records_files(archive, table_arn, day)]


def _streamed(
    archive: ObjectStore, keys: Sequence[str], room: Path
) -> tuple[dict[str, str], list[tuple[str, dt.datetime, str, bool]]]:
    """Types of the table's key ({} where no record tells them), and (item key, created, event name, by TTL) of every record."""
    types: dict[str, str] = {}
    found: list[tuple[str, dt.datetime, str, bool]] = []
    for path in _copied(archive, keys, room, "stream"):
        rows = pq.read_table(path, columns=["keys", "item_key", "created", "event_name", "ttl_delete"], partitioning=None)
        found += zip(*(rows[name].to_pylist() for name in ("item_key", "created", "event_name", "ttl_delete")), strict=True)
        if not types and rows.num_rows:
            types = item_key.of_stream(json.loads(rows["keys"][0].as_py()))[1]
    return types, [one for one in found if one[1] is not None]


def _rows(archive: ObjectStore, keys: Sequence[str], question: Question, room: Path) -> Iterator[dict[str, Any]]:
    import duckdb

    paths = _copied(archive, keys, room, "events")
    if not paths:
        return
    columns = ", ".join(f'"{name}"' for name in _COLUMNS)
    values = {
        "files": [str(path) for path in paths],
        "table": question.table_arn,
        "low": question.first,
        "high": question.last,
    }
    with duckdb.connect(":memory:", config={"memory_limit": "2GB", "temp_directory": str(room)}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        table = connection.sql(_SQL.format(columns=columns), params=values).to_arrow_table()
    for batch in table.to_batches(max_chunksize=1000):
        yield from batch.to_pylist()


def _copied(archive: ObjectStore, keys: Sequence[str], room: Path, name: str) -> list[Path]:
    def one(numbered: tuple[int, str]) -> Path:
        path = room / f"{name}-{numbered[0]:06d}.parquet"
        archive.download(numbered[1], path)
        return path

    with ThreadPoolExecutor(_THREADS, thread_name_prefix="copy") as threads:
        return list(threads.map(one, enumerate(keys)))
