"""The files of one commit of stream records, in memory: one Parquet file a day of creation, and the quarantine.

Decides: how the Parquet files are written, and what makes two of them the same (their rows, whichever writer made them). Refuses
to hold more than a commit may. Rows without a time lie under the day on which they were read.
"""

import datetime as dt
import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from itemtrail.core import layout
from itemtrail.core.plan import canonical, sha256
from itemtrail.core.stream_plan import PlannedOutput, StreamOutput, StreamOutputKind
from itemtrail.core.stream_records import Row, Unreadable, ordered, quarantined
from itemtrail.core.stream_schema import METADATA, SCHEMA
from itemtrail.errors import EvidenceError

_DICTIONARY = [
    "stream_arn", "shard_id", "event_name", "event_version", "stream_view_type", "table_arn", "item_key", "keys", "user_identity",
]  # fmt: skip
_ROW_GROUP = 20_000


@dataclass(frozen=True, slots=True)
class Built:
    """One file. ``per_shard``: records by (stream, shard)."""

    key: str
    kind: StreamOutputKind
    body: bytes = field(repr=False)
    rows: int
    content: str
    per_shard: Mapping[tuple[str, str], int]

    @property
    def planned(self) -> PlannedOutput:
        """As the plan says it."""
        return PlannedOutput(self.key, self.kind, self.rows, self.content)

    @property
    def output(self) -> StreamOutput:
        """As the receipt says it."""
        return StreamOutput(self.key, self.kind, self.rows, len(self.body), sha256(self.body))


def build(
    table_arn: str, number: int, rows: Sequence[Row], unreadable: Sequence[Unreadable], *, observed: dt.datetime
) -> tuple[Built, ...]:
    """The files of commit ``number``, in key order."""
    days: dict[dt.date, list[Row]] = {}
    for row in rows:
        days.setdefault((row["created"] or observed).date(), []).append(row)
    made = [_records(layout.stream_records_key(table_arn, day, number), days[day]) for day in sorted(days)]
    if unreadable:
        made.insert(0, _quarantine(layout.stream_quarantine_key(table_arn, number), unreadable))
    return tuple(made)


def inspect(key: str, kind: StreamOutputKind, body: bytes) -> Built:
    """A file as found in the archive.

    Raises:
        EvidenceError: it is not what its name says.
    """
    try:
        if kind is StreamOutputKind.QUARANTINE:
            lines = [json.loads(line) for line in body.splitlines()]
            return Built(key, kind, body, len(lines), sha256(body), _per_shard(lines))
        rows = pq.read_table(pa.BufferReader(body)).to_pylist()
        return Built(key, kind, body, len(rows), _content(rows), _per_shard(rows))
    except (pa.ArrowException, ValueError, KeyError, TypeError) as error:
        raise EvidenceError(
            f"{key} exists in the archive and cannot be read: {type(error).__name__}.",
            advice="no receipt was written; look at the object's versions and at who wrote it.",
        ) from error


def _records(key: str, rows: Sequence[Row]) -> Built:
    sorted_rows = ordered(rows)
    body = _parquet(pa.Table.from_pylist(sorted_rows, schema=SCHEMA))
    return Built(key, StreamOutputKind.RECORDS, body, len(rows), _content(sorted_rows), _per_shard(sorted_rows))


def _parquet(rows: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(
        sink,
        rows.schema,
        version="2.6",
        compression="zstd",
        compression_level=3,
        use_dictionary=_DICTIONARY,
        write_page_index=True,
        store_schema=False,
        bloom_filter_options={"item_key": {"ndv": rows.num_rows, "fpp": 0.01}},
    ) as writer:
        writer.add_key_value_metadata(METADATA)
        writer.write_table(rows, row_group_size=_ROW_GROUP)
    body: bytes = sink.getvalue().to_pybytes()
    return body


def _quarantine(key: str, found: Sequence[Unreadable]) -> Built:
    body = quarantined(found)
    shards = Counter((one.stream_arn, one.shard_id) for one in found)
    return Built(key, StreamOutputKind.QUARANTINE, body, len(found), sha256(body), shards)


def _content(rows: Sequence[Mapping[str, Any]]) -> str:
    digest = hashlib.sha256()
    for row in rows:
        digest.update(canonical(row))
        digest.update(b"\n")
    return digest.hexdigest()


def _per_shard(rows: Sequence[Mapping[str, Any]]) -> Counter[tuple[str, str]]:
    return Counter((row["stream_arn"], row["shard_id"]) for row in rows)
