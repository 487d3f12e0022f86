"""What restoring archived objects takes: which, how long by tier, at what price; hashed so that it can be approved.

Decides: who is readable (a class without restore, or a restored copy that has not expired), who is being restored, who is cold;
what each tier costs and why one is not offered; whether a price needs a person. Nobody pays for what is readable or under way; a
copy that expires too early can be kept longer for a request and its storage, without a retrieval.
Refuses to call an object of S3 Intelligent-Tiering readable: a listing does not tell whether it lies in an archive tier. An
unknown price is above every budget.
Sources: Amazon S3 user guide, "Understanding archive retrieval options" and "Restoring an archived object"; S3 API reference,
RestoreObject (read 2026-11-24). A copy is kept until the midnight (UTC) after its days, so a day more than asked is charged for
here; a month is taken as 30 days. GET requests and transfer out of AWS are not in the price.
"""

import datetime as dt
import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_UP, Decimal
from enum import StrEnum

from itemtrail.core.prices import PriceTable
from itemtrail.errors import ConfigurationError
from itemtrail.model import Archived, Unit

ARCHIVED = ("GLACIER", "DEEP_ARCHIVE")
EXPEDITED_BELOW = 250_000_000  # bytes; the promise of minutes holds below "250 MB"
_UNSURE = "INTELLIGENT_TIERING"
_MONTH_DAYS = 30
_CENT = Decimal("0.01")


class Tier(StrEnum):
    """Retrieval tiers, fastest first, in AWS's spelling."""

    EXPEDITED = "Expedited"
    STANDARD = "Standard"
    BULK = "Bulk"


# Words, and the longest of it. DEEP_ARCHIVE has no Expedited.
_TIMES = {
    ("GLACIER", Tier.EXPEDITED): ("1-5 minutes", dt.timedelta(minutes=5)),
    ("GLACIER", Tier.STANDARD): ("3-5 hours", dt.timedelta(hours=5)),
    ("GLACIER", Tier.BULK): ("5-12 hours", dt.timedelta(hours=12)),
    ("DEEP_ARCHIVE", Tier.STANDARD): ("within 12 hours", dt.timedelta(hours=12)),
    ("DEEP_ARCHIVE", Tier.BULK): ("within 48 hours", dt.timedelta(hours=48)),
}


class Standing(StrEnum):
    """Whether an object can be read now."""

    WARM = "readable at once"
    RESTORED = "restored"
    RESTORING = "being restored"
    COLD = "cold"
    UNSURE = "cannot tell"


def standing(one: Archived, now: dt.datetime) -> Standing:
    """Whether the object can be read at ``now``."""
    if one.storage_class == _UNSURE:
        return Standing.UNSURE
    if one.storage_class not in ARCHIVED:
        return Standing.WARM
    if one.restoring:
        return Standing.RESTORING
    return Standing.RESTORED if one.readable_until and one.readable_until > now else Standing.COLD


@dataclass(frozen=True, slots=True)
class Option:
    """One tier for all cold objects. ``refused`` says why it is not offered; prices are None where none is known."""

    tier: Tier
    refused: str = ""
    time: str = ""
    longest: dt.timedelta = dt.timedelta(0)
    retrieval: Decimal | None = None
    copy: Decimal | None = None

    @property
    def together(self) -> Decimal | None:
        """Retrieval and the copy's storage."""
        return None if self.retrieval is None or self.copy is None else self.retrieval + self.copy


@dataclass(frozen=True, slots=True)
class State:
    """How the objects of a question stand at a moment, in key order; ``lacking``: units asked for of which nothing lies there."""

    objects: tuple[Archived, ...]
    now: dt.datetime
    lacking: tuple[Unit, ...] = ()

    def of(self, wanted: Standing) -> tuple[Archived, ...]:
        """The objects that stand so."""
        return tuple(one for one in self.objects if standing(one, self.now) is wanted)

    @property
    def readable(self) -> bool:
        """Every object is there to be read, and there is one."""
        return bool(self.objects) and all(standing(one, self.now) in (Standing.WARM, Standing.RESTORED) for one in self.objects)

    @property
    def waiting(self) -> bool:
        """Whether an object is cold or being restored."""
        return any(standing(one, self.now) in (Standing.COLD, Standing.RESTORING) for one in self.objects)

    @property
    def until(self) -> dt.datetime | None:
        """When the first restored copy expires; None where none is restored."""
        return min((one.readable_until for one in self.of(Standing.RESTORED) if one.readable_until), default=None)

    def counts(self) -> list[tuple[str, str, int, int]]:
        """(standing, class, objects, bytes), coldest first."""
        number, size = Counter[tuple[Standing, str]](), Counter[tuple[Standing, str]]()
        for one in self.objects:
            number[standing(one, self.now), one.storage_class] += 1
            size[standing(one, self.now), one.storage_class] += one.size
        order = list(reversed(Standing))
        return [(str(k[0]), k[1], number[k], size[k]) for k in sorted(number, key=lambda k: (order.index(k[0]), k[1]))]


