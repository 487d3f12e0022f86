"""How long ago something was delivered, for checks and for people.

Decides: an age in hours, never negative, endless where nothing was ever delivered; and whether the trail has logged for long
enough to expect a delivery.
"""

import datetime as dt
from dataclasses import dataclass

from itemtrail.core.posture import Posture, trail

_HOUR = dt.timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Age:
    """``hours`` is infinite where nothing was delivered."""

    hours: float

    def __str__(self) -> str:
        if self.hours == float("inf"):
            return "never"
        return f"{self.hours:.1f} hours ago" if self.hours < 48 else f"{self.hours / 24:.0f} days ago"


def age(now: dt.datetime, moment: dt.datetime | None) -> Age:
    """How long before ``now`` (aware UTC) ``moment`` was."""
    return Age(float("inf") if moment is None else max((now - moment) / _HOUR, 0.0))


def begun(posture: Posture, *, hours: float) -> bool:
    """Whether the trail began to log at least ``hours`` ago; also where its beginning is not known."""
    mine = trail(posture)
    return mine is None or mine.started_at is None or posture.taken_at - mine.started_at >= hours * _HOUR
