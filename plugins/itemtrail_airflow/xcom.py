"""What crosses between tasks: units as plain dictionaries of keys. Never records, clients or secrets."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from itemtrail.model import Unit

LABEL = "{{ task.op_kwargs['unit']['account'] }}/{{ task.op_kwargs['unit']['region'] }}/{{ task.op_kwargs['unit']['day'] }}"


def packed(unit: Unit, *, known: int = 0) -> dict[str, Any]:
    """``unit`` as JSON-able values; ``known`` is how many receipts it had when it was planned."""
    return {"account": unit.account, "region": unit.region, "day": unit.day.isoformat(), "known": known}


def unpacked(values: Mapping[str, Any]) -> Unit:
    """The unit that ``packed`` made."""
    return Unit(account=values["account"], region=values["region"], day=dt.date.fromisoformat(values["day"]))
