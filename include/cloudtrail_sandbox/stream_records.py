"""Stream records as AWS writes them, where the emulator's differ: their size, their name.

Source: the sample events of the AWS Lambda developer guide, "Using AWS Lambda with Amazon DynamoDB" (two records of 26 and 59
bytes, which are the sizes of keys and images together by DynamoDB's item size rules); DynamoDB Streams API reference, Record;
read 2026-11-24.
"""

from typing import Any


def patch() -> None:
    """Patch 11."""
    from ministack.services import dynamodb

    build = dynamodb._build_change_record

    def build_change_record(*args: Any) -> Any:
        record = build(*args)
        change = record["dynamodb"]
        parts = (change.get(name) or {} for name in ("Keys", "OldImage", "NewImage"))
        change["SizeBytes"] = sum(dynamodb._item_size_bytes(part) for part in parts)
        record["eventID"] = record["eventID"].replace("-", "")
        return record

    dynamodb._build_change_record = build_change_record
