"""What crosses between tasks: units as plain dictionaries of keys. Never records, clients or secrets."""

import datetime as dt
from collections.abc import Mapping

from itemtrail.model import Unit

LABEL = "{{ task.op_kwargs['unit']['account'] }}/{{ task.op_kwargs['unit']['region'] }}/{{ task.op_kwargs['unit']['day'] }}"


def packed(unit: Unit) -> dict[str, str]:
    """``unit`` as JSON-able values."""
    return {"account": unit.account, "region": unit.region, "day": unit.day.isoformat()}


def unpacked(values: Mapping[str, str]) -> Unit:
    """The unit that ``packed`` made."""
    return Unit(account=values["account"], region=values["region"], day=dt.date.fromisoformat(values["day"]))
