"""Looking whether everything of a unit's day has been delivered, until a deadline.

Decides: the deadline is a fact of the day (its end plus ``airflow.wait_minutes``), not of the run, so that a backfill of an
old day looks once and goes on. Refuses to judge: "absent" and "unseen" are not failures; the unit is archived and its verdict
says what is missing. Reads the time only where it is called from, by argument.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from itemtrail.errors import SourceUnavailable
from itemtrail.model import Unit


class Outcome(StrEnum):
    """How the waiting ended."""

    DELIVERED = "delivered"  # all of the day is there
    ABSENT = "absent"  # the deadline passed and something due is not there
    UNSEEN = "unseen"  # could not look, again and again


def deadline(unit: Unit, wait_minutes: int) -> dt.datetime:
    """Until when the unit's digests are waited for: aware UTC."""
    end = dt.datetime.combine(unit.day, dt.time(), dt.UTC) + dt.timedelta(days=1)
    return end + dt.timedelta(minutes=wait_minutes)


@dataclass(slots=True)
class Watch:
    """A look that is repeated. ``budget`` faults in a row are tolerated; one more ends the waiting as unseen.

    ``look`` says how the waiting ends, or None where looking again may help; it gets the time.
    """

    look: Callable[[dt.datetime], Outcome | None]
    until: dt.datetime
    budget: int
    faults: int = field(default=0, init=False)

    def outcome(self, now: dt.datetime) -> Outcome | None:
        """One look; None means look again later.

        Raises:
            ConfigurationError: a permission or a name is wrong; waiting cannot help.
        """
        try:
            if outcome := self.look(now):
                return outcome
            self.faults = 0
        except SourceUnavailable:
            self.faults += 1
            if self.faults > self.budget or now >= self.until:
                return Outcome.UNSEEN
        return Outcome.ABSENT if now >= self.until else None
