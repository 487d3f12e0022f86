"""Conversion beside other tools, same files, same run, one process each, in turns: CPU seconds, memory, size, exactness.

    python -m tests.benchmarks.convert [--megabytes 1000] [--rounds 3] [--contenders itemtrail,duckdb,…]
    python -m tests.benchmarks.convert --files FOLDER

itemtrail does all it does in an archive: gunzip (one member, checksum), SHA-256 of the file and of every record, exact split, all
columns, derived ones among them, duplicates, sort, Parquet. The rivals (tests/benchmarks/rivals.py) do less: no hash, no proof,
nothing derived. CPU time is user + system of the whole process, start-up included. The fastest rivals get all of the corpus, the
slow ones (``--part``) a part of it, and say so.
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
from tests.benchmarks.rivals import RIVALS, kept

ROOT = Path(__file__).resolve().parents[2]
OURS = ("itemtrail", "itemtrail-default")
SLOW = ("duckdb", "polars", "orjson")


def main() -> None:
    """Generate or take files, run the contenders in turn, print the table, write the plot."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=1000, help="JSON to generate (default %(default)s)")
    parser.add_argument(
        "--events-per-file", type=int, help="alike files: 290 for 0.5 MB, 30000 for CloudTrail's largest; mixed by default"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--files", type=Path, help="take the .json.gz files of this folder instead")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--part", type=int, default=10, help="one file in this many for slow rivals (default %(default)s)")
    parser.add_argument("--contenders", default=",".join((*OURS, *RIVALS)), help="by commas (default: all)")
    parser.add_argument("--plot", type=Path, help="write the bars here, as SVG")
    parser.add_argument("--only", choices=(*OURS, *RIVALS), help=argparse.SUPPRESS)
    parser.add_argument("--judge", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.only:
        print(json.dumps(work(arguments.only, arguments.files, judge=arguments.judge)))
        return
    with tempfile.TemporaryDirectory() as folder:
        source = arguments.files or generate(Path(folder), arguments)
        part = source if arguments.files else some(source, Path(folder) / "part", arguments.part)
        results = compare(source, part, arguments.contenders.split(","), arguments.rounds)
        show(results)
        if arguments.plot:
            arguments.plot.write_text(plot(results), encoding="utf-8")


def generate(folder: Path, arguments: argparse.Namespace) -> Path:
    """Write the generator's files; their folder."""
    print(f"generating {arguments.megabytes} MB of JSON, seed {arguments.seed} …", flush=True)
    out = folder / "all"
    out.mkdir()
    made = files(
        arguments.seed, arguments.megabytes * 10**6, arguments.events_per_file or 290, mixed=arguments.events_per_file is None
    )
    for key, body in made:
        (out / Path(key).name).write_bytes(body)
    return out


def some(source: Path, folder: Path, step: int) -> Path:
    """A folder with every ``step``-th file."""
    folder.mkdir()
    for path in sorted(source.glob("*.json.gz"))[::step]:
        (folder / path.name).hardlink_to(path)
    return folder


def compare(source: Path, part: Path, contenders: list[str], rounds: int) -> dict[str, dict[str, Any]]:
    """Rounds in turn; by contender the medians, and MB/s and s/GB of its own corpus."""
    sizes = {
        folder: sum(int.from_bytes(path.read_bytes()[-4:], "little") for path in folder.glob("*.json.gz"))
        for folder in {source, part}
    }
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in contenders}
    for number in range(rounds):
        for name in contenders:
            runs[name].append(one(name, part if name in SLOW else source, judge=not number))
            told = runs[name][-1]
            print(f"round {number + 1}: {name}: {told['cpu']:.2f} s CPU, {told['wall']:.2f} s wall", flush=True)
    return {name: _result(told, sizes[part if name in SLOW else source]) for name, told in runs.items()}


def _result(runs: list[dict[str, Any]], size: int) -> dict[str, Any]:
    cpu = statistics.median(run["cpu"] for run in runs)
    spread = sorted(run["cpu"] / size * 1e9 for run in runs)
    return {**runs[0], "bytes": size, "cpu": cpu, "per_gb": cpu / size * 1e9, "rate": size / cpu / 1e6, "spread": spread}


def show(results: dict[str, dict[str, Any]]) -> None:
    """The table."""
    load = os.getloadavg()[0]
    print(f"\nload {load:.1f} at the end; CPU of the whole process, start-up included; medians\n")
    print("| | JSON MB | CPU s | s/GB (each run) | MB/s per core | peak MB | Parquet MB per GB | records kept |")
    print("|---|---:|---:|---|---:|---:|---:|---|")
    for name, told in results.items():
        spread = ", ".join(f"{value:.1f}" for value in told["spread"])
        stored = told["bytes_out"] / told["bytes"] * 1e3
        print(
            f"| {name} | {told['bytes'] / 1e6:,.0f} | {told['cpu']:.2f} | {told['per_gb']:.1f} ({spread}) | {told['rate']:.1f} "
            f"| {told['peak'] / 1e6:.0f} | {stored:.1f} | {told['kept'][0]:,} of {told['kept'][1]:,} {told['judged']} |"
        )
    ours = results.get("itemtrail")
    for name, told in results.items():
        if ours and name != "itemtrail":
            print(f"{name}: {told['per_gb'] / ours['per_gb']:.1f} times the CPU of itemtrail")


