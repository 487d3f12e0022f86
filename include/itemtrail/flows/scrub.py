"""The scrub: the archive verified piece by piece, day after day, what was verified longest ago first.

Decides: which units a run verifies (never verified first, then by age, within a budget of stored bytes, at least one), what of
its findings is news for whoever keeps the archive, and that a run's record is put before anything is said of it. The checkpoint
of the last record must still be in the ledger. Refuses to read more than the budget, a unit that was begun apart, and to
call bad what lies in a Glacier class. Records lie below ``verifications/``, each put once; they are no evidence.
"""

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from itemtrail import __version__
from itemtrail.core import layout
from itemtrail.core.plan import canonical, decode
from itemtrail.core.verify import Code, Finding, UnitReport
from itemtrail.errors import EvidenceError
from itemtrail.flows.verify_archive import ArchiveReport, Asked, verify_archive
from itemtrail.flows.verify_archive_list import Name, Scope, places
from itemtrail.ports.data import ArchiveStore, ObjectStore

MOST_FINDINGS = 1000  # that a record lists; it counts all
_THREADS = 16
# What other alarms are for, and what only waits: the unit's own day told it, or it is cold.
_NO_NEWS = {Code.AS_ARCHIVED, Code.NOT_YET_COMPLETE, Code.OPEN_PLAN, Code.TAIL_UNSEEN, "COLD"}


@dataclass(frozen=True, slots=True)
class Line:
    """A finding as a record holds it. ``unit`` is empty for one of the archive itself."""

    unit: str
    code: str
    key: str
    detail: str
    blind: bool

    @property
    def is_news(self) -> bool:
        """Whether whoever keeps the archive must hear of it from the scrub."""
        return self.code not in _NO_NEWS

    def __str__(self) -> str:
        where = f"{self.unit}: " if self.unit else ""
        return (
            f"{where}{'could not look: ' if self.blind else ''}{self.code} {self.key}{f': {self.detail}' if self.detail else ''}"
        )


@dataclass(frozen=True, slots=True)
class Verification:
    """The record of one run. ``units``: answer by unit; ``waiting``: how many were not verified by this run.

    ``oldest``: when the one that has waited longest was verified, None where some never were. ``cold``: units with originals in a
    Glacier class, of which everything else was verified.
    """

    at: dt.datetime
    package: str
    checkpoint: int | None
    checkpoint_sha256: str | None
    units: Mapping[str, str]
    waiting: int
    oldest: dt.datetime | None
    cold: int
    bytes_read: int
    findings: tuple[Line, ...]
    findings_total: int
    layout: int = 1
    kind: str = "verification"

    @property
    def key(self) -> str:
        """Where it lies."""
        return layout.verification_key(self.at)


@dataclass(frozen=True, slots=True)
class _Chosen:
    names: frozenset[Name]
    skipped: frozenset[Name]
    oldest: dt.datetime | None


def scrub(
    archive: ArchiveStore,
    *,
    now: dt.datetime,
    room: Path,
    budget: int | None,
    workers: int = 2,
    max_bytes: int = 512 << 20,
    progress: Callable[[str], None] = lambda _: None,
) -> Verification:
    """Verify what was verified longest ago, put the record, return it.

    Args:
        archive: the archive.
        now: aware UTC; names the record.
        room: an empty folder.
        budget: stored bytes to read; None for all.
        workers: units at once.
        max_bytes: the largest inflated log file.
        progress: is told what is done.

    Raises:
        SourceUnavailable: a listing failed; nothing is concluded, nothing was put.
    """
    before = read_records(archive)
    chosen = _choose(archive, _last(before), budget)
    progress(f"{len(chosen.names)} units, {len(chosen.skipped)} wait")
    units: dict[str, str] = {}
    lines: list[Line] = []
    cold: set[str] = set()

    def take(one: UnitReport) -> None:
        units[f"{one.kind}/{one.place}"] = str(one.answer)
        lines.extend(_lines(f"{one.kind}/{one.place}", one.findings))
        cold.update(one.place for finding in one.findings if finding.code == "COLD")
        if len(units) % 100 == 0:
            progress(f"{len(units)} of {len(chosen.names)} units")

    kept = [before[-1].checkpoint_sha256] if before and before[-1].checkpoint_sha256 else []
    report = verify_archive(
        archive, room=room, take=take, asked=Asked(skip=chosen.skipped), kept=kept, workers=workers, max_bytes=max_bytes
    )
    made = _record(now, report, chosen, units, [*_lines("", report.findings), *lines], len(cold))
    archive.put_new(made.key, canonical(made), locked=False, content_type="application/json")
    return made


def read_records(archive: ObjectStore) -> list[Verification]:
    """What earlier runs found, in order of time; what is not a record is passed over: it is no evidence."""
    keys = [info.key for info in archive.list(layout.VERIFICATIONS)]
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="records") as pool:
        found = [one for one in pool.map(lambda key: _read(archive, key), keys) if one]
    return sorted(found, key=lambda one: one.at)


def _read(archive: ObjectStore, key: str) -> Verification | None:
    try:
        return decode(archive.read(key).body, Verification, key=key)
    except EvidenceError:
        return None


def _last(records: Iterable[Verification]) -> dict[str, dt.datetime]:
    """When each unit was verified last."""
    return {name: one.at for one in records for name in one.units}


def _choose(archive: ObjectStore, last: Mapping[str, dt.datetime], budget: int | None) -> _Chosen:
    """The units of this run: never verified first, then the longest ago, until the budget is spent."""
    strays: list[str] = []
    found = [(name, group.size) for _, _, groups in places(archive, Scope(), strays) for name, group in groups.items()]
    never = dt.datetime.min.replace(tzinfo=dt.UTC)
    found.sort(key=lambda pair: (last.get(str(pair[0]), never), pair[0].name, pair[0]))
    names: list[Name] = []
    left = budget
    for name, size in found:
        if left is not None and names and size > left:
            break
        names.append(name)
        left = None if left is None else left - size
    rest = [name for name, _ in found[len(names) :]]
    oldest = last.get(str(rest[0])) if rest else None
    return _Chosen(frozenset(names), frozenset(rest), oldest)


def _record(
    now: dt.datetime, report: ArchiveReport, chosen: _Chosen, units: Mapping[str, str], lines: Collection[Line], cold: int
) -> Verification:
    ordered = sorted(lines, key=lambda one: (not one.is_news, one.blind))
    return Verification(
        at=now.replace(microsecond=0),
        package=__version__,
        checkpoint=report.checkpoint,
        checkpoint_sha256=report.checkpoint_sha256,
        units=dict(units),
        waiting=len(chosen.skipped),
        oldest=chosen.oldest,
        cold=cold,
        bytes_read=report.bytes_read,
        findings=tuple(ordered[:MOST_FINDINGS]),
        findings_total=len(ordered),
    )


def _lines(unit: str, findings: Iterable[Finding]) -> Iterable[Line]:
    return (Line(unit, str(one.code), one.key, one.detail, one.could_not_look) for one in findings)


def document(made: Verification) -> dict[str, Any]:
    """What a task hands on: numbers and the findings that are news."""
    news = [one for one in made.findings if one.is_news]
    words = (
        f"{len(made.units)} units verified, {made.waiting} wait, {made.cold} with cold originals, {made.bytes_read:,} bytes read"
    )
    return {
        "key": made.key,
        "summary": words,
        "news": [
            {"says": str(one), "what": [one.unit, one.code, one.key], "verdict": str(Finding(one.code, one.key).verdict)}
            for one in news
        ],
    }
