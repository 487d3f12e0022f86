"""The limits of PutLogEvents: what is refused, what is answered with 200 and not kept.

Decides: which batches are refused whole, which events of a batch are turned away one by one and how the answer says so, while the
rest is kept. Time is the sandbox's. Refuses: nothing beyond AWS.

Source, read 2026-11-24: CloudWatch Logs API reference, PutLogEvents and RejectedLogEventsInfo; the words of the refusals as users
quote them ("Log event too large: 292824 bytes exceeds limit of 262144", the limit has since grown to 1 MB; "Upload too large …";
"The batch of log events in a single PutLogEvents request cannot span more than 24 hours."). Where silent: ADR 0019.
"""

import json
import time
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

Json = dict[str, Any]
EVENT_OVERHEAD, LARGEST = 26, 1_048_576  # bytes; of an event with its overhead, and of a batch
MOST_EVENTS = 10_000
LONGEST_SPAN = 24 * 3_600_000  # milliseconds, as everything below
TOO_NEW, TOO_OLD = 2 * 3_600_000, 14 * 86_400_000
_DAY = 86_400_000


def refusal(events: Sequence[Json]) -> str:
    """Why a batch is refused whole, "" where it is not."""
    if not 1 <= len(events) <= MOST_EVENTS:
        bound = f"less than or equal to {MOST_EVENTS}" if events else "greater than or equal to 1"
        return f"1 validation error detected: Value at 'logEvents' failed to satisfy constraint: Member must have length {bound}"
    sizes = [len(event["message"].encode()) + EVENT_OVERHEAD for event in events]
    if max(sizes) > LARGEST:
        return f"Log event too large: {max(sizes)} bytes exceeds limit of {LARGEST}"
    if sum(sizes) > LARGEST:
        return f"Upload too large: {sum(sizes)} bytes exceeds limit of {LARGEST}"
    times = [event["timestamp"] for event in events]
    if any(later < earlier for earlier, later in pairwise(times)):
        return "Log events in a single PutLogEvents request must be in chronological order."
    if times[-1] - times[0] > LONGEST_SPAN:
        return "The batch of log events in a single PutLogEvents request cannot span more than 24 hours."
    return ""


def rejected(events: Sequence[Json], now: int, retention_days: int | None) -> tuple[slice, dict[str, int]]:
    """The events that are kept, and ``rejectedLogEventsInfo`` of the others ({} where there are none).

    Args:
        events: in chronological order.
        now: milliseconds since the epoch.
        retention_days: of the group, None where it keeps them for ever.
    """
    times = [event["timestamp"] for event in events]
    old = sum(moment < now - TOO_OLD for moment in times)
    expired = sum(moment < now - retention_days * _DAY for moment in times) if retention_days else 0
    new = sum(moment <= now + TOO_NEW for moment in times)
    found = {"tooOldLogEventEndIndex": old, "expiredLogEventEndIndex": expired}
    info = {name: index for name, index in found.items() if index}
    return slice(max(old, expired), new), info | ({"tooNewLogEventStartIndex": new} if new < len(times) else {})


def patch() -> None:
    """Patch 12."""
    from ministack.core.responses import error_response_json
    from ministack.services import cloudwatch_logs

    put = cloudwatch_logs._put_log_events

    def put_log_events(data: Json) -> Any:
        events = data.get("logEvents") or []
        problem = "" if all(_is_event(event) for event in events) else "1 validation error detected: Value at 'logEvents' is null"
        problem = problem or refusal(events)
        if problem:
            return error_response_json("InvalidParameterException", problem, 400)
        group = cloudwatch_logs._log_groups.get(data.get("logGroupName")) or {}
        kept, info = rejected(events, int(time.time() * 1000), group.get("retentionInDays"))
        status, headers, body = put({**data, "logEvents": list(events[kept])})
        if status == 200 and info:
            body = json.dumps(json.loads(body) | {"rejectedLogEventsInfo": info}).encode()
        return status, headers, body

    cloudwatch_logs._put_log_events = put_log_events


def _is_event(event: Any) -> bool:
    """Whether it has a message and a time."""
    if not isinstance(event, dict) or not isinstance(event.get("message"), str) or not event["message"]:
        return False
    return isinstance(event.get("timestamp"), int) and event["timestamp"] >= 0
