"""A big unit on Celery workers: `python -m tests.benchmarks.big_unit [--gb 2.1] [--small-gb 0.5] [--part-mb 16] [--keep]`.

Two days of one account and Region, a small one and a big one, as signed CloudTrail logs on SeaweedFS (loopback). `archive_trail`
archives them in a real Airflow cluster with two Celery workers that run a task at a time, then the big one again with one worker,
each into an archive root of its own; `itemtrail archive` archives the big one in one process. Printed: wall time, peak memory of
each worker's processes, and whether the archives are equal byte for byte (by SHA-256 of every object). Exits 1 if they are not.
CloudTrail's control calls are answered by a stand-in; tags are off; everything else is real.
"""

import argparse
import datetime as dt
import hashlib
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests import seaweedfs
from tests.benchmarks import big_cluster, big_world
from tests.benchmarks.validate import START, cloudtrail
from tests.vectors.make_chain import Chain

CONFIGURATION = """
[trail]
name = "{trail}"
account = "{account}"
home_region = "us-east-1"
bucket = "{bucket}"
[archive]
bucket = "archive-bench"
region = "us-east-1"
prefix = "{root}"
accounts = ["{account}"]
regions = ["us-east-1"]
tag_proven = false
part_bytes = {part}
shard_bytes = {part}
shards = 4
[airflow]
trail_reader_conn = ""
archive_writer_conn = ""
stream_reader_conn = ""
archive_pool = "default_pool"
start_date = "2026-09-01"
catchup = false
wait_minutes = 0
"""


@dataclass(frozen=True, slots=True)
class Ran:
    """One run of the DAG. Seconds; MB."""

    wall: float
    tasks: dict[str, tuple[str, float, str]]
    peak: float
    anonymous: float
    together: dict[str, float]


def write_config(path: Path, chain: Chain, root: str, part: int) -> None:
    """The configuration, atomically: tasks read it when they begin."""
    text = CONFIGURATION.format(trail=chain.trail, account=chain.account, bucket=chain.bucket, root=root, part=part)
    fresh = path.with_suffix(".new")
    fresh.write_text(text)
    fresh.replace(path)


def run(cluster: big_cluster.Cluster, day: dt.date, seconds: float) -> Ran:
    """`archive_trail` of ``day``, to the end of its gate."""
    with big_cluster.Peaks(cluster) as peaks:
        asked = {"logical_date": None, "partition_key": str(day)}
        name = cluster.airflow.api("POST", "/dags/archive_trail/dagRuns", asked)["dag_run_id"]
        path = f"/dags/archive_trail/dagRuns/{big_cluster.quoted(name)}"

        def ended() -> bool:
            return cluster.airflow.api("GET", path)["state"] in ("success", "failed")

        big_cluster.wait_for(ended, seconds, f"the run of {day}", cluster.home / "scheduler.log")
    found = cluster.airflow.api("GET", f"{path}/taskInstances?limit=100")["task_instances"]
    tasks = {
        one["task_id"] + (f"[{one['map_index']}]" if one["map_index"] >= 0 else ""): one
        for one in found
        if one["start_date"] and one["end_date"]
    }
    times = [dt.datetime.fromisoformat(one[end]) for one in tasks.values() for end in ("start_date", "end_date")]
    told = {n: (one["state"], one["duration"] or 0.0, one["hostname"] or "") for n, one in tasks.items()}
    wall = (max(times) - min(times)).total_seconds()
    return Ran(wall, told, max(peaks.whole.values()), max(peaks.anonymous.values()), peaks.together)


def tell(what: str, made: big_world.Made, ran: Ran) -> None:
    """Print one run."""
    sizes = f"{made.json / 1e9:.2f} GB of JSON, {made.stored / 1e6:.0f} MB stored"
    print(f"\n{what}: {sizes}, {made.files:,} files, {made.records:,} records")
    print(f"  wall {ran.wall:.0f} s = {made.json / 1e6 / ran.wall:.0f} MB/s; load {os.getloadavg()[0]:.1f}")
    print(f"  peak of a process {ran.peak:.0f} MB (anonymous {ran.anonymous:.0f} MB); of a whole worker {_mb(ran.together)}")
    for name, (state, seconds, _) in sorted(ran.tasks.items()):
        print(f"    {name:24} {state:10} {seconds:7.1f} s")
    sys.stdout.flush()


def _mb(values: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.0f} MB" for name, value in sorted(values.items()))


