"""`itemtrail validate` against `aws cloudtrail validate-logs`: the same chain, the same S3, in turns.

    python -m tests.benchmarks.validate [--digests 200] [--logs 2000] [--records 30] [--runs 3] [--latency 15 0]

A chain of hourly digests, signed by a key of our own, and seeded DynamoDB-shaped logs lie on SeaweedFS (loopback). S3 is asked
through a proxy that holds back each request for the given milliseconds, or straight where that is 0. CloudTrail is a stand-in
that answers ListPublicKeys, DescribeTrails and GetTrailStatus, once each a run. The two clients take turns, so that a ratio
compares neighbours. Wall time, and user and system time of the client process alone; beside them the CPU of server and proxy,
which helps to say who was the limit. A run counts only if it exits 0 and calls every digest and every log valid.
"""

import argparse
import asyncio
import base64
import datetime as dt
import gzip
import http.server
import itertools
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests import seaweedfs
from tests.benchmarks import logs
from tests.vectors.make_chain import HOUR, Chain, Signer

BIN = Path(sys.executable).parent
START = dt.datetime(2026, 10, 1, tzinfo=dt.UTC)
_LOG_CONTENTS = 50  # distinct logs' worth of records; every log differs all the same
# A process of its own starts the client: what a process forks from counts into its peak memory, and this one holds the chain.
_OUTER = """
import json, os, subprocess, sys, time
out = open(sys.argv[1], "wb")
began = time.perf_counter()
process = subprocess.Popen(sys.argv[2:], stdout=out)
_, status, used = os.wait4(process.pid, 0)
wall = time.perf_counter() - began
print(json.dumps({"status": status, "wall": wall, "cpu": used.ru_utime + used.ru_stime, "peak_mb": used.ru_maxrss / 1024}))
"""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a client. Seconds and MB; ``requests`` is None where no proxy counted them."""

    wall: float
    cpu: float
    peak_mb: float
    server_cpu: float
    proxy_cpu: float
    requests: int | None = None


def make(digests: int, log_count: int, records: int) -> tuple[Chain, int]:
    """The chain, and the inflated size of its logs."""
    chain = Chain(Signer(41), bucket="trail-bench", prefix="")
    bodies = [json.loads(b) for b in _contents(records)]
    per_hour, more = divmod(log_count, digests)
    size = 0
    for hour in range(digests):
        begin, count = START + hour * HOUR, per_hour + (hour < more)
        keys = []
        for n in range(count):
            unique = f"{hour:06d}{n:04d}Bench1"
            body = json.dumps({**bodies[(hour + n) % len(bodies)], "n": unique}, separators=(",", ":")).encode()
            size += len(body)
            keys.append(chain.log(begin + (n + 0.5) / count * HOUR, unique, body))
        chain.digest(begin, begin + HOUR, keys, starting=hour == 0)
    return chain, size


def _contents(records: int) -> Iterator[bytes]:
    for _, body in itertools.islice(logs.files(7, 1 << 40, records), _LOG_CONTENTS):
        yield gzip.decompress(body)


def upload(server: seaweedfs.SeaweedFS, chain: Chain) -> None:
    """Put every object, as CloudTrail does: gzip encoding, signature in the metadata."""
    server.bucket(chain.bucket)
    client = server.client()

    def put(item: tuple[str, Any]) -> None:
        key, obj = item
        client.put_object(Bucket=chain.bucket, Key=key, Body=obj.body, Metadata=obj.metadata, ContentEncoding="gzip")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, chain.objects.items()))


class Proxy:
    """A TCP proxy in a thread of its own: what a client sends is held back, what comes back is not."""

    def __init__(self, upstream: str) -> None:
        self.host, self.port = upstream.removeprefix("http://").split(":")
        self.delay, self.requests = 0.0, 0
        self._loop = asyncio.new_event_loop()
        ready: threading.Event = threading.Event()
        threading.Thread(target=self._serve, args=(ready,), daemon=True).start()
        ready.wait(10)

    def _serve(self, ready: threading.Event) -> None:
        server = self._loop.run_until_complete(self._loop.create_server(lambda: _Client(self), "127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        ready.set()
        self._loop.run_forever()


class _Client(asyncio.Protocol):
    def __init__(self, proxy: Proxy) -> None:
        self._proxy, self._loop = proxy, asyncio.get_running_loop()
        self._up: asyncio.Future[asyncio.Transport] = self._loop.create_future()

    def connection_made(self, transport: Any) -> None:
        self._task = self._loop.create_task(self._connect(transport))

    async def _connect(self, transport: asyncio.Transport) -> None:
        upstream, _ = await self._loop.create_connection(lambda: _Server(transport), self._proxy.host, int(self._proxy.port))
        self._up.set_result(upstream)

    def data_received(self, data: bytes) -> None:
        self._proxy.requests += data.startswith((b"GET ", b"HEAD ", b"POST ", b"PUT "))
        self._loop.call_later(self._proxy.delay, self._send, data)

    def _send(self, data: bytes) -> None:
        self._up.add_done_callback(lambda up: up.result().write(data))

    def connection_lost(self, exc: Exception | None) -> None:
        self._up.add_done_callback(lambda up: up.result().close())


class _Server(asyncio.Protocol):
    def __init__(self, client: asyncio.Transport) -> None:
        self._client = client

    def data_received(self, data: bytes) -> None:
        self._client.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._client.close()


@contextmanager
def cloudtrail(chain: Chain) -> Iterator[str]:
    """The endpoint of a stand-in for CloudTrail's three control calls."""
    key = {"Value": base64.b64encode(chain.signer.pkcs1).decode(), "Fingerprint": chain.signer.fingerprint}
    valid = {"ValidityStartTime": START.timestamp() - 86_400, "ValidityEndTime": START.timestamp() + 40 * 86_400}
    trail = {"Name": chain.trail, "S3BucketName": chain.bucket, "TrailARN": chain.arn, "HomeRegion": chain.home}
    answers: dict[str, Any] = {
        "ListPublicKeys": {"PublicKeyList": [key | valid]},
        "GetTrail": {"Trail": trail | {"LogFileValidationEnabled": True, "IsMultiRegionTrail": False}},
        "DescribeTrails": {"trailList": [trail | {"LogFileValidationEnabled": True, "IsMultiRegionTrail": False}]},
        "GetTrailStatus": {"IsLogging": True, "StartLoggingTime": START.timestamp()},
    }

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            name = self.headers["X-Amz-Target"].rpartition(".")[2]
            body = json.dumps(answers[name]).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_request(self, code: Any = "-", size: Any = "-") -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()


