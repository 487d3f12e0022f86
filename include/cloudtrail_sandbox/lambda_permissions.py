"""IAM on Lambda's calls: the function a call is about, as a resource and as a condition key.

Decides: CreateFunction is asked of the function's ARN; creating or changing an event source mapping has the condition key
``lambda:FunctionArn``. Refuses nothing else.
Source: Service Authorization Reference, "Actions, resources, and condition keys for AWS Lambda", read 2026-11-24.
"""

import json
from typing import Any

_FUNCTIONS = "/2015-03-31/functions"
_MAPPINGS = ("lambda:CreateEventSourceMapping", "lambda:UpdateEventSourceMapping")


def patch() -> None:
    """Patch 14."""
    from ministack.core import iam_actions
    from ministack.core.responses import get_account_id, get_region

    extract, context = iam_actions.extract_resource_arn, iam_actions.request_tag_context

    def extract_resource_arn(
        service: str, method: str, path: str, headers: Any, body: bytes, params: Any, region: str, account: str
    ) -> str:
        name = _name(body) if service == "lambda" and method == "POST" and path.rstrip("/") == _FUNCTIONS else ""
        return (
            _arn(name, region, account) if name else str(extract(service, method, path, headers, body, params, region, account))
        )

    def request_tag_context(service: str, iam_action: str, body: bytes, params: Any) -> dict[str, Any]:
        found: dict[str, Any] = context(service, iam_action, body, params)
        name = _name(body) if iam_action in _MAPPINGS else ""
        return found | ({"lambda:functionarn": _arn(name, get_region(), get_account_id())} if name else {})

    iam_actions.extract_resource_arn = extract_resource_arn
    iam_actions.request_tag_context = request_tag_context


def _name(body: bytes) -> str:
    try:
        asked = json.loads(body or b"{}")
    except ValueError:
        return ""
    return str(asked.get("FunctionName") or "") if isinstance(asked, dict) else ""


def _arn(name: str, region: str, account: str) -> str:
    return name if name.startswith("arn:") else f"arn:aws:lambda:{region}:{account}:function:{name}"
