"""The cost preview against numbers computed by hand; and more is never cheaper."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.history_archive import add_unit
from tests.memory import Fault, MemoryStore

from itemtrail.core import layout
from itemtrail.core.cost import ASSUMED, Asked, Rate, Sizes, flow, held, stored
from itemtrail.core.cost_lines import preview
from itemtrail.core.cost_text import document, short, text
from itemtrail.core.prices import GB, parse
from itemtrail.core.receipt import Counts, Receipt
from itemtrail.core.setup_plan import SetupPlan
from itemtrail.errors import AccessDenied, ConfigurationError
from itemtrail.flows.cost_preview import Sources, cost_preview, observed_sizes, parse_rate
from itemtrail.flows.prices import PACKAGED
from itemtrail.model import Unit
from itemtrail.ports.rates import Calls
from itemtrail.settings import Settings
from itemtrail.settings import parse as parse_settings
from itemtrail.snapshot import Finding, FindingStatus

D = Decimal
TABLE = parse(PACKAGED.read_text(encoding="utf-8"), file="prices.toml")
PRICES = TABLE.of("us-east-1")
PAYROLL = "arn:aws:dynamodb:us-east-1:111122223333:table/Payroll"
USERS = "arn:aws:dynamodb:eu-west-1:111122223333:table/Users"
TODAY = dt.date(2026, 11, 24)


def asked(*rates: Rate, **other: Any) -> Asked:
    values: dict[str, Any] = {
        "trail_region": "us-east-1",
        "archive_region": "us-east-1",
        "places": 1,
        "keep_days": 3650,
        "trail_days": 120,
        "originals": ("DEEP_ARCHIVE", 45),
        "events": ("GLACIER_IR", 90),
        "part_bytes": 256 << 20,
        "reads": False,
        "streams": frozenset(),
        "forwarder": False,
        "log_days": 1,
        "second_copy": False,
        "rates": rates,
        "sizes": Sizes(D(400), D(300), D(600), D(2500), "stated"),
    }
    return Asked(**(values | other))


def rate(writes: int | None, reads: int | None = None, arn: str = PAYROLL) -> Rate:
    return Rate(arn, None if writes is None else D(writes), None if reads is None else D(reads), "stated")


def amount(wanted: Asked, what: str) -> Any:
    return next(line.amount for line in preview(wanted, TABLE).lines if line.what.startswith(what))


def test_ten_million_writes_a_day_cost_ten_dollars_a_day() -> None:
    found = amount(asked(rate(10_000_000)), "data events of Payroll")
    assert (found.month, found.full_month, found.total) == (300, 300, 36_500)


def test_reads_count_only_where_they_are_recorded() -> None:
    assert amount(asked(rate(1_000_000, 9_000_000)), "data events").month == 30
    assert amount(asked(rate(1_000_000, 9_000_000), reads=True), "data events").month == 300


def test_storage_that_moves_by_hand() -> None:
    """1 GB in one object a day, STANDARD for 10 days, then DEEP_ARCHIVE; 20 days.

    Days young: 1+2+…+10 + 10×10 = 155; old: 1+2+…+10 = 55. An object in DEEP_ARCHIVE is 1 GB + 32 KB there, 8 KB in STANDARD.
    """
    found = stored(GB, D(1), ("DEEP_ARCHIVE", 10), 20, TABLE, PRICES)  # type: ignore[arg-type]
    old_day = (GB + 32_768) / GB * D("0.00099") + D(8192) / GB * D("0.023")
    assert found.total == (155 * D("0.023") + 55 * old_day) / 30 + 10 * D("0.05") / 1000
    assert found.full_month == 10 * D("0.023") + 10 * old_day + 30 * D("0.05") / 1000
    # the first month: young 1+…+10 + 10×20 = 255, old 1+…+20 = 210, 20 moves
    assert found.month == (255 * D("0.023") + 210 * old_day) / 30 + 20 * D("0.05") / 1000


def test_objects_below_128_kb_are_billed_as_128_kb_in_instant_retrieval() -> None:
    found = stored(D(1000), D(10), ("GLACIER_IR", 0), 30, TABLE, PRICES)  # type: ignore[arg-type]
    assert found.full_month == 30 * 10 * 131_072 / GB * D("0.004") + 10 * 30 * D("0.02") / 1000


def test_what_expires_is_paid_until_it_goes() -> None:
    """A day's data at 3 dollars a month, kept 10 days: after 40 days 55 + 10×30 = 355 data-days, a thirtieth of 3 each."""
    assert held(D(3), 10, 40).total == D(355) * 3 / 30
    assert held(D(3), 10, 40).full_month == 30
    assert flow(D(2), 7).total == 14