def commands(chain: Chain, digests: int) -> dict[str, list[str]]:
    """What is run, by name."""
    end = START + digests * HOUR
    aws = ["aws", "cloudtrail", "validate-logs", "--trail-arn", chain.arn, "--region", chain.region]
    aws += ["--start-time", START.isoformat(), "--end-time", end.isoformat()]
    ours = ["itemtrail", "validate", "--bucket", chain.bucket, "--account", chain.account, "--region", chain.region]
    ours += ["--from", START.isoformat(), "--to", end.isoformat(), "--trail-arn", chain.arn, "--json"]
    return {"aws": aws, "itemtrail": ours}


def all_valid(name: str, said: str, chain: Chain) -> bool:
    """Whether a client called every digest and every log valid."""
    digests, total = len(chain.digests), len(chain.objects) - len(chain.digests)
    if name == "aws":
        found = {kind: (int(a), int(b)) for a, b, kind in re.findall(r"(\d+)/(\d+) (digest|log) files valid", said)}
        return found == {"digest": (digests, digests), "log": (total, total)}
    counts = json.loads(said)["counts"]
    return counts["slots"]["PROVEN"] == sum(counts["slots"].values()) == digests and (
        counts["objects"]["PROVEN"] == sum(counts["objects"].values()) == total
    )


def measured(command: list[str], environment: dict[str, str], others_cpu: Callable[[], float]) -> tuple[Run, str]:
    """Run a client; what it took, and what it printed."""
    with tempfile.NamedTemporaryFile() as out:
        server, own = others_cpu(), time.process_time()
        outer = [sys.executable, "-I", "-S", "-c", _OUTER, out.name, str(BIN / command[0]), *command[1:]]
        done = subprocess.run(outer, env=environment, capture_output=True, text=True, check=True)
        took = json.loads(done.stdout)
        said = out.read().decode()
    if took.pop("status"):
        raise SystemExit(f"{' '.join(command)} failed: {said[-500:]} {done.stderr[-1500:]}")
    return Run(**took, server_cpu=others_cpu() - server, proxy_cpu=time.process_time() - own), said


