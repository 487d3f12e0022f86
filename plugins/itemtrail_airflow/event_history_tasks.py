"""The tasks of `export_event_history`: each opens its roles, calls one flow, maps its errors.

Decides: one task for each account and Region, so that one pacer holds the limit of two requests a second there; a task ends
itself after `max_minutes` and is tried again, which goes on where it was. Refuses to take a task's word: the gate reads receipts,
for every day that was asked for. Heavy imports happen inside the tasks.
"""

import datetime as dt
import itertools
import logging
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk import get_current_context, task
from airflow.sdk.exceptions import AirflowFailException

from itemtrail.core.alert import Kind
from itemtrail_airflow.failures import translated
from itemtrail_airflow.notifier import AlertNotifier, Found

if TYPE_CHECKING:
    from itemtrail.settings import Settings

log = logging.getLogger(__name__)
_DAY = dt.timedelta(days=1)


@task
@translated
def plan() -> list[dict[str, str]]:
    """The accounts and Regions of this run; ``until``: what has settled by now, and must be exported when the run is over."""
    from itemtrail.core.event_history import newest
    from itemtrail_airflow.hook import Roles

    until = newest(dt.datetime.now(dt.UTC)).isoformat()
    params = get_current_context()["params"]
    _days(params)
    return [{"account": a, "region": r, "until": until} for a, r in _places(params, Roles.open().settings)]


@task(map_index_template="{{ task.op_kwargs['item']['account'] }} {{ task.op_kwargs['item']['region'] }}", retries=20)
@translated
def export(item: dict[str, str]) -> dict[str, Any]:
    """The days of one account and Region, oldest first. Ended by ``max_minutes``, it is tried again and goes on."""
    from itemtrail.errors import ItemtrailError, SourceUnavailable
    from itemtrail.flows.event_history import Pacer, State, export_days, export_unit
    from itemtrail_airflow.hook import Roles

    roles, params = Roles.open(), get_current_context()["params"]
    account, region = item["account"], item["region"]
    end = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=params["max_minutes"])
    with tempfile.TemporaryDirectory(prefix="itemtrail-") as spool:
        work = partial(
            export_unit,
            source=roles.event_history(account).event_history(account, region),
            archive=roles.writer().archive(roles.settings.archive),
            settings=roles.settings,
            pacer=Pacer(),
            now=_now,
            spool=Path(spool),
            stop=lambda: _now() >= end,
            progress=log.info,
        )
        found = list(export_days(account, region, _days(params), work))
    errors = [error for _, error in found if isinstance(error, ItemtrailError)]
    if errors:
        raise next((error for error in errors if not isinstance(error, SourceUnavailable)), errors[0])
    done = [one for _, one in found if not isinstance(one, ItemtrailError)]
    if any(one.state is State.UNFINISHED for one in done):
        raise SourceUnavailable(
            f"{account}/{region}: ended after {params['max_minutes']} minutes.", advice="the next try goes on."
        )
    return {"account": account, "region": region, "days": len(done), "rows": sum(one.rows for one in done)}


@task(trigger_rule="all_done", retries=0, on_failure_callback=[AlertNotifier(Kind.EVENT_HISTORY)])
@translated
def gate(planned: list[dict[str, str]] | None) -> None:
    """Every day that was asked for must be in the archive, as far as it had settled when the run began; what is lost is named."""
    from itemtrail.flows.event_history_state import State, load, state
    from itemtrail_airflow.hook import Roles

    if not planned:
        raise AirflowFailException("nothing was planned, so nothing was exported (see the log of plan)")
    roles, params = Roles.open(), get_current_context()["params"]
    store, until = roles.writer().archive(roles.settings.archive), {dt.datetime.fromisoformat(item["until"]) for item in planned}
    bad = []
    for (account, region), day in itertools.product(_places(params, roles.settings), _days(params)):
        found = state(load(store, _unit(account, region, day)), now=_now())
        waiting = any(window.start < min(window.end, max(until)) for window in found.open)
        if waiting or found.state in (State.UNFINISHED, State.PAST_HORIZON, State.PARTIAL):
            bad.append(found.line)
        else:
            log.info("%s", found.line)
    if bad:
        raise Found("the event history is not all there", bad)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _unit(account: str, region: str, day: dt.date) -> Any:
    from itemtrail.model import Unit

    return Unit(account, region, day)


def _places(params: Any, settings: "Settings") -> list[tuple[str, str]]:
    wanted = settings.archive
    accounts, regions = params["accounts"] or wanted.accounts, params["regions"] or wanted.regions
    return [(account, region) for account in sorted(set(accounts)) for region in sorted(set(regions))]


def _days(params: Any) -> list[dt.date]:
    """Every day from ``from`` to ``to``.

    Raises:
        ConfigurationError: one is no day, or they stand the wrong way round.
    """
    from itemtrail.errors import ConfigurationError

    try:
        first, last = dt.date.fromisoformat(params["from"]), dt.date.fromisoformat(params["to"])
    except ValueError as error:
        raise ConfigurationError(f"not a day: {error}.", advice="write days like 2026-11-21.") from error
    if first > last:
        raise ConfigurationError(f"{first} is after {last}.", advice="give the earlier day as `from`.")
    return [first + n * _DAY for n in range((last - first).days + 1)]
