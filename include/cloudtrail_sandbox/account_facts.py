"""Patch 19: what an account says of its Regions and of its account-level log policies.

The emulator lists every Region of AWS as enabled, though the sandbox refuses all but its own; DescribeRegions lists those of
the account. It knows no account-level policies of CloudWatch Logs; an account that has none is told so.
Source: EC2 API reference, DescribeRegions; CloudWatch Logs API reference, DescribeAccountPolicies (read 2026-11-24).
"""

import json
from collections.abc import Sequence
from typing import Any

_DEFAULT, _OPTED_IN = "opt-in-not-required", "opted-in"


def patch() -> None:
    """Answer DescribeAccountPolicies."""
    from ministack.services import cloudwatch_logs

    handle = cloudwatch_logs.handle_request

    async def handle_request(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        if headers.get("x-amz-target", "").endswith(".DescribeAccountPolicies"):
            return 200, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps({"accountPolicies": []}).encode()
        return await handle(method, path, headers, body, query)

    cloudwatch_logs.handle_request = handle_request


def enable_regions(regions: Sequence[str]) -> None:
    """The account's Regions; one that AWS does not enable by itself has been opted in to."""
    from ministack.services import ec2

    known = dict(ec2._AWS_REGIONS)
    ec2._AWS_REGIONS = [(name, _DEFAULT if known.get(name) == _DEFAULT else _OPTED_IN) for name in regions]
