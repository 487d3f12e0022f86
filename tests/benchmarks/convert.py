"""The converter against DuckDB's ``read_json`` on the same files in the same run, one process each: CPU seconds and ratios.

    python -m tests.benchmarks.convert [--megabytes 100] [--events-per-file 290] [--rounds 3] [--skip-duckdb]
    python -m tests.benchmarks.convert --files FOLDER

itemtrail does all it does in an archive: gunzip (one member, checksum), SHA-256 of the file, of every record, exact split, all
columns, rebuild check, duplicates, Parquet. DuckDB reads the same fields as text from the same gzip files and writes Parquet: no
hash, no check, unlisted fields dropped. CPU time is user + system of the whole process, start-up included.
"""

import argparse
import datetime as dt
import hashlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.benchmarks.logs import files

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    """Generate or take files, run the contenders in turn, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=100, help="JSON to generate (default 100)")
    parser.add_argument("--events-per-file", type=int, default=290, help="30000 makes files of 50 MB, CloudTrail's largest")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--files", type=Path, help="take the .json.gz files of this folder instead")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--skip-duckdb", action="store_true")
    parser.add_argument("--only", choices=("itemtrail", "duckdb"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.only:
        print(json.dumps({"itemtrail": run_itemtrail, "duckdb": run_duckdb}[arguments.only](arguments.files)))
        return
    with tempfile.TemporaryDirectory() as folder:
        source = arguments.files or generate(Path(folder), arguments.seed, arguments.megabytes * 10**6, arguments.events_per_file)
        compare(source, ["itemtrail"] + ["duckdb"] * (not arguments.skip_duckdb), arguments.rounds)


def generate(folder: Path, seed: int, total: int, events_per_file: int) -> Path:
    """Write the generator's files; their folder."""
    print(f"generating {total / 1e6:.0f} MB of JSON, seed {seed} …", flush=True)
    for key, body in files(seed, total, events_per_file):
        (folder / Path(key).name).write_bytes(body)
    return folder


def compare(source: Path, contenders: list[str], rounds: int) -> None:
    """Interleaved rounds; medians of CPU seconds."""
    results: dict[str, list[dict[str, Any]]] = {name: [] for name in contenders}
    for number in range(rounds):
        for name in contenders:
            results[name].append(one(name, source))
            told = results[name][-1]
            print(f"round {number + 1}: {name}: {told['cpu']:.2f} s CPU, {told['wall']:.2f} s wall", flush=True)
    base = results["itemtrail"][0]
    size, rows = base["bytes_in"], base["rows"]
    stored = sum(path.stat().st_size for path in source.glob("*.json.gz"))
    print(
        f"\n{base['files']} files, {stored / 1e6:.1f} MB gzip, {size / 1e6:.1f} MB JSON, "
        f"{rows:,} records, {size / rows:.0f} B each"
    )
    print(f"{'':12}{'CPU s':>8}{'s/GB':>8}{'MB/s':>8}{'rec/s':>10}{'peak MB':>9}{'out MB':>8}{'rows':>10}")
    for name, runs in results.items():
        cpu = statistics.median(run["cpu"] for run in runs)
        peak = max(run["peak"] for run in runs)
        rates = f"{cpu / size * 1e9:8.1f}{size / cpu / 1e6:8.1f}{rows / cpu:10,.0f}"
        print(f"{name:12}{cpu:8.2f}{rates}{peak / 1e6:9.0f}{runs[0]['bytes_out'] / 1e6:8.2f}{runs[0]['rows']:10,}")
    working = statistics.median(run["working"] for run in results["itemtrail"])
    print(f"itemtrail without start-up and imports: {size / working / 1e6:.1f} MB/s")
    if "duckdb" in results:
        duckdb, own = (statistics.median(run["cpu"] for run in results[name]) for name in ("duckdb", "itemtrail"))
        ratio = duckdb / own
        print(f"ratio: itemtrail needs 1/{ratio:.1f} of DuckDB's CPU time")


def one(name: str, source: Path) -> dict[str, Any]:
    """Run one contender in a process of its own and take its CPU time from the system."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    command = [sys.executable, "-m", "tests.benchmarks.convert", "--only", name, "--files", str(source)]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'include'}:{ROOT}"}
    told = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    result: dict[str, Any] = json.loads(told.splitlines()[-1])
    result["cpu"] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    result["wall"] = time.monotonic() - started
    return result


def run_itemtrail(source: Path) -> dict[str, Any]:
    """What the archive does with a unit's files."""
    import pyarrow as pa

    from itemtrail.core.convert import Converter, Limits, Seen
    from itemtrail.core.inflate import inflate

    pa.set_memory_pool(pa.system_memory_pool())  # as `itemtrail convert` does

    began = time.process_time()
    paths = sorted(source.glob("*.json.gz"))
    with tempfile.TemporaryDirectory() as folder, Seen() as seen:
        converter = Converter(
            Path(folder),
            account="111122223333",
            region="us-east-1",
            delivery_date=dt.date(2026, 11, 20),
            name="000-000",
            limits=Limits(),
            seen=seen,
        )
        for path in paths:
            content = inflate(path.read_bytes(), max_bytes=1 << 30)
            hashlib.sha256(content).hexdigest()
            converter.add(path.name, content)
        made = converter.finish()
    assert not made.quarantined
    return {
        "files": len(paths),
        "rows": made.rows,
        "bytes_in": made.bytes_in,
        "bytes_out": sum(file.size for file in made.files),
        "working": time.process_time() - began,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }


def run_duckdb(source: Path) -> dict[str, Any]:
    """One COPY: the same fields, nested values as JSON text."""
    import duckdb

    from itemtrail.core.schema import FIELDS, TEXT

    fields = ", ".join(f'"{name}" {"VARCHAR" if name in TEXT else "JSON"}' for name in FIELDS)
    fields_quoted = ", ".join(f'r."{name}"' for name in FIELDS)
    with tempfile.TemporaryDirectory() as folder, duckdb.connect(":memory:") as connection:
        connection.execute("SET threads = 1; SET preserve_insertion_order = false")
        columns = f"columns={{Records: 'STRUCT({fields})[]'}}"
        read = f"read_json('{source}/*.json.gz', {columns}, maximum_object_size=67108864, filename=true)"
        query = f"SELECT {fields_quoted}, filename FROM (SELECT unnest(Records) AS r, filename FROM {read})"
        out = Path(folder) / "out.parquet"
        connection.execute(f"COPY ({query}) TO '{out}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)")
        rows = connection.execute(f"SELECT count(*) FROM '{out}'").fetchall()[0][0]
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        return {"rows": rows, "bytes_out": out.stat().st_size, "peak": peak}


if __name__ == "__main__":
    main()