@dataclass(frozen=True, slots=True)
class RestorePlan:
    """What would be requested: every cold object of ``state``, in ``tier``, for ``days``; ``options`` are all tiers.

    ``extended``: restored objects whose copies would be kept longer, for ``days`` from now.
    """

    bucket: str
    question: str
    tier: Tier
    days: int
    state: State
    options: tuple[Option, ...]
    prices: str  # which prices these are, or why there are none
    currency: str
    extended: tuple[Archived, ...] = ()
    hash: str = ""

    @property
    def requested(self) -> tuple[Archived, ...]:
        """Everything that a request would be made for."""
        return (*self.cold, *self.extended)

    @property
    def cold(self) -> tuple[Archived, ...]:
        """What would be restored."""
        return self.state.of(Standing.COLD)

    @property
    def chosen(self) -> Option:
        """The tier that would be requested."""
        return next(option for option in self.options if option.tier is self.tier)

    @property
    def patience(self) -> dt.timedelta:
        """How long to wait: twice what AWS states for what is requested, and for what others requested (in a tier not told)."""
        under_way = [_TIMES[one.storage_class, Tier.BULK][1] for one in self.state.of(Standing.RESTORING)]
        return 2 * max([self.chosen.longest, *under_way])

    def must_be_offered(self) -> None:
        """Refuse a tier that these objects are not restored in.

        Raises:
            ConfigurationError.
        """
        if self.chosen.refused:
            raise ConfigurationError(f"tier {self.tier}: {self.chosen.refused}.", advice="take another tier.")

    def needs_approval(self, budget: Decimal) -> str:
        """Why a person must approve, ``""`` where nobody must."""
        cost = self.chosen.together
        if not self.requested:
            return ""
        if cost is None:
            return f"no price is known: {self.prices}"
        return f"{money(cost, self.currency)} is above the budget of {money(budget, self.currency)}" if cost > budget else ""


def make_plan(
    state: State,
    *,
    bucket: str,
    question: str,
    tier: Tier,
    days: int,
    prices: PriceTable,
    region: str,
    extend: bool = False,
) -> RestorePlan:
    """The plan, with a hash over all that would be requested and its price.

    Args:
        state: how the objects stand.
        bucket: where they lie, for people: ``s3://…``.
        question: what was asked, for people.
        tier: that is chosen.
        days: that the temporary copies are kept.
        prices: the table in use.
        region: the bucket's.
        extend: keep copies that are there already, and expire before ``days`` are over, for ``days`` from now.
    """
    extended = tuple(one for one in state.of(Standing.RESTORED) if extend and _expires_within(one, state.now, days))
    options = tuple(_option(each, state.of(Standing.COLD), extended, days, prices, region) for each in Tier)
    known = prices.of(region)
    said = f"prices of {region} as of {prices.as_of}, {known.sure['s3']} ({prices.file})" if known else prices.no_price(region)
    plan = RestorePlan(bucket, question, tier, days, state, options, said, prices.currency, extended)
    return replace(plan, hash=_hash(plan))


def tier_of(storage_class: str, tier: Tier) -> Tier:
    """``tier``, or Standard where the class has no such tier (only copies that are there already are asked for so)."""
    return tier if (storage_class, tier) in _TIMES else Tier.STANDARD


def money(amount: Decimal | None, currency: str) -> str:
    """An amount for people, rounded up to the cent."""
    if amount is None:
        return "unknown"
    cents = f"{amount.quantize(_CENT, rounding=ROUND_UP):,}"
    return f"${cents}" if currency == "USD" else f"{cents} {currency}"


def _expires_within(one: Archived, now: dt.datetime, days: int) -> bool:
    """Whether asking again, for ``days`` from now, makes the copy last longer: S3 would also shorten it."""
    return one.readable_until is not None and one.readable_until < now + dt.timedelta(days=days)


def _option(
    tier: Tier, cold: Sequence[Archived], extended: Sequence[Archived], days: int, prices: PriceTable, region: str
) -> Option:
    classes = sorted({one.storage_class for one in cold})
    if refused := _refusal(tier, cold):
        return Option(tier, refused)
    times = [_TIMES[storage_class, tier] for storage_class in classes]
    words, longest = max(times, key=lambda time: time[1], default=("at once", dt.timedelta(0)))
    parts = [prices.retrieval_cost(region, storage_class, tier, *_sum(cold, storage_class)) for storage_class in classes]
    parts += [_request_cost(one.storage_class, tier, prices, region) for one in extended]
    kept = [*cold, *extended]
    month = prices.storage_month(region, "STANDARD", len(kept), sum(one.size for one in kept))
    copy = None if month is None else month * (days + 1) / _MONTH_DAYS
    known = [part for part in parts if part is not None]
    retrieval = None if copy is None or len(known) < len(parts) else sum(known, Decimal(0))
    return Option(tier, "", words, longest, retrieval, copy)


def _request_cost(storage_class: str, tier: Tier, prices: PriceTable, region: str) -> Decimal | None:
    """Of asking again for a copy that is there: the request alone; in a tier that the class has."""
    return prices.retrieval_cost(region, storage_class, tier_of(storage_class, tier), 1, 0)


def _sum(cold: Sequence[Archived], storage_class: str) -> tuple[int, int]:
    sizes = [one.size for one in cold if one.storage_class == storage_class]
    return len(sizes), sum(sizes)


def _refusal(tier: Tier, cold: Sequence[Archived]) -> str:
    if tier is not Tier.EXPEDITED:
        return ""
    deep = sum(one.storage_class == "DEEP_ARCHIVE" for one in cold)
    large = sum(one.size >= EXPEDITED_BELOW for one in cold)
    if deep:
        return f"DEEP_ARCHIVE has no Expedited ({deep} objects)"
    return f"AWS promises minutes only below 250 MB ({large} objects are larger)" if large else ""


def _hash(plan: RestorePlan) -> str:
    cost = plan.chosen.together
    document = {
        "bucket": plan.bucket,
        "tier": plan.tier,
        "days": plan.days,
        "cost": None if cost is None else str(cost),
        "prices": plan.prices,
        "objects": [[one.key, one.size, one.etag, one.storage_class] for one in plan.cold],
        "extended": [[one.key, one.size, one.etag, one.storage_class] for one in plan.extended],
    }
    return hashlib.sha256(json.dumps(document, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
