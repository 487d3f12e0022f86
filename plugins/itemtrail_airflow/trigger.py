"""Waiting in the triggerer.

Decides: one set of clients for the trigger's whole life, each look in a thread (no async client library, no blocked event
loop), the deadline kept in here, so that an absent digest ends in an event and never in a timeout. Refuses to fail on passing
faults; an error that waiting cannot mend is handed back in words. Never imports pyarrow. Source: Airflow docs, "Deferrable
operators & triggers", read 2026-11-24.
"""

import asyncio
import datetime as dt
import functools
from collections.abc import AsyncIterator, Callable
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from itemtrail.errors import ItemtrailError
from itemtrail.settings import load
from itemtrail_airflow.delivery import Outcome, Watch, deadline
from itemtrail_airflow.xcom import unpacked

FAULT_BUDGET = 10  # looks in a row that may fail before the unit is archived unseen


class DeliveryTrigger(BaseTrigger):
    """Fires ``{"outcome": delivered | absent | unseen}``, or ``{"error": …}`` where waiting cannot help."""

    def __init__(self, unit: dict[str, str]) -> None:
        super().__init__()
        self.unit = unit

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Class path and arguments, as Airflow stores them."""
        return f"{__name__}.{type(self).__name__}", {"unit": self.unit}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Sleep, then look: the task has just looked, and one that is resumed while Airflow still parks it is retried."""
        try:
            pause, watch = await asyncio.to_thread(_watch, self.unit)
            outcome = None
            while outcome is None:
                await asyncio.sleep(pause)
                outcome = await asyncio.to_thread(watch.outcome, dt.datetime.now(dt.UTC))
        except ItemtrailError as error:
            yield TriggerEvent({"error": str(error)})
        else:
            yield TriggerEvent({"outcome": str(outcome)})


def _watch(values: dict[str, str]) -> tuple[int, Watch]:
    settings, unit = load().airflow, unpacked(values)
    return settings.poll_seconds, Watch(look_at(values), deadline(unit, settings.wait_minutes), FAULT_BUDGET)


def look_at(values: dict[str, str]) -> Callable[[dt.datetime], Outcome | None]:
    """A look at whether the unit's day is delivered. Its clients are made by the first look that succeeds in it, and kept."""
    unit = unpacked(values)
    opened = functools.cache(_open)

    def look(now: dt.datetime) -> Outcome | None:
        from itemtrail.flows.receipts import digest_due, ready

        trail, source, api, rules = opened()
        if ready(source, trail, unit):
            return Outcome.DELIVERED
        status = api.status(trail, region=unit.region)
        return Outcome.ABSENT if digest_due(status, unit, now, rules) else None

    return look


def _open() -> tuple[Any, Any, Any, Any]:
    from itemtrail_airflow.hook import Roles

    roles = Roles.open()
    trail, source, _ = roles.ends()
    return trail, source, roles.reader().trail_api(), roles.settings.validation