def plot(results: dict[str, dict[str, Any]]) -> str:
    """MB/s per core as bars."""
    most, rows = max(told["rate"] for told in results.values()), []
    for number, (name, told) in enumerate(sorted(results.items(), key=lambda pair: -pair[1]["rate"])):
        top, width, fill = 34 + number * 26, told["rate"] / most * 420, "#2f6f4e" if name in OURS else "#8a8f98"
        rows.append(f'<text x="150" y="{top + 13}" text-anchor="end">{name}</text>')
        rows.append(f'<rect x="158" y="{top}" width="{width:.0f}" height="18" fill="{fill}"/>')
        rows.append(f'<text x="{164 + width:.0f}" y="{top + 13}">{told["rate"]:.0f}</text>')
    height = 44 + 26 * len(results)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 {height}" font-family="sans-serif" font-size="13" fill="#444">'
        f'<rect width="640" height="{height}" fill="#fff"/>'
        '<text x="158" y="20">MB of JSON a second and core: more is faster</text>'
        f"{''.join(rows)}</svg>\n"
    )


def one(name: str, source: Path, *, judge: bool) -> dict[str, Any]:
    """Run one contender in a process of its own; its CPU time by the system. What it keeps is looked at in one round."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    command = [sys.executable, "-m", "tests.benchmarks.convert", "--only", name, "--files", str(source), *["--judge"] * judge]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'include'}:{ROOT}"}
    told = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    result: dict[str, Any] = json.loads(told.splitlines()[-1])
    result["cpu"] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime - result.pop("judging")
    result["wall"] = time.monotonic() - started
    return result


def work(name: str, source: Path, *, judge: bool) -> dict[str, Any]:
    """One contender's work, then, not counted, how much of it is there."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        made = run_itemtrail(source, out, name) if name in OURS else run_rival(source, out, name)
        peak, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, time.process_time()
        paths = sorted(out.rglob("*.parquet"))
        judged = "byte for byte" if name in OURS else "as values"
        counts = (0, 0) if not judge else exactly(paths, source) if name in OURS else kept(paths[0], source)
        size = sum(path.stat().st_size for path in paths)
        return made | {"bytes_out": size, "peak": peak, "kept": counts, "judged": judged, "judging": time.process_time() - began}


def exactly(paths: list[Path], source: Path) -> tuple[int, int]:
    """(records that come back to the byte at their place, records delivered)."""
    from itemtrail.core.inflate import inflate
    from itemtrail.core.rebuild import records
    from itemtrail.core.records import Limits, split

    wanted, good = {}, 0
    for path in source.glob("*.json.gz"):
        content = inflate(path.read_bytes(), max_bytes=1 << 30)
        for index, record in split(content, Limits()).records:
            wanted[path.name, index] = hashlib.sha256(record).digest()
    for name, index, record in records(paths):
        good += wanted.get((name, index)) == hashlib.sha256(record).digest()
    return good, len(wanted)


def run_rival(source: Path, out: Path, name: str) -> dict[str, Any]:
    """A rival's conversion."""
    RIVALS[name](source, out)
    return {}


def run_itemtrail(source: Path, out: Path, name: str = "itemtrail") -> dict[str, Any]:
    """What the archive does with a unit's files, by the fastest engine or the default one."""
    import pyarrow as pa

    from itemtrail.core.columns import StructEngine
    from itemtrail.core.convert import Converter, Limits
    from itemtrail.core.engines import fastest
    from itemtrail.core.inflate import inflate
    from itemtrail.core.seen import Seen

    pa.set_memory_pool(pa.system_memory_pool())  # as `itemtrail convert` does
    began = time.process_time()
    with Seen() as seen:
        converter = Converter(
            out,
            account="111122223333",
            region="us-east-1",
            delivery_date=dt.date(2026, 11, 20),
            name="000-000",
            limits=Limits(),
            seen=seen,
            engine=fastest if name == "itemtrail" else StructEngine,
        )
        for path in sorted(source.glob("*.json.gz")):
            content = inflate(path.read_bytes(), max_bytes=1 << 30)
            hashlib.sha256(content).hexdigest()
            converter.add(path.name, content)
        made = converter.finish()
    assert not made.quarantined
    return {"rows": made.rows, "working": time.process_time() - began}


if __name__ == "__main__":
    main()
