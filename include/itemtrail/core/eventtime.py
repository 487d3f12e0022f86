"""A record's eventTime as a moment and as the day it is filed under.

Decides: what is a time (ISO 8601 with seconds and a zone, as CloudTrail writes it; fractions and offsets are understood) and its
UTC day. Refuses anything else: such a record is filed under its delivery date. Source: CloudTrail user guide, "CloudTrail record
contents": UTC, to the second; read 2026-11-24.
"""

import datetime as dt
import re
from dataclasses import dataclass, field

_FORM = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})", re.ASCII)
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)
_MOST = 100_000

Moment = tuple[str, int]
"""(UTC day as YYYY-MM-DD, microseconds since 1970)."""


def moment(text: str) -> Moment | None:
    """The moment ``text`` names, fractions cut to microseconds; None if it is no time."""
    if _FORM.fullmatch(text) is None:
        return None
    try:
        time = dt.datetime.fromisoformat(text).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None
    return time.date().isoformat(), (time - _EPOCH) // _MICROSECOND


@dataclass(slots=True)
class Moments:
    """``moment`` with a memory: a day has few distinct seconds."""

    known: dict[str, Moment | None] = field(default_factory=dict)

    def of(self, text: str | None) -> Moment | None:
        """The moment, or None for absent and unreadable times."""
        if text is None:
            return None
        try:
            return self.known[text]
        except KeyError:
            if len(self.known) >= _MOST:
                self.known.clear()
            found = self.known[text] = moment(text)
            return found
