"""Lambda's mappings of DynamoDB streams as AWS runs them, in place of the emulator's.

Decides: when a mapping reads, what it sends, what it does with the answer (``stream_batches``), where it stops holding the
clock back. One thread a mapping that has work, so that a failing function delays nobody else; one shard a stream, as the
emulator has; waits are in real time, ages in the sandbox's. Refuses: to lose a record in silence; what is given up is told to
the on-failure destination, and where there is none, or it may not be written, to the log.

Source, read 2026-11-24: AWS Lambda developer guide, "Using AWS Lambda with Amazon DynamoDB"; ADR 0018.
"""

import json
import logging
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cloudtrail_sandbox import destinations
from cloudtrail_sandbox.mapping_settings import check_new, check_update, limits_of
from cloudtrail_sandbox.stream_batches import FOREVER, Batch, Discard, after_failure, fitting, report, too_old, undone_from

SHARD = "shardId-00000000000000000000-00000000"
PATIENCE = 20  # failures in a row after which time goes on although retries are left
_WAIT_SECONDS = (0.02, 1.0)  # the first wait before a retry, doubled up to the second
Json = dict[str, Any]
_log = logging.getLogger("sandbox")


@dataclass(slots=True)
class _Shard:
    """Where a mapping stands in its stream, beyond the position that the emulator keeps: what is read and not done."""

    waiting: list[Batch] = field(default_factory=list)
    failed: int = 0  # invocations that failed, ever
    request_id: str = ""
    function_error: bool = False


_shards: dict[str, _Shard] = {}


def patch() -> None:
    """Patch 9: batches, retries, partial answers and destinations. The settings of a mapping are checked and answered in full."""
    from ministack.services import lambda_svc

    create, update = lambda_svc._create_esm, lambda_svc._update_esm

    def create_mapping(data: Json) -> Any:
        return check_new(data) or create(data)

    def update_mapping(uuid_: str, data: Json) -> Any:
        return check_update(uuid_, data) or update(uuid_, data)

    lambda_svc._create_esm = create_mapping
    lambda_svc._update_esm = update_mapping
    lambda_svc._poll_dynamodb_streams = poll


def poll() -> bool:
    """Start a thread for every mapping that has work and none yet; gives whether one was started."""
    from ministack.core.responses import request_scope
    from ministack.services import lambda_svc

    started = False
    known = {mapping["UUID"] for _, _, mapping in lambda_svc._iter_all_esms()}
    for gone in set(_shards) - known:
        _shards.pop(gone, None)
    for account, region, mapping in _stream_mappings():
        if lambda_svc._esm_inflight.get(mapping["UUID"]):
            continue
        with request_scope(account, region):
            if _function(mapping) is not None and _has_work(account, region, mapping):
                lambda_svc._dispatch_esm_batch(mapping["UUID"], _work, account, region, mapping)
                started = True
    return started


def failures() -> dict[str, int]:
    """How many invocations of each mapping have failed so far, by its UUID."""
    return {name: shard.failed for name, shard in list(_shards.items())}


def pending(before: Mapping[str, int]) -> bool:
    """Whether a mapping has records to deliver that time should wait for.

    One that fails again and again does not hold the clock: it must have failed once since `before` (what `failures` gave), and
    have no end of retries in sight.
    """
    for account, region, mapping in _stream_mappings():
        if _function(mapping) is None or not _has_work(account, region, mapping):
            continue
        shard = _shards.get(mapping["UUID"])
        front = shard.waiting[0] if shard and shard.waiting else None
        hopeless = front is not None and front.failures and (limits_of(mapping).retries == FOREVER or front.failures > PATIENCE)
        if not (shard and hopeless and shard.failed > before.get(mapping["UUID"], 0)):
            return True
    return False


def is_stream(mapping: Json) -> bool:
    """Whether the mapping's source is a DynamoDB stream."""
    return "/stream/" in str(mapping.get("EventSourceArn", "")) and ":dynamodb:" in mapping["EventSourceArn"]


def _stream_mappings() -> Iterator[tuple[str, str, Json]]:
    """Account, Region and mapping of each that is enabled."""
    from ministack.services import lambda_svc

    for account, region, mapping in lambda_svc._iter_all_esms():
        if is_stream(mapping) and mapping.get("Enabled", True):
            yield account, region, mapping


def _function(mapping: Json) -> Any:
    from ministack.core.responses import request_scope
    from ministack.services import lambda_svc

    account, region = mapping["FunctionArn"].split(":")[4], mapping["FunctionArn"].split(":")[3]
    with request_scope(account, region):
        return lambda_svc._get_func_record_for_qualifier(mapping["FunctionName"], mapping.get("Qualifier"))[0]


def _has_work(account: str, region: str, mapping: Json) -> bool:
    from ministack.services import lambda_svc

    shard = _shards.get(mapping["UUID"])
    if shard and shard.waiting:
        return True
    start, records = _records(account, region, mapping)
    position = lambda_svc._dynamodb_stream_positions.get_scoped(account, region, mapping["UUID"])
    return position is not None and position < start + len(records)


