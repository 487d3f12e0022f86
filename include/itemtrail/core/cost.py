"""What the capture and its archive will cost: list prices times stated or observed amounts, each number with its formula.

Decides: that a month has 30 days, what is paid each day and what is stored, and how storage that moves to another class adds up.
An amount that is not known is None and said, never zero. Refuses to round before the end. Pure; the lines are in ``cost_lines``.
"""

from dataclasses import dataclass
from decimal import Decimal

from itemtrail.core.prices import GB, PriceTable, RegionPrices

MONTH = 30  # days


@dataclass(frozen=True, slots=True)
class Rate:
    """Calls of a table a day that become data events. None: not known. ``source``: how it is known, or why it is not."""

    table_arn: str
    writes: Decimal | None
    reads: Decimal | None
    source: str

    @property
    def region(self) -> str:
        """The table's Region."""
        return self.table_arn.split(":")[3]


@dataclass(frozen=True, slots=True)
class Sizes:
    """Bytes of one event or stream record, where it lies. ``source``: observed or assumed."""

    delivered: Decimal  # in CloudTrail's log file, gzip
    event: Decimal  # in the archive's Parquet
    record: Decimal  # of a stream record, in Parquet
    logged: Decimal  # of a stream record in the log group: both images, JSON
    source: str


ASSUMED = Sizes(
    Decimal(400), Decimal(300), Decimal(600), Decimal(2500), "assumed: nothing is archived yet, or it could not be read"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be priced. Days and classes as configured; ``places``: (account, Region) pairs that are archived."""

    trail_region: str
    archive_region: str
    places: int
    keep_days: int
    trail_days: int  # until what is proven is gone from the trail bucket, old versions included
    originals: tuple[str, int]  # class, after days
    events: tuple[str, int]
    part_bytes: int
    reads: bool  # reads are recorded too
    streams: frozenset[str]
    forwarder: bool
    log_days: int
    second_copy: bool  # this trail's management events are billed
    rates: tuple[Rate, ...]
    sizes: Sizes = ASSUMED
    others: str = ""  # whose events may come on top; "" for nobody's
    remarks: tuple[str, ...] = ()  # what else the reader must know


@dataclass(frozen=True, slots=True)
class Amount:
    """In the table's currency: the first month, a month when ``keep_days`` of data are there, and all of ``keep_days``."""

    month: Decimal
    full_month: Decimal
    total: Decimal

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(self.month + other.month, self.full_month + other.full_month, self.total + other.total)


NOTHING = Amount(Decimal(0), Decimal(0), Decimal(0))


@dataclass(frozen=True, slots=True)
class Line:
    """One number and how it comes about. ``amount`` None: not known, ``formula`` says what would be needed."""

    what: str
    formula: str
    amount: Amount | None


@dataclass(frozen=True, slots=True)
class Preview:
    """All lines. ``missing``: what the sum leaves out; ``assumptions``: what the numbers lean on."""

    lines: tuple[Line, ...]
    missing: tuple[str, ...]
    assumptions: tuple[str, ...]
    as_of: str
    currency: str
    keep_days: int

    @property
    def total(self) -> Amount:
        """The sum of what is known."""
        return sum((line.amount for line in self.lines if line.amount), NOTHING)


def flow(per_day: Decimal, days: int) -> Amount:
    """What is paid ``per_day`` from the first day on."""
    return Amount(per_day * MONTH, per_day * MONTH, per_day * days)


def held(per_month: Decimal, kept: int, days: int) -> Amount:
    """What a day's data cost that would cost ``per_month`` a month, and are gone after ``kept`` days."""
    kept = min(kept, days)
    return Amount(per_month * _young(MONTH, kept) / MONTH, per_month * kept, per_month * _young(days, kept) / MONTH)


def stored(size: Decimal, count: Decimal, move: tuple[str, int], days: int, table: PriceTable, prices: RegionPrices) -> Amount:
    """Storage of ``size`` bytes in ``count`` objects added each day, in STANDARD first, in ``move``'s class from its day on.

    A day's data of age k costs STANDARD's price while k is at most the move's day, the class's afterwards; small objects cost
    the class's minimum size and overhead. The move itself is paid an object.
    """
    name, after = move
    standard, target, rules = prices.classes["STANDARD"], prices.classes[name], table.rules[name]
    billed = max(size, count * rules.minimum_bytes) + count * rules.overhead_bytes
    first = size * standard.gb_month / GB
    later = (billed * target.gb_month + count * rules.overhead_standard_bytes * standard.gb_month) / GB
    moved = count * (target.transition_per_1000 or Decimal(0)) / 1000
    month = (first * _young(MONTH, after) + later * _old(MONTH, after)) / MONTH + moved * max(0, MONTH - after)
    full = first * min(after, days) + later * max(0, days - after) + (moved * MONTH if days > after else 0)
    total = (first * _young(days, after) + later * _old(days, after)) / MONTH + moved * max(0, days - after)
    return Amount(month, full, total)


def _young(days: int, after: int) -> int:
    """Days that the data of ``days`` days spend, together, not older than ``after``."""
    short = min(days, after)
    return short * (short + 1) // 2 + after * (days - short)


def _old(days: int, after: int) -> int:
    """Days that they spend older."""
    rest = max(0, days - after)
    return rest * (rest + 1) // 2
