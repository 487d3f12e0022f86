"""Patch 15: what IAM is asked about calls to DynamoDB Streams.

The emulator asks about no resource, so that only a policy for `*` lets a reader in. AWS asks about the stream: by StreamArn, and
for GetRecords by the shard iterator. Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon
DynamoDB" (read 2026-11-24).
"""

import json
from typing import Any

STREAMS = "dynamodbstreams"


def patch() -> None:
    """Needs patch 6, which puts the stream's ARN in front of its iterators."""
    from ministack.core import iam_actions

    extract = iam_actions.extract_resource_arn

    def extract_resource_arn(service: str, method: str, path: str, headers: Any, body: bytes, *rest: Any) -> Any:
        return (_stream(body) if service == STREAMS else None) or extract(service, method, path, headers, body, *rest)

    iam_actions.extract_resource_arn = extract_resource_arn


def _stream(body: bytes) -> str | None:
    try:
        asked = json.loads(body or b"{}")
    except ValueError:
        return None
    if not isinstance(asked, dict):
        return None
    arn = asked.get("StreamArn") or str(asked.get("ShardIterator", "")).partition("|")[0]
    return arn if isinstance(arn, str) and "/stream/" in arn else None
