"""The lines of a cost preview: data events, trail bucket, archive, streams, forwarder; each with its formula in words.

Decides: what is counted (docs/cli.md, "What it will cost"). Whoever lacks a rate gets the price of a million events; a Region
without prices is said. Where the truth is not known a line errs to the dear side: every Region delivers as often as it can, every
record is a call of the forwarder of its own, nothing is free. Refuses to leave out in silence what it cannot price.
"""

from decimal import Decimal

from itemtrail.core.cost import MONTH, Asked, Line, Preview, Rate, flow, held, stored
from itemtrail.core.prices import GB, PriceTable, RegionPrices

LOGS_A_DAY, DIGESTS_A_DAY = 288, 24  # of a Region in which something happens: a file each five minutes, a digest each hour
RECEIPT_BYTES = 1024  # of a plan or a receipt, for each delivered object
STREAM_COMMITS_A_DAY = 24
READS_AN_HOUR = 60  # GetRecords of one table's stream, found empty or not; and one for each 1,000 records
RECORDS_A_READ = 1000
LAMBDA_SECONDS, LAMBDA_GB = Decimal("0.1"), Decimal("0.25")  # an invocation of the forwarder


def preview(asked: Asked, table: PriceTable) -> Preview:
    """The lines of ``asked`` at the prices of ``table``."""
    lines = [_data_events(rate, asked, table) for rate in asked.rates]
    lines += [Line("data events of other tables", f"{asked.others}; {_per_million(asked, table)}", None)] if asked.others else []
    lines += [_second_copy(asked, table)] if asked.second_copy else []
    trail, archive = table.of(asked.trail_region), table.of(asked.archive_region)
    lines += _trail_bucket(asked, trail) if trail else [Line("trail bucket", table.no_price(asked.trail_region), None)]
    lines += _archive(asked, table, archive) if archive else [Line("archive", table.no_price(asked.archive_region), None)]
    lines += [line for arn in sorted(asked.streams) for line in _stream(arn, asked, table)]
    missing = [f"{line.what}: {line.formula}" for line in lines if line.amount is None]
    return Preview(tuple(lines), tuple(missing), _assumptions(asked, table), str(table.as_of), table.currency, asked.keep_days)


def _data_events(rate: Rate, asked: Asked, table: PriceTable) -> Line:
    prices, what = table.of(rate.region), f"data events of {rate.table_arn.rpartition('/')[2]} ({rate.region})"
    if prices is None:
        return Line(what, table.no_price(rate.region), None)
    price = prices.data_events_per_100000
    per_million = _million(prices)
    if rate.writes is None or (asked.reads and rate.reads is None):
        lacks = "writes a day" if rate.writes is None else "reads a day"
        return Line(what, f"{lacks} unknown ({rate.source}); {per_million}", None)
    reads = rate.reads or Decimal(0) if asked.reads else Decimal(0)
    each = f"{_n(rate.writes)} writes" + (f" + {_n(reads)} reads" if asked.reads else "")
    formula = f"({each}) a day × {MONTH} ÷ 100,000 × {price:f} [{rate.source}]"
    return Line(what, formula, flow((rate.writes + reads) * price / 100_000, asked.keep_days))


def _million(prices: RegionPrices) -> str:
    return f"each million events costs {prices.data_events_per_100000 * 10:f}"


def _per_million(asked: Asked, table: PriceTable) -> str:
    prices = table.of(asked.trail_region)
    return _million(prices) if prices else table.no_price(asked.trail_region)


def _second_copy(asked: Asked, table: PriceTable) -> Line:
    prices, what = table.of(asked.trail_region), "second copy of management events"
    if prices is None:
        return Line(what, table.no_price(asked.trail_region), None)
    return Line(what, f"events a month unknown; each 100,000 cost {prices.management_copy_per_100000:f}", None)


def _events_a_day(asked: Asked) -> Decimal:
    reads = sum((rate.reads or Decimal(0) for rate in asked.rates), Decimal(0)) if asked.reads else Decimal(0)
    return sum((rate.writes or Decimal(0) for rate in asked.rates), Decimal(0)) + reads


def _delivered(asked: Asked) -> int:
    return asked.places * (LOGS_A_DAY + DIGESTS_A_DAY)


def _trail_bucket(asked: Asked, prices: RegionPrices) -> list[Line]:
    count, size = _delivered(asked), _events_a_day(asked) * asked.sizes.delivered
    standard, kept = prices.classes["STANDARD"], min(asked.trail_days, asked.keep_days)
    put = standard.put_per_1000
    requests = count * (2 * put + standard.get_per_1000) / 1000
    per_day = size * standard.gb_month / GB + count * prices.tags_per_10000_month / 10_000
    each = f"{asked.places} account/Region × ({LOGS_A_DAY} log files + {DIGESTS_A_DAY} digests) a day"
    return [
        Line(
            "trail bucket: requests",
            f"{each} ÷ 1,000 × (put {put:f} + tag {put:f} + read {standard.get_per_1000:f})",
            flow(requests, asked.keep_days),
        ),
        Line(
            "trail bucket: storage",
            f"{_mb(size)} MB a day for {kept} days × {standard.gb_month:f} a GB; tags {prices.tags_per_10000_month:f} per 10,000",
            held(per_day, kept, asked.keep_days),
        ),
    ]


