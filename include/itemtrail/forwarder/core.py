"""From stream records to log events: what is written, where, in which batches. Pure; packed into the function's zip.

Decides: one JSON event a record, as delivered (numbers are text in DynamoDB JSON), after redaction; its time is the record's
creation, the given moment where that is absent; one log stream a table and UTC day, because Lambda does not tell a record's
shard, and because a day never exceeds the 24 hours that one batch may span. An event beyond the limit becomes a pointer to S3:
plain JSON under its own SHA-256, so that a second delivery writes the same object and a reader can check it without unpacking.
Refuses (``Unreadable``): a record without sequence number, keys, name or table, or one that cannot be redacted.
Source: CloudWatch Logs API reference, PutLogEvents; Lambda developer guide, "Using AWS Lambda with Amazon DynamoDB" (read
2026-11-24).
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

EVENT_OVERHEAD = 26
MAX_EVENT_BYTES = MAX_BATCH_BYTES = 1_048_576  # each with the overhead counted
MAX_EVENTS = 10_000
MAX_SPAN_MS = 24 * 3_600_000

Record = Mapping[str, Any]
Redact = Callable[[str, Record], tuple[dict[str, Any], tuple[str, ...]]]  # (table ARN, record) → (redacted copy, paths)


class Unreadable(ValueError):  # noqa: N818 - what the record is
    """A record that cannot be forwarded; the text names what is wrong, never a value."""


@dataclass(frozen=True, slots=True)
class Line:
    """One log event. ``time`` is in milliseconds since the epoch; ``spill`` the bytes that go to S3 first, else None."""

    stream: str
    time: int
    message: str
    event_id: str
    sequence: str
    spill: "Spill | None" = None

    @property
    def size(self) -> int:
        """Bytes as CloudWatch Logs counts them."""
        return len(self.message.encode()) + EVENT_OVERHEAD


@dataclass(frozen=True, slots=True)
class Spill:
    """An object that a pointer event names."""

    key: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Place:
    """Where spilled records go; ``prefix`` ends with a slash."""

    bucket: str
    prefix: str


def line(record: object, redact: Redact, place: Place, now_ms: int) -> Line:
    """The log event of one record as Lambda delivers it.

    Raises:
        Unreadable: it cannot be read or redacted. ConfigurationError: the rules cannot be applied to this table at all.
    """
    table, event_id, sequence = _names(record)
    assert isinstance(record, Mapping)
    try:
        kept, paths = redact(table, record)
    except ValueError as error:
        raise Unreadable(f"cannot be redacted: {error}") from None
    moment = _moment(kept["dynamodb"].get("ApproximateCreationDateTime"), now_ms)
    day = datetime.fromtimestamp(moment / 1000, UTC).date()
    name = table.rpartition("/")[2]
    whole = _text(kept | ({"redacted": list(paths)} if paths else {}))
    found = Line(f"{name}/{day}", moment, whole, event_id, sequence)
    if found.size <= MAX_EVENT_BYTES:
        return found
    body = whole.encode()
    digest = hashlib.sha256(body).hexdigest()
    spill = Spill(f"{place.prefix}{name}/{day}/{digest}.json", body)
    pointer = {
        "eventID": event_id,
        "eventName": kept["eventName"],
        "eventSourceARN": kept["eventSourceARN"],
        "keys": kept["dynamodb"]["Keys"],
        "sequenceNumber": sequence,
        "spilled": {"bucket": place.bucket, "key": spill.key, "sha256": digest, "size": len(body)},
    }
    return Line(found.stream, moment, _text(pointer), event_id, sequence, spill)


def batches(lines: Sequence[Line]) -> Iterator[tuple[str, list[Line]]]:
    """(log stream, lines in order of time) within the limits of one PutLogEvents call. Lines of one time keep their order."""
    ordered = sorted(lines, key=lambda one: (one.stream, one.time))
    batch: list[Line] = []
    size = 0
    for one in ordered:
        full = batch and (
            one.stream != batch[0].stream
            or size + one.size > MAX_BATCH_BYTES
            or len(batch) == MAX_EVENTS
            or one.time - batch[0].time > MAX_SPAN_MS
        )
        if full:
            yield batch[0].stream, batch
            batch, size = [], 0
        batch.append(one)
        size += one.size
    if batch:
        yield batch[0].stream, batch


@dataclass(frozen=True, slots=True)
class Rejected:
    """Lines of a batch that were not kept although the call answered 200. ``late`` ones never will be; ``early`` ones may."""

    late: tuple[Line, ...] = ()
    early: tuple[Line, ...] = ()


def rejected(batch: Sequence[Line], info: Mapping[str, Any] | None) -> Rejected:
    """What ``rejectedLogEventsInfo`` says of ``batch``: ends are exclusive, the start of what is too new is inclusive."""
    said = info or {}
    late = max(int(said.get("tooOldLogEventEndIndex", 0)), int(said.get("expiredLogEventEndIndex", 0)))
    early = int(said.get("tooNewLogEventStartIndex", len(batch)))
    return Rejected(tuple(batch[:late]), tuple(batch[max(late, early) :]))


def notice(late: Sequence[Line], now_ms: int) -> Line:
    """The event that stands for records the log group no longer takes: they are past its retention, or 14 days old."""
    text = _text({"itemtrail": "not stored: too old for the log group", "eventIDs": [one.event_id for one in late]})
    name = late[0].stream.partition("/")[0]
    return Line(f"{name}/{datetime.fromtimestamp(now_ms / 1000, UTC).date()}", now_ms, text, "", "")


def sequence_of(record: object) -> str:
    """The record's sequence number, ``""`` where it has none (Lambda takes that for the whole batch)."""
    inner = record.get("dynamodb") if isinstance(record, Mapping) else None
    number = inner.get("SequenceNumber") if isinstance(inner, Mapping) else None
    return number if isinstance(number, str) and number.isascii() and number.isdigit() else ""


def _names(record: object) -> tuple[str, str, str]:
    """(table ARN, event id, sequence number) of a record that has everything that is needed."""
    if not isinstance(record, Mapping) or not isinstance(record.get("dynamodb"), Mapping):
        raise Unreadable("it is no object with a member dynamodb")
    sequence = sequence_of(record)
    if not sequence:
        raise Unreadable("it has no SequenceNumber")
    if not isinstance(record["dynamodb"].get("Keys"), Mapping):
        raise Unreadable("it has no Keys")
    table, found, _ = str(record.get("eventSourceARN", "")).partition("/stream/")
    if not found or ":table/" not in table:
        raise Unreadable("its eventSourceARN names no table's stream")
    if not isinstance(record.get("eventName"), str) or not isinstance(record.get("eventID"), str):
        raise Unreadable("it has no eventName or eventID")
    return table, record["eventID"], sequence


def _moment(value: object, now_ms: int) -> int:
    if value is None:
        return now_ms
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1 << 33:
        return int(value * 1000)
    raise Unreadable("its ApproximateCreationDateTime is no time")


def _text(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair: only its escape can be sent
        return json.dumps(value, separators=(",", ":"))
    return text
