"""What the stream archive needs of DynamoDB Streams. Adapter: ``itemtrail.aws.streams``; tests have a fake service.

Every method raises only ``itemtrail.errors``: ``Trimmed`` where records are gone, ``NotFound`` where stream or shard is,
``AccessDenied`` with the IAM action, ``SourceUnavailable`` for anything that may pass.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from itemtrail.model import Shard


@dataclass(frozen=True, slots=True)
class StreamRef:
    """One stream of a table. A table has one that is on, and older ones that stay readable for 24 hours."""

    arn: str
    label: str


@dataclass(frozen=True, slots=True)
class StreamDescription:
    """A stream and all its shards. ``enabled`` False: nothing is added any more."""

    arn: str
    enabled: bool
    shards: tuple[Shard, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """One answer of GetRecords, as JSON values (binary as base64 text). ``closed``: the shard has ended, nothing follows."""

    records: tuple[Mapping[str, Any], ...]
    closed: bool


class Streams(Protocol):
    """DynamoDB Streams of one Region."""

    def streams(self, table_arn: str) -> tuple[StreamRef, ...]:
        """ListStreams of the table, all pages, oldest first; none where it never had one or all are gone."""

    def describe(self, stream_arn: str) -> StreamDescription:
        """DescribeStream, all pages; NotFound where the stream is gone."""

    def pages(self, stream_arn: str, shard_id: str, *, after: str | None) -> Iterator[Page]:
        """GetRecords, answer by answer, without end while the shard is open: the caller stops.

        ``after``: the sequence number to go on after; None: from the oldest record there is.

        Raises:
            Trimmed: the record numbered ``after`` is not there any more; NotFound: the shard is not.
        """
