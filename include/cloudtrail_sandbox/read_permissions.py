"""Patch 20: what IAM is asked about four kinds of calls, of which the emulator names no resource, or one that does not exist.

AWS asks about the trail whose tags are read, the table whose policy is read or put, the key that an alias means, and the alarms
that are described. Source: Service Authorization Reference, "Actions, resources, and condition keys" for AWS CloudTrail, Amazon
DynamoDB, AWS KMS (an alias is no resource of DescribeKey), Amazon CloudWatch, read 2026-11-24.
"""

import json
from collections.abc import Callable
from typing import Any


def patch() -> None:
    """Name them."""
    from ministack.core import iam_actions
    from ministack.services import kms

    extract = iam_actions.extract_resource_arn
    named: dict[str, Callable[[dict[str, Any]], Any]] = {
        "cloudtrail": lambda asked: next(iter(asked.get("ResourceIdList") or ()), asked.get("ResourceId")),
        "dynamodb": lambda asked: asked.get("ResourceArn"),
        "kms": lambda asked: _aliased(kms, str(asked.get("KeyId", ""))),
    }

    def extract_resource_arn(service: str, method: str, path: str, headers: Any, body: bytes, *rest: Any) -> Any:
        if service == "monitoring" and headers.get("x-amz-target", "").endswith(".DescribeAlarms"):
            region, account = rest[-2:]
            return f"arn:aws:cloudwatch:{region}:{account}:alarm:*"
        found = named[service](_asked(body)) if service in named else None
        if isinstance(found, str) and found.startswith("arn:"):
            return found
        return extract(service, method, path, headers, body, *rest)

    iam_actions.extract_resource_arn = extract_resource_arn


def _aliased(kms: Any, key: str) -> str | None:
    """The ARN of the key that an alias, or its ARN, means."""
    if "alias/" not in key:
        return None
    record = kms._resolve_key(key)
    return str(record["Arn"]) if record else None


def _asked(body: bytes) -> dict[str, Any]:
    try:
        asked = json.loads(body or b"{}")
    except ValueError:
        return {}
    return asked if isinstance(asked, dict) else {}
