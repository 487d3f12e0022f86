"""A DynamoDB stream's mapping with real functions: what is sent again, what is split, what is given up and told to whom."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.sandbox.lambdas import Function

pytestmark = pytest.mark.sandbox
FAILS_AT_C = '    if "c" in names(event): raise ValueError("c")'
NOBODY = "arn:aws:sqs:eu-west-1:111122223333:nobody"
# keeps the keys and whether the event is no larger than a payload may be: the whole would not fit into an item
SIZE_ONLY = """
def keep(event, keep=keep):
    size = len(json.dumps(event, separators=(",", ":")))
    keep(["".join(names(event)), size <= 6 * 1024 * 1024])
"""
REPORTS_C = '    return {"batchItemFailures": [{"itemIdentifier": number(event, "c")}] if "c" in names(event) else []}'


class Source:
    """A table with a stream, and the mapping that is put on it once its records are written."""

    def __init__(self, server: Any, names: str = "abcd") -> None:
        self.server, self.table = server, server.table(stream=True)
        self.write(names)
        self.stream = server.client("dynamodb").describe_table(TableName=self.table)["Table"]["LatestStreamArn"]

    def write(self, names: str) -> None:
        for name in names:
            self.server.client("dynamodb").put_item(TableName=self.table, Item={"EmpId": {"S": name}, "Day": {"N": "1"}})

    def map(self, function: Function, **settings: Any) -> str:
        settings = {"StartingPosition": "TRIM_HORIZON"} | settings
        made = self.server.client("lambda").create_event_source_mapping(
            FunctionName=function.name, EventSourceArn=self.stream, **settings
        )
        return str(made["UUID"])

    def drain(self) -> None:
        self.server.control("drain")


def queue(server: Any) -> tuple[str, str]:
    """URL and ARN of a new queue."""
    sqs = server.client("sqs")
    url = sqs.create_queue(QueueName=server.name("lost"))["QueueUrl"]
    return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def told(server: Any, url: str) -> list[dict[str, Any]]:
    messages = server.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return [json.loads(message["Body"]) for message in messages]


def test_the_oldest_record_comes_first_in_batches_of_the_size_asked_for(recorder_server: Any) -> None:
    source, function = Source(recorder_server, "abcde"), Function(recorder_server)
    source.map(function, BatchSize=2)
    source.drain()
    assert function.batches() == ["ab", "cd", "e"]
    (record, _), *_ = (event["Records"] for event in function.events())
    assert sorted(record) == ["awsRegion", "dynamodb", "eventID", "eventName", "eventSource", "eventSourceARN", "eventVersion"]
    assert (record["eventSource"], record["eventVersion"], record["eventSourceARN"]) == ("aws:dynamodb", "1.1", source.stream)
    change = record["dynamodb"]
    assert (change["NewImage"], change["StreamViewType"]) == ({"EmpId": {"S": "a"}, "Day": {"N": "1"}}, "NEW_AND_OLD_IMAGES")
    assert change["SizeBytes"] == len("EmpIda") + len("EmpIdaDay") + 2
    assert len(record["eventID"]) == 32


def test_a_failing_batch_is_retried_as_often_as_asked_then_told_and_the_shard_goes_on(recorder_server: Any) -> None:
    source, function, (url, arn) = Source(recorder_server), Function(recorder_server, FAILS_AT_C), queue(recorder_server)
    source.map(function, BatchSize=3, MaximumRetryAttempts=2, DestinationConfig={"OnFailure": {"Destination": arn}})
    source.drain()
    assert function.batches() == ["abc", "abc", "abc", "d"]
    (lost,) = told(recorder_server, url)
    sent = [record["dynamodb"] for record in function.events()[0]["Records"]]
    assert lost["requestContext"].pop("requestId")
    assert lost["requestContext"] == {
        "functionArn": function.arn,
        "condition": "RetryAttemptsExhausted",
        "approximateInvokeCount": 3,
    }
    assert lost["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"}
    assert lost["version"] == "1.0"
    assert lost["timestamp"].endswith("Z")
    info = lost["DDBStreamBatchInfo"]
    assert info.pop("approximateArrivalOfFirstRecord").startswith("2026-11-2")
    assert info.pop("approximateArrivalOfLastRecord").endswith("Z")
    assert info == {
        "shardId": "shardId-00000000000000000000-00000000",
        "startSequenceNumber": sent[0]["SequenceNumber"],
        "endSequenceNumber": sent[2]["SequenceNumber"],
        "batchSize": 3,
        "streamArn": source.stream,
    }


def test_bisection_loses_only_the_record_that_breaks_its_batch(recorder_server: Any) -> None:
    source, function, (url, arn) = Source(recorder_server), Function(recorder_server, FAILS_AT_C), queue(recorder_server)
    destination = {"OnFailure": {"Destination": arn}}
    source.map(function, BisectBatchOnFunctionError=True, MaximumRetryAttempts=1, DestinationConfig=destination)
    source.drain()
    assert function.batches() == ["abcd", "ab", "cd", "c", "c", "d"]
    (lost,) = told(recorder_server, url)
    assert lost["DDBStreamBatchInfo"]["batchSize"] == 1


def test_a_reported_number_is_the_checkpoint_and_everything_from_there_comes_again(recorder_server: Any) -> None:
    source, function, (url, arn) = Source(recorder_server), Function(recorder_server, REPORTS_C), queue(recorder_server)
    source.map(
        function,
        MaximumRetryAttempts=2,
        FunctionResponseTypes=["ReportBatchItemFailures"],
        DestinationConfig={"OnFailure": {"Destination": arn}},
    )
    source.drain()
    assert function.batches() == ["abcd", "cd", "cd"]
    (lost,) = told(recorder_server, url)
    assert (lost["DDBStreamBatchInfo"]["batchSize"], lost["requestContext"]["approximateInvokeCount"]) == (2, 3)
    assert "functionError" not in lost["responseContext"]


def test_with_bisection_a_reported_number_splits_the_batch(recorder_server: Any) -> None:
    source, function = Source(recorder_server), Function(recorder_server, REPORTS_C)
    types = ["ReportBatchItemFailures"]
    source.map(function, MaximumRetryAttempts=1, FunctionResponseTypes=types, BisectBatchOnFunctionError=True)
    source.drain()
    assert function.batches() == ["abcd", "cd", "c", "c", "d"]


def test_an_answer_is_not_asked_where_the_mapping_does_not_say_so(recorder_server: Any) -> None:
    source, function = Source(recorder_server), Function(recorder_server, REPORTS_C)
    source.map(function, MaximumRetryAttempts=2)
    source.drain()
    assert function.batches() == ["abcd"]


def test_records_too_old_are_given_up_before_they_are_sent(recorder_server: Any) -> None:
    source, function, (url, arn) = Source(recorder_server, "ab"), Function(recorder_server), queue(recorder_server)
    recorder_server.control("shift?300")
    source.write("c")
    source.map(function, MaximumRecordAgeInSeconds=120, DestinationConfig={"OnFailure": {"Destination": arn}})
    source.drain()
    assert function.batches() == ["c"]
    (lost,) = told(recorder_server, url)
    assert (lost["requestContext"]["condition"], lost["responseContext"]) == ("RecordAgeExceeded", None)
    assert lost["DDBStreamBatchInfo"]["batchSize"] == 2


def test_a_function_that_fails_for_ever_holds_no_time_and_its_records_expire_with_the_stream(recorder_server: Any) -> None:
    source, function, (url, arn) = Source(recorder_server, "c"), Function(recorder_server, FAILS_AT_C), queue(recorder_server)
    mapping = source.map(function, DestinationConfig={"OnFailure": {"Destination": arn}})
    source.drain()
    for _ in range(25):
        recorder_server.control("shift?3600")
    source.drain()
    source.write("d")
    source.drain()
    assert set(function.batches()) == {"c", "d"}
    (lost,) = told(recorder_server, url)
    assert lost["requestContext"]["condition"] == "RecordAgeExceeded"
    recorder_server.client("lambda").delete_event_source_mapping(UUID=mapping)


def test_settings_come_back_as_they_were_given_and_in_full(recorder_server: Any) -> None:
    source, function, functions = Source(recorder_server), Function(recorder_server), recorder_server.client("lambda")
    _, arn = queue(recorder_server)
    given = {
        "BatchSize": 25,
        "BisectBatchOnFunctionError": True,
        "MaximumRetryAttempts": 3,
        "MaximumRecordAgeInSeconds": 3600,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "DestinationConfig": {"OnFailure": {"Destination": arn}},
        "StartingPosition": "TRIM_HORIZON",
    }
    found = functions.get_event_source_mapping(UUID=source.map(function, **given))
    assert {name: found[name] for name in given} == given
    other = Source(recorder_server)
    plain = functions.get_event_source_mapping(UUID=other.map(function, StartingPosition="LATEST"))
    assert (plain["BatchSize"], plain["MaximumRetryAttempts"], plain["MaximumRecordAgeInSeconds"]) == (100, -1, -1)
    assert (plain["BisectBatchOnFunctionError"], plain["FunctionResponseTypes"]) == (False, [])
    assert plain["StartingPosition"] == "LATEST"


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"MaximumRetryAttempts": 10_001}, "ValidationException"),
        ({"MaximumRecordAgeInSeconds": 59}, "ValidationException"),
        ({"BatchSize": 10_001}, "ValidationException"),
        ({"StartingPosition": "AT_TIMESTAMP"}, "InvalidParameterValueException"),
        ({"DestinationConfig": {"OnFailure": {"Destination": NOBODY}}}, "InvalidParameterValueException"),
    ],
)
def test_settings_that_aws_refuses_are_refused(recorder_server: Any, settings: dict[str, Any], code: str) -> None:
    source, function = Source(recorder_server, ""), Function(recorder_server)
    with pytest.raises(ClientError) as refused:
        source.map(function, **settings)
    assert refused.value.response["Error"]["Code"] == code


def test_a_role_that_may_not_read_the_stream_gets_no_mapping(recorder_server: Any) -> None:
    source, function = Source(recorder_server), Function(recorder_server, actions=("dynamodb:PutItem", "dynamodb:GetRecords"))
    with pytest.raises(ClientError, match="ensure the role can perform the GetRecords"):
        source.map(function)


def test_a_second_mapping_of_the_same_function_is_a_conflict_that_names_the_first(recorder_server: Any) -> None:
    source, function = Source(recorder_server), Function(recorder_server)
    first = source.map(function)
    with pytest.raises(ClientError, match=first) as refused:
        source.map(function)
    assert refused.value.response["Error"]["Code"] == "ResourceConflictException"


def test_a_mapping_whose_function_has_gone_holds_no_time(recorder_server: Any) -> None:
    source, function = Source(recorder_server), Function(recorder_server, FAILS_AT_C)
    mapping = source.map(function)
    source.drain()
    recorder_server.client("lambda").delete_function(FunctionName=function.name)
    source.drain()
    sent = function.batches()
    source.write("e")
    source.drain()
    assert function.batches() == sent
    recorder_server.client("lambda").delete_event_source_mapping(UUID=mapping)


def test_a_disabled_mapping_rests_and_goes_on_where_it_was(recorder_server: Any) -> None:
    source, function, functions = Source(recorder_server, "ab"), Function(recorder_server), recorder_server.client("lambda")
    mapping = source.map(function)
    source.drain()
    functions.update_event_source_mapping(UUID=mapping, Enabled=False)
    source.write("cd")
    source.drain()
    assert "".join(function.batches()) == "ab"
    functions.update_event_source_mapping(UUID=mapping, Enabled=True)
    source.drain()
    assert "".join(function.batches()) == "abcd"


def test_the_records_of_a_stream_that_was_disabled_are_still_delivered(recorder_server: Any) -> None:
    source, function = Source(recorder_server, "ab"), Function(recorder_server)
    recorder_server.client("dynamodb").update_table(TableName=source.table, StreamSpecification={"StreamEnabled": False})
    source.map(function)
    source.drain()
    assert "".join(function.batches()) == "ab"


def test_a_topic_is_a_destination_too(recorder_server: Any) -> None:
    source, (url, arn), sns = Source(recorder_server, "c"), queue(recorder_server), recorder_server.client("sns")
    function = Function(recorder_server, FAILS_AT_C, actions=("dynamodb:*", "sns:Publish"))
    topic = sns.create_topic(Name=recorder_server.name("lost"))["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    let_in = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [let_in]})
    recorder_server.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    source.map(function, MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": topic}})
    source.drain()
    (lost,) = told(recorder_server, url)
    assert lost["requestContext"]["condition"] == "RetryAttemptsExhausted"


def test_a_batch_is_no_larger_than_one_invocation_may_be(recorder_server: Any) -> None:
    source, function = Source(recorder_server, ""), Function(recorder_server, SIZE_ONLY)
    for name in "abcdefghijklmnopqrst":
        item = {"EmpId": {"S": name}, "Photo": {"S": "x" * 390_000}}
        recorder_server.client("dynamodb").put_item(TableName=source.table, Item=item)
    source.map(function)
    source.drain()
    assert function.events() == [["abcdefghijklmnop", True], ["qrst", True]]
