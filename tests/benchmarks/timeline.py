"""One item's history out of a year: `itemtrail history` against a DuckDB query over the same files.

    python -m tests.benchmarks.timeline [--changes 1000000] [--items 100000] [--folder DIR] [--no-s3]

A year of changes of one table is made (seeded, a day at a time, so that memory stays small), written as day files and put
together as month files by the library, and kept in the folder for the next run. The day files are listed at a look-up and never
read: small ones stand in their place. Measured, for items that changed often, seldom and never: wall and CPU of the look-up in this
process over the folder; of DuckDB (connect and query, its default threads) over the same month files; and of the whole command
`itemtrail history --json` against a real S3 (SeaweedFS on loopback), process start included. Best of `--rounds`.
"""

# ruff: noqa: E501 - columns of one kind a line

import argparse
import datetime as dt
import hashlib
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from itemtrail.core import changes_files
from itemtrail.core.change_schema import CANDIDATE, SCHEMA
from itemtrail.flows import timeline
from itemtrail.model import ObjectInfo

ACCOUNT, REGION = "111122223333", "us-east-1"
TABLE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/Employees"
FIRST = dt.date(2025, 1, 1)
DAYS = 365
_TIME = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)


def main() -> None:
    """Make, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--changes", type=int, default=1_000_000, help="of the year (default 1000000)")
    parser.add_argument("--items", type=int, default=100_000, help="that change, some often (default 100000)")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "itemtrail-timeline")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--row-group", type=int, default=changes_files.ROW_GROUP_ROWS, help="rows of a row group (default: the library's)"
    )
    parser.add_argument("--no-s3", action="store_true", help="without the whole command against SeaweedFS")
    arguments = parser.parse_args()
    changes_files.ROW_GROUP_ROWS = arguments.row_group
    folder = arguments.folder / f"{arguments.changes}-{arguments.items}-{arguments.row_group}"
    year(folder, arguments.changes, arguments.items)
    files = sorted(folder.rglob("month.parquet"))
    size = sum(file.stat().st_size for file in files)
    print(f"{arguments.changes:,} changes of {arguments.items:,} items, 12 files, {size:,} bytes, {os.cpu_count()} cores\n")
    print("| item | rows | what | wall, s | CPU, s | requests | bytes read |")
    print("|---|---:|---|---:|---:|---:|---:|")
    for name, item in (("often", 100), ("seldom", arguments.items // 2), ("never", arguments.items + 7)):
        in_process(folder, files, name, item, arguments.rounds)
    if not arguments.no_s3:
        command(folder, arguments.rounds)


def key(item: int) -> str:
    """The key of an item."""
    return f"E-{item * 7919 % 10_000_019:08d}"


def in_process(folder: Path, files: list[Path], name: str, item: int, rounds: int) -> None:
    """The look-up and its rival."""
    store = FolderStore(folder)
    store.count = store.size = 0
    found = timeline.history(store, TABLE, [f"EmpId={key(item)}"])
    once = (store.count, store.size)
    wall, cpu = best(lambda: timeline.history(store, TABLE, [f"EmpId={key(item)}"]), rounds)
    print(f"| {name} | {len(found.rows)} | look-up | {wall:.3f} | {cpu:.3f} | {once[0]} | {once[1]:,} |", flush=True)
    rows: list[Any] = []
    wall, cpu = best(lambda: rows.append(rival(files, item)), rounds)
    assert len(rows[-1]) == len(found.rows), "the rival found something else"
    print(f"| {name} | {len(rows[-1])} | DuckDB | {wall:.3f} | {cpu:.3f} | | |", flush=True)


def rival(files: list[Path], item: int) -> list[Any]:
    """The same rows by DuckDB."""
    import duckdb

    with duckdb.connect() as connection:
        sql = "SELECT * FROM read_parquet($files) WHERE item_key = $key ORDER BY change_ts, sequence_number::HUGEINT"
        values = {"files": [str(file) for file in files], "key": f'{{"EmpId":"{key(item)}"}}'}
        return connection.execute(sql, values).fetchall()


def command(folder: Path, rounds: int) -> None:
    """The whole command, a process a time, against SeaweedFS."""
    from tests.seaweedfs import WEED, running

    if not WEED.exists():
        print("\nthe whole command is not measured: SeaweedFS is not installed (requirements-dev.txt).")
        return
    with tempfile.TemporaryDirectory(prefix="timeline-s3-") as place, running(Path(place)) as server:
        bucket = server.bucket("hrms-archive-111122223333", locked=True)
        client = server.client()
        for path in sorted(folder.rglob("*.parquet")):
            client.upload_file(str(path), bucket, str(path.relative_to(folder)))
        words = [sys.executable, "-m", "itemtrail.cli.main", "history", "--table", "Employees", "--json", "--key"]
        # Compiled modules are kept, as they are where the package is installed.
        environment = os.environ | server.environment() | {"PYTHONPYCACHEPREFIX": f"{place}/compiled"}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        for name, item in (("often", 100), ("seldom", 50_000)):
            run = [*words, f"EmpId={key(item)}"]
            answer = subprocess.run(run, env=environment, capture_output=True, check=True).stdout
            wall, cpu = best(
                lambda run=run: subprocess.run(run, env=environment, capture_output=True, check=True), rounds, children=True
            )
            print(f"| {name} | {answer.count(b'event_id')} | whole command, S3 | {wall:.3f} | {cpu:.3f} | | |", flush=True)
        bare = [sys.executable, "-c", "import itemtrail.cli.main, boto3, pyarrow.parquet, obstore"]
        wall, cpu = best(lambda: subprocess.run(bare, env=environment, check=True), rounds, children=True)
        print(f"| | | of it: Python and its imports | {wall:.3f} | {cpu:.3f} | | |", flush=True)


def best(do: Callable[[], Any], rounds: int, *, children: bool = False) -> tuple[float, float]:
    """(wall, CPU) seconds of the fastest round."""
    return min(_timed(do, children=children) for _ in range(rounds))


def _timed(do: Callable[[], Any], *, children: bool) -> tuple[float, float]:
    whose = resource.RUSAGE_CHILDREN if children else resource.RUSAGE_SELF
    before, start = resource.getrusage(whose), time.perf_counter()
    do()
    wall, after = time.perf_counter() - start, resource.getrusage(whose)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


# The year.


def year(folder: Path, changes: int, items: int) -> None:
    """Make the month files that are not there yet."""
    for month in range(1, 13):
        made = folder / changes_files.month_key(TABLE, f"{FIRST:%Y}-{month:02d}")
        if made.exists():
            continue
        made.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as spool:
            days: dict[dt.date, tuple[Path, str]] = {}
            for day in (FIRST + dt.timedelta(n) for n in range(DAYS)):
                if day.month != month:
                    continue
                path = Path(spool) / f"{day}.parquet"
                changes_files.write(rows(day, changes // DAYS + 1, items), path)
                stand_in = str(day).encode()
                (folder / changes_files.day_key(TABLE, day)).write_bytes(stand_in)
                days[day] = (path, hashlib.md5(stand_in, usedforsecurity=False).hexdigest())
            part = Path(spool) / "month.parquet"
            changes_files.compact(days, part)
            part.replace(made)
        print(f"{made.parent.name}: {pq.read_metadata(made).num_rows:,} changes, {made.stat().st_size:,} bytes", flush=True)


def rows(day: dt.date, count: int, items: int) -> pa.Table:
    """A day's changes: item 0 most often, half of the items now and then."""
    chance = np.random.default_rng(day.toordinal())
    often = np.minimum(chance.zipf(1.3, count) - 1, items - 1)
    item = np.where(chance.random(count) < 0.8, chance.integers(0, items, count), often)
    names = pa.array([key(one) for one in range(items)]) if not _KEYS else _KEYS[0]
    _KEYS[:] = [names]
    employee = names.take(pa.array(item))
    old, new = (_text(chance.integers(3000, 9000, count)) for _ in range(2))
    before, after = (_image(employee, salary) for salary in (old, new))
    seconds = np.sort(chance.integers(0, 86_400, count))
    micros = (dt.datetime.combine(day, dt.time(), dt.UTC) - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(
        microseconds=1
    )
    at = pa.array(seconds * 1_000_000 + micros, pa.timestamp("us", tz="UTC"))
    role = _choice(chance, count, [f"arn:aws:iam::{ACCOUNT}:role/{name}" for name in ("hr-app", "payroll-job", "dba")])
    hour = _choice(chance, count, [f"AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/{day:%Y/%m/%d}/{n:04d}.json.gz" for n in range(288)])
    numbers = _join("4000000000", _text(np.arange(count) + day.toordinal() * 100_000))
    columns = {
        "table_arn": pa.repeat(TABLE, count), "item_key": _join('{"EmpId":"', employee, '"}'), "change_ts": at,
        "operation": pa.repeat("MODIFY", count), "match_confidence": _choice(chance, count, ["UNIQUE"] * 9 + ["ORDERED"]),
        "old_image": before, "new_image": after, "changed": _list(pa.repeat("Salary", count)),
        "diff": _join('[{"path":"Salary","old":{"N":"', old, '"},"new":{"N":"', new, '"}}]'), "redacted": _empty(count, pa.string()),
        "actor": _choice(chance, count, [f"person{n}@example.org" for n in range(200)]), "actor_source": pa.repeat("sourceIdentity", count),
        "session_issuer": role, "source_ip": _join("10.0.", _text(chance.integers(0, 250, count)), ".7"),
        "user_agent": _choice(chance, count, [f"Boto3/1.43.{n} md/Botocore#1.43.{n} os/linux lang/python#3.12.8" for n in range(9)]),
        "event_name": pa.repeat("UpdateItem", count), "event_ts": at, "request_id": _hex(chance, count, 26),
        "event_id": _hex(chance, count, 16), "source_object": hour, "record_index": pa.array(np.arange(count) % 290, pa.int32()),
        "stream_arn": pa.repeat(f"{TABLE}/stream/2024-12-01T00:00:00.000", count),
        "shard_id": _choice(chance, count, [f"shardId-0000001{n:013d}" for n in range(8)]), "sequence_number": numbers,
        "stream_event_id": _hex(chance, count, 16),
        "stream_object": pa.repeat(f"stream_records/account={ACCOUNT}/region={REGION}/event_date={day}/000001-000.parquet", count),
        "candidates": _empty(count, CANDIDATE),
    }  # fmt: skip
    made = [columns.get(field.name, pa.nulls(count, field.type)) for field in SCHEMA]
    return pa.table({field.name: column.cast(field.type) for field, column in zip(SCHEMA, made, strict=True)}).cast(SCHEMA)


_KEYS: list[Any] = []


def _image(employee: Any, salary: Any) -> Any:
    rest = '"},"Currency":{"S":"EUR"},"Grade":{"S":"B4"},"CostCentre":{"S":"4711"},"Status":{"S":"active"},"Name":{"S":"Employee '
    return _join('{"EmpId":{"S":"', employee, '"},"Salary":{"N":"', salary, rest, employee, '"}}')


def _join(*parts: Any) -> Any:
    return pc.binary_join_element_wise(*parts, "")


def _text(numbers: Any) -> Any:
    return pa.array(numbers).cast(pa.string())


def _choice(chance: np.random.Generator, count: int, values: list[str]) -> Any:
    return pa.array(values).take(pa.array(chance.integers(0, len(values), count)))


def _hex(chance: np.random.Generator, count: int, size: int) -> Any:
    body = chance.bytes(count * size).hex().encode()
    offsets = np.arange(count + 1, dtype=np.int32) * (2 * size)
    return pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(body))