def server_cpu() -> float:
    """User and system seconds of the SeaweedFS that is a child of this process."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        fields = stat.read_text().rpartition(")")[2].split()
        if int(fields[1]) == os.getpid() and "weed" in (stat.parent / "comm").read_text():
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def median(runs: list[Run], what: str) -> float:
    return statistics.median(getattr(run, what) for run in runs)


def compare(name: str, runs: dict[str, list[Run]], digests: int, total: int) -> None:
    """Print one table."""
    print(f"\n### {name}\n")
    print("| client | wall s (all runs) | CPU s (all runs) | peak MB | S3 requests | server CPU s | proxy CPU s |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for client, of in runs.items():
        wall, cpu = median(of, "wall"), median(of, "cpu")
        walls, cpus = (", ".join(f"{getattr(r, w):.2f}" for r in of) for w in ("wall", "cpu"))
        counted = of[-1].requests if of[-1].requests is not None else "–"
        rest = f"{median(of, 'server_cpu'):.1f} | {median(of, 'proxy_cpu'):.1f}"
        print(f"| {client} | {wall:.2f} ({walls}) | {cpu:.2f} ({cpus}) | {median(of, 'peak_mb'):.0f} | {counted} | {rest} |")
    pairs = list(zip(runs["aws"], runs["itemtrail"], strict=True))
    for what in ("wall", "cpu"):
        each = [getattr(a, what) / getattr(b, what) for a, b in pairs]
        print(f"\n{what}: {statistics.median(each):.1f} times ({', '.join(f'{e:.1f}' for e in each)})", end="")
    print(f"\n\nboth: exit 0, {digests} of {digests} digests and {total} of {total} logs valid")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--digests", type=int, default=200)
    parser.add_argument("--logs", type=int, default=2000)
    parser.add_argument("--records", type=int, default=30, help="records a log")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--latency", type=int, nargs="+", default=[15, 0], help="milliseconds added to each S3 request")
    parser.add_argument("--only", choices=("aws", "itemtrail"), help="run one of the two; no ratio")
    given = parser.parse_args()
    chain, size = make(given.digests, given.logs, given.records)
    packed = sum(len(obj.body) for obj in chain.objects.values())
    print(f"{given.digests} digests, {given.logs} logs of {size / given.logs / 1e3:.0f} KB, {packed / 1e6:.0f} MB in S3")
    print(f"{dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}", flush=True)
    with tempfile.TemporaryDirectory() as folder, seaweedfs.running(Path(folder)) as server, cloudtrail(chain) as control:
        upload(server, chain)
        proxy = Proxy(server.endpoint_url)
        clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        environment = clean | server.environment() | {"AWS_ENDPOINT_URL_CLOUDTRAIL": control}
        del environment["AWS_ENDPOINT_URL"]
        both = commands(chain, given.digests)
        both = {given.only: both[given.only]} if given.only else both
        started: dict[str, list[Run]] = {name: [] for name in both}
        for _, name in itertools.product(range(given.runs), both):
            started[name].append(measured([both[name][0], "--version"], environment, server_cpu)[0])
        for name, of in started.items():
            print(f"start-up, `{name} --version`: {median(of, 'wall'):.2f} s wall, {median(of, 'cpu'):.2f} s CPU", flush=True)
        for latency in given.latency:
            proxy.delay = latency / 1000
            environment["AWS_ENDPOINT_URL_S3"] = proxy.url if latency else server.endpoint_url
            runs: dict[str, list[Run]] = {name: [] for name in both}
            for _, name in itertools.product(range(given.runs), both):
                proxy.requests = 0
                run, said = measured(both[name], environment, server_cpu)
                if not all_valid(name, said, chain):
                    raise SystemExit(f"{name} did not call everything valid: {said[-1500:]}")
                runs[name].append(replace(run, requests=proxy.requests if latency else None))
                print(f"  {latency} ms {name}: {runs[name][-1]}", file=sys.stderr, flush=True)
            if not given.only:
                compare(f"{latency} ms added to each request" if latency else "no added latency", runs, given.digests, given.logs)
        print(f"\nload at the end {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
