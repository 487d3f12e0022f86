"""CloudWatch Logs as a forwarder meets it: what is refused, what is answered with 200 and lost, what a subscriber is given."""

import base64
import gzip
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.sandbox.lambdas import Function

pytestmark = pytest.mark.sandbox
HOUR, DAY = 3_600_000, 86_400_000


class Group:
    """A log group with one stream."""

    def __init__(self, server: Any, **settings: Any) -> None:
        self.server, self.logs, self.name = server, server.client("logs"), server.name("group")
        self.logs.create_log_group(logGroupName=self.name, **settings)
        self.logs.create_log_stream(logGroupName=self.name, logStreamName="s")

    def now(self) -> int:
        """The sandbox's time in milliseconds, to the second: that of a stream's creation."""
        name = f"now-{len(self.server.made)}-{self.server.name('stream')}"
        self.logs.create_log_stream(logGroupName=self.name, logStreamName=name)
        (stream,) = self.logs.describe_log_streams(logGroupName=self.name, logStreamNamePrefix=name)["logStreams"]
        return int(stream["creationTime"])

    def put(self, *events: tuple[int, str]) -> dict[str, Any]:
        listed = [{"timestamp": moment, "message": message} for moment, message in events]
        answer = self.logs.put_log_events(logGroupName=self.name, logStreamName="s", logEvents=listed)
        return dict(answer.get("rejectedLogEventsInfo", {}))

    def refused(self, *events: tuple[int, str]) -> str:
        with pytest.raises(ClientError) as refused:
            self.put(*events)
        assert refused.value.response["Error"]["Code"] == "InvalidParameterException"
        return str(refused.value.response["Error"]["Message"])

    def messages(self) -> list[str]:
        answer = self.logs.get_log_events(logGroupName=self.name, logStreamName="s", startFromHead=True)
        return [event["message"] for event in answer["events"]]


def test_a_batch_out_of_order_too_long_or_too_large_is_refused_whole(recorder_server: Any) -> None:
    group = Group(recorder_server)
    now = group.now()
    assert "chronological" in group.refused((now, "b"), (now - 1, "a"))
    assert "24 hours" in group.refused((now - DAY - 1, "a"), (now, "b"))
    assert group.refused((now, "x" * (1_048_576 - 25))) == "Log event too large: 1048577 bytes exceeds limit of 1048576"
    assert group.refused((now, "x" * (1_048_576 - 52)), (now, "y")) == "Upload too large: 1048577 bytes exceeds limit of 1048576"
    assert "less than or equal to 10000" in group.refused(*[(now, "x")] * 10_001)
    assert group.messages() == []


def test_what_is_just_within_the_limits_is_kept(recorder_server: Any) -> None:
    group = Group(recorder_server)
    now = group.now()
    assert group.put((now, "é" * 524_275)) == {}  # two bytes each: 1,048,550 and 26
    assert group.put((now - DAY, "a"), (now, "b")) == {}
    assert group.put(*[(now, "x")] * 10_000) == {}


def test_events_too_new_too_old_or_expired_are_turned_away_one_by_one(recorder_server: Any) -> None:
    group = Group(recorder_server)
    now = group.now()
    assert group.put((now, "a"), (now + HOUR, "b"), (now + 3 * HOUR, "c")) == {"tooNewLogEventStartIndex": 2}
    assert group.put((now - 14 * DAY - HOUR, "d"), (now - 14 * DAY + HOUR, "e")) == {"tooOldLogEventEndIndex": 1}
    group.logs.put_retention_policy(logGroupName=group.name, retentionInDays=1)
    assert group.put((now - DAY - HOUR, "f"), (now - DAY + HOUR, "g")) == {"expiredLogEventEndIndex": 1}
    assert group.put((now - 15 * DAY, "h")) == {"tooOldLogEventEndIndex": 1, "expiredLogEventEndIndex": 1}
    assert sorted(group.messages()) == ["a", "b", "e", "g"]


