"""DynamoDB Streams over boto3: a table's streams, their shards, and records page by page.

Decides: records leave here as JSON values (binary as base64 text, times as seconds since 1970), so that nothing above knows the
SDK's types; an expired iterator is asked for again after the last record that was given; a throttled call is tried again by the
SDK and a while longer here, then it is ``SourceUnavailable``. Refuses to decide where reading ends. Source: DynamoDB Streams API
reference, ListStreams, DescribeStream, GetShardIterator, GetRecords (read 2026-11-24): at most 1,000 records or 1 MB a call, an
iterator lives 15 minutes, at most two readers a shard.
"""

import base64
import datetime as dt
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from itemtrail.aws.errors import translated
from itemtrail.errors import NotFound, SourceUnavailable, Trimmed
from itemtrail.model import Shard
from itemtrail.ports.streams import Page, StreamDescription, StreamRef

if TYPE_CHECKING:
    from types_boto3_dynamodbstreams import DynamoDBStreamsClient

FIND_ACTIONS = ("dynamodb:ListStreams",)
READ_ACTIONS = ("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator")
_MOST_RECORDS = 1000
_ATTEMPTS = 6
_FIRST_WAIT = 0.5  # seconds; doubles
_THROTTLED = {"LimitExceededException", "ProvisionedThroughputExceededException", "ThrottlingException", "Throttling"}


class DynamoDbStreams:
    """``Streams`` over a boto3 client of the table's Region. ``sleep`` takes seconds."""

    def __init__(self, client: "DynamoDBStreamsClient", *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._sleep = sleep

    def streams(self, table_arn: str) -> tuple[StreamRef, ...]:
        """ListStreams of the table, oldest first."""
        name = table_arn.rpartition("/")[2]
        found: list[StreamRef] = []
        asked: dict[str, Any] = {"TableName": name}
        while True:
            answer = self._call("ListStreams", table_arn, **asked)
            found += [StreamRef(s["StreamArn"], s["StreamLabel"]) for s in answer.get("Streams", ())]
            if not answer.get("LastEvaluatedStreamArn"):
                own = [s for s in found if s.arn.startswith(f"{table_arn}/stream/")]
                return tuple(sorted(own, key=lambda s: s.label))
            asked["ExclusiveStartStreamArn"] = answer["LastEvaluatedStreamArn"]

    def describe(self, stream_arn: str) -> StreamDescription:
        """DescribeStream, all pages."""
        shards: list[Shard] = []
        asked: dict[str, Any] = {"StreamArn": stream_arn}
        while True:
            answer = self._call("DescribeStream", stream_arn, **asked)["StreamDescription"]
            shards += [_shard(found) for found in answer.get("Shards", ())]
            if not answer.get("LastEvaluatedShardId"):
                return StreamDescription(stream_arn, answer["StreamStatus"] in ("ENABLED", "ENABLING"), tuple(shards))
            asked["ExclusiveStartShardId"] = answer["LastEvaluatedShardId"]

    def pages(self, stream_arn: str, shard_id: str, *, after: str | None) -> Iterator[Page]:
        """GetRecords from after ``after``, answer by answer."""
        where = f"{stream_arn} {shard_id}"
        iterator, expired = self._iterator(stream_arn, shard_id, after), 0
        while iterator:
            try:
                answer = self._call("GetRecords", where, ShardIterator=iterator, Limit=_MOST_RECORDS)
            except _ExpiredError as error:
                expired += 1
                if expired == _ATTEMPTS:
                    raise SourceUnavailable(f"{where}: iterators expire at once.", advice="run again later.") from error
                iterator = self._iterator(stream_arn, shard_id, after)
                continue
            expired = 0
            records = tuple(_plain(record) for record in answer.get("Records", ()))
            after = _last_number(records) or after
            iterator = answer.get("NextShardIterator", "")
            yield Page(records, closed=not iterator)

    def _iterator(self, stream_arn: str, shard_id: str, after: str | None) -> str:
        asked = {"StreamArn": stream_arn, "ShardId": shard_id, "ShardIteratorType": "TRIM_HORIZON"}
        if after is not None:
            asked |= {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": after}
        return str(self._call("GetShardIterator", f"{stream_arn} {shard_id}", **asked).get("ShardIterator") or "")

    def _call(self, operation: str, where: str, **asked: Any) -> Any:
        """One call, tried again while it is throttled."""
        call = getattr(self._client, _METHODS[operation])
        for attempt in range(_ATTEMPTS):
            try:
                with _read_as(operation, where):
                    return call(**asked)
            except _ThrottledError:
                if attempt + 1 < _ATTEMPTS:
                    self._sleep(_FIRST_WAIT * 2**attempt * random.uniform(0.5, 1.0))  # noqa: S311 - spreads readers in time
        raise SourceUnavailable(
            f"dynamodb:{operation} on {where} is throttled.",
            advice="run again later; AWS allows two readers a shard: see which others there are.",
        )


_METHODS = {
    "ListStreams": "list_streams",
    "DescribeStream": "describe_stream",
    "GetShardIterator": "get_shard_iterator",
    "GetRecords": "get_records",
}


class _ExpiredError(Exception):
    """The iterator is older than 15 minutes."""


class _ThrottledError(Exception):
    """Too many calls."""


@contextmanager
def _read_as(operation: str, where: str) -> Iterator[None]:
    with translated(f"dynamodb:{operation}", where):
        try:
            yield
        except ClientError as error:
            _streams_own(error, where)
            raise


def _streams_own(error: ClientError, where: str) -> None:
    """The answers that only DynamoDB Streams gives."""
    code = error.response.get("Error", {}).get("Code", "")
    if code == "ExpiredIteratorException":
        raise _ExpiredError from error
    if code in _THROTTLED:
        raise _ThrottledError from error
    if code == "TrimmedDataAccessException":
        raise Trimmed(f"{where}: older than the 24 hours that DynamoDB keeps records.") from error
    if code == "ResourceNotFoundException":
        raise NotFound(f"{where} does not exist.") from error


def _shard(found: Mapping[str, Any]) -> Shard:
    numbers = found.get("SequenceNumberRange", {})
    return Shard(
        found["ShardId"],
        found.get("ParentShardId"),
        numbers.get("StartingSequenceNumber"),
        numbers.get("EndingSequenceNumber"),
    )


def _last_number(records: tuple[Mapping[str, Any], ...]) -> str | None:
    numbers = (record.get("dynamodb", {}).get("SequenceNumber") for record in reversed(records))
    return next((number for number in numbers if number), None)


def _plain(value: Any) -> Any:
    """The SDK's types as JSON values."""
    match value:
        case bytes() | bytearray():
            return base64.b64encode(value).decode()
        case dt.datetime():
            seconds = value.timestamp()
            return int(seconds) if seconds.is_integer() else seconds
        case dict():
            return {name: _plain(member) for name, member in value.items()}
        case list() | tuple() | set():
            return [_plain(member) for member in value]
        case _:
            return value
