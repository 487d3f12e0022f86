"""A simulated world in an archive in memory, with the receipts that its files need: what tests of the history flow share."""

import datetime as dt
import io
from collections import defaultdict

import pyarrow as pa
import pyarrow.parquet as pq
from tests.history_world import ACCOUNT, REGION, TABLE, World
from tests.memory import MemoryStore

from itemtrail.core import layout
from itemtrail.core.plan import Versions, sha256
from itemtrail.core.receipt import Counts, Output, OutputKind, Receipt
from itemtrail.core.stream_plan import StreamCounts, StreamOutput, StreamOutputKind, StreamReceipt
from itemtrail.model import Conversion, Unit, Verdict
from itemtrail.settings import Settings, parse

DAY = dt.timedelta(days=1)
VERSIONS = Versions("0", 1, "0", "0")
_SETTINGS = f"""
[trail]
name = "my_trail.one"
account = "{ACCOUNT}"
home_region = "{REGION}"
bucket = "trail-bucket"
[archive]
bucket = "archive"
region = "{REGION}"
accounts = ["{ACCOUNT}"]
regions = ["{REGION}"]
[streams]
tables = ["{TABLE}"]
"""


def settings() -> Settings:
    """Settings of the world."""
    return parse(_SETTINGS, file="test.toml")


def archived(world: World, *, until: dt.date | None = None) -> MemoryStore:
    """An archive that holds ``world``: a unit for each day to ``until`` (the day after the last one), one stream commit."""
    store = MemoryStore("s3://archive")
    times = world.records["created"].to_pylist() + world.events["event_ts"].to_pylist()
    days = sorted({t.date() for t in times} or {world.workload.start.date()})
    last = until or days[-1] + DAY
    events = _by_day(world.events, "event_ts")
    for number in range((last - days[0]).days + 1):
        unit = Unit(ACCOUNT, REGION, days[0] + number * DAY)
        add_unit(store, unit, {unit.day: events[unit.day]} if unit.day in events else {})
    add_stream(store, world.records, dt.datetime.combine(last, dt.time(1), dt.UTC))
    return store


def add_unit(store: MemoryStore, unit: Unit, events: dict[dt.date, pa.Table], number: int = 0) -> None:
    """One commit of a unit: events by their date."""
    outputs = []
    for date, table in events.items():
        key = layout.events_key(unit, f"event_date={date}/{unit.day}.{layout.commit_name(number, 0)}.parquet")
        body = _parquet(table)
        store.put(key, body)
        outputs.append(Output(key, OutputKind.EVENTS, 0, len(body), sha256(body), table.num_rows))
    previous = sha256(store.body(layout.receipt_key(unit, number - 1))) if number else None
    made = Receipt(
        unit=unit,
        number=number,
        previous=previous,
        plan="0" * 64,
        trail="arn",
        versions=VERSIONS,
        finished_by=VERSIONS,
        verdict=Verdict.PROVEN,
        conversion=Conversion.COMPLETE,
        counts=Counts(),
        slots=(),
        objects=(),
        digests=(),
        listed_by={},
        keys=(),
        inputs=(),
        outputs=tuple(outputs),
    )
    store.put(layout.receipt_key(unit, number), made.to_json())


def add_stream(store: MemoryStore, records: pa.Table, covered_until: dt.datetime, table_arn: str = TABLE) -> None:
    """The table's first stream commit."""
    outputs = []
    for day, table in _by_day(records, "created").items():
        key, body = layout.stream_records_key(table_arn, day, 0), _parquet(table)
        store.put(key, body)
        outputs.append(StreamOutput(key, StreamOutputKind.RECORDS, table.num_rows, len(body), sha256(body)))
    made = StreamReceipt(
        table_arn=table_arn,
        number=0,
        previous=None,
        plan="0" * 64,
        versions=VERSIONS,
        finished_by=VERSIONS,
        observed=covered_until,
        covered_until=covered_until,
        counts=StreamCounts(records.num_rows, records.num_rows, 0, 0),
        ranges=(),
        outputs=tuple(outputs),
        checkpoints=(),
    )
    store.put(layout.stream_receipt_key(table_arn, 0), made.to_json())


def _by_day(table: pa.Table, column: str) -> dict[dt.date, pa.Table]:
    rows: dict[dt.date, list[int]] = defaultdict(list)
    for row, time in enumerate(table[column].to_pylist()):
        rows[time.date()].append(row)
    return {day: table.take(pa.array(chosen)) for day, chosen in sorted(rows.items())}


def _parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()
