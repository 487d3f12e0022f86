"""The join of who and what: how fast, and how often it is right, on the frozen simulator (tests/history_world.py).

    python -m tests.benchmarks.history [--writes 20000] [--speed-writes 200000] [--seeds 2] [--skip-speed]

Speed: CPU time of this process for one table, from Arrow tables to an Arrow table, best of three; the difference of the images
(`diff`) is timed apart, because it is done once a change whoever made it. Two mixes: calls of one item, and everything the
simulator knows. Its calls hardly ever have the same shape twice, which an application's do.

Precision: of the rows that name an event, how many name the one that made the record, by match confidence, with the 95 %
confidence interval (Wilson), over clock skew × hot-key rate × removed events or records. "named" is the share of all changes by a
call that got a name; "found" the removed events and records that show as a finding or as AMBIGUOUS, of those removed.
"""

import argparse
import gc
import math
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.history_world import TABLE, Workload, World, simulate

from itemtrail.core import join_rows
from itemtrail.core.change_schema import Match
from itemtrail.core.join import join

NAMING = (Match.UNIQUE, Match.ORDERED)
SKEWS, HOT, REMOVED = (0, 1, 2, 5), (0.0, 0.1, 0.5), ("nothing", "events", "records")


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--writes", type=int, default=20_000, help="calls of each simulated world (default 20000)")
    parser.add_argument("--speed-writes", type=int, default=200_000, help="calls of the world that is timed (default 200000)")
    parser.add_argument("--seeds", type=int, default=2, help="worlds for each line (default 2)")
    parser.add_argument("--window", type=int, default=2, help="history.window_seconds (default 2)")
    parser.add_argument("--skip-speed", action="store_true")
    arguments = parser.parse_args()
    if not arguments.skip_speed:
        speed(arguments.speed_writes)
    precision(arguments.writes, arguments.seeds, arguments.window)


def speed(writes: int) -> None:
    """Changes a second and core."""
    print("| mix | changes | join, µs a change | diff, µs a change | changes/s without diff | with diff |")
    print("|---|---:|---:|---:|---:|---:|")
    usual: dict[str, Any] = {"writes": writes, "items": writes, "seconds": 80_000.0, "skew": 1}
    for name, more in (("put, update, delete", {"only": ("put", "update", "delete")}), ("everything", {})):
        world = simulate(Workload(**usual, **more))
        changes = world.records.num_rows
        gc.collect()
        gc.freeze()  # the simulator's own objects are not the join's to look through
        total, diffs = min(_timed(world) for _ in range(3))
        each, of_it = total / changes * 1e6, diffs / changes * 1e6
        rates = f"{changes / (total - diffs):,.0f} | {changes / total:,.0f}"
        print(f"| {name} | {changes:,} | {each - of_it:.2f} | {of_it:.2f} | {rates} |", flush=True)
    print()


def _timed(world: World) -> tuple[float, float]:
    start = time.process_time()
    rows = join(world.records, world.events, table_arn=TABLE)
    middle = time.process_time()
    join_rows.diffs(rows["old_image"], rows["new_image"])
    return middle - start, time.process_time() - middle


@dataclass
class Tally:
    """What the rows of some worlds amount to."""

    named: Counter[Match] = field(default_factory=Counter)
    right: Counter[Match] = field(default_factory=Counter)
    rows: Counter[Match] = field(default_factory=Counter)
    made: int = 0
    removed: int = 0
    found: int = 0

    def add(self, world: World, rows: list[dict[str, Any]]) -> None:
        """Count one world."""
        self.made += sum(1 for maker in world.maker.values() if maker is not None)
        by_record = {row["sequence_number"]: row for row in rows if row["sequence_number"]}
        alone = {(row["event_id"], row["item_key"]): row for row in rows if row["event_id"] and not row["sequence_number"]}
        calls = {number: call for call, number in world.made.items() if number}
        listed = {one["event_id"] for row in rows for one in row["candidates"]}
        for row in rows:
            match = Match(row["match_confidence"])
            self.rows[match] += 1
            if match in NAMING:
                self.named[match] += 1
                self.right[match] += world.maker[row["sequence_number"]] == row["event_id"]
        unsure = (Match.STREAM_ONLY_UNEXPLAINED, Match.AMBIGUOUS)
        for number, maker in world.maker.items():
            if maker in world.removed_events and number in by_record:
                self.removed += 1
                self.found += by_record[number]["match_confidence"] in unsure
        for number in world.removed_records:
            maker = world.maker[number]
            if maker is not None and maker not in world.removed_events:
                self.removed += 1
                row = alone.get(calls[number])
                self.found += maker in listed if row is None else row["match_confidence"] == Match.TRAIL_ONLY_LOST


def precision(writes: int, seeds: int, window: int) -> None:
    """The table."""
    head = "UNIQUE n | right | 95 % | ORDERED n | right | 95 % | AMBIGUOUS | unexplained | named | removed | found |"
    print(f"window {window} s, {writes:,} calls × {seeds} worlds a line\n")
    print(f"| skew s | hot | removed | {head}")
    print("|---:|---:|---|" + "---:|" * 11)
    for skew in SKEWS:
        for hot in HOT:
            for removed in REMOVED:
                print(f"| {skew} | {hot:.0%} | {removed} | {_line(Line(skew, hot, removed), writes, seeds, window)}", flush=True)


@dataclass(frozen=True)
class Line:
    """What differs from line to line."""

    skew: int
    hot: float
    removed: str

    def world(self, seed: int, writes: int) -> World:
        """A world of that kind."""
        lost = (
            {"lost_events": 0.001} if self.removed == "events" else {"lost_records": 0.001} if self.removed == "records" else {}
        )
        shape: dict[str, Any] = {"writes": writes, "items": writes // 2, "seconds": 80_000.0}
        return simulate(Workload(seed=1000 + seed, hot_share=self.hot, skew=self.skew, **shape, **lost))


def _line(line: Line, writes: int, seeds: int, window: int) -> str:
    tally = Tally()
    for seed in range(seeds):
        world = line.world(seed, writes)
        tally.add(world, join(world.records, world.events, table_arn=TABLE, window_seconds=window).to_pylist())
    cells = [cell for match in NAMING for cell in _cells(tally.right[match], tally.named[match])]
    share = sum(tally.named.values()) / tally.made
    rest = [f"{tally.rows[Match.AMBIGUOUS]:,}", f"{tally.rows[Match.STREAM_ONLY_UNEXPLAINED]:,}", f"{share:.1%}"]
    return " | ".join([*cells, *rest, str(tally.removed), str(tally.found)]) + " |"


def _cells(right: int, named: int) -> Iterator[str]:
    low, high = wilson(right, named)
    yield from (f"{named:,}", f"{right / named:.3%}" if named else "", f"{low:.3%}–{high:.3%}" if named else "")


def wilson(right: int, named: int, z: float = 1.959964) -> tuple[float, float]:
    """The 95 % interval of a share."""
    if not named:
        return 0.0, 1.0
    share, square = right / named, z * z
    middle = share + square / (2 * named)
    spread = z * math.sqrt(share * (1 - share) / named + square / (4 * named * named))
    return max(0.0, (middle - spread) / (1 + square / named)), min(1.0, (middle + spread) / (1 + square / named))


if __name__ == "__main__":
    main()