def test_a_retention_that_aws_does_not_have_is_refused(recorder_server: Any) -> None:
    group = Group(recorder_server)
    with pytest.raises(ClientError) as refused:
        group.logs.put_retention_policy(logGroupName=group.name, retentionInDays=2)
    assert refused.value.response["Error"]["Code"] == "InvalidParameterException"


def subscribe(group: Group, function: Function, name: str, pattern: str) -> None:
    group.logs.put_subscription_filter(
        logGroupName=group.name, filterName=name, filterPattern=pattern, destinationArn=function.arn
    )


def admit_logs(server: Any, function: Function) -> None:
    server.client("lambda").add_permission(
        FunctionName=function.name,
        StatementId="logs",
        Action="lambda:InvokeFunction",
        Principal="logs.amazonaws.com",
        SourceArn=f"arn:aws:logs:eu-west-1:{server.account}:log-group:*",
    )


def test_a_subscriber_gets_what_its_pattern_matches_and_time_waits_for_it(recorder_server: Any) -> None:
    group, everything, modified = Group(recorder_server), Function(recorder_server), Function(recorder_server)
    for function in (everything, modified):
        with pytest.raises(ClientError, match="Make sure you have given CloudWatch Logs permission"):
            subscribe(group, function, "early", "")
        admit_logs(recorder_server, function)
    subscribe(group, everything, "all", "")
    subscribe(group, modified, "modified", '{ $.eventName = "MODIFY" && ($.change.pay > 5000 || $.change.pay = 1) }')
    now = group.now()
    records = [("INSERT", 9000), ("MODIFY", 4000), ("MODIFY", 5200), ("MODIFY", 1)]
    messages = [json.dumps({"eventName": event, "change": {"pay": pay}}) for event, pay in records]
    group.put(*[(now, message) for message in messages])
    recorder_server.control("drain")
    ((given,), (chosen,)) = (everything.events(), modified.events())
    told, few = (json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"]))) for event in (given, chosen))
    assert [event["message"] for event in told.pop("logEvents")] == messages
    assert told == {
        "messageType": "DATA_MESSAGE",
        "owner": recorder_server.account,
        "logGroup": group.name,
        "logStream": "s",
        "subscriptionFilters": ["all"],
    }
    assert [event["message"] for event in few["logEvents"]] == messages[2:]
    assert few["logEvents"][0].keys() == {"id", "timestamp", "message"}


def test_a_group_takes_two_filters_of_which_each_may_be_replaced(recorder_server: Any) -> None:
    group, function = Group(recorder_server), Function(recorder_server)
    admit_logs(recorder_server, function)
    for name in ("one", "two", "two"):
        subscribe(group, function, name, "")
    with pytest.raises(ClientError) as refused:
        subscribe(group, function, "three", "")
    assert refused.value.response["Error"]["Code"] == "LimitExceededException"


def test_a_pattern_that_is_none_and_a_class_without_filters_are_refused(recorder_server: Any) -> None:
    group, function = Group(recorder_server), Function(recorder_server)
    admit_logs(recorder_server, function)
    with pytest.raises(ClientError, match="Invalid filter pattern"):
        subscribe(group, function, "broken", "{ $.a = }")
    seldom = Group(recorder_server, logGroupClass="INFREQUENT_ACCESS")
    with pytest.raises(ClientError) as refused:
        subscribe(seldom, function, "seldom", "")
    assert refused.value.response["Error"]["Code"] == "InvalidOperationException"


def test_a_search_by_a_json_pattern_finds_what_matches(recorder_server: Any) -> None:
    group = Group(recorder_server)
    now = group.now()
    group.put((now, '{"eventName":"MODIFY"}'), (now, '{"eventName":"REMOVE"}'), (now, "MODIFY as text"))
    found = group.logs.filter_log_events(logGroupName=group.name, filterPattern='{ $.eventName = "MODIFY" }')["events"]
    assert [event["message"] for event in found] == ['{"eventName":"MODIFY"}']
