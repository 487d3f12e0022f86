"""How long a pack of 100 calls takes to make and to check, on one day of 10,000 logged calls.

python -m tests.benchmarks.evidence
"""

import datetime as dt
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.evidence_world import DAY, HOUR, EvidenceWorld, Write

from itemtrail.flows.evidence_verify import verify

MINUTE = dt.timedelta(minutes=1)


def main() -> None:
    """Print seconds, bytes and reads."""
    begin = dt.datetime.combine(DAY, dt.time(2), dt.UTC)
    asked = [Write(begin + number * 10 * MINUTE, f"E-{number}", "ana", number) for number in range(100)]
    others = [Write(begin + number * MINUTE / 10, f"X-{number}", "bot", number) for number in range(10_000)]
    last = Write(begin + 20 * HOUR, "E-1018", "zed", 1)
    with tempfile.TemporaryDirectory() as room:
        world = EvidenceWorld(Path(room), sorted([*asked, *others, last], key=lambda one: (one.at, one.by)))
        world.archive.reads.clear()
        start = time.perf_counter()
        pack = world.pack(by="ana", table="")
        made = time.perf_counter()
        found = verify(pack.folder)
        checked = time.perf_counter()
    reads = Counter(key.partition("/")[0] for key in world.archive.reads)
    print(f"{len(pack.index.events)} calls proven in a pack of {pack.size:,} bytes; good: {found.good}")
    print(f"made in {made - start:.2f} s, checked in {checked - made:.2f} s; objects read: {dict(sorted(reads.items()))}")


if __name__ == "__main__":
    main()
