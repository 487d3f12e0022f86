"""What setting up will cost: gathers rates and sizes, stated before observed before unknown, and prices them.

Decides: a stated rate goes before CloudWatch's; a table that CloudWatch does not know is called 0 times only where it knows
others of that Region; sizes are those of the last archived days, if they may be read. What could not be looked at is said in the
preview and never ends it: the preview is beside the plan and no part of its hash. Refuses to take "could not look" for zero.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from itemtrail.core import layout, operations
from itemtrail.core.cost import ASSUMED, Asked, Preview, Rate, Sizes
from itemtrail.core.cost_lines import preview
from itemtrail.core.dynamodb import partition
from itemtrail.core.prices import PriceTable
from itemtrail.core.setup_plan import CANARY_TABLE, SetupPlan
from itemtrail.core.stream_plan import StreamOutputKind
from itemtrail.errors import ConfigurationError, ItemtrailError
from itemtrail.flows import archive_stream_state
from itemtrail.flows.prices import price_table
from itemtrail.flows.receipts import load
from itemtrail.model import Unit
from itemtrail.ports.data import ObjectStore
from itemtrail.ports.rates import Calls, Rates
from itemtrail.settings import Rate as StatedRate
from itemtrail.settings import Settings

_OLD_DAYS = 180
_WINDOW = 14  # days: as long as CloudWatch lists a metric that is not fed
_PLACES, _DAYS, _ENOUGH = 4, 3, 1000  # units and records that sizes are taken from


@dataclass(frozen=True, slots=True)
class Sources:
    """Where to look: CloudWatch, the archive (None: not there yet), stated rates beside the settings', and the day."""

    rates: Rates
    archive: ObjectStore | None
    today: dt.date
    stated: tuple[StatedRate, ...] = ()


@dataclass(frozen=True, slots=True)
class _Observed:
    """What CloudWatch told of each Region: calls by table name; or why it told nothing."""

    calls: dict[str, dict[str, list[Calls]]]
    silent: dict[str, str]


def cost_preview(settings: Settings, plan: SetupPlan, sources: Sources) -> Preview:
    """The preview of ``settings`` once ``plan`` is carried out.

    Raises:
        ConfigurationError: the price table, or a stated rate, is wrong.
    """
    trail, archive, streams = settings.trail, settings.archive, settings.streams
    table = price_table(settings)
    observed = _observe(sources, _regions(settings))
    stated = {one.table: one for one in (*settings.prices.rates, *sources.stated)}
    arns = _tables(settings, observed, stated)
    asked = Asked(
        trail_region=trail.home_region,
        archive_region=archive.region,
        places=len(archive.accounts) * len(archive.regions),
        keep_days=archive.keep_days,
        trail_days=trail.expiry_days + archive.reopen_days,
        originals=(archive.originals_class, archive.originals_after_days),
        events=(archive.events_class, archive.events_after_days),
        part_bytes=archive.part_bytes,
        reads=trail.data_events.reads,
        streams=frozenset(streams.tables),
        forwarder=bool(streams.forwarder),
        log_days=streams.log_retention_days,
        second_copy=any(finding.check == "setup.second-copy" for finding in plan.findings),
        rates=tuple(_rate(arn, stated.get(arn), observed, sources.today) for arn in arns),
        sizes=_stated(observed_sizes(sources.archive, settings) if sources.archive else ASSUMED, settings.prices.item_bytes),
        others=_others(settings, observed),
        remarks=_remarks(settings, table, sources.today),
    )
    return preview(asked, table)


def parse_rate(text: str, settings: Settings) -> StatedRate:
    """``TABLE=WRITES`` or ``TABLE=WRITES+READS``, calls a day; a table's name means one of the configured, or of the home Region.

    Raises:
        ConfigurationError
    """
    name, _, numbers = text.rpartition("=")
    writes, _, reads = numbers.removesuffix("/day").partition("+")
    if not name or not writes.isdecimal() or (reads and not reads.isdecimal()):
        raise ConfigurationError(f"{text!r} is no rate.", advice="write TABLE=WRITES, or TABLE=WRITES+READS, calls a day.")
    arn = _arn(name, settings)
    layout.table_folder(arn)  # refuses what is no table's ARN
    return StatedRate(table=arn, writes_per_day=int(writes), reads_per_day=int(reads) if reads else None)


def observed_sizes(archive: ObjectStore, settings: Settings) -> Sizes:
    """Bytes of an event and of a stream record, from the last archived days; assumed where there are too few."""
    try:
        return _stream_sizes(archive, settings, _event_sizes(archive, settings))
    except ItemtrailError as error:
        return replace(ASSUMED, source=f"assumed: the archive could not be read ({error.message.rstrip('.')})")


def _stated(sizes: Sizes, item_bytes: int) -> Sizes:
    """Two images a record: as JSON in the log group, with half a kilobyte around them; together one image's size in Parquet."""
    if not item_bytes:
        return sizes
    record, logged = Decimal(item_bytes), Decimal(2 * item_bytes + 512)
    return replace(sizes, record=record, logged=logged, source=f"{sizes.source}; items of {item_bytes:,} bytes stated")