def test_an_unknown_rate_is_unknown_and_gives_the_price_of_a_million() -> None:
    found = preview(asked(rate(None)), TABLE)
    line = next(line for line in found.lines if line.what.startswith("data events"))
    assert line.amount is None
    assert "unknown" in line.formula
    assert "each million events costs 1.00" in line.formula
    assert any("Payroll" in one for one in found.missing)
    assert "SUM OF WHAT IS KNOWN" in text(found)


def test_the_short_table_has_the_sum_the_largest_lines_and_what_is_left_out_and_no_formula() -> None:
    found = preview(asked(rate(None)), TABLE)
    shown = short(found)
    assert len(shown.splitlines()) < 16
    assert "=" not in shown
    assert "assumed" not in shown
    assert next(line for line in text(found).splitlines() if "SUM OF" in line) in shown
    assert all(one in shown for one in text(found).splitlines() if "not in the sum" in one)
    known = sum(one.amount is not None for one in found.lines)
    many = short(replace(found, lines=found.lines * 4))
    assert f"{4 * known - 6} smaller ones together" in many
    assert len(many.splitlines()) < 16


def test_unknown_reads_are_unknown_where_reads_are_recorded() -> None:
    assert preview(asked(rate(5), reads=True), TABLE).lines[0].amount is None


def test_a_region_without_prices_is_said_and_not_zero() -> None:
    far = PAYROLL.replace("us-east-1", "ap-south-2")
    found = preview(asked(rate(5, arn=far), archive_region="ap-south-2", streams=frozenset({far})), TABLE)
    unknown = [line for line in found.lines if line.amount is None]
    assert len(unknown) == 3
    assert all("no price known for ap-south-2" in line.formula for line in unknown)


def test_a_second_copy_of_management_events_is_told_with_its_price() -> None:
    found = preview(asked(rate(5), second_copy=True), TABLE)
    assert any("second copy" in one and "2.00" in one for one in found.missing)


def test_streams_and_forwarder_by_hand() -> None:
    wanted = asked(rate(1_000_000), streams=frozenset({PAYROLL}), forwarder=True)
    assert amount(wanted, "stream of Payroll: reads").month == (1440 + 1000) * 30 * D("0.02") / 100_000
    second = D("0.1") * D("0.25") * D("0.0000166667")
    assert amount(wanted, "forwarder of Payroll: Lambda").month == 30_000_000 * (D("0.2") / 1_000_000 + second)
    logs = amount(wanted, "forwarder of Payroll: log group")
    assert logs.full_month == 30 * D(2_500_000_000) / GB * D("0.5") + D(2_500_000_000) / GB * D("0.03")


def test_every_number_has_a_formula_and_the_file_and_day_of_its_price() -> None:
    found = preview(asked(rate(5), streams=frozenset({PAYROLL}), forwarder=True), TABLE)
    assert all(line.formula for line in found.lines)
    assert any("2026-11-24 (prices.toml)" in one for one in found.assumptions)
    assert any("cloudtrail confirmed" in one for one in found.assumptions)
    assert document(found)["sum_of_known"]["month"] == f"{found.total.month:.6f}"


@given(
    few=st.integers(0, 10**9),
    more=st.integers(0, 10**9),
    keep=st.integers(1, 4000),
    move=st.integers(0, 400),
    streams=st.booleans(),
)
def test_more_events_are_never_cheaper(few: int, more: int, keep: int, move: int, streams: bool) -> None:
    over = {
        "keep_days": keep,
        "originals": ("DEEP_ARCHIVE", move),
        "events": ("GLACIER_IR", move),
        "streams": frozenset({PAYROLL} if streams else ()),
        "forwarder": streams,
    }
    one = preview(asked(rate(few), **over), TABLE)
    two = preview(asked(rate(few + more), **over), TABLE)
    for small, large in zip(one.lines, two.lines, strict=True):
        assert small.amount
        assert large.amount
        assert 0 <= small.amount.month <= large.amount.month
        assert 0 <= small.amount.full_month <= large.amount.full_month
        assert 0 <= small.amount.total <= large.amount.total


