"""The CloudTrail service: its trails, the events they take, and the clockwork of deliveries and digests.

Decides: which trails log an event and through which Region's channel; when deliveries (every five minutes of sandbox time) and
digests (hourly) fall due, in their order. Refuses: to forget: a stopped or deleted trail still gets its last delivery and final
digest. What clients may ask of it is in ``trail_api``. All methods are called from the event loop's thread, or under the server's
own serialisation; none of them waits.

Source: CloudTrail user guide "How CloudTrail works", "Turning off logging for a trail", "Global service events"; read 2026-11-24.
"""

import datetime as dt
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cloudtrail_sandbox.clock import Clock
from cloudtrail_sandbox.delivery import Channel, encode
from cloudtrail_sandbox.event_history import EventHistory
from cloudtrail_sandbox.signing import KeyRing
from cloudtrail_sandbox.trail import GLOBAL_REGION, CloudTrailError, Trail
from cloudtrail_sandbox.world import Storage

FIVE_MINUTES = dt.timedelta(minutes=5)
REMEMBERED = 20_000
_STOPS = frozenset({"StopLogging", "DeleteTrail"})


class TrailService:
    """CloudTrail in every Region of one account."""

    def __init__(self, account: str, regions: Sequence[str], clock: Clock, storage: Storage) -> None:
        self.account = account
        self.regions = tuple(regions)
        self.clock = clock
        self.storage = storage
        self.keys = {region: KeyRing(region) for region in regions}
        self.trails: dict[str, Trail] = {}  # by ARN
        self.recorded: deque[bytes] = deque(maxlen=REMEMBERED)  # the newest events, logged by a trail or not
        self.history = {region: EventHistory() for region in regions}
        self._channels: dict[tuple[str, str], Channel] = {}
        self._orphans: list[Channel] = []  # of deleted trails, until their final digest is out
        self._mark = _next_mark(clock.now())

    def record(self, event: dict[str, Any], *, category: str, region: str, global_service: bool) -> None:
        """Take an event. ``category`` is ``Management`` or ``Data``; a global service's event belongs to ``us-east-1``."""
        content = encode(event)
        self.recorded.append(content)
        home = GLOBAL_REGION if global_service else region
        if category == "Management" and home in self.history:
            self.history[home].add(content, self.clock.now())
        for channel in self._all_channels():
            if channel.region != home or not (channel.open or _is_last_call(event, channel)):
                continue
            if channel.trail.logs(event, category, home, global_service=global_service):
                channel.add(event, content)

    def handle(
        self, operation: str, params: dict[str, Any], region: str, account: str, identity: object
    ) -> tuple[int, dict[str, Any]] | None:
        """Answer a CloudTrail call that has been authorized: HTTP status and body, or None for an unknown operation."""
        from cloudtrail_sandbox import trail_api

        del identity  # authorization is done; the service itself does not ask who
        answer = trail_api.OPERATIONS.get(operation)
        if answer is None:
            return None
        if region not in self.regions:  # as AWS answers from a Region that the account has not enabled
            return 400, {
                "__type": "UnrecognizedClientException",
                "message": "The security token included in the request is invalid.",
            }
        try:
            return 200, answer(self, params, region, account)
        except CloudTrailError as error:
            return 400, {"__type": error.code, "message": error.message}

    def channel(self, trail: Trail, region: str) -> Channel:
        """A trail's channel in a Region it covers, made at first need."""
        key = (trail.arn, region)
        if key not in self._channels:
            self._channels[key] = Channel(trail, region, self.storage, self.keys[region])
        return self._channels[key]

    def channels(self, trail: Trail) -> list[Channel]:
        """A trail's channels in all Regions it covers."""
        return [self.channel(trail, region) for region in self.regions if trail.covers(region)]

    def start_logging(self, trail: Trail) -> None:
        """Switch the trail on, in every Region it covers."""
        now = self.clock.now()
        trail.logging, trail.started = True, now
        for channel in self.channels(trail):
            if not channel.open:
                channel.start(now)

    def stop_logging(self, trail: Trail) -> None:
        """Switch the trail off."""
        trail.logging, trail.stopped = False, self.clock.now()
        for channel in self.channels(trail):
            channel.stop()

    def follow(self, trail: Trail) -> None:
        """Take up a trail's changed settings: the Regions it covers and its validation."""
        now = self.clock.now()
        for key, channel in list(self._channels.items()):
            if channel.trail is trail and not trail.covers(channel.region):
                channel.stop()
                self._orphans.append(self._channels.pop(key))
        for channel in self.channels(trail):
            if trail.logging and not channel.open:
                channel.start(now)
            channel.follow_validation(now)

    def delete(self, trail: Trail) -> None:
        """Remove the trail; its channels finish on their own."""
        self.stop_logging(trail)
        del self.trails[trail.arn]
        for key in [key for key in self._channels if key[0] == trail.arn]:
            self._orphans.append(self._channels.pop(key))

    def due(self) -> dt.datetime:
        """When something is to be delivered or signed next; without a trail, the next five-minute mark."""
        return min([self._mark, *(channel.due for channel in self._all_channels() if channel.due is not None)])

    def run(self, now: dt.datetime) -> None:
        """Do everything that has fallen due by ``now``, in order."""
        while (due := self.due()) <= now:
            if due == self._mark:
                self._mark = _next_mark(now) if now - due > FIVE_MINUTES else due + FIVE_MINUTES
                self._deliver_all(now)
            for channel in self._all_channels():
                if channel.due == due:
                    channel.digest(due, now)

    def deliver(self) -> list[str]:
        """Deliver what is held, now; the keys that arrived as ``bucket/key``."""
        return self._deliver_all(self.clock.now())

    def delay(self, *, digests: bool, logs: bool, newest_first: bool) -> None:
        """Fall behind with digests or with what they name, or catch up; every trail, every Region."""
        for channel in self._all_channels():
            channel.delay(digests=digests, logs=logs, newest_first=newest_first, now=self.clock.now())

    def bring(self, bucket: str, key: str, body: bytes, content: bytes) -> str:
        """Deliver given bytes as a log file of the logging trail whose folder the key lies in; gives the trail's ARN.

        Raises:
            LookupError: no logging trail delivers there.
            InternalError: the bucket refuses it.
        """
        for channel in self._all_channels():
            trail = channel.trail
            if channel.open and trail.bucket == bucket and key.startswith(trail.folder("CloudTrail", channel.region)):
                channel.bring(key, body, content, self.clock.now())
                return trail.arn
        raise LookupError(f"no logging trail delivers to {bucket}/{key}: create one and start it, or mend the key")

    def _deliver_all(self, now: dt.datetime) -> list[str]:
        arrived = []
        for channel in self._all_channels():
            arrived += [f"{channel.trail.bucket}/{key}" for key in channel.deliver(now)]
            if channel.closing:
                channel.finish(now)
        self._orphans = [channel for channel in self._orphans if channel.closing or channel.held]
        return arrived

    def _all_channels(self) -> Iterator[Channel]:
        yield from list(self._channels.values())
        yield from list(self._orphans)


def _is_last_call(event: Mapping[str, Any], channel: Channel) -> bool:
    """Whether the event is the very call that stopped this channel: it is recorded after it took effect, and logged."""
    if not channel.closing or event.get("eventSource") != "cloudtrail.amazonaws.com" or event.get("eventName") not in _STOPS:
        return False
    name = (event.get("requestParameters") or {}).get("name")
    return name in (channel.trail.name, channel.trail.arn)


def _next_mark(now: dt.datetime) -> dt.datetime:
    return now.replace(minute=now.minute - now.minute % 5, second=0, microsecond=0) + FIVE_MINUTES
