"""One invocation: lines from records, spills, batches, what was rejected, and the number from which Lambda sends again.

Decides: everything that can be stored is stored, also beyond a record that fails, so that nothing depends on the mapping's
bisection; the lowest failing sequence number is reported, and what follows it comes again: the log is at least once, a reader
tells copies by ``eventID``. Records too old for the log group count as done, with a notice event; those too far in the future
fail. What the function logs of itself has counts, ids and error codes, never a value of an item or a service's message.
Source: Lambda developer guide, "Configuring partial batch response with DynamoDB and Lambda"; CloudWatch Logs API reference,
RejectedLogEventsInfo (read 2026-11-24).
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from itemtrail.forwarder.core import Line, Place, Redact, Unreadable, batches, line, notice, rejected, sequence_of

_SHOWN = 100


class Failed(Exception):  # noqa: N818 - what happened
    """A call did not succeed; ``code`` is the service's error code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Logs(Protocol):
    """One log group."""

    def put(self, stream: str, lines: Sequence[Line]) -> Mapping[str, Any] | None:
        """Write one batch, making the log stream where there is none; returns ``rejectedLogEventsInfo``. Raises ``Failed``."""


class Objects(Protocol):
    """The bucket of what is spilled."""

    def put(self, key: str, body: bytes) -> None:
        """Write one object. Raises ``Failed``."""


@dataclass(slots=True)
class _Result:
    stored: int = 0
    spilled: int = 0
    late: list[Line] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)  # sequence numbers


@dataclass(frozen=True, slots=True)
class Forwarder:
    """What stays the same between invocations. ``say`` takes one line of the function's own log."""

    logs: Logs
    objects: Objects
    redact: Redact
    place: Place
    say: Callable[[str], None]

    def forward(self, records: Sequence[object], now_ms: int) -> dict[str, list[dict[str, str]]]:
        """Forward one batch; returns what Lambda calls a partial batch response.

        Raises:
            ConfigurationError: the redaction rules cannot be applied: nothing was written.
        """
        result = _Result()
        lines = [one for record in records if (one := self._line(record, now_ms, result))]
        kept = [one for one in lines if self._spilled(one, result)]
        for stream, batch in batches(kept):
            self._write(stream, batch, result)
        self._notice(result, now_ms)
        lowest = min(result.failed, key=lambda number: int(number or 0), default=None)
        counts = {"records": len(records), "stored": result.stored, "spilled": result.spilled}
        self._log("forwarded", **counts, tooOld=len(result.late), failed=len(result.failed), again=lowest)
        return {"batchItemFailures": [] if lowest is None else [{"itemIdentifier": lowest}]}

    def _line(self, record: object, now_ms: int, result: _Result) -> Line | None:
        try:
            return line(record, self.redact, self.place, now_ms)
        except Unreadable as error:
            result.failed.append(sequence_of(record))
            self._log("unreadable", sequenceNumber=sequence_of(record), why=str(error))
            return None

    def _spilled(self, one: Line, result: _Result) -> bool:
        if one.spill is None:
            return True
        try:
            self.objects.put(one.spill.key, one.spill.body)
        except Failed as error:
            self._fail([one], error.code, "s3:PutObject", result)
            return False
        result.spilled += 1
        return True

    def _write(self, stream: str, batch: list[Line], result: _Result) -> None:
        try:
            found = rejected(batch, self.logs.put(stream, batch))
        except Failed as error:
            self._fail(batch, error.code, "logs:PutLogEvents", result)
            return
        result.stored += len(batch) - len(found.late) - len(found.early)
        result.late += found.late
        if found.early:
            self._fail(found.early, "tooNew", "logs:PutLogEvents", result)

    def _notice(self, result: _Result, now_ms: int) -> None:
        tables: dict[str, list[Line]] = {}
        for one in result.late:
            tables.setdefault(one.stream.partition("/")[0], []).append(one)
        for late in tables.values():
            self._log("tooOld", eventIDs=_some(late), count=len(late))
            told = notice(late, now_ms)
            try:
                self.logs.put(told.stream, [told])
            except Failed as error:
                self._log("no notice", code=error.code)

    def _fail(self, lines: Sequence[Line], code: str, action: str, result: _Result) -> None:
        result.failed += [one.sequence for one in lines]
        self._log("failed", action=action, code=code, eventIDs=_some(lines), count=len(lines))

    def _log(self, what: str, **members: object) -> None:
        self.say(json.dumps({"itemtrail": what} | members, separators=(",", ":")))


def _some(lines: Sequence[Line]) -> list[str]:
    return [one.event_id for one in lines[:_SHOWN]]
