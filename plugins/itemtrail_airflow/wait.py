"""The task that waits for a unit's digests: one look in the worker, then, only if needed, the triggerer."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException

from itemtrail.settings import load
from itemtrail_airflow.delivery import Outcome, Watch, deadline
from itemtrail_airflow.failures import translated
from itemtrail_airflow.xcom import unpacked

LABEL = "{{ task.unit['account'] }}/{{ task.unit['region'] }}/{{ task.unit['day'] }}"


class WaitForDelivery(BaseOperator):
    """Returns how the waiting ended: ``delivered``, ``absent`` or ``unseen``. Fails only where waiting cannot help."""

    template_fields: Sequence[str] = ("unit",)

    def __init__(self, *, unit: Any, **kwargs: Any) -> None:
        super().__init__(map_index_template=LABEL, **kwargs)
        self.unit = unit

    @translated
    def execute(self, context: Any) -> str:  # noqa: ARG002 - Airflow calls it so
        """Look once; defer where the day may still be delivered."""
        from itemtrail_airflow.trigger import DeliveryTrigger, look_at

        until = deadline(unpacked(self.unit), load().airflow.wait_minutes)
        outcome = Watch(look_at(self.unit), until, budget=1).outcome(dt.datetime.now(dt.UTC))
        if outcome is None:
            self.defer(trigger=DeliveryTrigger(self.unit), method_name="resume")
        return self._tell(str(outcome))

    @translated
    def resume(self, context: Any, event: dict[str, str]) -> str:  # noqa: ARG002 - Airflow calls it so
        """What the trigger saw."""
        if "error" in event:
            raise AirflowFailException(event["error"])
        return self._tell(event["outcome"])

    def _tell(self, outcome: str) -> str:
        if outcome == Outcome.DELIVERED:
            self.log.info("%s: all of the day is delivered", unpacked(self.unit))
        else:
            self.log.warning("%s: %s; archived and judged all the same", unpacked(self.unit), outcome)
        return outcome
