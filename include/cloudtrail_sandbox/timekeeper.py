"""How time passes in the sandbox: the only one who turns the clock.

Decides: the walk. The clock goes from one due delivery or digest to the next, so that every file is named, dated and signed at
its own time; before each hour the emulator is drained, after it DynamoDB's expiry runs. While the clock ticks by itself, ``pace``
does what falls due. Refuses: to go back.
"""

import asyncio
import datetime as dt
import logging

from cloudtrail_sandbox.clock import LONGEST_STEP, ClockError, ShiftedClock
from cloudtrail_sandbox.world import World

_PACE = 1.0
_GRACE = dt.timedelta(minutes=1)  # a ticking clock passes the time its caller just named
_log = logging.getLogger("sandbox")


class Timekeeper:
    """Turns the clock, one turn at a time."""

    def __init__(self, world: World, clock: ShiftedClock) -> None:
        self._world = world
        self.clock = clock
        self._turning = asyncio.Lock()

    async def advance_to(self, target: dt.datetime) -> dt.datetime:
        """Move to ``target`` and do everything that falls due on the way; gives the time reached.

        Raises:
            ClockError: ``target`` passed more than a minute ago.
        """
        async with self._turning:
            now = self.clock.now()
            if target < now - _GRACE:
                raise ClockError(f"the clock is at {now.isoformat()} and only moves forward, not to {target.isoformat()}")
            while self.clock.now() < target:
                await self._world.drain()
                await self._walk(min(target, self.clock.now() + LONGEST_STEP))
                await self._world.expire_ttl()
            return self.clock.now()

    async def _walk(self, target: dt.datetime) -> None:
        while (due := self._world.trails.due()) <= target:
            self.clock.step_to(due)
            self._world.trails.run(self.clock.now())
            await asyncio.sleep(0)
        self.clock.step_to(target)

    async def pace(self) -> None:
        """Do what falls due while the clock runs by itself; until cancelled."""
        while True:
            await asyncio.sleep(_PACE)
            async with self._turning:
                try:
                    self._world.trails.run(self.clock.now())
                except Exception:  # noqa: BLE001  whatever it is: time goes on, and what is held is tried again
                    _log.exception("a delivery failed")
