"""The price table: what AWS charges for what this project makes it do, by Region, with the day the prices were read.

Decides: the form of ``prices.toml`` and of a user's own copy; what an object is billed as in a storage class. Amounts are exact
decimals in the table's currency. Refuses a missing or unknown key, a negative price, ``same_as`` of a Region that is not there.
A Region without prices is None, with words for people; it is never zero, and nobody else's price stands in for it unasked.
Source: the pages named in ``prices.toml`` under ``sources``.
"""

import datetime as dt
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from itemtrail.errors import ConfigurationError

GB = Decimal(2**30)  # S3 bills binary gigabytes. Source: Amazon S3 FAQs, "Billing", read 2026-11-24.
CLASSES = ("STANDARD", "STANDARD_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE")
TIERS = ("Expedited", "Standard", "Bulk")  # of RestoreObject
SURE = ("confirmed", "agreed", "remembered")
_KINDS = {str: "text", int: "whole number", Decimal: "number", dict: "table", list: "list", dt.date: "day, such as 2026-11-24"}
_GROUPS = ("cloudtrail", "s3", "streams", "lambda", "logs")


@dataclass(frozen=True, slots=True)
class ClassRules:
    """How S3 bills an object in a storage class. Bytes and days."""

    minimum_bytes: int
    minimum_days: int
    overhead_bytes: int  # at the class's own price
    overhead_standard_bytes: int  # at STANDARD's price


@dataclass(frozen=True, slots=True)
class Retrieval:
    """A restore in one tier: per GB, and per 1,000 requests (one an object)."""

    per_gb: Decimal
    per_1000: Decimal


@dataclass(frozen=True, slots=True)
class ClassPrices:
    """One storage class. ``transition_per_1000`` is of objects moved into it by lifecycle, None for STANDARD."""

    gb_month: Decimal
    put_per_1000: Decimal
    get_per_1000: Decimal
    transition_per_1000: Decimal | None = None
    read_per_gb: Decimal = Decimal(0)  # retrieval from the classes that are readable at once
    retrieval: Mapping[str, Retrieval] | None = None  # by tier; None where nothing needs restoring


@dataclass(frozen=True, slots=True)
class RegionPrices:
    """All prices of one Region. ``sure`` says by group (cloudtrail, s3, streams, lambda, logs) how each is known."""

    region: str
    sure: Mapping[str, str]
    data_events_per_100000: Decimal
    management_copy_per_100000: Decimal
    list_per_1000: Decimal
    tags_per_10000_month: Decimal
    classes: Mapping[str, ClassPrices]
    stream_reads_per_100000: Decimal
    stream_free_reads_month: Decimal
    lambda_requests_per_1000000: Decimal
    lambda_gb_second: Decimal
    log_ingest_per_gb: Decimal
    log_gb_month: Decimal


@dataclass(frozen=True, slots=True)
class PriceTable:
    """The file: when it was read, from where, and its Regions."""

    file: str
    as_of: dt.date
    currency: str
    sources: tuple[str, ...]
    default_region: str
    rules: Mapping[str, ClassRules]
    regions: Mapping[str, RegionPrices]

    def of(self, region: str = "") -> RegionPrices | None:
        """Prices of ``region`` (of the default Region where none is named), None where no price is known."""
        return self.regions.get(region or self.default_region)

    def no_price(self, region: str) -> str:
        """What to say where ``of`` gives None."""
        known = ", ".join(sorted(self.regions))
        return (
            f"no price known for {region} in {self.file} (it has {known}); add it to your own copy and name that in `prices.file`"
        )

    def storage_month(self, region: str, storage_class: str, objects: int, size: int) -> Decimal | None:
        """A month's storage of ``objects`` objects of together ``size`` bytes, minimum sizes and overhead included.

        The objects are taken as of one size each, ``size / objects``: exact where all are above or all below the minimum.

        Raises:
            ValueError: another class, or a negative number.
        """
        billed, standard = self.billed_bytes(storage_class, objects, size)
        prices = self.of(region)
        if prices is None:
            return None
        at_class, at_standard = prices.classes[storage_class].gb_month, prices.classes["STANDARD"].gb_month
        return (billed * at_class + standard * at_standard) / GB

    def billed_bytes(self, storage_class: str, objects: int, size: int) -> tuple[int, int]:
        """(bytes billed at the class's price, bytes billed at STANDARD's) for objects of together ``size`` bytes."""
        if storage_class not in self.rules or objects < 0 or size < 0:
            raise ValueError(f"{storage_class}, {objects} objects, {size} bytes")
        rules = self.rules[storage_class]
        billed = max(size, objects * rules.minimum_bytes) + objects * rules.overhead_bytes
        return billed, objects * rules.overhead_standard_bytes

    def retrieval_cost(self, region: str, storage_class: str, tier: str, objects: int, size: int) -> Decimal | None:
        """Restoring ``objects`` objects of together ``size`` bytes once; None where no price is known.

        The temporary copy's storage is not in it: ``storage_month`` of STANDARD, times the days it is kept over 30.

        Raises:
            ValueError: the class needs no restore, or has no such tier (DEEP_ARCHIVE has no Expedited).
        """
        prices = self.of(region)
        if prices is None:
            return None
        found = (prices.classes[storage_class].retrieval or {}).get(tier) if storage_class in prices.classes else None
        if found is None:
            raise ValueError(f"{storage_class} is not restored in tier {tier!r}")
        return size * found.per_gb / GB + objects * found.per_1000 / 1000


