"""What a Lambda mapping does with a batch of stream records: pure, time a parameter.

Decides: which records a function's answer leaves undone, what is invoked next, what is given up and how that is reported. A
batch is a run of records in stream order; whatever happens to it, its records leave it in that order, done or given up, and
none twice. Refuses: nothing; a malformed answer is a failure of the whole batch.

Source, read 2026-11-24: AWS Lambda developer guide, "Configuring partial batch response with DynamoDB and Lambda" (what counts
as success, as failure; the lowest number is the checkpoint; bisection at the returned number) and "Retain discarded records for
a DynamoDB event source in Lambda" (splitting uses up no retry; the metadata document). Where the guide is silent: ADR 0018.
"""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Record = Mapping[str, Any]
EXHAUSTED, TOO_OLD = "RetryAttemptsExhausted", "RecordAgeExceeded"
STREAM_KEEPS_SECONDS = 86_400
PAYLOAD_BYTES = 6 * 1024 * 1024
FOREVER = -1


@dataclass(frozen=True, slots=True)
class Limits:
    """A mapping's settings: ``retries`` and ``age_seconds`` are -1 where nothing but the stream's own 24 hours limits them."""

    retries: int = FOREVER
    age_seconds: int = FOREVER
    bisect: bool = False
    partial: bool = False


@dataclass(frozen=True, slots=True)
class Batch:
    """Records that are sent together. Never empty.

    Attributes:
        records: in stream order.
        failures: failed invocations that count against the retries.
        invocations: how often its records have been sent.
    """

    records: tuple[Record, ...]
    failures: int = 0
    invocations: int = 0


@dataclass(frozen=True, slots=True)
class Discard:
    """Records that are given up, and why: ``EXHAUSTED`` or ``TOO_OLD``."""

    batch: Batch
    condition: str


def fitting(records: Sequence[Record], limit: int = PAYLOAD_BYTES) -> int:
    """How many of the first records one invocation's payload holds; at least one, whatever its size."""
    size = len('{"Records":[]}')
    for count, record in enumerate(records):
        size += len(json.dumps(record, separators=(",", ":"))) + 1
        if size > limit:
            return max(count, 1)
    return len(records)


def undone_from(answer: Any, records: Sequence[Record]) -> int | None:
    """Index of the first record that a function's answer reports as failed; 0 is the whole batch, None is success.

    Success is an empty or null answer, or one without failures in it. A number that is no string, or empty, or not in the batch,
    and an answer of any other form, mean the whole batch.
    """
    if answer is None or answer in ("", {}):
        return None
    if not isinstance(answer, Mapping):
        return 0
    failures = answer.get("batchItemFailures")
    if failures is None or failures == []:
        return None
    if not isinstance(failures, list):
        return 0
    places = {sequence_number(record): place for place, record in enumerate(records)}
    named = [failure.get("itemIdentifier") if isinstance(failure, Mapping) else None for failure in failures]
    found = [places.get(name) if isinstance(name, str) else None for name in named]
    return min((place if place is not None else 0) for place in found)


def after_failure(batch: Batch, undone: int, limits: Limits) -> tuple[tuple[Batch, ...], Discard | None]:
    """What becomes of a batch whose records from ``undone`` on have failed: what is sent next, in order, or what is given up.

    A checkpoint inside the batch starts the count of retries anew for what is left; with bisection it is a split, which like
    every split uses up no retry.
    """
    sent = batch.invocations + 1
    left = batch.records[undone:]
    if limits.bisect and undone:
        return (Batch(left, batch.failures, sent),), None
    if limits.bisect and len(left) > 1:
        half = (len(left) + 1) // 2
        return (Batch(left[:half], batch.failures, sent), Batch(left[half:], batch.failures, sent)), None
    failed = Batch(left, 1 if undone else batch.failures + 1, sent)
    if limits.retries != FOREVER and failed.failures > limits.retries:
        return (), Discard(failed, EXHAUSTED)
    return (failed,), None


def too_old(batch: Batch, now: float, limits: Limits) -> tuple[Batch | None, Discard | None]:
    """The batch without its leading records that have become too old, and those; either may be None.

    Args:
        batch: the batch.
        now: seconds since the epoch.
        limits: its mapping's.
    """
    longest = STREAM_KEEPS_SECONDS if limits.age_seconds == FOREVER else min(limits.age_seconds, STREAM_KEEPS_SECONDS)
    count = 0
    while count < len(batch.records) and now - _created(batch.records[count]) > longest:
        count += 1
    if not count:
        return batch, None
    left = batch.records[count:]
    rest = Batch(left, batch.failures, batch.invocations) if left else None
    return rest, Discard(Batch(batch.records[:count], batch.failures, batch.invocations), TOO_OLD)


def report(
    discard: Discard, *, request_id: str, function_arn: str, function_error: bool, shard_id: str, stream_arn: str, now: float
) -> dict[str, Any]:
    """The document that goes to the on-failure destination; it holds no record.

    Args:
        discard: what was given up.
        request_id: of the last invocation; a new one where there was none.
        function_arn: with its qualifier where the mapping has one.
        function_error: whether the last invocation ended in an error (it may also have reported failures).
        shard_id: of the records.
        stream_arn: of the records.
        now: seconds since the epoch.
    """
    batch = discard.batch
    answered: dict[str, Any] | None = None
    if batch.invocations:
        answered = {"statusCode": 200, "executedVersion": "$LATEST"} | ({"functionError": "Unhandled"} if function_error else {})
    return {
        "requestContext": {
            "requestId": request_id,
            "functionArn": function_arn,
            "condition": discard.condition,
            "approximateInvokeCount": batch.invocations,
        },
        "responseContext": answered,
        "version": "1.0",
        "timestamp": f"{_iso(now, 'milliseconds')}",
        "DDBStreamBatchInfo": {
            "shardId": shard_id,
            "startSequenceNumber": sequence_number(batch.records[0]),
            "endSequenceNumber": sequence_number(batch.records[-1]),
            "approximateArrivalOfFirstRecord": _iso(_created(batch.records[0]), "seconds"),
            "approximateArrivalOfLastRecord": _iso(_created(batch.records[-1]), "seconds"),
            "batchSize": len(batch.records),
            "streamArn": stream_arn,
        },
    }


def sequence_number(record: Record) -> str:
    """The record's sequence number."""
    return str(record["dynamodb"]["SequenceNumber"])


def _created(record: Record) -> float:
    return float(record["dynamodb"]["ApproximateCreationDateTime"])


def _iso(seconds: float, precision: str) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(timespec=precision).replace("+00:00", "Z")
