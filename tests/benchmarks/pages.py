"""Pages: how soon the calendar of twenty accounts and Regions is painted, and whether Airflow's own API notices page requests.

A real api-server, the documents of 20 accounts × 17 Regions × five years and two units with receipts in a real S3 (SeaweedFS) on
loopback. Prints; asserts nothing. Run: `make bench-pages`.
"""

import argparse
import datetime as dt
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

from tests import browser, seaweedfs
from tests.archive_world import ArchiveWorld

from itemtrail.core import layout
from itemtrail.core.coverage_book import Found, Mark, books
from itemtrail.model import Unit
from itemtrail_airflow import guard, standalone

ACCOUNTS = [f"{number:012d}" for number in range(111122223333, 111122223353)]
REGIONS = [
    *(f"{place}-{number}" for place in ("us-east", "us-west", "eu-central", "ap-south", "ca-central") for number in (1, 2)),
    *(f"eu-west-{number}" for number in (1, 2, 3)),
    "eu-north-1",
    "eu-south-1",
    "sa-east-1",
    "ap-northeast-1",
]
YEARS = 5
REQUESTS = 60
CONFIGURATION = """
[trail]
name = "bench"
account = "111122223333"
home_region = "us-east-1"
bucket = "trail-bucket"
[archive]
bucket = "archive"
region = "us-east-1"
accounts = {accounts}
regions = {regions}
"""


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10, help="that the API is asked while idle")
    parser.add_argument("--pictures", type=Path, help="a folder for pictures of what was painted")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="itemtrail-pages-") as name:
        folder = Path(name)
        with seaweedfs.running(folder) as store, api_server(folder, store) as (url, group):
            documents = fill(folder, store)
            print(f"{len(ACCOUNTS)} accounts × {len(REGIONS)} Regions × {YEARS} years: {documents}")
            paint(url, arguments.pictures)
            latency(url, group, arguments.seconds)
    return 0


def fill(folder: Path, store: seaweedfs.SeaweedFS) -> str:
    """Put documents and two real units; a line of what there is."""
    client, now = store.client(), dt.datetime.now(dt.UTC)
    first = dt.date(now.year - YEARS + 1, 1, 1)
    sizes = []
    for account in ACCOUNTS:
        for book in books(_found(account, first, now.date()), made=now, first=first, basis="by ledger checkpoint 1,826 of today"):
            body = book.to_json()
            client.put_object(Bucket="archive", Key=layout.coverage_key(account, book.year), Body=body)
            sizes.append(len(body))
    world = ArchiveWorld(folder / "spool")
    world.spool.mkdir()
    world.run()
    for key in world.archive.keys(""):
        client.put_object(Bucket="archive", Key=key, Body=world.archive.body(key))
    return f"{len(sizes)} documents, {sum(sizes) / len(sizes):,.0f} bytes each"


def _found(account: str, first: dt.date, today: dt.date) -> Iterator[Found]:
    """One unit in forty is not simply proven, others for each account."""
    marks = itertools.cycle([Mark.PROVEN] * 37 + [Mark.QUARANTINED, Mark.FINDINGS, Mark.MISSING] + [Mark.PROVEN] * 143)
    for _ in range(int(account) % 40):
        next(marks)
    for region in REGIONS:
        for n in range((today - first).days):
            mark = next(marks)
            says = "" if mark is Mark.PROVEN else "DISPROVEN: 1 × HASH_MISMATCH (AWSLogs/111122223333/CloudTrail/…)"
            yield Found(Unit(account, region, first + dt.timedelta(days=n)), mark, says)


@contextmanager
def api_server(folder: Path, store: seaweedfs.SeaweedFS) -> Iterator[tuple[str, int]]:
    """A real `airflow api-server` whose pages read ``store``; its address and process group."""
    store.bucket("archive")
    config = folder / "itemtrail.toml"
    config.write_text(CONFIGURATION.format(accounts=json.dumps(ACCOUNTS), regions=json.dumps(REGIONS)))
    connections = {"itemtrail_auditor": store.environment()}
    variables = standalone.standalone_environment(folder / "airflow", connections, config=config)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")} | variables
    command = [sys.executable, "-m", "airflow"]

    subprocess.run([*command, "db", "migrate"], env=environment, check=True, capture_output=True, timeout=300)
    subprocess.run([*command, "dags", "reserialize"], env=environment, check=True, capture_output=True, timeout=300)
    process = guard.start([*command, "api-server"], environment, folder / "api.log")
    try:
        url = environment["AIRFLOW__API__BASE_URL"]
        end = time.monotonic() + 180
        while time.monotonic() < end:
            with suppress(OSError):
                ask(f"{url}/api/v2/version")
                break
            time.sleep(0.5)
        yield url, process.pid
    finally:
        guard.stop(process)


