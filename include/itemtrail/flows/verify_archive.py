"""An archive that proves itself: ledger, keys, receipts, originals, signatures, records; a bucket or a folder, and nothing else.

Decides: what the whole archive answers for (ledger, keys, archive.json, holds, strays, missing days), which units are looked at,
and what anchors them: a checkpoint that was kept elsewhere, or public keys from another source. Refuses to trust anything
but bytes: what the ledger holds must be there, what is there must be in a receipt. Units go one by one to a few threads.
"""

import datetime as dt
import threading
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from itemtrail.core import layout
from itemtrail.core.layout import Receipts
from itemtrail.core.verify import Answer, Code, Finding, UnitReport
from itemtrail.flows.verify_archive_list import Group, Name, Scope, places
from itemtrail.flows.verify_archive_other import Place, verify_holds, verify_other
from itemtrail.flows.verify_archive_root import Ledger, check_root, open_ledger, read_keys
from itemtrail.flows.verify_archive_unit import Bench, Leaf, verify_unit
from itemtrail.model import TrailRef, Unit
from itemtrail.ports.data import ObjectStore, PublicKeys

Take = Callable[[UnitReport], None]
_MOST_MISSING = 3660  # days of one account and Region
_FOLDERS = {Receipts.UNIT: "delivery_date", Receipts.STREAM: "table_name", Receipts.EVENT_HISTORY: "event_date"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be verified: dates from ``first`` to ``last`` (given, streams are left out), and nothing of ``skip``."""

    scope: Scope = field(default_factory=Scope)
    first: dt.date | None = None
    last: dt.date | None = None
    skip: Collection[Name] = frozenset()

    def holds(self, name: Name) -> bool:
        """Whether ``name`` is asked for."""
        if name in self.skip:
            return False
        if self.first is None and self.last is None:
            return True
        if name.kind is Receipts.STREAM:
            return False
        return (self.first or dt.date.min) <= dt.date.fromisoformat(name.name) <= (self.last or dt.date.max)


@dataclass(slots=True)
class ArchiveReport:
    """What was found of the archive as a whole. ``anchored_by``: the checkpoint kept elsewhere that the ledger holds."""

    checkpoint: int | None = None
    checkpoint_sha256: str | None = None
    anchored_by: int | None = None
    units: Counter[str] = field(default_factory=Counter)
    anchored: int = 0
    findings: list[Finding] = field(default_factory=list)
    found: Counter[Finding] = field(default_factory=Counter)  # of units: every code once is enough for an exit code
    bytes_read: int = 0
    originals: int = 0
    records: int = 0
    trails: set[TrailRef] = field(default_factory=set)  # of proven units


def verify_archive(
    archive: ObjectStore,
    *,
    room: Path,
    take: Take,
    asked: Asked = Asked(),
    kept: Collection[str] = (),
    trusted: PublicKeys | None = None,
    workers: int = 2,
    max_bytes: int = 512 << 20,
    progress: Callable[[int], None] = lambda _: None,
) -> ArchiveReport:
    """Verify what is asked for.

    Args:
        archive: the archive; its keys are below its root.
        room: an empty folder for copies: the ledger, and a unit's commit a worker.
        take: is given each unit's report as it is ready.
        asked: what to verify.
        kept: SHA-256 of checkpoints that were kept elsewhere.
        trusted: public keys from another source; None believes the archived ones.
        workers: units at once.
        max_bytes: the largest inflated log file.
        progress: is told how many units are done.

    Raises:
        SourceUnavailable: a listing failed: nothing is concluded.
    """
    report = ArchiveReport()
    ledger = open_ledger(archive, room, kept)
    keys = read_keys(archive, trusted)
    report.findings += [*ledger.findings, *keys.findings, *verify_holds(archive)]
    report.checkpoint, report.checkpoint_sha256 = ledger.number, ledger.sha256
    report.anchored_by = ledger.anchored
    bench = Bench(archive, room, keys.by_region, keys.names, keys.damaged, trusted is not None, ledger.anchored, max_bytes)
    strays: list[str] = []
    for done, one in enumerate(_each(_work(bench, asked, ledger, strays), workers, bench.stop), start=1):
        _count(report, one)
        take(one)
        progress(done)
    report.findings += check_root(archive, report.trails)
    report.findings += [Finding(Code.EXTRA_OBJECT, key) for key in strays]
    report.findings = list(dict.fromkeys(report.findings))
    return report


def count_units(archive: ObjectStore, asked: Asked) -> int:
    """How many units there are to verify, by their receipts' folders."""
    total, last = 0, ""
    for info in archive.list(f"{layout.RECEIPTS}account={asked.scope.account}/" if asked.scope.account else layout.RECEIPTS):
        found = layout.parse_commit(info.key)
        folder = info.key.rpartition("/")[0]
        if found and folder != last and asked.scope.holds(found[0].account, found[0].region):
            total += asked.holds(Name(Receipts.UNIT, found[0].account, found[0].region, str(found[0].day)))
            last = folder
    return total


def _work(bench: Bench, asked: Asked, ledger: Ledger, strays: list[str]) -> Iterator[Callable[[], UnitReport]]:
    """One piece of work a unit, place by place; the ledger's places that are not in the archive come last."""
    left = {place for place in ledger.places if asked.scope.holds(*place)}
    for account, region, groups in places(bench.archive, asked.scope, strays):
        left.discard((account, region))
        yield from _of_place(bench, asked, groups, ledger.leaves(account, region))
    for account, region in sorted(left):
        yield from _of_place(bench, asked, {}, ledger.leaves(account, region))


def _of_place(
    bench: Bench, asked: Asked, groups: dict[Name, Group], leaves: Mapping[Name, Mapping[str, Leaf]]
) -> Iterator[Callable[[], UnitReport]]:
    names = sorted({*groups, *leaves})
    for name in [*names, *_missing_days(names)]:
        if asked.holds(name):
            listed = frozenset(groups[name].keys) if name in groups else frozenset[str]()
            yield _piece(bench, name, listed, leaves.get(name, {}))


def _piece(bench: Bench, name: Name, listed: frozenset[str], leaves: Mapping[str, Leaf]) -> Callable[[], UnitReport]:
    if not listed and not leaves:
        finding = Finding(
            Code.DAY_MISSING, f"{layout.RECEIPTS}{layout.account_region(name.account, name.region)}delivery_date={name.name}/"
        )
        return lambda: UnitReport(str(name.kind), name.account, name.region, name.name, Answer.UNPROVABLE, findings=(finding,))
    if name.kind is Receipts.UNIT:
        unit = Unit(name.account, name.region, dt.date.fromisoformat(name.name))
        return lambda: verify_unit(bench, unit, listed, leaves)
    folder = f"{name.kind}/{layout.account_region(name.account, name.region)}{_FOLDERS[name.kind]}={name.name}/"
    return lambda: verify_other(bench, Place(name.kind, name.account, name.region, name.name, folder), listed, leaves)


def _missing_days(names: Sequence[Name]) -> Iterator[Name]:
    """Days without a unit, between the first and the last that there are; the first ten years of them."""
    days = {dt.date.fromisoformat(one.name): one for one in names if one.kind is Receipts.UNIT}
    if not days:
        return
    first, last = min(days), max(days)
    like = days[first]
    every = (first + dt.timedelta(days=number) for number in range((last - first).days))
    for day in islice((day for day in every if day not in days), _MOST_MISSING):
        yield Name(Receipts.UNIT, like.account, like.region, day.isoformat())


def _each(work: Iterator[Callable[[], UnitReport]], workers: int, stop: threading.Event) -> Iterator[UnitReport]:
    """The reports in the order of the work; on any exception, Ctrl-C among them, what runs is told to end."""
    waiting: deque[Future[UnitReport]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="verify") as pool:
        try:
            for piece in work:
                waiting.append(pool.submit(piece))
                if len(waiting) > workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            stop.set()
            for future in waiting:
                future.cancel()


def _count(report: ArchiveReport, one: UnitReport) -> None:
    report.units[str(one.answer)] += 1
    report.anchored += one.anchored
    report.bytes_read += one.bytes_read
    if one.trail and one.answer is Answer.PROVEN:
        report.trails.add(one.trail)
    report.originals += one.originals
    report.records += one.records
    for finding in one.findings:
        report.found[Finding(finding.code, "", "", finding.said)] += 1