def _list(values: Any) -> Any:
    return pa.ListArray.from_arrays(pa.array(np.arange(len(values) + 1), pa.int32()), values)


def _empty(count: int, of: pa.DataType) -> Any:
    return pa.ListArray.from_arrays(pa.array(np.zeros(count + 1), pa.int32()), pa.array([], of))


class FolderStore:
    """A folder as the part of ``ObjectStore`` that a look-up uses; counts what is asked for."""

    def __init__(self, root: Path) -> None:
        self.root, self.name, self.count, self.size = root, str(root), 0, 0

    def list(self, prefix: str, *, start_after: str = "") -> Iterator[ObjectInfo]:
        self.count += 1
        folder = self.root / prefix
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            etag = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest() if path.stat().st_size < 100 else ""
            yield ObjectInfo(f"{prefix}{path.name}", path.stat().st_size, _TIME, etag)

    def list_prefixes(self, prefix: str) -> tuple[str, ...]:
        self.count += 1
        folder = self.root / prefix
        return tuple(sorted(path.name for path in folder.iterdir() if path.is_dir())) if folder.is_dir() else ()

    def read_range(self, key: str, start: int, length: int, *, version_id: str | None = None) -> bytes:
        self.count, self.size = self.count + 1, self.size + length
        with (self.root / key).open("rb") as file:
            file.seek(start)
            return file.read(length)


if __name__ == "__main__":
    main()
