"""The event history of CloudTrail as an archive source: windows of time, what was answered for them, and how it is kept.

Decides: which seconds can be asked for now (not older than 90 days, not younger than 15 minutes), what of an answer belongs to a
window, how long a window may be to be read in one go, and the bytes of a part: a head line that says the part's window, then one
line for each event as it was answered. A window is [start, end), whole seconds. Refuses to call any of it proven: the service
gives no digest, so nobody can show that an answer was complete or true.

Source: CloudTrail API reference, LookupEvents ("the last 90 days", newest first, both times included); user guide, "Working with
CloudTrail event history", "How CloudTrail works" (events within about 5 minutes, not guaranteed: 15 are waited); read 2026-11-24.
"""

import datetime as dt
import gzip
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from itemtrail.core.inflate import inflate
from itemtrail.errors import EvidenceError

SOURCE = "event_history"
PROOF = "UNPROVEN"
HORIZON = dt.timedelta(days=90)
SETTLE = dt.timedelta(minutes=15)
SECOND = dt.timedelta(seconds=1)
_DAY = dt.timedelta(days=1)
_KIND = "itemtrail.event_history_part"
_MOST_BYTES = 1 << 30  # of a part, inflated

Event = Mapping[str, Any]
"""One member of ``Events`` as answered: JSON values, times as seconds since 1970."""


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """[start, end), whole seconds, UTC."""

    start: dt.datetime
    end: dt.datetime

    def __bool__(self) -> bool:
        return self.start < self.end

    def __str__(self) -> str:
        return f"[{self.start:%Y-%m-%dT%H:%M:%SZ}, {self.end:%Y-%m-%dT%H:%M:%SZ})"


@dataclass(frozen=True, slots=True)
class Part:
    """What was answered for one window, newest first. ``last``: nothing older is left in the commit's window."""

    window: Window
    last: bool
    events: tuple[Event, ...]


def day_window(day: dt.date) -> Window:
    """The whole day."""
    start = dt.datetime.combine(day, dt.time(), dt.UTC)
    return Window(start, start + _DAY)


def oldest(now: dt.datetime) -> dt.datetime:
    """The first whole second that the service still holds all events of."""
    at = now - HORIZON
    return at if not at.microsecond else at.replace(microsecond=0) + SECOND


def newest(now: dt.datetime) -> dt.datetime:
    """The second before which every event is there by now."""
    return (now - SETTLE).replace(microsecond=0)


def askable(wanted: Window, now: dt.datetime) -> Window:
    """What of ``wanted`` can be asked for now; false where it is nothing."""
    start = max(wanted.start, oldest(now))
    return Window(start, max(start, min(wanted.end, newest(now))))


def without(wanted: Window, covered: Iterable[Window]) -> tuple[Window, ...]:
    """What of ``wanted`` no window of ``covered`` holds, in order."""
    left, at = [], wanted.start
    for window in sorted(covered):
        if window and window.start > at:
            left.append(Window(at, min(window.start, wanted.end)))
        at = max(at, window.end if window else at)
    return tuple(window for window in (*left, Window(at, wanted.end)) if window)


def second(event: Event) -> dt.datetime:
    """The whole second of an event's ``EventTime``.

    Raises:
        EvidenceError: it has none.
    """
    value = event.get("EventTime")
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e11:
        raise EvidenceError(
            f"CloudTrail answered event {event.get('EventId')!r} without a time: {value!r}.",
            advice="run again; if it stays, ask AWS support: events without a time cannot be put into a window.",
        )
    return dt.datetime.fromtimestamp(math.floor(value), dt.UTC)


def belonging(events: Iterable[Event], window: Window) -> tuple[Event, ...]:
    """The events of an answer that belong to ``window``; those of the second at its end belong to the next one."""
    return tuple(event for event in events if second(event) < window.end)


def projected(window: Window, read: int, reached: dt.datetime) -> float:
    """How many there are in ``window``, after ``read`` reached from its end back to ``reached``; ``read``, if it got nowhere."""
    span = (window.end - reached) / SECOND
    return read * ((window.end - window.start) / SECOND) / span if span > 0 else float(read)


def shorter(window: Window, read: int, reached: dt.datetime, wanted: int) -> Window:
    """The newest part of ``window`` that holds about ``wanted``, by the same; at most half of it, at least its last second."""
    span, whole = (window.end - reached) / SECOND, (window.end - window.start) / SECOND
    seconds = max(1, min(int(span * wanted / read) if read else 1, int(whole) // 2))
    return Window(_off_the_minute(window.end - seconds * SECOND, window.end), window.end)


def following(window: Window, before: Window | None, events: int, wanted: int) -> Window:
    """What of ``window`` to read next, from its end back: all of it, or as long as ``before`` was, in which ``events`` were.

    Twice as long where that was less than half of ``wanted``. Of what is archived alone, so that a second run cuts alike.
    """
    if before is None:
        return window
    length = (before.end - before.start) * (2 if events < wanted // 2 else 1)
    start = window.end - max(length, SECOND)
    return Window(_off_the_minute(start, window.end) if start > window.start else window.start, window.end)


def record(event: Event) -> bytes:
    """The bytes of ``CloudTrailEvent``; empty where there is none, and no UTF-8 where the text is none (both are quarantined)."""
    text = event.get("CloudTrailEvent")
    return text.encode("utf-8", "surrogatepass") if isinstance(text, str) else b""


def encode(part: Part) -> bytes:
    """The bytes of a part: gzip of JSON lines; the same part gives the same bytes."""
    head = {
        "kind": _KIND,
        "source": SOURCE,
        "proof": PROOF,
        "start": _epoch(part.window.start),
        "end": _epoch(part.window.end),
        "last": part.last,
        "events": len(part.events),
    }
    lines = [json.dumps(line, sort_keys=True, separators=(",", ":")) for line in (head, *part.events)]
    return gzip.compress(("\n".join(lines) + "\n").encode("ascii"), compresslevel=6, mtime=0)


def decode(body: bytes, *, key: str) -> Part:
    """The part in ``body``; ``key`` is named in errors.

    Raises:
        EvidenceError: it is not one.
    """
    try:
        head, *events = [json.loads(line) for line in inflate(body, max_bytes=_MOST_BYTES).decode("ascii").splitlines()]
        if head["kind"] != _KIND or head["proof"] != PROOF or head["events"] != len(events):
            raise ValueError("its head line does not fit")
        window = Window(*(dt.datetime.fromtimestamp(int(head[name]), dt.UTC) for name in ("start", "end")))
        return Part(window, head["last"] is True, tuple(dict(event) for event in events))
    except (EvidenceError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise EvidenceError(
            f"{key} is not a part of an event history: {error}.", advice="look at the object's versions and at who wrote it."
        ) from error


def seconds_left(elapsed: float, planned: Window, reached: dt.datetime) -> float | None:
    """How long the rest of ``planned`` takes at the pace so far; None while nothing is known. Reading goes from the end back."""
    done, left = (planned.end - reached).total_seconds(), (reached - planned.start).total_seconds()
    return elapsed * left / done if done > 0 else None


def _off_the_minute(start: dt.datetime, end: dt.datetime) -> dt.datetime:
    """Not where schedulers begin their work: the second at a border is asked for twice."""
    return start + SECOND if start.second == 0 and end - start > 2 * SECOND else start


def _epoch(time: dt.datetime) -> int:
    return int(time.timestamp())
