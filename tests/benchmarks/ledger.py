"""The ledger at the size of an organization: what a day's checkpoint costs, and coverage by the ledger against reading receipts.

    python -m tests.benchmarks.ledger [--units 620000] [--folder DIR] [--no-s3]

20 accounts × 17 Regions × as many days as make the units: 340 units a day, one in 33 with a second receipt; receipts of 24 slots
and 48 objects (20 KB). The archive is generated as it is asked for, keys, versions, ETags and bytes, so that CPU and memory are
the library's and no bucket of a million objects is needed; the ledger's own files are real, and kept for the next run.
Each measurement is a process of its own. Then, on a real S3 (SeaweedFS on loopback, 2,000 units in it): requests and seconds of
listing and of reading, from which the cost of reading every receipt follows by multiplication.
"""

import argparse
import contextlib
import datetime as dt
import hashlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from tests.ledger_world import receipt

from itemtrail.core import layout
from itemtrail.core.receipt import Counts
from itemtrail.errors import NotFound
from itemtrail.flows.coverage import coverage
from itemtrail.flows.ledger import append
from itemtrail.flows.ledger_coverage import Recorded, recorded
from itemtrail.flows.ledger_prove import prove
from itemtrail.flows.ledger_verify import verify
from itemtrail.model import ObjectInfo, ObjectVerdict, SlotVerdict, StoredObject, Unit, Verdict

ACCOUNTS = [f"{111122223300 + n}" for n in range(20)]
REGIONS = [f"{part}-{side}-{n}" for part in ("us", "eu", "ap") for side in ("east", "west", "north") for n in (1, 2)][:17]
FIRST = dt.date(2021, 11, 24)
AGE, REOPEN = dt.timedelta(hours=30), 30
_SECOND = 33  # one unit in so many has a second receipt


class Generated:
    """An archive of ``days`` days whose receipts are made when they are asked for; the ledger lies in ``folder``."""

    name = "s3://generated"

    def __init__(self, folder: Path, days: int) -> None:
        self._folder, self._days = folder, days
        self._body = _template()
        self.requests = 0

    def list(self, prefix: str, *, start_after: str = "") -> Iterator[ObjectInfo]:
        if not prefix.startswith("receipts/"):
            yield from self._ledger(prefix, start_after)
            return
        account, region, rest = _place(prefix)
        days = [dt.date.fromisoformat(rest)] if rest else self._since(start_after)
        for day in days:
            for key in _keys(Unit(account, region, day)):
                if key > start_after and key.startswith(prefix):
                    yield ObjectInfo(key, self._size(key), _at(day), _tag(key, "e"), _tag(key, "v"))
        self.requests += 1

    def list_prefixes(self, prefix: str) -> tuple[str, ...]:
        match prefix.count("/"):
            case 1 if prefix == "receipts/":
                return tuple(f"account={a}" for a in ACCOUNTS)
            case 2 if prefix.startswith("receipts/"):
                return tuple(f"region={r}" for r in REGIONS)
        return ()

    def read(self, key: str, *, version_id: str | None = None) -> StoredObject:
        self.requests += 1
        return StoredObject(key, self._bytes(key), {}, etag=_tag(key, "e"))

    def download(self, key: str, to: Path, *, version_id: str | None = None) -> str:
        body = self._bytes(key)
        to.write_bytes(body)
        return hashlib.sha256(body).hexdigest()

    def put_new(self, key: str, body: bytes | Path, *, locked: bool, content_type: str = "") -> bool:
        path = self._folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError), path.open("xb") as file:
            file.write(body if isinstance(body, bytes) else body.read_bytes())
            return True
        return False

    def _ledger(self, prefix: str, start_after: str) -> Iterator[ObjectInfo]:
        for path in sorted((self._folder / "ledger").glob("*")):
            key = f"ledger/{path.name}"
            if key.startswith(prefix) and key > start_after:
                yield ObjectInfo(key, path.stat().st_size, _at(FIRST))

    def _since(self, start_after: str) -> Iterator[dt.date]:
        first = start_after.partition("delivery_date=")[2][:10]
        skipped = (dt.date.fromisoformat(first) - FIRST).days if first else 0
        return (FIRST + dt.timedelta(days=n) for n in range(max(0, skipped), self._days))

    def _bytes(self, key: str) -> bytes:
        name = layout.parse_commit(key)
        if name is None:
            try:
                return (self._folder / key).read_bytes()
            except FileNotFoundError as error:
                raise NotFound(f"{key} does not exist.") from error
        unit, number, kind = name
        if kind == "plan":
            return b"{}"
        body = self._body.replace(b"@ACCOUNT", unit.account.encode()).replace(b"@REGION", unit.region.encode())
        body = body.replace(b"1999-12-31", str(unit.day).encode())
        if number:
            before = hashlib.sha256(self._bytes(layout.receipt_key(unit, 0))).hexdigest()
            return body.replace(b'"number":0', b'"number":1').replace(b'"previous":null', f'"previous":"{before}"'.encode())
        return body

    def _size(self, key: str) -> int:
        name = layout.parse_commit(key)
        if name is None or name[2] == "plan":
            return 2
        spare = self._body.count(b"@REGION") * (len(name[0].region) - len("@REGION"))
        spare += self._body.count(b"@ACCOUNT") * (12 - len("@ACCOUNT"))
        return len(self._body) + spare + (len('"') * 2 + 64 - len("null") if name[1] else 0)


