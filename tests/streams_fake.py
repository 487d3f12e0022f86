"""DynamoDB Streams in memory: shards that split and end, records that are trimmed after 24 hours, answers that are empty.

``FakeStreams`` is a ``Streams``. A test writes with ``put``, changes the tree with ``split``, ``merge`` and ``new_stream``, and
lets time pass by setting ``now``. ``calls`` are counted; ``die_at`` makes that one raise ``Killed``.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from itemtrail.errors import NotFound, Trimmed
from itemtrail.model import Shard
from itemtrail.ports.streams import Page, StreamDescription, StreamRef

DAY = dt.timedelta(hours=24)
TABLE = "arn:aws:dynamodb:eu-west-1:111122223333:table/Employee"
BEGIN = dt.datetime(2026, 11, 24, 8, tzinfo=dt.UTC)


class Killed(BaseException):
    """The process ends here."""


@dataclass
class _Shard:
    id: str
    parent: str | None
    born: dt.datetime
    records: list[dict[str, Any]] = field(default_factory=list)
    ended: dt.datetime | None = None
    trimmed: int = 0  # the highest number that is gone


@dataclass
class FakeStreams:
    """One table's streams. ``page``: records an answer; ``sparse``: empty answers before each that is not."""

    table_arn: str = TABLE
    now: dt.datetime = BEGIN
    page: int = 3
    sparse: int = 1
    lists_old: bool = True  # whether ListStreams names streams that are off
    calls: list[str] = field(default_factory=list)
    die_at: int | None = None
    delivered: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._streams: dict[str, dict[str, _Shard]] = {}
        self._off: dict[str, dt.datetime] = {}
        self._number, self._count = 1000, 0
        self.arn = ""
        self.new_stream()

    # How a test writes.

    def new_stream(self) -> str:
        """Switch the stream off and on: a new label; the old one is readable for 24 hours."""
        self.switch_off()
        self.arn = f"{self.table_arn}/stream/{self.now:%Y-%m-%dT%H:%M:%S}.{len(self._streams):03d}"
        self._streams[self.arn] = {}
        self._add(None)
        return self.arn

    def switch_off(self) -> None:
        """No stream from now on."""
        for shard in self._streams.get(self.arn, {}).values():
            shard.ended = shard.ended or self.now
        if self.arn:
            self._off.setdefault(self.arn, self.now)

    def open(self) -> list[str]:
        """Shards that take records."""
        return [s.id for s in self._streams[self.arn].values() if s.ended is None]

    def put(self, item: str, value: int = 0, *, shard: str | None = None, **members: Any) -> str:
        """One record; returns its number."""
        chosen = self._streams[self.arn][shard or self.open()[sum(item.encode()) % len(self.open())]]
        self._number += 7
        number = str(self._number)
        keys = {"EmpId": {"S": item}}
        image = keys | {"Salary": {"N": str(value)}}
        inner = {
            "Keys": keys,
            "NewImage": image,
            "SequenceNumber": number,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
            "SizeBytes": 9,
        }
        inner["ApproximateCreationDateTime"] = int(self.now.timestamp())
        chosen.records.append({"eventID": number, "eventName": "INSERT", "eventVersion": "1.1", "dynamodb": inner | members})
        return number

    def split(self, shard: str, into: int = 2) -> list[str]:
        """End ``shard``; children take over."""
        self._streams[self.arn][shard].ended = self.now
        return [self._add(shard) for _ in range(into)]

    def merge(self, one: str, other: str) -> str:
        """End both; the child names the first."""
        self._streams[self.arn][other].ended = self.now
        return self.split(one, 1)[0]

    def all_records(self) -> list[tuple[str, str, str]]:
        """(stream, shard, number) of all that is still there."""
        self._trim()
        return [
            (arn, s.id, r["dynamodb"]["SequenceNumber"])
            for arn, shards in self._streams.items()
            for s in shards.values()
            for r in s.records
        ]

    # Streams.

    def streams(self, table_arn: str) -> tuple[StreamRef, ...]:
        """Streams that are listed."""
        self._call("ListStreams")
        old = [arn for arn, off in self._off.items() if off > self.now - DAY] if self.lists_old else []
        listed = [arn for arn in self._streams if arn not in self._off or arn in old]
        return tuple(StreamRef(arn, arn.rpartition("/")[2]) for arn in listed)

    def describe(self, stream_arn: str) -> StreamDescription:
        """Shards that are listed."""
        self._call("DescribeStream")
        if stream_arn in self._off and self._off[stream_arn] <= self.now - DAY:
            raise NotFound(f"{stream_arn} does not exist.")
        shards = tuple(
            Shard(s.id, s.parent, _first(s), str(self._number) if s.ended else None) for s in self._streams[stream_arn].values()
        )
        return StreamDescription(stream_arn, stream_arn not in self._off, shards)

    def pages(self, stream_arn: str, shard_id: str, *, after: str | None) -> Iterator[Page]:
        """Answer by answer."""
        self._call("GetShardIterator")
        shard = self._streams[stream_arn].get(shard_id)
        if shard is None:
            raise NotFound(f"{shard_id} does not exist.")
        if after is not None and int(after) <= shard.trimmed:
            raise Trimmed(f"{shard_id}: {after} is not there any more.")
        return self._answers(shard, int(after or shard.trimmed))

    def _answers(self, shard: _Shard, position: int) -> Iterator[Page]:
        while True:
            for _ in range(self.sparse):
                self._call("GetRecords")
                yield Page((), closed=False)
            self._call("GetRecords")
            if position < shard.trimmed:
                raise Trimmed(f"{shard.id}: trimmed meanwhile.")
            later = [r for r in shard.records if int(r["dynamodb"]["SequenceNumber"]) > position]
            given = later[: self.page]
            if given:
                position = int(given[-1]["dynamodb"]["SequenceNumber"])
                self.delivered += [(shard.id, r["dynamodb"]["SequenceNumber"]) for r in given]
            yield Page(tuple(given), closed=shard.ended is not None and len(later) <= self.page)
            if shard.ended is not None and len(later) <= self.page:
                return

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if self.die_at is not None and len(self.calls) >= self.die_at:
            raise Killed(name)
        self._trim()

    def _add(self, parent: str | None) -> str:
        self._count += 1
        name = f"shardId-{self._count:04d}"
        self._streams[self.arn][name] = _Shard(name, parent, self.now)
        return name

    def _trim(self) -> None:
        horizon = (self.now - DAY).timestamp()
        for shards in self._streams.values():
            for shard in list(shards.values()):
                old = [r for r in shard.records if r["dynamodb"]["ApproximateCreationDateTime"] < horizon]
                if old:
                    shard.trimmed = int(old[-1]["dynamodb"]["SequenceNumber"])
                    shard.records = shard.records[len(old) :]
                if shard.ended and shard.ended <= self.now - DAY:
                    del shards[shard.id]


def _first(shard: _Shard) -> str | None:
    return str(shard.records[0]["dynamodb"]["SequenceNumber"]) if shard.records and not shard.trimmed else str(shard.trimmed)
