"""A CloudTrail whose event history can be asked, and a clock that moves only by waiting: what tests of the export share."""

import datetime as dt
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.memory import MemoryStore

from itemtrail.core.event_history import HORIZON
from itemtrail.errors import ItemtrailError, SourceUnavailable, Throttled
from itemtrail.flows.event_history import Exported, Pacer, export_unit
from itemtrail.model import Unit
from itemtrail.ports.data import ArchiveStore
from itemtrail.ports.event_history import EventPage
from itemtrail.settings import Settings, parse

ACCOUNT, REGION = "111122223333", "eu-west-1"
DAY = dt.date(2026, 11, 10)
BEGIN = dt.datetime(2026, 11, 10, tzinfo=dt.UTC)
UNIT = Unit(ACCOUNT, REGION, DAY)
SECOND, HOUR = dt.timedelta(seconds=1), dt.timedelta(hours=1)
_SETTINGS = """
[trail]
name = "HRMS"
account = "111122223333"
home_region = "us-east-1"
bucket = "trail-bucket"
[archive]
bucket = "archive"
region = "us-east-1"
accounts = ["111122223333"]
regions = ["eu-west-1"]
"""


def settings() -> Settings:
    """Settings of the world."""
    return parse(_SETTINGS, file="test.toml")


@dataclass
class Clock:
    """A time that only waiting (and ``lasts`` seconds of each request) moves; ``begun``: when each request began."""

    now: dt.datetime = BEGIN + 48 * HOUR
    lasts: float = 0.0
    seconds: float = 1000.0

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += dt.timedelta(seconds=seconds)
        self.seconds += seconds


@dataclass
class FakeHistory:
    """``EventHistory`` over a list of events; each is there ``late`` after it happened. ``faults``: answers of next requests."""

    clock: Clock
    events: list[dict[str, Any]] = field(default_factory=list)
    late: dict[str, dt.timedelta] = field(default_factory=dict)
    faults: Iterator[ItemtrailError | None] = field(default_factory=lambda: iter(()))
    order: Callable[[list[dict[str, Any]]], list[dict[str, Any]]] = lambda events: events
    burst: bool = False  # whether it throttles more than two a second by itself
    begun: list[float] = field(default_factory=list)
    asked: list[tuple[dt.datetime, dt.datetime]] = field(default_factory=list)
    page_size: int = 50
    _sorted: list[dict[str, Any]] = field(default_factory=list)
    _tokens: dict[str, tuple[dt.datetime, dt.datetime, int]] = field(default_factory=dict)

    def add(self, at: dt.datetime, name: str = "", *, text: str | None = None, **record: Any) -> str:
        """One event; gives its id."""
        event_id = name or f"e-{len(self.events):06d}"
        made = {"eventVersion": "1.11", "eventTime": f"{at:%Y-%m-%dT%H:%M:%SZ}", "eventID": event_id, "eventName": "CreateRole"}
        shown = json.dumps(made | record, separators=(",", ":")) if text is None else text
        self.events.append({"EventId": event_id, "EventTime": int(at.timestamp()), "CloudTrailEvent": shown})
        return event_id

    def page(self, start: dt.datetime, end: dt.datetime, token: str | None) -> EventPage:
        """LookupEvents as AWS answers it."""
        self.begun.append(self.clock.seconds)
        if self.burst and sum(at > self.clock.seconds - 1 for at in self.begun) > 2:
            raise Throttled("Rate exceeded")
        if fault := next(self.faults, None):
            raise fault
        assert start <= end and not start.microsecond and not end.microsecond
        self.asked.append((start, end))
        first, last, at = self._tokens[token] if token else (start, end, 0)
        assert (first, last) == (start, end), "a token wants the parameters it was given for"
        found = self.order([event for event in self._newest_first() if self._is_there(event, start, end)])
        if self.clock.lasts:
            self.clock.sleep(self.clock.lasts)
        page, after = found[at : at + self.page_size], at + self.page_size
        if after >= len(found):
            return EventPage(tuple(page), None)
        following = f"{start}{end}{after}"
        self._tokens[following] = (start, end, after)
        return EventPage(tuple(page), following)

    def _newest_first(self) -> list[dict[str, Any]]:
        if len(self._sorted) != len(self.events):
            self._sorted = sorted(self.events, key=lambda event: -event["EventTime"])
        return self._sorted

    def _is_there(self, event: dict[str, Any], start: dt.datetime, end: dt.datetime) -> bool:
        at, now = event["EventTime"], self.clock.now.timestamp()
        known = at + self.late.get(event["EventId"], dt.timedelta()).total_seconds() <= now
        return bool(known and start.timestamp() <= at <= end.timestamp() and at >= now - HORIZON.total_seconds())


@dataclass
class World:
    """A history and an archive to bring it into."""

    spool: Path
    clock: Clock = field(default_factory=Clock)
    archive: MemoryStore = field(default_factory=lambda: MemoryStore("s3://archive"))
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.history = FakeHistory(self.clock)
        self.pacer = Pacer(lambda: self.clock.seconds, self.clock.sleep)

    def run(
        self, unit: Unit = UNIT, *, stop: Callable[[], bool] = lambda: False, archive: ArchiveStore | None = None
    ) -> Exported:
        """Export one unit."""
        return export_unit(
            unit,
            source=self.history,
            archive=archive or self.archive,
            settings=settings(),
            pacer=self.pacer,
            now=lambda: self.clock.now,
            spool=self.spool,
            stop=stop,
            progress=self.said.append,
        )

    def busy(self, count: int, *, begin: dt.datetime = BEGIN, seconds: float = 86_399) -> None:
        """``count`` events, evenly over some time."""
        for number in range(count):
            self.history.add(begin + dt.timedelta(seconds=int(number * seconds / count)))


def unavailable() -> ItemtrailError:
    """What a service that does not answer gives."""
    return SourceUnavailable("the service answered 503.", advice="run again later.")