def _template() -> bytes:
    unit = Unit("@ACCOUNT", "@REGION", dt.date(1999, 12, 31))
    hours = [dt.datetime(1999, 12, 31, n, tzinfo=dt.UTC) for n in range(24)]
    digest, hour = "AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/03/10/digest.json.gz", dt.timedelta(hours=1)
    slots = tuple(SlotVerdict(at, at + hour, Verdict.PROVEN, "OK", f"{at:%H}-{digest}") for at in hours)
    objects = tuple(ObjectVerdict(f"{n:02d}-{digest}", Verdict.PROVEN, "OK", "") for n in range(48))
    counts = Counts(slots=24, objects=48, inputs=72, records_in=12_000, rows=12_000, bytes_in=20_000_000, bytes_out=900_000)
    listed = {one.key: slots[0].object for one in objects}
    return replace(receipt(unit), slots=slots, objects=objects, counts=counts, listed_by=listed).to_json()


def _keys(unit: Unit) -> Iterator[str]:
    for number in range(2 if (unit.day.toordinal() + int(unit.account)) % _SECOND == 0 else 1):
        yield layout.plan_key(unit, number)
        yield layout.receipt_key(unit, number)


def _place(prefix: str) -> tuple[str, str, str]:
    parts = dict(part.split("=") for part in prefix.strip("/").split("/")[1:] if "=" in part)
    return parts["account"], parts["region"], parts.get("delivery_date", "")


def _tag(key: str, kind: str) -> str:
    return hashlib.blake2b(f"{kind}{key}".encode(), digest_size=16).hexdigest()


def _at(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(5), dt.UTC)


def units(days: int, only: int | None = None) -> tuple[Unit, ...]:
    """Units of the last ``only`` days, or of all."""
    kept = range(max(0, days - only) if only else 0, days)
    return tuple(Unit(a, r, FIRST + dt.timedelta(days=n)) for a in ACCOUNTS for r in REGIONS for n in kept)


def step(name: str, folder: Path, days: int) -> dict[str, object]:
    """One measurement, in this process."""
    store, now = Generated(folder, days), _at(FIRST + dt.timedelta(days=days))
    began, cpu, said = time.perf_counter(), time.process_time(), {}
    with tempfile.TemporaryDirectory(dir=folder) as room:
        match name:
            case "list":
                places = [layout.account_region(account, region) for account in ACCOUNTS for region in REGIONS]
                said = {"keys": sum(1 for place in places for _ in store.list(f"{layout.RECEIPTS}{place}"))}
            case "append":
                done = append(store, until=now, room=Path(room))  # type: ignore[arg-type]
                assert done.last is not None
                said = {"made": len(done.made), "added": sum(one.added for one in done.made), "leaves": done.last.leaves}
            case "coverage":
                due = units(days)
                known = recorded(store, due, now=now, reopen_days=REOPEN, room=Path(room))
                cells = coverage(store, due, now=now, max_age=AGE, expiry_days=90, recorded=known.lacks)
                said = {"units": len(cells), "late": sum(one.late for one in cells), "by the ledger": len(known.lacks)}
            case "receipts":
                due = units(days, 60)
                cells = coverage(store, due, now=now, max_age=AGE, expiry_days=90, recorded=Recorded().lacks)
                said = {"units": len(cells), "late": sum(one.late for one in cells)}
            case "verify":
                report = verify(store, room=Path(room))
                said = {"checkpoints": report.checkpoints, "findings": len(report.findings)}
            case "prove":
                proof = prove(store, layout.receipt_key(units(days)[12_345], 0), room=Path(room), since=1)
                said = {"path": len(proof.path), "consistency": len(proof.consistency)}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return said | {
        "wall s": round(time.perf_counter() - began, 1),
        "CPU s": round(time.process_time() - cpu, 1),
        "peak MB": round(peak),
        "requests": store.requests,
    }


