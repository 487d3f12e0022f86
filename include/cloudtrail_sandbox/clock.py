"""The sandbox's clock: the whole process lives in it, and it only moves forward.

Decides: what time it is, for every module of the emulator at once (time-machine replaces the time functions of the process; it
must be started before ministack is imported). Refuses: to go back; to leap more than an hour at once, because the emulator's
event source mappings lose stream records that a leap made older than a day. Moving it properly (drain, deliver, sign) is the
business of ``control``; this is only the hand that turns it.
"""

import datetime as dt
import time
from typing import Protocol

LONGEST_STEP = dt.timedelta(hours=1)


class Clock(Protocol):
    """What everyone but ``control`` needs of the clock."""

    def now(self) -> dt.datetime:
        """Sandbox time, aware UTC."""


class ClockError(Exception):
    """The clock was asked to do what it refuses; the text says what and what to do instead."""


class ShiftedClock:
    """The process's clock, shifted. One per process."""

    def __init__(self, at: dt.datetime | None, *, tick: bool = True) -> None:
        """Start at ``at`` (aware), or at real time; ``tick`` false freezes it."""
        import time_machine  # only in the sandbox's own environment; this module is imported elsewhere too

        start = dt.datetime.now(dt.UTC) if at is None else at.astimezone(dt.UTC)
        self._tick = tick
        self._traveller = time_machine.travel(start.timestamp(), tick=tick).start()

    @property
    def ticking(self) -> bool:
        """Whether it runs by itself."""
        return self._tick

    def now(self) -> dt.datetime:
        """Sandbox time, aware UTC."""
        return dt.datetime.now(dt.UTC)

    def step_to(self, to: dt.datetime) -> None:
        """Move to ``to``, at most an hour ahead. A ``to`` that has passed meanwhile does nothing.

        Raises:
            ClockError: more than an hour at once.
        """
        delta = to - self.now()
        if delta > LONGEST_STEP:
            raise ClockError(f"a step of {delta} is longer than {LONGEST_STEP}: take several steps")
        if delta > dt.timedelta(0):
            self._traveller.shift(delta)

    def tick(self, on: bool) -> None:
        """Let it run by itself at real speed, or freeze it."""
        if on != self._tick:
            self._traveller.move_to((time.time_ns() + 1_000) / 1e9, tick=on)
            self._tick = on


def real_now() -> dt.datetime:
    """The machine's time, whatever the sandbox's, aware UTC. Only while a ``ShiftedClock`` runs."""
    import time_machine

    now: dt.datetime = time_machine.escape_hatch.datetime.datetime.now(dt.UTC)
    return now
