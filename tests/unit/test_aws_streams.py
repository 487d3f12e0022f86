"""The adapter of DynamoDB Streams: all pages, JSON values, expired iterators, throttles, what is trimmed."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from itemtrail.aws.streams import DynamoDbStreams
from itemtrail.errors import AccessDenied, NotFound, SourceUnavailable, Trimmed
from itemtrail.model import Shard

TABLE = "arn:aws:dynamodb:eu-west-1:111122223333:table/Employee"
ARN = f"{TABLE}/stream/2026-11-24T00:00:00.000"


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": 400}}, "GetRecords")


class Client:
    """Answers in turn, by operation; an error among them is raised."""

    def __init__(self, **answers: list[Any]) -> None:
        self._answers, self.asked = answers, list[tuple[str, dict[str, Any]]]()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(**asked: Any) -> Any:
            self.asked.append((name, asked))
            answer = self._answers[name].pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call


def adapter(client: Client, slept: list[float] | None = None) -> DynamoDbStreams:
    return DynamoDbStreams(client, sleep=(slept if slept is not None else []).append)  # type: ignore[arg-type]


def test_streams_of_the_table_come_oldest_first_and_of_no_other_table() -> None:
    def stream(label: str, table: str = TABLE) -> dict[str, str]:
        return {"StreamArn": f"{table}/stream/{label}", "StreamLabel": label}

    client = Client(
        list_streams=[
            {"Streams": [stream("2026-11-02"), stream("2026-11-01", f"{TABLE}2")], "LastEvaluatedStreamArn": "x"},
            {"Streams": [stream("2026-11-01")]},
        ]
    )
    assert [s.label for s in adapter(client).streams(TABLE)] == ["2026-11-01", "2026-11-02"]
    assert client.asked[1][1] == {"TableName": "Employee", "ExclusiveStartStreamArn": "x"}


def test_all_pages_of_shards() -> None:
    first = {"ShardId": "a", "SequenceNumberRange": {"StartingSequenceNumber": "1", "EndingSequenceNumber": "9"}}
    second = {"ShardId": "b", "ParentShardId": "a", "SequenceNumberRange": {"StartingSequenceNumber": "10"}}
    client = Client(
        describe_stream=[
            {"StreamDescription": {"StreamStatus": "ENABLED", "Shards": [first], "LastEvaluatedShardId": "a"}},
            {"StreamDescription": {"StreamStatus": "ENABLED", "Shards": [second]}},
        ]
    )
    found = adapter(client).describe(ARN)
    assert (found.enabled, found.shards) == (True, (Shard("a", None, "1", "9"), Shard("b", "a", "10", None)))


def test_records_are_json_values() -> None:
    at = dt.datetime(2026, 11, 24, 9, tzinfo=dt.timezone(dt.timedelta(hours=1)))
    image = {"b": {"B": b"\x00\x01*A"}, "bs": {"BS": [b"\xff"]}, "l": {"L": [{"B": b""}]}, "n": {"N": "1.0"}}
    record = {"dynamodb": {"SequenceNumber": "7", "ApproximateCreationDateTime": at, "NewImage": image}}
    client = Client(get_shard_iterator=[{"ShardIterator": "i"}], get_records=[{"Records": [record]}])
    (page,) = adapter(client).pages(ARN, "a", after=None)
    assert page.closed
    assert page.records[0]["dynamodb"] == {
        "SequenceNumber": "7",
        "ApproximateCreationDateTime": int(at.timestamp()),
        "NewImage": {"b": {"B": "AAEqQQ=="}, "bs": {"BS": ["/w=="]}, "l": {"L": [{"B": ""}]}, "n": {"N": "1.0"}},
    }


def test_an_expired_iterator_is_asked_for_again_after_the_last_record_given() -> None:
    client = Client(
        get_shard_iterator=[{"ShardIterator": "i1"}, {"ShardIterator": "i3"}],
        get_records=[
            {"Records": [{"dynamodb": {"SequenceNumber": "7"}}], "NextShardIterator": "i2"},
            refused("ExpiredIteratorException"),
            {"Records": []},
        ],
    )
    pages = list(adapter(client).pages(ARN, "a", after=None))
    assert [(len(p.records), p.closed) for p in pages] == [(1, False), (0, True)]
    iterators = [asked for name, asked in client.asked if name == "get_shard_iterator"]
    assert [i["ShardIteratorType"] for i in iterators] == ["TRIM_HORIZON", "AFTER_SEQUENCE_NUMBER"]
    assert iterators[1]["SequenceNumber"] == "7"


def test_iterators_that_expire_at_once_end_in_could_not_look() -> None:
    client = Client(get_shard_iterator=[{"ShardIterator": "i"}] * 9, get_records=[refused("ExpiredIteratorException")] * 9)
    with pytest.raises(SourceUnavailable, match="expire"):
        list(adapter(client).pages(ARN, "a", after="1"))


def test_a_throttle_is_tried_again_and_then_could_not_look() -> None:
    slept: list[float] = []
    client = Client(
        get_shard_iterator=[{"ShardIterator": "i"}],
        get_records=[refused("ProvisionedThroughputExceededException"), {"Records": []}],
    )
    assert len(list(adapter(client, slept).pages(ARN, "a", after=None))) == len(slept) == 1
    never = Client(describe_stream=[refused("LimitExceededException")] * 9)
    with pytest.raises(SourceUnavailable, match="throttled"):
        adapter(never).describe(ARN)


@pytest.mark.parametrize(
    ("code", "kind"),
    [("TrimmedDataAccessException", Trimmed), ("ResourceNotFoundException", NotFound), ("AccessDeniedException", AccessDenied)],
)
def test_what_the_service_says_is_said(code: str, kind: type[Exception]) -> None:
    client = Client(get_shard_iterator=[refused(code)])
    with pytest.raises(kind) as caught:
        list(adapter(client).pages(ARN, "a", after="1"))
    assert type(caught.value) is kind
    if kind is AccessDenied:
        assert "dynamodb:GetShardIterator" in str(caught.value)