def on_s3(count: int) -> dict[str, object]:
    """Seconds of listing and of reading ``count`` units on a real server."""
    from tests.seaweedfs import running

    from itemtrail.settings import ArchiveSettings

    generated = Generated(Path("/nonexistent"), 1)
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as server:
        server.bucket("archive", locked=True)
        settings = ArchiveSettings(bucket="archive", region="us-east-1", accounts=(), regions=(), retention_mode="NONE")
        store = server.connection().archive(settings)
        some = [Unit(ACCOUNTS[0], REGIONS[0], FIRST + dt.timedelta(days=n)) for n in range(count)]
        for unit in some:
            for key in (layout.plan_key(unit, 0), layout.receipt_key(unit, 0)):
                store.put_new(key, generated._bytes(key), locked=False)
        began, cpu = time.perf_counter(), time.process_time()
        listed = sum(1 for _ in store.list(layout.RECEIPTS))
        listing, parsing = time.perf_counter() - began, time.process_time() - cpu
        began = time.perf_counter()
        coverage(store, some, now=_at(FIRST), max_age=AGE, expiry_days=90)
        reading = time.perf_counter() - began
    return {
        "keys listed": listed,
        "ms a 1,000 keys": round(listing * 1e6 / listed, 1),
        "of that our CPU": round(parsing * 1e6 / listed, 1),
        "ms a unit read (16 at once)": round(reading * 1000 / count, 2),
    }


def main() -> None:
    """Make, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--units", type=int, default=620_000)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "itemtrail-ledger")
    parser.add_argument("--no-s3", action="store_true")
    parser.add_argument("--step", help=argparse.SUPPRESS)
    parser.add_argument("--days", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.step:
        print(json.dumps(step(arguments.step, arguments.folder, arguments.days)))
        return
    days = -(-arguments.units // (len(ACCOUNTS) * len(REGIONS)))
    folder = arguments.folder / str(days)
    folder.mkdir(parents=True, exist_ok=True)
    done = folder / "days"  # that the ledger in the folder holds: each run adds the next
    days = int(done.read_text()) if done.exists() else days
    for label, name, until in (
        ("the whole archive into the ledger (first run only)", "append", days),
        ("a day's checkpoint", "append", days + 1),
        ("of that, what the generator takes to list", "list", days + 1),
        ("the same again: nothing new", "append", days + 1),
        ("coverage by the ledger", "coverage", days + 1),
        ("coverage by receipts, the last 60 days alone", "receipts", days + 1),
        ("verify: chain, roots, listing", "verify", days + 1),
        ("prove one receipt", "prove", days + 1),
    ):
        command = [sys.executable, "-m", "tests.benchmarks.ledger", "--step", name, "--days", str(until), "--folder", str(folder)]
        said = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        done.write_text(str(until))
        print(f"{label}: " + ", ".join(f"{name} {value:,}" for name, value in said.items()), flush=True)
    size = sum(path.stat().st_size for path in (folder / "ledger").glob("*"))
    print(f"ledger: {len(list((folder / 'ledger').glob('*'))):,} objects, {size:,} bytes")
    if not arguments.no_s3:
        print("SeaweedFS: " + ", ".join(f"{name} {value:,}" for name, value in on_s3(2000).items()))


if __name__ == "__main__":
    main()
