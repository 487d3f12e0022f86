"""Waiting until what was asked for is restored: one look in the worker, then, only if needed, the triggerer.

Decides: one set of clients for the trigger's whole life, each look in a thread, the deadline kept in here (it is a time, so
that a restarted triggerer does not begin again) and ended by an event, never by a timeout. Refuses to fail on passing faults.
Never imports pyarrow. Source: Airflow docs, "Deferrable operators & triggers", read 2026-11-24.
"""

import asyncio
import datetime as dt
import functools
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException
from airflow.triggers.base import BaseTrigger, TriggerEvent

from itemtrail.errors import ItemtrailError
from itemtrail.settings import load
from itemtrail_airflow.delivery import Outcome, Watch
from itemtrail_airflow.failures import translated

FAULT_BUDGET = 10  # looks in a row that may fail before the waiting ends


class RestoreTrigger(BaseTrigger):
    """Fires ``{"outcome": delivered | absent | unseen}``, or ``{"error": …}`` where waiting cannot help."""

    def __init__(self, question: dict[str, Any], until: str) -> None:
        super().__init__()
        self.question = question
        self.until = until

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Class path and arguments, as Airflow stores them."""
        return f"{__name__}.{type(self).__name__}", {"question": self.question, "until": self.until}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Sleep, then look: the task has just looked."""
        try:
            pause = load().restore.poll_seconds
            watch = Watch(look_at(self.question), dt.datetime.fromisoformat(self.until), FAULT_BUDGET)
            outcome = None
            while outcome is None:
                await asyncio.sleep(pause)
                outcome = await asyncio.to_thread(watch.outcome, dt.datetime.now(dt.UTC))
        except ItemtrailError as error:
            yield TriggerEvent({"error": str(error)})
        else:
            yield TriggerEvent({"outcome": str(outcome)})


def look_at(question: Mapping[str, Any]) -> Callable[[dt.datetime], Outcome | None]:
    """A look at whether nothing of the question is cold any more. Its clients are made by the first look, and kept."""

    @functools.cache
    def asked() -> Any:
        from itemtrail_airflow.restore_tasks import opened

        return opened(question)

    def look(now: dt.datetime) -> Outcome | None:
        from itemtrail.flows.restore import look as state_of

        return None if state_of(asked(), now).waiting else Outcome.DELIVERED

    return look


class WaitForRestore(BaseOperator):
    """Ends well when every object asked for can be read, and says until when; fails when that takes twice what AWS states."""

    template_fields: Sequence[str] = ("planned",)

    def __init__(self, *, planned: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.planned = planned

    @translated
    def execute(self, context: Any) -> None:  # noqa: ARG002 - Airflow calls it so
        """Look once; defer where it is not restored yet."""
        now = dt.datetime.now(dt.UTC)
        question, until = self.planned["question"], now + dt.timedelta(seconds=self.planned["patience_seconds"])
        if Watch(look_at(question), until, budget=1).outcome(now) is None:
            self.defer(trigger=RestoreTrigger(question, until.isoformat()), method_name="resume")
        self._tell()

    @translated
    def resume(self, context: Any, event: dict[str, str]) -> None:  # noqa: ARG002 - Airflow calls it so
        """What the trigger saw."""
        if "error" in event:
            raise AirflowFailException(event["error"])
        self._tell()

    def _tell(self) -> None:
        """Look with one's own eyes: what is readable now, and until when."""
        from itemtrail.core.restore_text import state_text
        from itemtrail.flows.restore import look
        from itemtrail_airflow.restore_tasks import opened

        asked = opened(self.planned["question"])
        state = look(asked, dt.datetime.now(dt.UTC))
        text = state_text(state, f"{asked.store.name}: {asked.question}")
        if not state.readable:
            raise AirflowFailException(
                f"not everything can be read yet:\n{text}\nNext: run it again, or `itemtrail restore --status`."
            )
        self.log.info("ready; ask your question again.\n%s", text)