def _records(account: str, region: str, mapping: Json) -> tuple[int, list[Json]]:
    """The absolute position of the oldest record the stream still has, and its records; a disabled stream stays readable."""
    from ministack.core.responses import request_scope
    from ministack.services import dynamodb

    arn = mapping["EventSourceArn"]
    table = arn.partition("/stream/")[0].rpartition("/")[2]
    record = dynamodb._tables.get_scoped(account, region, table)
    if record and record.get("LatestStreamArn") == arn and (record.get("StreamSpecification") or {}).get("StreamEnabled"):
        start = dynamodb.stream_start_position(table, account_id=account, region=region)
        return start, dynamodb.stream_live_records(table, account_id=account, region=region)
    with request_scope(account, region):
        closed = dynamodb.closed_stream(arn)
    return (closed["trimmed"], closed["records"]) if closed else (0, [])


def _work(account: str, region: str, mapping: Json) -> None:
    """One thread's work; whatever goes wrong in it is told, and tried again a second later."""
    try:
        _deliver_all(account, region, mapping)
    except Exception:  # noqa: BLE001  the next poll would start the same at once, and without end
        _log.exception("the mapping %s stumbled", mapping["UUID"])
        time.sleep(_WAIT_SECONDS[1])


def _deliver_all(account: str, region: str, mapping: Json) -> None:
    """Deliver what the mapping's stream holds, until nothing is left or the mapping has gone."""
    shard = _shards.setdefault(mapping["UUID"], _Shard())
    wait, longest = _WAIT_SECONDS
    while _alive(mapping) and (function := _function(mapping)) is not None:
        batch = _next(account, region, mapping, shard)
        if batch is None:
            return
        if _deliver(mapping, shard, function, batch):
            wait = _WAIT_SECONDS[0]
        else:
            time.sleep(wait)
            wait = min(2 * wait, longest)


def _alive(mapping: Json) -> bool:
    from ministack.services import lambda_svc

    return lambda_svc._esms.get(mapping["UUID"]) is mapping and mapping.get("Enabled", True)


def _next(account: str, region: str, mapping: Json, shard: _Shard) -> Batch | None:
    """The batch to send now, which stays at the front of what waits; records too old for it are given up."""
    while True:
        if not shard.waiting and not _read(account, region, mapping, shard):
            return None
        batch, given_up = too_old(shard.waiting[0], time.time(), limits_of(mapping))
        if given_up:
            _give_up(mapping, shard, given_up)
        shard.waiting[:1] = [batch] if batch else []
        if batch:
            return batch


def _read(account: str, region: str, mapping: Json, shard: _Shard) -> bool:
    """Read the next batch from the stream; what the mapping's filter leaves out is passed over."""
    from ministack.services import lambda_svc

    positions, name = lambda_svc._dynamodb_stream_positions, mapping["UUID"]
    start, held = _records(account, region, mapping)
    position = max(positions.get_scoped(account, region, name, start), start)
    while records := held[position - start : position - start + mapping["BatchSize"]]:
        wanted = lambda_svc._apply_filter_criteria(records, mapping)
        if wanted:
            count = fitting(wanted)
            if count < len(wanted):
                records = records[: records.index(wanted[count])]
            shard.waiting.append(Batch(tuple(wanted[:count])))
        position += len(records)
        positions.set_scoped(account, region, name, position)
        if wanted:
            return True
    return False


def _deliver(mapping: Json, shard: _Shard, function: Any, batch: Batch) -> bool:
    """Invoke the function with the batch at the front; False where it, or a part of it, failed."""
    from ministack.services import lambda_svc

    result = lambda_svc._execute_function(function, {"Records": list(batch.records)})
    if result.get("throttle"):
        shard.failed += 1
        return False  # it never ran: no retry is used up
    limits = limits_of(mapping)
    shard.request_id, shard.function_error = str(uuid.uuid4()), bool(result.get("error"))
    undone = 0 if shard.function_error else (undone_from(result.get("body"), batch.records) if limits.partial else None)
    if undone is None:
        shard.waiting.pop(0)
        mapping["LastProcessingResult"] = "OK"
        return True
    mapping["LastProcessingResult"] = "PROBLEM: Function call failed"
    shard.failed += 1
    again, given_up = after_failure(batch, undone, limits)
    if given_up:
        _give_up(mapping, shard, given_up)
    shard.waiting[:1] = again
    return given_up is not None or len(again) > 1


def _give_up(mapping: Json, shard: _Shard, discard: Discard) -> None:
    """Tell the destination, and the log, of records that are given up."""
    document = report(
        discard,
        request_id=shard.request_id or str(uuid.uuid4()),
        function_arn=mapping["FunctionArn"],
        function_error=shard.function_error,
        shard_id=SHARD,
        stream_arn=mapping["EventSourceArn"],
        now=time.time(),
    )
    told = document["DDBStreamBatchInfo"]
    where = destinations.of(mapping)
    problem = destinations.send(where, json.dumps(document), _function(mapping)) if where else "there is no destination"
    _log.warning(
        "%s gave up %d records of %s, %s to %s: %s%s",
        mapping["FunctionArn"],
        told["batchSize"],
        told["streamArn"],
        told["startSequenceNumber"],
        told["endSequenceNumber"],
        discard.condition,
        f" ({problem})" if problem else "",
    )