@given(size=st.integers(0, 10**12), count=st.integers(0, 10**5), days=st.integers(1, 4000), after=st.integers(0, 400))
def test_what_is_kept_longer_is_never_cheaper(size: int, count: int, days: int, after: int) -> None:
    short = stored(D(size), D(count), ("DEEP_ARCHIVE", after), days, TABLE, PRICES)  # type: ignore[arg-type]
    longer = stored(D(size), D(count), ("DEEP_ARCHIVE", after), days + 1, TABLE, PRICES)  # type: ignore[arg-type]
    assert short.total <= longer.total


# Where the rates come from.

SETTINGS = """
[trail]
name = "my-trail"
account = "111122223333"
home_region = "us-east-1"
bucket = "trail-bucket"
[archive]
bucket = "archive"
region = "us-east-1"
accounts = ["111122223333"]
regions = ["us-east-1", "eu-west-1"]
[streams]
tables = ["arn:aws:dynamodb:us-east-1:111122223333:table/Payroll"]
"""


class CloudWatch:
    """``Rates``: what is known of each Region, or an error."""

    def __init__(self, **known: Any) -> None:
        self.known = {region.replace("_", "-"): calls for region, calls in known.items()}

    def calls(self, region: str, *, start: dt.datetime, end: dt.datetime) -> tuple[Calls, ...]:
        assert end - start == dt.timedelta(days=14)
        found = self.known.get(region, ())
        if isinstance(found, Exception):
            raise found
        return tuple(found)


def made(more: str = "", *, rates: Any = None, stated: tuple[str, ...] = (), findings: tuple[Finding, ...] = ()) -> Any:
    settings = parse_settings(SETTINGS + more, file="test.toml")
    parsed = tuple(parse_rate(one, settings) for one in stated)
    sources = Sources(rates or CloudWatch(), MemoryStore(), TODAY, parsed)
    return cost_preview(settings, SetupPlan((), findings, "0" * 64), sources)


def line(found: Any, what: str) -> Any:
    return next(one for one in found.lines if one.what.startswith(what))


def test_observed_calls_are_spread_over_the_days_they_were_seen() -> None:
    seen = [Calls("Payroll", "PutItem", 700, 7), Calls("Payroll", "", 70, 7), Calls("Payroll", "Query", 7_000_000, 7)]
    found = line(made(rates=CloudWatch(us_east_1=seen)), "data events of Payroll")
    assert found.amount.month == 110 * 30 * D("0.1") / 100_000
    assert "observed by CloudWatch over 7 days to 2026-11-24" in found.formula


def test_all_tables_that_cloudwatch_knows_are_counted_but_the_canary() -> None:
    seen = [Calls("Users", "PutItem", 14, 14), Calls("itemtrail-canary", "PutItem", 1, 14)]
    found = made(rates=CloudWatch(eu_west_1=seen, us_east_1=[Calls("Other", "PutItem", 1, 1)]))
    names = [one.what for one in found.lines if one.what.startswith("data events")]
    assert names == ["data events of Users (eu-west-1)", "data events of Other (us-east-1)", "data events of Payroll (us-east-1)"]
    assert line(found, "data events of Payroll").amount.month == 0


def test_a_stated_rate_goes_before_an_observed_one() -> None:
    seen = CloudWatch(us_east_1=[Calls("Payroll", "PutItem", 14, 14)])
    assert line(made(rates=seen, stated=("Payroll=100000",)), "data events of Payroll").amount.month == 3
    file = '[[prices.rates]]\ntable = "arn:aws:dynamodb:us-east-1:111122223333:table/Payroll"\nwrites_per_day = 200000\n'
    assert line(made(file, rates=seen), "data events of Payroll").amount.month == 6
    assert line(made(file, rates=seen, stated=("Payroll=100000/day",)), "data events of Payroll").amount.month == 3


