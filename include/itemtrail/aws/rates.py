"""Calls of DynamoDB tables, from CloudWatch: free to keep, read for a cent a thousand.

Decides: calls that succeeded are the SampleCount of SuccessfulRequestLatency by table and operation, writes whose condition
failed the Sum of ConditionalCheckFailedRequests by table; both become data events. Refuses to guess: a metric without data is no
call. Source: DynamoDB developer guide, "DynamoDB metrics and dimensions"; CloudWatch API reference, ListMetrics (metrics of the
last two weeks), GetMetricData (at most 500 a call); read 2026-11-24.
"""

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

from itemtrail.aws.errors import translated
from itemtrail.ports.rates import Calls

NAMESPACE = "AWS/DynamoDB"
ACTIONS = ("cloudwatch:ListMetrics", "cloudwatch:GetMetricData")
_SUCCEEDED, _FAILED = "SuccessfulRequestLatency", "ConditionalCheckFailedRequests"
_STATISTIC = {_SUCCEEDED: "SampleCount", _FAILED: "Sum"}
_MOST = 500
_DAY = 86_400


class CloudWatchRates:
    """``Rates`` over boto3. ``client`` makes a client of (service, Region)."""

    def __init__(self, client: Callable[[str, str], Any]) -> None:
        self._client = client

    def calls(self, region: str, *, start: dt.datetime, end: dt.datetime) -> tuple[Calls, ...]:
        """Every table and operation that was called."""
        client = self._client("cloudwatch", region)
        metrics = [found for name in (_SUCCEEDED, _FAILED) for found in self._listed(client, name, region)]
        found = []
        for first in range(0, len(metrics), _MOST):
            found += self._counted(client, metrics[first : first + _MOST], region, start, end)
        return tuple(found)

    def _listed(self, client: Any, name: str, region: str) -> Iterator[tuple[str, str, str]]:
        """(metric, table, operation); the operation of a failed write is not told."""
        with translated("cloudwatch:ListMetrics", f"CloudWatch in {region}"):
            for page in client.get_paginator("list_metrics").paginate(Namespace=NAMESPACE, MetricName=name):
                for metric in page["Metrics"]:
                    named = {one["Name"]: one["Value"] for one in metric["Dimensions"]}
                    wanted = {"TableName", "Operation"} if name == _SUCCEEDED else {"TableName"}
                    if set(named) == wanted:
                        yield name, named["TableName"], named.get("Operation", "")

    def _counted(
        self, client: Any, metrics: list[tuple[str, str, str]], region: str, start: dt.datetime, end: dt.datetime
    ) -> list[Calls]:
        queries = [_query(f"m{number}", *metric) for number, metric in enumerate(metrics)]
        points: dict[str, list[tuple[dt.datetime, float]]] = {}
        with translated("cloudwatch:GetMetricData", f"CloudWatch in {region}"):
            pages = client.get_paginator("get_metric_data").paginate(MetricDataQueries=queries, StartTime=start, EndTime=end)
            for page in pages:
                for result in page["MetricDataResults"]:
                    points.setdefault(result["Id"], []).extend(zip(result["Timestamps"], result["Values"], strict=True))
        return [
            Calls(table, operation, sum(value for _, value in seen), _days(seen, end))
            for number, (_, table, operation) in enumerate(metrics)
            if (seen := [point for point in points.get(f"m{number}", []) if point[1] > 0])
        ]


def _query(name: str, metric: str, table: str, operation: str) -> dict[str, Any]:
    dimensions = [{"Name": "TableName", "Value": table}]
    dimensions += [{"Name": "Operation", "Value": operation}] if operation else []
    stat = {
        "Metric": {"Namespace": NAMESPACE, "MetricName": metric, "Dimensions": dimensions},
        "Period": _DAY,
        "Stat": _STATISTIC[metric],
    }
    return {"Id": name, "MetricStat": stat, "ReturnData": True}


def _days(points: list[tuple[dt.datetime, float]], end: dt.datetime) -> int:
    return max(1, (end - min(at for at, _ in points)).days)