def _event_sizes(archive: ObjectStore, settings: Settings) -> Sizes:
    records = stored = rows = written = 0
    pairs = [(account, region) for account in settings.archive.accounts for region in settings.archive.regions]
    for account, region in pairs[:_PLACES]:
        names = archive.list_prefixes(f"{layout.RECEIPTS}{layout.account_region(account, region)}")
        days = sorted(day for name in names if (day := _day(name)))[-_DAYS:]
        for counts in (load(archive, Unit(account, region, day)).counts for day in days):
            records, stored = records + counts.records_in, stored + counts.bytes_stored
            rows, written = rows + counts.rows, written + counts.bytes_out
    if min(records, rows) < _ENOUGH:
        return ASSUMED
    source = f"of {records:,} archived events"
    return replace(ASSUMED, delivered=Decimal(stored) / records, event=Decimal(written) / rows, source=source)


def _stream_sizes(archive: ObjectStore, settings: Settings, sizes: Sizes) -> Sizes:
    rows = written = 0
    for arn in settings.streams.tables:
        last = archive_stream_state.load(archive, arn).last
        outputs = [output for output in (last.outputs if last else ()) if output.kind is StreamOutputKind.RECORDS]
        rows, written = rows + sum(one.rows for one in outputs), written + sum(one.size for one in outputs)
    if rows < _ENOUGH:
        return replace(sizes, source=f"{sizes.source}; stream records assumed") if sizes is not ASSUMED else sizes
    return replace(sizes, record=Decimal(written) / rows, source=f"{sizes.source}; of {rows:,} stream records")


def _day(name: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(name.removeprefix("delivery_date="))
    except ValueError:
        return None


def _regions(settings: Settings) -> list[str]:
    tables = settings.trail.data_events.tables
    named = {arn.split(":")[3] for arn in (() if tables == "all" else tables)}
    everywhere = set(settings.archive.regions) if tables == "all" else set()
    return sorted(named | everywhere | {arn.split(":")[3] for arn in settings.streams.tables})


def _observe(sources: Sources, regions: Iterable[str]) -> _Observed:
    end = dt.datetime.combine(sources.today, dt.time(), dt.UTC)
    found = _Observed({}, {})
    for region in regions:
        try:
            calls = sources.rates.calls(region, start=end - dt.timedelta(days=_WINDOW), end=end)
        except ItemtrailError as error:
            found.silent[region] = f"could not look: {error.message.rstrip('.')}"
            continue
        by_table: dict[str, list[Calls]] = defaultdict(list)
        for one in calls:
            by_table[one.table].append(one)
        if by_table:
            found.calls[region] = dict(by_table)
        else:
            found.silent[region] = f"CloudWatch knows no call of any table in {region} in {_WINDOW} days"
    return found


def _tables(settings: Settings, observed: _Observed, stated: Iterable[str]) -> Sequence[str]:
    tables, account = settings.trail.data_events.tables, settings.trail.account
    if tables != "all":
        return sorted({*tables, *settings.streams.tables})
    seen = {
        f"arn:{partition(region)}:dynamodb:{region}:{account}:table/{name}"
        for region, names in observed.calls.items()
        for name in names
        if name != CANARY_TABLE
    }
    return sorted(seen | set(settings.streams.tables) | set(stated))


def _rate(arn: str, stated: StatedRate | None, observed: _Observed, today: dt.date) -> Rate:
    if stated:
        reads = None if stated.reads_per_day is None else Decimal(stated.reads_per_day)
        return Rate(arn, Decimal(stated.writes_per_day), reads, "stated")
    region, name = arn.split(":")[3], arn.rpartition("/")[2]
    if region not in observed.calls:
        return Rate(arn, None, None, observed.silent.get(region, f"nobody looked in {region}"))
    calls = observed.calls[region].get(name, [])
    days = max((one.days for one in calls), default=_WINDOW)
    total = {True: Decimal(0), False: Decimal(0)}
    for one in calls:
        total[one.operation in operations.READS] += Decimal(str(one.count)) / days
    return Rate(arn, total[False], total[True], f"observed by CloudWatch over {days} days to {today}")


def _others(settings: Settings, observed: _Observed) -> str:
    if settings.trail.data_events.tables != "all" or not observed.silent:
        return ""
    why = "; ".join(observed.silent.values())
    return f'trail.data_events.tables is "all", and which other tables there are is not known ({why})'


def _remarks(settings: Settings, table: PriceTable, today: dt.date) -> tuple[str, ...]:
    age = (today - table.as_of).days
    old = (f"the prices are {age} days old: compare {', '.join(table.sources[:2])}",) if age > _OLD_DAYS else ()
    if settings.trail.data_events.tables != "all":
        return old
    return (
        *old,
        'trail.data_events.tables is "all": events of Regions that are not archived, and of tables to come, are not in it',
    )


def _arn(name: str, settings: Settings) -> str:
    if name.startswith("arn:"):
        return name
    tables = settings.trail.data_events.tables
    known = {arn for arn in (*(() if tables == "all" else tables), *settings.streams.tables) if arn.endswith(f":table/{name}")}
    if len(known) > 1:
        raise ConfigurationError(f"{name!r} is {len(known)} tables.", advice=f"give one of: {', '.join(sorted(known))}.")
    region, account = settings.trail.home_region, settings.trail.account
    return known.pop() if known else f"arn:{partition(region)}:dynamodb:{region}:{account}:table/{name}"
