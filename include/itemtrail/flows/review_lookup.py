"""Events that end evidence in the hours that no archived day covers yet: asked of CloudTrail itself, where that is wanted.

Decides: how far back is asked (from where the archive's days end, a fortnight at most) and how many requests a Region may take;
what was covered is told. Refuses to call it proven or complete: LookupEvents has no digest, answers about fifteen minutes late,
and two requests a second; the archive's own events are read by the next review all the same.
Source: CloudTrail API reference, LookupEvents, read 2026-11-24.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from itemtrail.core import evidence_rows
from itemtrail.core.event_history import Window, newest
from itemtrail.core.posture import EvidenceEvent
from itemtrail.errors import ItemtrailError
from itemtrail.flows.changes_store import each
from itemtrail.flows.event_history_ask import Pacer, Reader, StoppedError
from itemtrail.ports.event_history import EventHistory

_FURTHEST = dt.timedelta(days=14)
_MOST_REQUESTS = 600  # five minutes


@dataclass(frozen=True, slots=True)
class Found:
    """What one Region answered: events, and a line that says of which time, or why not."""

    events: tuple[EvidenceEvent, ...]
    note: str


def recent(
    histories: Mapping[str, EventHistory],
    *,
    since: dt.datetime | None,
    now: dt.datetime,
    pacer: Callable[[], Pacer] = Pacer,
    requests: int = _MOST_REQUESTS,
) -> tuple[tuple[EvidenceEvent, ...], tuple[str, ...]]:
    """The events since ``since``, oldest first, each once, and a note for each Region.

    Args:
        histories: by Region.
        since: until when archived days cover; None: a fortnight is asked for.
        now: aware UTC; what is younger than fifteen minutes is not asked for.
        pacer: makes what keeps to two requests a second, for one Region.
        requests: how many a Region may take.
    """
    start = max(since or now - _FURTHEST, now - _FURTHEST).replace(microsecond=0)
    wanted = Window(start, max(start, newest(now)))
    found = each(lambda one: _region(*one, wanted, now, pacer(), requests), sorted(histories.items()))
    events = {event.event_id or repr(event): event for one in found for event in one.events}
    return tuple(sorted(events.values(), key=lambda event: (event.time, event.event_id))), tuple(one.note for one in found)


def _region(region: str, history: EventHistory, wanted: Window, now: dt.datetime, pacer: Pacer, most: int) -> Found:
    """Newest part first, until all of ``wanted`` is read, or the requests are used up."""
    reader = Reader(history, pacer, lambda: now, stop=lambda: pacer.requests >= most)
    events: list[EvidenceEvent] = []
    left, before, count, why = wanted, None, 0, ""
    try:
        while left:
            part = reader.part(left, before, count)
            events += [one for event in part.events if (one := evidence_rows.of_answer(event))]
            before, count = part.window, len(part.events)
            left = Window(wanted.start, wanted.start if part.last else part.window.start)
    except StoppedError:
        why = f"; more than {most} requests"
    except ItemtrailError as error:
        why = f"; {error}"
    return Found(tuple(events), _note(region, Window(left.end if left else wanted.start, wanted.end), why))


def _note(region: str, covered: Window, why: str) -> str:
    if not covered:
        return f"The event history of {region} could not be looked at{why}"
    span = f"from {covered.start:%Y-%m-%d %H:%M} to {covered.end:%Y-%m-%d %H:%M} UTC"
    return f"The event history of {region} was looked at {span} (as CloudTrail answers, unproven){why}"