def _archive(asked: Asked, table: PriceTable, prices: RegionPrices) -> list[Line]:
    events, records, places = _events_a_day(asked), _records_a_day(asked), Decimal(asked.places)
    originals = events * asked.sizes.delivered
    commits = Decimal(len(asked.streams) * STREAM_COMMITS_A_DAY)
    tars = places + originals / asked.part_bytes
    papers = 2 * (places + commits)
    standard = prices.classes["STANDARD"]
    writes = tars + 2 * places + commits + papers
    paper_bytes = 2 * Decimal(_delivered(asked)) * RECEIPT_BYTES + 2 * commits * RECEIPT_BYTES
    kept = asked.keep_days
    return [
        Line("archive: requests", f"{_n(writes)} puts and as many reads a day", flow(_requests(writes, prices), kept)),
        _moving("archive: originals", originals, tars, asked.originals, kept, table, prices),
        _moving("archive: events", events * asked.sizes.event, 2 * places, asked.events, kept, table, prices),
        *(
            [_moving("archive: stream records", records * asked.sizes.record, commits, asked.events, kept, table, prices)]
            if asked.streams
            else []
        ),
        Line(
            "archive: plans and receipts",
            f"{_mb(paper_bytes)} MB a day, all in STANDARD × {standard.gb_month:f} a GB",
            stored(paper_bytes, papers, ("STANDARD", kept), kept, table, prices),
        ),
    ]


def _requests(writes: Decimal, prices: RegionPrices) -> Decimal:
    standard = prices.classes["STANDARD"]
    return writes * (standard.put_per_1000 + standard.get_per_1000) / 1000


def _moving(
    what: str, size: Decimal, count: Decimal, move: tuple[str, int], days: int, table: PriceTable, prices: RegionPrices
) -> Line:
    name, after = move
    target, rules = prices.classes[name], table.rules[name]
    small = f"at least {rules.minimum_bytes // 1024} KB" if rules.minimum_bytes else ""
    over = f"+ {(rules.overhead_bytes + rules.overhead_standard_bytes) // 1024} KB" if rules.overhead_bytes else ""
    formula = (
        f"{_mb(size)} MB in {_n(count)} objects a day: {after} days × {prices.classes['STANDARD'].gb_month:f} a GB, then {name} "
        f"× {target.gb_month:f} ({small or over} each), moved for {target.transition_per_1000:f} per 1,000"
    )
    return Line(what, formula, stored(size, count, move, days, table, prices))


def _records_a_day(asked: Asked) -> Decimal:
    return sum((rate.writes or Decimal(0) for rate in asked.rates if rate.table_arn in asked.streams), Decimal(0))


def _stream(arn: str, asked: Asked, table: PriceTable) -> list[Line]:
    region, name = arn.split(":")[3], arn.rpartition("/")[2]
    prices = table.of(region)
    writes = next((rate.writes for rate in asked.rates if rate.table_arn == arn), None)
    if prices is None or writes is None:
        why = "writes a day unknown" if prices else table.no_price(region)
        return [Line(f"stream of {name} ({region})", why, None)]
    reads = Decimal(READS_AN_HOUR * 24) + writes / RECORDS_A_READ
    lines = [
        Line(
            f"stream of {name}: reads",
            f"{_n(reads)} a day ÷ 100,000 × {prices.stream_reads_per_100000:f}; the first {_n(prices.stream_free_reads_month)} "
            "of an account's month are free, and not taken off here",
            flow(reads * prices.stream_reads_per_100000 / 100_000, asked.keep_days),
        )
    ]
    return lines + (_forwarder(name, writes, asked, prices) if asked.forwarder else [])


def _forwarder(name: str, writes: Decimal, asked: Asked, prices: RegionPrices) -> list[Line]:
    calls, seconds = prices.lambda_requests_per_1000000, prices.lambda_gb_second
    size = writes * asked.sizes.logged
    ingested = flow(size * prices.log_ingest_per_gb / GB, asked.keep_days)
    logs = ingested + held(size * prices.log_gb_month / GB, asked.log_days, asked.keep_days)
    return [
        Line(
            f"forwarder of {name}: Lambda",
            f"at most {_n(writes)} calls a day × ({calls:f} per million + {LAMBDA_SECONDS:f} s × {LAMBDA_GB:f} GB × {seconds:f})",
            flow(writes * (calls / 1_000_000 + LAMBDA_SECONDS * LAMBDA_GB * seconds), asked.keep_days),
        ),
        Line(
            f"forwarder of {name}: log group",
            f"{_mb(size)} MB a day × {prices.log_ingest_per_gb:f} a GB, kept {asked.log_days} day(s) at {prices.log_gb_month:f}",
            logs,
        ),
    ]


def _assumptions(asked: Asked, table: PriceTable) -> tuple[str, ...]:
    regions = sorted({asked.trail_region, asked.archive_region, *(rate.region for rate in asked.rates)})
    sure = {f"{region}: {', '.join(f'{g} {s}' for g, s in p.sure.items())}" for region in regions if (p := table.of(region))}
    return (
        f"list prices of {table.as_of} ({table.file}), in {table.currency}; no discount, credit, free tier, tax or transfer",
        *(f"how sure these prices are: {line}" for line in sorted(sure)),
        *asked.remarks,
        _of_sizes(asked),
        f"every account and Region is taken to deliver {LOGS_A_DAY} log files a day, the most there are at one each five minutes",
        "nothing of management events is in it: their first copy is free, their bytes are not known",
        f"a month has {MONTH} days; rates stay as they are for {asked.keep_days} days; nothing is restored or queried",
    )


def _of_sizes(asked: Asked) -> str:
    sizes = asked.sizes
    event = f"{sizes.delivered:.0f} delivered, {sizes.event:.0f} in Parquet"
    record = f"{sizes.record:.0f}, {sizes.logged:.0f} in the log group"
    return f"bytes of an event: {event}; of a stream record: {record} ({sizes.source})"


def _n(number: Decimal) -> str:
    return f"{number:,.0f}" if number >= 10 or number == number.to_integral_value() else f"{number:,.2f}"


def _mb(size: Decimal) -> str:
    return f"{size / 1_000_000:,.3f}"
