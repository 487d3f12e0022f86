"""The day a run is about.

Decides: the partition key, else the parameter ``day``, and that both agree where both are given. Refuses to guess: a run with
neither fails, as does a day that is not over. Pure: the context's values and the time are arguments.
Source: Airflow docs, "Asset partitions" and ``CronPartitionTimetable``, read 2026-11-24.
"""

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

from itemtrail.errors import ConfigurationError

_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")
_ADVICE = 'backfill the day (airflow backfill create --dag-id archive_trail …), or trigger with {"day": "YYYY-MM-DD"}.'


def resolve(partition_key: str | None, params: Mapping[str, Any], *, now: dt.datetime) -> dt.date:
    """The UTC day of a run.

    Raises:
        ConfigurationError: no day was given, two different ones were, it is not a date, or it is not over.
    """
    asked = params.get("day")
    if partition_key and asked and partition_key != asked:
        raise ConfigurationError(f"The run's partition key is {partition_key} and its parameter day {asked}.", advice="give one.")
    text = partition_key or asked
    if not text:
        raise ConfigurationError("This run has no day: no partition key and no parameter day.", advice=_ADVICE)
    day = _date(str(text))
    if day >= now.astimezone(dt.UTC).date():
        raise ConfigurationError(f"{day} is not over (UTC).", advice="run it after the day's end.")
    return day


def of_run(context: Mapping[str, Any], *, now: dt.datetime) -> dt.date:
    """The day of the run whose task context this is."""
    return resolve(context["dag_run"].partition_key, context["params"], now=now)


def _date(text: str) -> dt.date:
    try:
        if _ISO.fullmatch(text):
            return dt.date.fromisoformat(text)
    except ValueError:
        pass
    raise ConfigurationError(f"{text!r} is not a day.", advice=_ADVICE)
