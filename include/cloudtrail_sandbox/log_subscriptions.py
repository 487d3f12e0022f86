"""Subscription filters of log groups: what is refused, what reaches the function behind one.

Decides: that a pattern must be one, a group has two filters at most and class STANDARD, the function exists and lets CloudWatch
Logs invoke it; that matching events arrive in one invocation a batch, and time waits for it. Refuses: destinations that are no
Lambda function, which the emulator would accept and never serve.

Source, read 2026-11-24: CloudWatch Logs user guide, "Log group-level subscription filters", example 2 (the message); API
reference, PutSubscriptionFilter; ADR 0019.
"""

import base64
import gzip
import json
import logging
import threading
import time
import uuid
from collections.abc import Sequence
from typing import Any

from cloudtrail_sandbox.filter_patterns import PatternError, matcher

Json = dict[str, Any]
MOST_FILTERS = 2
_NOT_INVOKED = (
    "Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to execute your function."
)
_under_way = 0
_counting = threading.Lock()
_log = logging.getLogger("sandbox")


def patch() -> None:
    """Patch 13."""
    from ministack.core.responses import error_response_json
    from ministack.services import cloudwatch_logs

    put, find = cloudwatch_logs._put_subscription_filter, cloudwatch_logs._filter_log_events

    def put_subscription_filter(data: Json) -> Any:
        group = cloudwatch_logs._log_groups.get(data.get("logGroupName"))
        refused = _refusal(data, group) if group and data.get("filterName") else None
        return error_response_json(*refused, 400) if refused else put(data)

    def filter_log_events(data: Json) -> Any:
        try:
            matcher(data.get("filterPattern") or "")
        except PatternError as error:
            return error_response_json("InvalidParameterException", str(error), 400)
        return find(data)

    cloudwatch_logs._put_subscription_filter = put_subscription_filter
    cloudwatch_logs._filter_log_events = filter_log_events
    cloudwatch_logs._compile_filter_pattern = lambda pattern: matcher(pattern or "")
    cloudwatch_logs._fanout_to_subscription_filters = _fan_out


def delivering() -> bool:
    """Whether a function behind a filter is being invoked."""
    return _under_way > 0


def _refusal(data: Json, group: Json) -> tuple[str, str] | None:
    """Code and message of PutSubscriptionFilter's refusal, or None."""
    filters = group.get("subscriptionFilters") or {}
    if (group.get("logGroupClass") or "STANDARD") != "STANDARD":
        return "InvalidOperationException", "Subscription filters are not supported for this log group class."
    try:
        matcher(data.get("filterPattern") or "")
    except PatternError as error:
        return "InvalidParameterException", str(error)
    if data["filterName"] not in filters and len(filters) >= MOST_FILTERS:
        return "LimitExceededException", "Resource limit exceeded."
    destination = str(data.get("destinationArn", ""))
    if ":function:" not in destination:
        return "InvalidParameterException", f"The sandbox delivers to Lambda functions only, not to {destination}"
    return None if _invokable(destination, str(group["arn"])) else ("InvalidParameterException", _NOT_INVOKED)


def _invokable(function_arn: str, group_arn: str) -> bool:
    """Whether the function is there and its policy lets CloudWatch Logs invoke it for the group."""
    from ministack.core.iam_evaluator import EvalContext, evaluate_resource_policy
    from ministack.services import lambda_svc

    function = lambda_svc._functions.get(function_arn.partition(":function:")[2].partition(":")[0])
    if function is None:
        return False
    region, account = function_arn.split(":")[3:5]
    services = ("logs.amazonaws.com", f"logs.{region}.amazonaws.com")
    asked = EvalContext(
        principal_arn="",
        principal_type="AWSService",
        principal_account="",
        action="lambda:InvokeFunction",
        resource_arn=function_arn,
        region=region,
        source_ip="",
        secure_transport=True,
        service_context={"aws:sourcearn": group_arn, "aws:sourceaccount": account},
    )
    return any(evaluate_resource_policy(function.get("policy"), asked, service=one).decision == "Allow" for one in services)


def _fan_out(group_name: str, stream_name: str, events: Sequence[Json]) -> None:
    """Hand each filter's matching events of a batch to its function, in a thread of its own."""
    from ministack.services import cloudwatch_logs, lambda_svc

    group = cloudwatch_logs._log_groups.get(group_name) or {}
    for each in list((group.get("subscriptionFilters") or {}).values()):
        name = each["destinationArn"].partition(":function:")[2].partition(":")[0]
        test = matcher(each.get("filterPattern") or "")
        matched = [event for event in events if test(event.get("message", ""))]
        function = lambda_svc._functions.get(name)
        if matched and function and group_name != f"/aws/lambda/{name}":
            _start(function, _message(group_name, stream_name, each["filterName"], matched))


def _message(group: str, stream: str, name: str, events: Sequence[Json]) -> Json:
    from ministack.core.responses import get_account_id

    told = {
        "messageType": "DATA_MESSAGE",
        "owner": get_account_id(),
        "logGroup": group,
        "logStream": stream,
        "subscriptionFilters": [name],
        "logEvents": [
            {"id": f"{uuid.uuid4().int:056d}", "timestamp": event["timestamp"], "message": event["message"]} for event in events
        ],
    }
    data = gzip.compress(json.dumps(told, separators=(",", ":")).encode(), mtime=int(time.time()))
    return {"awslogs": {"data": base64.b64encode(data).decode()}}


def _start(function: Any, event: Json) -> None:
    from ministack.services import lambda_svc

    global _under_way  # noqa: PLW0603 (the one count of what runs beside the event loop)

    def run() -> None:
        global _under_way  # noqa: PLW0603
        try:
            result = lambda_svc._execute_function_with_config_scope(function, event)
            if result.get("error"):
                _log.warning("%s failed behind a subscription filter", function["config"]["FunctionArn"])
        finally:
            with _counting:
                _under_way -= 1

    with _counting:
        _under_way += 1
    threading.Thread(target=run, daemon=True).start()