def test_could_not_look_is_unknown_with_the_reason_and_never_zero() -> None:
    found = made(rates=CloudWatch(us_east_1=AccessDenied("cloudwatch:ListMetrics", "CloudWatch in us-east-1")))
    payroll = line(found, "data events of Payroll")
    assert payroll.amount is None
    assert "cloudwatch:ListMetrics" in payroll.formula
    assert line(found, "data events of other tables").amount is None


def test_a_region_of_which_cloudwatch_knows_nothing_is_unknown() -> None:
    assert "knows no call" in line(made(), "data events of Payroll").formula


def test_a_second_copy_that_the_plan_finds_is_in_the_preview() -> None:
    finding = Finding("setup.second-copy", FindingStatus.NOTE, "trail", "another trail records management events")
    assert line(made(findings=(finding,)), "second copy").amount is None


@pytest.mark.parametrize("words", ["Payroll", "Payroll=many", "=5", "Payroll=5+x", "Payroll=-5", "arn:aws:s3:::b=5"])
def test_a_rate_that_is_none_is_refused(words: str) -> None:
    with pytest.raises(ConfigurationError):
        parse_rate(words, parse_settings(SETTINGS, file="test.toml"))


def test_a_table_by_name_is_a_configured_one_or_of_the_home_region() -> None:
    settings: Settings = parse_settings(SETTINGS, file="test.toml")
    assert parse_rate("Payroll=5+7", settings).table == PAYROLL
    assert parse_rate("Payroll=5+7", settings).reads_per_day == 7
    assert parse_rate("New=5", settings).table == PAYROLL.replace("Payroll", "New")
    assert parse_rate(f"{USERS}=5", settings).table == USERS


def test_an_own_price_file_is_used_and_named(tmp_path: Any) -> None:
    own = tmp_path / "mine.toml"
    own.write_text(PACKAGED.read_text(encoding="utf-8").replace("data_events_per_100000 = 0.10", "data_events_per_100000 = 0.20"))
    found = made(f'[prices]\nfile = "{own}"\n', stated=("Payroll=100000",))
    assert line(found, "data events of Payroll").amount.month == 6
    assert any("mine.toml" in one for one in found.assumptions)


def test_old_prices_and_tables_to_come_are_said() -> None:
    found = made(stated=("Payroll=1",))
    assert any("tables to come" in one for one in found.assumptions)
    assert not any("days old" in one for one in found.assumptions)
    settings = parse_settings(SETTINGS, file="test.toml")
    late = Sources(CloudWatch(), MemoryStore(), TODAY + dt.timedelta(days=200))
    assert any("200 days old" in one for one in cost_preview(settings, SetupPlan((), (), "0" * 64), late).assumptions)


def test_stated_items_go_before_observed_and_assumed_ones() -> None:
    found = made("[prices]\nitem_bytes = 10000\n", stated=("Payroll=1000000",))
    logs = line(found, "forwarder of Payroll: log group")
    assert logs.amount.month == 30 * D(20_512_000_000) / GB * D("0.5") + D(20_512_000_000) / GB * D("0.03")
    assert any("items of 10,000 bytes stated" in one for one in found.assumptions)


def test_sizes_are_those_of_the_archive_where_there_are_enough() -> None:
    settings = parse_settings(SETTINGS, file="test.toml")
    store = MemoryStore()
    assert observed_sizes(store, settings) == ASSUMED
    unit = Unit("111122223333", "us-east-1", TODAY)
    add_unit(store, unit, {})
    key = layout.receipt_key(unit, 0)
    counts = Counts(records_in=2000, bytes_stored=500_000, rows=2000, bytes_out=300_000)
    store.replace(key, replace(Receipt.from_json(store.body(key), key=key), counts=counts).to_json())
    sizes = observed_sizes(store, settings)
    assert (sizes.delivered, sizes.event, sizes.record) == (250, 150, ASSUMED.record)
    assert sizes.source == "of 2,000 archived events; stream records assumed"


def test_an_archive_that_may_not_be_read_means_assumed_sizes_and_why() -> None:
    store = MemoryStore()
    store.fail("receipts/account=111122223333/region=us-east-1/", Fault.DENIED)
    assert "s3:ListBucket" in observed_sizes(store, parse_settings(SETTINGS, file="test.toml")).source
