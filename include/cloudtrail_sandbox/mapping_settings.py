"""A stream mapping's settings: what AWS refuses, what it answers where the caller said nothing.

Decides: ranges and defaults of a DynamoDB stream's mapping; that its function's role may read the stream and write to the
on-failure destination; that a function has one mapping a stream. Refuses: nothing of other sources, which stay the emulator's.

Source, read 2026-11-24: AWS Lambda developer guide, "Lambda parameters for Amazon DynamoDB event source mappings"; API reference,
CreateEventSourceMapping.
"""

from typing import Any

from cloudtrail_sandbox import destinations
from cloudtrail_sandbox.stream_batches import FOREVER, Limits

Json = dict[str, Any]
READS = ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")
_DEFAULTS: Json = {
    "BatchSize": 100,
    "MaximumBatchingWindowInSeconds": 0,
    "MaximumRetryAttempts": FOREVER,
    "MaximumRecordAgeInSeconds": FOREVER,
    "BisectBatchOnFunctionError": False,
    "ParallelizationFactor": 1,
    "FunctionResponseTypes": [],
    "DestinationConfig": {"OnFailure": {}},
}
_RANGES = {
    "BatchSize": (1, 10_000),
    "MaximumBatchingWindowInSeconds": (0, 300),
    "MaximumRetryAttempts": (FOREVER, 10_000),
    "MaximumRecordAgeInSeconds": (FOREVER, 604_800),
    "ParallelizationFactor": (1, 10),
    "TumblingWindowInSeconds": (0, 0),  # not offered here
}
_YOUNGEST = 60  # MaximumRecordAgeInSeconds, where it is not -1
_POSITIONS = ("TRIM_HORIZON", "LATEST")


def limits_of(mapping: Json) -> Limits:
    """A mapping's limits, as they are now."""
    return Limits(
        retries=mapping.get("MaximumRetryAttempts", FOREVER),
        age_seconds=mapping.get("MaximumRecordAgeInSeconds", FOREVER),
        bisect=bool(mapping.get("BisectBatchOnFunctionError")),
        partial="ReportBatchItemFailures" in (mapping.get("FunctionResponseTypes") or ()),
    )


def check_new(data: Json) -> Any:
    """CreateEventSourceMapping's refusal, or None; ``data`` is completed with the defaults."""
    from ministack.services import lambda_svc

    source = str(data.get("EventSourceArn", ""))
    if ":dynamodb:" not in source or "/stream/" not in source:
        return None
    name, _, problem = lambda_svc._resolve_existing_esm_function(data.get("FunctionName", ""))
    if problem:
        return None  # the emulator says so itself
    for mapping in lambda_svc._esms.values():
        if mapping["EventSourceArn"] == source and mapping["FunctionName"] == name:
            return _refuse(
                "ResourceConflictException",
                f'An event source mapping with event source ("{source}") and function ("{name}") already exists. '
                f"Please update or delete the existing mapping with UUID {mapping['UUID']}",
                409,
            )
    if data.get("StartingPosition") not in _POSITIONS:
        return _refuse("InvalidParameterValueException", "StartingPosition of a DynamoDB stream is TRIM_HORIZON or LATEST.")
    refusal = _out_of_range(data) or _not_permitted(data, source, lambda_svc._functions[name]["config"])
    if refusal is None:
        for setting, value in _DEFAULTS.items():
            data.setdefault(setting, value)
    return refusal


def check_update(uuid: str, data: Json) -> Any:
    """UpdateEventSourceMapping's refusal, or None."""
    from ministack.services import lambda_svc

    mapping = lambda_svc._esms.get(uuid)
    if mapping is None or "/stream/" not in mapping["EventSourceArn"]:
        return None
    config = lambda_svc._functions[mapping["FunctionName"]]["config"] if mapping["FunctionName"] in lambda_svc._functions else {}
    return _out_of_range(data) or (_no_destination(data, config) if config else None)


def _out_of_range(data: Json) -> Any:
    for name, (least, most) in _RANGES.items():
        value = data.get(name)
        if value is None:
            continue
        young = name == "MaximumRecordAgeInSeconds" and value != FOREVER and isinstance(value, int) and value < _YOUNGEST
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most or young:
            bound = f"less than or equal to {most}" if isinstance(value, int) and value > most else "greater than or equal to "
            bound += "" if bound.endswith(str(most)) else str(_YOUNGEST if young else least)
            place = name[0].lower() + name[1:]
            return _refuse(
                "ValidationException",
                f"1 validation error detected: Value '{value}' at '{place}' failed to satisfy constraint: "
                f"Member must have value {bound}",
            )
    return None


def _not_permitted(data: Json, source: str, config: Json) -> Any:
    denied = [
        action
        for action in READS
        if not destinations.role_may(config, f"dynamodb:{action}", source, "*" if action == "ListStreams" else source)
    ]
    if denied:
        return _refuse(
            "InvalidParameterValueException",
            f"Cannot access stream {source}. Please ensure the role can perform the GetRecords, GetShardIterator, "
            "DescribeStream, and ListStreams Actions on your stream in IAM.",
        )
    return _no_destination(data, config)


def _no_destination(data: Json, config: Json) -> Any:
    where = destinations.of(data)
    if not where:
        return None
    service = where.split(":")[2] if where.count(":") >= 5 else ""
    if service not in destinations.ACTIONS or where.endswith(".fifo"):
        return _refuse(
            "InvalidParameterValueException", f"The provided destination config DestinationConfig({where}) is invalid."
        )
    if not destinations.exists(where) or not destinations.role_may(config, destinations.ACTIONS[service], where):
        action = destinations.ACTIONS[service].partition(":")[2]
        return _refuse(
            "InvalidParameterValueException",
            f"The function execution role does not have permissions to call {action} on {service.upper()}",
        )
    return None


def _refuse(code: str, message: str, status: int = 400) -> Any:
    from ministack.core.responses import error_response_json

    return error_response_json(code, message, status)
