"""How fast a review finds the events that end evidence: `python -m tests.benchmarks.review_events [rows]`.

One Parquet file as the archive writes it (row groups of 50,000), one event in it that counts; read as from S3, by ranges.
"""

import io
import sys
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from tests.memory import MemoryStore

from itemtrail.core.schema import SCHEMA
from itemtrail.flows.review_events import _read

NAMES = np.array(["PutItem", "UpdateItem", "GetItem", "Query", "DescribeTable", "AssumeRole", "DeleteItem"])
ROW_GROUP = 50_000


class Counting(MemoryStore):
    """Counts what is read."""

    taken = 0
    ranges = 0

    def read_range(self, key, start, length, *, version_id=None):
        self.taken += length
        self.ranges += 1
        return super().read_range(key, start, length, version_id=version_id)


def table(rows: int) -> pa.Table:
    """``rows`` events of which one counts."""
    chosen = np.random.default_rng(1).integers(0, len(NAMES), rows)
    flags = np.zeros(rows, bool)
    flags[rows // 2] = True
    made = {
        "eventName": pa.array(NAMES[chosen]),
        "eventSource": pa.array(np.full(rows, "dynamodb.amazonaws.com")),
        "evidence_alarm": pa.array(flags),
        "event_ts": pa.array(np.arange(rows) + 1_790_000_000_000_000),
        "eventID": pa.array([f"{number:032x}" for number in range(rows)]),
        "requestParameters": pa.array([f'{{"tableName":"Employees","key":{{"EmpId":"E-{number}"}}}}' for number in range(rows)]),
        "record_sha256": pa.array([bytes(32)] * rows),
        "source_object": pa.array(["log"] * rows),
        "record_index": pa.array(np.arange(rows, dtype=np.int32)),
    }
    columns = [made[field.name].cast(field.type) if field.name in made else pa.nulls(rows, field.type) for field in SCHEMA]
    return pa.table(columns, schema=SCHEMA)


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000_000
    written = io.BytesIO()
    pq.write_table(table(rows), written, compression="zstd", row_group_size=ROW_GROUP)
    store = Counting()
    store.put("file", written.getvalue())
    begun = time.process_time()
    found = _read(store, "file", len(written.getvalue()))
    took = time.process_time() - begun
    size = len(written.getvalue())
    print(f"{rows:,} rows, {size / 1e6:.1f} MB: {len(found)} found in {took:.2f} s CPU ({rows / took / 1e6:.1f} M rows/s),")
    print(f"{store.taken / 1e6:.1f} MB read in {store.ranges} ranges ({store.taken / size:.0%} of the file)")


if __name__ == "__main__":
    main()