def ask(url: str) -> tuple[int, float, int]:
    """Status, seconds and bytes of one request."""
    begin = time.perf_counter()
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            size = len(answer.read())
            return answer.status, time.perf_counter() - begin, size
    except urllib.error.HTTPError as error:
        return error.code, time.perf_counter() - begin, len(error.read())


def paint(url: str, pictures: Path | None) -> None:
    """First paint of the calendar in Chromium: the first request of the process, then others."""
    year = dt.datetime.now(dt.UTC).year
    print("\npage                                   status   server ms    HTML bytes   sent bytes   first paint ms   loaded ms")
    pages = {
        "calendar, first request of the process": f"/itemtrail/coverage?year={year - 1}",
        "calendar, a whole year × 20 rows": f"/itemtrail/coverage?year={year - 1}",
        "calendar, this year × 20 rows": "/itemtrail/coverage",
        "calendar, filtered over all 340 rows": f"/itemtrail/coverage?year={year - 1}&state=findings",
        "a day of 340 units": f"/itemtrail/coverage/day/{year - 1}-06-01",
        "a unit with its receipts": "/itemtrail/coverage/111122223333/us-east-1/2026-03-10",
    }
    with browser.opened() as page:
        page.size(1280, 900)
        for name, path in pages.items():
            status, seconds, size = ask(url + path)
            page.go(url + path)
            page.until("performance.getEntriesByType('paint').some(one => one.name === 'first-contentful-paint')")
            one = "performance.getEntriesByType('navigation')[0]"
            first = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
            seen = page.run(f"[{first}, {one}.loadEventEnd, {one}.encodedBodySize]")
            print(f"{name:38} {status:6} {seconds * 1000:11.0f} {size:13,} {seen[2]:12,} {seen[0]:16.0f} {seen[1]:11.0f}")
            if pictures:
                page.picture(pictures / f"{name.replace(' ', '_').replace(',', '')}.png")


def latency(url: str, group: int, seconds: float) -> None:
    """Airflow's own API, idle, while sixty page requests run, and idle again."""
    year = dt.datetime.now(dt.UTC).year
    paths = [
        f"/itemtrail/coverage?year={year - 1}",
        "/itemtrail/coverage?page=2",
        f"/itemtrail/coverage?year={year - 2}&state=findings",
        "/itemtrail/coverage/111122223333/us-east-1/2026-03-10",
        f"/itemtrail/coverage/day/{year - 1}-06-01",
    ]
    rows = [("idle", *polled(url, group, lambda: time.sleep(seconds)))]

    def burst() -> None:
        with ThreadPoolExecutor(REQUESTS) as pool:
            answers.extend(pool.map(lambda n: ask(url + paths[n % len(paths)]), range(REQUESTS)))

    answers: list[tuple[int, float, int]] = []
    rows.append((f"{REQUESTS} page requests at once", *polled(url, group, burst)))
    rows.append(("idle again", *polled(url, group, lambda: time.sleep(seconds))))
    print("\nGET /api/v2/dags                requests      p50 ms      p95 ms      max ms   seconds   server CPU s")
    for name, times, took, used in rows:
        cut = statistics.quantiles(times, n=20)[18] if len(times) > 1 else times[0]
        middle, most = statistics.median(times), max(times)
        print(f"{name:30} {len(times):9} {middle:11.1f} {cut:11.1f} {most:11.1f} {took:9.1f} {used:14.1f}")
    by_status = {status: sum(one[0] == status for one in answers) for status in sorted({one[0] for one in answers})}
    slowest = max(one[1] for one in answers)
    print(f"pages answered {by_status}, the slowest after {slowest:.1f} s")


def polled(url: str, group: int, meanwhile: Callable[[], object]) -> tuple[list[float], float, float]:
    """Milliseconds of each of many API requests, one after the other, while ``meanwhile`` runs; how long that took, and the
    server's CPU seconds."""
    done, times = threading.Event(), []

    def poll() -> None:
        while not done.is_set():
            times.append(ask(f"{url}/api/v2/dags?limit=20")[1] * 1000)
            time.sleep(0.02)

    thread = threading.Thread(target=poll)
    ask(f"{url}/api/v2/dags?limit=20")
    begin, used = time.perf_counter(), cpu_seconds(group)
    thread.start()
    meanwhile()
    took = time.perf_counter() - begin
    done.set()
    thread.join()
    return times, took, cpu_seconds(group) - used


def cpu_seconds(group: int) -> float:
    """Of every process of a group until now."""
    fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in guard.members(group)]
    return sum(int(one[11]) + int(one[12]) for one in fields) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    sys.exit(main())