def contents(server: seaweedfs.SeaweedFS, root: str, day: dt.date) -> dict[str, str]:
    """SHA-256 of every object of one unit, by key; the notes of shards apart, which are no evidence."""
    client, found = server.client(), []
    for page in client.get_paginator("list_objects_v2").paginate(Bucket="archive-bench", Prefix=f"{root}/"):
        found += [one["Key"] for one in page.get("Contents", ())]
    mine = [k for k in found if (f"={day}/" in k or f"/{day}." in k) and not k.startswith(f"{root}/shards/")]

    def digest(key: str) -> tuple[str, str]:
        whole = hashlib.sha256()
        for chunk in client.get_object(Bucket="archive-bench", Key=key)["Body"].iter_chunks(1 << 20):
            whole.update(chunk)
        return key.removeprefix(f"{root}/"), whole.hexdigest()

    with ThreadPoolExecutor(4) as threads:
        return dict(threads.map(digest, mine))


def compare(name: str, one: dict[str, str], other: dict[str, str]) -> bool:
    """Print whether two archives of a unit are equal."""
    different = sorted(key for key in one.keys() | other.keys() if one.get(key) != other.get(key))
    print(
        f"{name}: {'equal' if not different and one else 'NOT EQUAL'}, {len(one)} objects; {different[:5] or 'no difference'}",
        flush=True,
    )
    return bool(one) and not different


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gb", type=float, default=2.1, help="JSON of the big day, 10^9 bytes")
    parser.add_argument("--small-gb", type=float, default=0.5, help="JSON of the small day")
    parser.add_argument("--part-mb", type=int, default=16, help="archive.part_bytes and archive.shard_bytes, MiB stored")
    parser.add_argument("--limit", type=float, default=900, help="seconds that one run may take")
    parser.add_argument("--skip", nargs="*", default=[], choices=("one", "cli"), help="leave out: one worker, the one process")
    given = parser.parse_args()
    part, chain, good = given.part_mb << 20, big_world.new_chain(), True
    print(f"{dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}", flush=True)
    with tempfile.TemporaryDirectory(prefix="big-unit-") as folder:
        home = Path(folder)
        home.chmod(0o755)
        (home / "weed").mkdir()
        with seaweedfs.running(home / "weed", volumes=400) as server, cloudtrail(chain) as control:
            server.bucket(chain.bucket)
            server.bucket("archive-bench", locked=True)
            aws = {**server.environment(), "AWS_ENDPOINT_URL_CLOUDTRAIL": control, "AWS_ENDPOINT_URL_S3": server.endpoint_url}
            config = home / "itemtrail.toml"
            write_config(config, chain, "two", part)
            sizes = [int(given.small_gb * 1e9), int(given.gb * 1e9)]
            with ThreadPoolExecutor(1) as beside, big_cluster.running(home, config, aws) as cluster:
                filling = beside.submit(big_world.fill, server, chain, START, sizes)
                cluster.start_worker("first")
                cluster.start_worker("second")
                cluster.airflow.api("PATCH", "/dags/archive_trail", {"is_paused": False})
                _end_scheduled_runs(cluster)
                small, big = filling.result()
                tell("two workers, big day", big, run(cluster, big.day, given.limit))
                tell("two workers, small day", small, run(cluster, small.day, given.limit))
                if "one" not in given.skip:
                    cluster.stop_worker("second")
                    write_config(config, chain, "one", part)
                    tell("one worker, big day", big, run(cluster, big.day, given.limit))
            two = contents(server, "two", big.day)
            if "one" not in given.skip:
                good &= compare("two workers and one worker", two, contents(server, "one", big.day))
            if "cli" not in given.skip:
                write_config(config, chain, "cli", part)
                began = time.perf_counter()
                itemtrail = str(Path(sys.executable).with_name("itemtrail"))
                command = [itemtrail, "archive", "--config", str(config), "--day", str(big.day)]
                command += ["--unit", f"{chain.account}/{chain.region}"]
                done = subprocess.run(command, env={**os.environ, **aws}, capture_output=True, text=True, check=False)
                print(f"\n`itemtrail archive`, one process: {time.perf_counter() - began:.0f} s, exit {done.returncode}")
                print(done.stdout[-600:], done.stderr[-600:], flush=True)
                good &= compare("two workers and one process", two, contents(server, "cli", big.day))
    print(f"load at the end {os.getloadavg()[0]:.1f}")
    sys.exit(not good)


def _end_scheduled_runs(cluster: big_cluster.Cluster) -> None:
    """The schedule begins a run of yesterday, of which there is nothing: it would only take the workers' time."""

    def ended() -> bool:
        runs = cluster.airflow.api("GET", "/dags/archive_trail/dagRuns")["dag_runs"]
        for one in runs:
            if one["state"] not in ("success", "failed"):
                path = f"/dags/archive_trail/dagRuns/{big_cluster.quoted(one['dag_run_id'])}"
                cluster.airflow.api("PATCH", path, {"state": "failed"})
        return bool(runs) and all(one["state"] in ("success", "failed") for one in runs)

    big_cluster.wait_for(ended, 300, "the scheduled run", cluster.home / "scheduler.log")


if __name__ == "__main__":
    main()
