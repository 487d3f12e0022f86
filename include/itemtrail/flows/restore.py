"""Restoring what a question needs from a Glacier class: look, plan, request, look again.

Decides: the first request is made alone, so that a missing permission or a wrong name ends it before anything is paid for; then
many at a time, and one that fails is told while the others go on. What is under way already is left alone, so that a run that
broke off is simply run again: it plans, and costs, what is left. Refuses to request anything but the plan that was approved.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from itemtrail.core.prices import PriceTable
from itemtrail.core.restore import RestorePlan, State, Tier, make_plan, tier_of
from itemtrail.core.restore_question import Kind, Question, Span, check, lacking, spans
from itemtrail.errors import ConfigurationError, ItemtrailError, PlanChanged
from itemtrail.model import Archived, TrailRef, Unit
from itemtrail.ports.cold import ColdStore
from itemtrail.settings import Settings

_THREADS = 16
_In = TypeVar("_In")
_Out = TypeVar("_Out")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, where it is asked, and how its objects shall be restored.

    ``trail`` only for what was delivered; ``extend``: copies that are there and expire before ``days`` are over are kept longer.
    """

    question: Question
    store: ColdStore
    tier: Tier
    days: int
    trail: TrailRef | None = None
    extend: bool = False


@dataclass(frozen=True, slots=True)
class Requested:
    """How many restores were begun, how many objects needed none any more or were kept longer, and a line for each failure."""

    begun: int
    there: int
    failed: tuple[str, ...]


def question(
    settings: Settings,
    kinds: Sequence[str],
    first: dt.date | None,
    last: dt.date | None,
    *,
    places: Sequence[tuple[str, str]] = (),
    tables: Sequence[str] = (),
    units: Sequence[Unit] = (),
) -> Question:
    """The question, with what it does not name from the configuration: accounts and Regions, tables (a name becomes its ARN).

    ``units`` bring their own days.

    Raises:
        ConfigurationError: it asks for nothing, or names a table that is none of the configuration's.
    """
    archive = settings.archive
    pairs = places or [(account, region) for account in archive.accounts for region in archive.regions]
    arns = [_arn(settings, table) for table in tables] or list(settings.streams.tables)
    days = [unit.day for unit in units] or [day for day in (first, last) if day]
    if not days:
        raise ConfigurationError("no day was given.", advice="give the first and the last day.")
    wanted, exact = tuple(sorted({Kind(kind) for kind in kinds})), tuple(sorted(set(units)))
    made = Question(wanted, *_ends(days, exact), tuple(sorted(set(pairs))), tuple(sorted(set(arns))), exact)
    check(made)
    if tables and not made.asks_tables:
        raise ConfigurationError(f"{', '.join(made.kinds)} are not asked by table.", advice="name accounts and Regions.")
    if (places or units) and not made.asks_places:
        raise ConfigurationError(f"{', '.join(made.kinds)} are asked by table.", advice="name tables, no accounts and Regions.")
    return made


def _ends(days: Sequence[dt.date], units: Sequence[Unit]) -> tuple[dt.date, dt.date]:
    """First and last day: as they were given, or of the units."""
    return (min(days), max(days)) if units else (days[0], days[-1])


def _arn(settings: Settings, table: str) -> str:
    if table.startswith("arn:"):
        return table
    found = [arn for arn in settings.streams.tables if arn.rpartition("/")[2] == table]
    if len(found) != 1:
        raise ConfigurationError(
            f"{table!r} is {len(found) or 'no'} table{'s' if len(found) > 1 else ''} of `streams.tables`.", advice="give its ARN."
        )
    return found[0]


def look(asked: Asked, now: dt.datetime) -> State:
    """How the question's objects stand now.

    Raises:
        ConfigurationError, AccessDenied, SourceUnavailable.
    """
    found = _each(lambda span: _list(asked.store, span), spans(asked.question, asked.trail))
    unique = {one.key: one for objects in found for one in objects}
    return State(tuple(unique[key] for key in sorted(unique)), now, lacking(asked.question, unique))


def plan(asked: Asked, prices: PriceTable, now: dt.datetime) -> RestorePlan:
    """What would be requested, how long it takes, what it costs. Raises as ``look``."""
    return make_plan(
        look(asked, now),
        bucket=asked.store.name,
        question=str(asked.question),
        tier=asked.tier,
        days=asked.days,
        prices=prices,
        region=asked.store.region,
        extend=asked.extend,
    )


def apply(asked: Asked, prices: PriceTable, approved: str, now: dt.datetime, progress: Callable[[str], None]) -> Requested:
    """Request everything of the approved plan. ``approved`` is its hash.

    Raises:
        PlanChanged: the plan is another by now. ConfigurationError: the tier is not offered. AccessDenied, SourceUnavailable.
    """
    made = plan(asked, prices, now)
    if made.hash != approved:
        raise PlanChanged(
            f"plan {approved[:16]} was approved, but it would be {made.hash[:16]} now.",
            advice="look at the new plan, approve it.",
        )
    made.must_be_offered()
    if not made.requested:
        return Requested(0, 0, ())
    first, *rest = made.requested
    outcomes: list[bool | str] = [_begin(asked, first)]
    outcomes += _each(lambda one: _request(asked, one), rest)
    done = Requested(
        begun=sum(outcome is True for outcome in outcomes),
        there=sum(outcome is False for outcome in outcomes),
        failed=tuple(outcome for outcome in outcomes if isinstance(outcome, str)),
    )
    progress(f"{done.begun} restores begun, {done.there} were there or under way, {len(done.failed)} failed")
    return done


def _begin(asked: Asked, one: Archived) -> bool:
    return asked.store.request(one.key, days=asked.days, tier=tier_of(one.storage_class, asked.tier))


def _request(asked: Asked, one: Archived) -> bool | str:
    try:
        return _begin(asked, one)
    except ItemtrailError as error:
        return str(error)


def _list(store: ColdStore, span: Span) -> list[Archived]:
    found = []
    for one in store.list(span.prefix, start_after=span.after):
        if span.is_past(one.key):
            break
        found.append(one)
    return found


def _each(do: Callable[[_In], _Out], items: Sequence[_In]) -> list[_Out]:
    """``do`` of each item, at the same time. Interrupted, it begins no more: each may cost money."""
    threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="restore")
    try:
        return list(threads.map(do, items))
    finally:
        threads.shutdown(cancel_futures=True)
