"""How often tables are called: what a cost preview asks the account. Raises only ``itemtrail.errors``."""

import datetime as dt
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Calls:
    """Calls of one operation of one table over whole days. ``days``: from the first day with a call to the end asked for."""

    table: str  # name
    operation: str  # the API's: PutItem; "" for failed conditional writes, of which the service does not say
    count: float
    days: int


class Rates(Protocol):
    """Calls as the service counted them."""

    def calls(self, region: str, *, start: dt.datetime, end: dt.datetime) -> tuple[Calls, ...]:
        """Every table and operation of ``region`` that was called between ``start`` and ``end`` (midnights, UTC)."""