def parse(text: str, *, file: str) -> PriceTable:
    """The table in TOML ``text``; ``file`` is named in errors.

    Raises:
        ConfigurationError: not TOML, or a key is missing, unknown, or not what it must be.
    """
    try:
        document = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{file} is not TOML: {error}.", advice="mend the line named.") from error
    top = _Section(file, "", document)
    as_of = top.take("as_of", dt.date)
    if isinstance(as_of, dt.datetime):
        raise top.wrong("as_of", "must be a day, such as 2026-11-24")
    rules = top.section("classes")
    table = PriceTable(
        file=file,
        as_of=as_of,
        currency=top.take("currency", str),
        sources=tuple(str(source) for source in top.take("sources", list)),
        default_region=top.take("default_region", str),
        rules={name: _rules(rules.section(name)) for name in CLASSES},
        regions=_regions(top.section("regions")),
    )
    rules.done()
    top.done()
    if table.default_region not in table.regions:
        raise top.wrong("default_region", f"must be one of {', '.join(sorted(table.regions))}")
    return table


class _Section:
    """One table of the file: keys are taken one by one, and what is left over is an error."""

    def __init__(self, file: str, name: str, values: Mapping[str, Any]) -> None:
        self.file, self.name, self.values = file, name, dict(values)

    def wrong(self, key: str, what: str) -> ConfigurationError:
        path = f"{self.name}.{key}" if self.name else key
        return ConfigurationError(
            f"{self.file}: `{path}` {what}.", advice=f"edit {self.file}; the packaged prices.toml has every key."
        )

    def take(self, key: str, kind: type[Any]) -> Any:
        if key not in self.values:
            raise self.wrong(key, "is missing")
        value = self.values.pop(key)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise self.wrong(key, f"= {value!r}: must be a {_KINDS[kind]}")
        return value

    def amount(self, key: str, default: Decimal | None = None) -> Decimal:
        if default is not None and key not in self.values:
            return default
        value = self.take(key, int) if isinstance(self.values.get(key), int) else self.take(key, Decimal)
        if not Decimal(value).is_finite() or value < 0:
            raise self.wrong(key, f"= {value}: must be a finite number, not below 0")
        return Decimal(value)

    def whole(self, key: str) -> int:
        value = self.take(key, int)
        if value < 0:
            raise self.wrong(key, f"= {value}: must not be below 0")
        return int(value)

    def section(self, key: str) -> "_Section":
        return _Section(self.file, f"{self.name}.{key}" if self.name else key, self.take(key, dict))

    def sure(self) -> str:
        value = str(self.take("sure", str))
        if value not in SURE:
            raise self.wrong("sure", f"= {value!r}: allowed are {', '.join(SURE)}")
        return value

    def done(self) -> None:
        for key in self.values:
            raise self.wrong(key, "is not a key of the price table")


def _rules(section: _Section) -> ClassRules:
    rules = ClassRules(*(section.whole(name) for name in ClassRules.__slots__))
    section.done()
    return rules


def _regions(section: _Section) -> dict[str, RegionPrices]:
    """Each Region; one with ``same_as`` takes the groups that it does not write itself from another, which writes them all."""
    tables = {name: section.section(name) for name in list(section.values)}
    complete: dict[str, Mapping[str, Any]] = {n: dict(t.values) for n, t in tables.items() if "same_as" not in t.values}
    return {name: _region(name, table, complete) for name, table in tables.items()}


def _region(name: str, table: _Section, complete: Mapping[str, Mapping[str, Any]]) -> RegionPrices:
    like, own = "", set(table.values)
    if "same_as" in own:
        other = table.take("same_as", str)
        if other not in complete:
            raise table.wrong("same_as", f"= {other!r}: must be a Region of this file that writes all its prices")
        like = table.sure()
        table.values = {**complete[other], **table.values}
    groups = {group: table.section(group) for group in _GROUPS}
    table.done()
    stated = {group: part.sure() for group, part in groups.items()}
    cloudtrail, s3, streams, functions, logs = (groups[group] for group in _GROUPS)
    prices = RegionPrices(
        region=name,
        sure={group: stated[group] if group in own else like for group in _GROUPS},
        data_events_per_100000=cloudtrail.amount("data_events_per_100000"),
        management_copy_per_100000=cloudtrail.amount("management_copy_per_100000"),
        list_per_1000=s3.amount("list_per_1000"),
        tags_per_10000_month=s3.amount("tags_per_10000_month"),
        classes={storage_class: _class(s3.section(storage_class)) for storage_class in CLASSES},
        stream_reads_per_100000=streams.amount("reads_per_100000"),
        stream_free_reads_month=streams.amount("free_reads_month"),
        lambda_requests_per_1000000=functions.amount("requests_per_1000000"),
        lambda_gb_second=functions.amount("gb_second"),
        log_ingest_per_gb=logs.amount("ingest_per_gb"),
        log_gb_month=logs.amount("gb_month"),
    )
    for part in groups.values():
        part.done()
    return prices


def _class(section: _Section) -> ClassPrices:
    name = section.name.rpartition(".")[2]
    prices = ClassPrices(
        gb_month=section.amount("gb_month"),
        put_per_1000=section.amount("put_per_1000"),
        get_per_1000=section.amount("get_per_1000"),
        transition_per_1000=None if name == "STANDARD" else section.amount("transition_per_1000"),
        read_per_gb=section.amount("read_per_gb") if name in ("STANDARD_IA", "GLACIER_IR") else Decimal(0),
        retrieval=_retrievals(section.section("retrieval"), name) if name in ("GLACIER", "DEEP_ARCHIVE") else None,
    )
    section.done()
    return prices


def _retrievals(section: _Section, name: str) -> dict[str, Retrieval]:
    tiers = TIERS if name == "GLACIER" else TIERS[1:]  # DEEP_ARCHIVE has no Expedited
    found = {}
    for tier in tiers:
        prices = section.section(tier)
        found[tier] = Retrieval(prices.amount("per_gb"), prices.amount("per_1000"))
        prices.done()
    section.done()
    return found
