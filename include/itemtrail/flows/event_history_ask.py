"""Asking CloudTrail for its event history, no more often than it allows.

Decides: at most two requests in any second per account and Region, tries included; how long is waited when somebody else uses up
the limit, and how often a service that does not answer is asked again; how long the windows are that are read in one go, by how
busy the account is. A window is read until nothing follows, or not at all: the answer's order is trusted for an estimate, never
for what is complete. Source: CloudTrail API reference, LookupEvents ("two per second, per account, per Region"), read 2026-11-24.
"""

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from itemtrail.core.event_history import (
    SECOND,
    Event,
    Part,
    Window,
    belonging,
    following,
    oldest,
    projected,
    record,
    second,
    shorter,
)
from itemtrail.errors import SourceUnavailable, Throttled
from itemtrail.ports.event_history import EventHistory, EventPage

REQUESTS_PER_SECOND = 2
PAGE = 50  # events
_TRIES = 8
_MOST_EMPTY = 50  # answers in a row
_LONGEST_WAIT = 32.0  # seconds


class StoppedError(Exception):
    """Reading was to end."""


@dataclass
class Pacer:
    """Keeps to two requests a second. One for each account and Region, shared by everything that asks there.

    ``clock`` gives real seconds that never go back; ``sleep`` takes seconds.
    """

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    requests: int = 0
    throttled: int = 0
    _next: float = field(default=float("-inf"), repr=False)

    def wait(self, stop: Callable[[], bool]) -> None:
        """Return when the next request may begin, and count it.

        Raises:
            StoppedError: reading was to end meanwhile.
        """
        while (left := self._next - self.clock()) > 0:
            if stop():
                raise StoppedError
            self.sleep(min(left, 1 / REQUESTS_PER_SECOND))
        self._next = self.clock() + 1 / REQUESTS_PER_SECOND
        self.requests += 1

    def back_off(self, failures: int) -> None:
        """Wait longer before the next request: one second after the first failure in a row, then twice as long each time."""
        self._next = max(self._next, self.clock() + min(2.0 ** (failures - 1), _LONGEST_WAIT))


@dataclass(frozen=True, slots=True)
class Pages:
    """How many requests one part takes: about ``part``. Each ``probe`` of them it is estimated how many are left.

    More than twice ``part``, or more than ``part`` after ``most``: a shorter window is read instead. ``most_bytes``: of records,
    because a part is held in memory.
    """

    probe: int = 10
    part: int = 20
    most: int = 60
    most_bytes: int = 64 << 20


PAGES = Pages()


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads windows of one event history. ``now``: the time, UTC; ``stop``: whether reading must end; ``told``: each page."""

    source: EventHistory
    pacer: Pacer
    now: Callable[[], dt.datetime]
    stop: Callable[[], bool] = lambda: False
    told: Callable[[dt.datetime, int], None] = lambda _reached, _events: None
    pages: Pages = PAGES

    def part(self, window: Window, before: Window | None, events: int) -> Part:
        """All that the service answers for the newest part of ``window``, as long as can be read in one go.

        ``before`` is the window of the part that was read before, in which ``events`` were; None for the first of a commit.

        Raises:
            StoppedError: reading was to end.
            SourceUnavailable: the service does not answer; Throttled; AccessDenied; ConfigurationError.
        """
        wanted = following(window, before, events, self.pages.part * PAGE)
        while not isinstance(found := self._read(wanted), tuple):
            wanted = found
        start = min(max(wanted.start, oldest(self.now())), wanted.end)  # what grew too old meanwhile is not said to be covered
        return Part(Window(start, wanted.end), wanted.start == window.start or start > wanted.start, found)

    def _read(self, wanted: Window) -> tuple[Event, ...] | Window:
        """Every event of ``wanted``; a shorter window where that takes too many requests."""
        asked = Window(max(wanted.start, oldest(self.now())), wanted.end)  # the same for all pages: a token wants that
        events: list[Event] = []
        reached, token, count, size, empty = wanted.end, None, 0, 0, 0
        while asked:
            if self.stop():
                raise StoppedError
            page = self._page(asked, token)
            empty = 0 if page.events else empty + 1
            if page.token is not None and (page.token == token or empty >= _MOST_EMPTY):
                raise SourceUnavailable(
                    f"CloudTrail's answers for {asked} do not end.", advice="run again; it goes on from there."
                )
            found = belonging(page.events, wanted)
            events += found
            size += sum(len(record(event)) for event in found)
            token, count = page.token, count + 1
            reached = min([reached, *map(second, found)])
            self.told(reached, len(found))
            if token is None:
                break
            if wanted.end - wanted.start > SECOND and self._is_too_long(wanted, count, size, reached):
                return shorter(wanted, count, reached, self.pages.part)
        return tuple(events)

    def _is_too_long(self, wanted: Window, count: int, size: int, reached: dt.datetime) -> bool:
        left = projected(wanted, count, reached) - count
        far = not count % self.pages.probe and left > 2 * self.pages.part
        return far or (count >= self.pages.most and left > self.pages.part) or size > self.pages.most_bytes

    def _page(self, window: Window, token: str | None) -> EventPage:
        for failures in range(1, _TRIES + 1):
            self.pacer.wait(self.stop)
            try:
                return self.source.page(window.start, window.end, token)
            except SourceUnavailable as error:
                self.pacer.throttled += isinstance(error, Throttled)
                if failures == _TRIES or self.stop():
                    raise
                self.pacer.back_off(failures)
        raise AssertionError("unreachable")
