"""Exporting CloudTrail's event history: management events of accounts or periods without a trail, as an unproven source.

Decides: a unit is an account, a Region and a day of events; a commit asks for one window of it, from where the last commit ended
to what is settled by now; every part is put as soon as it is read, so that a run that was killed goes on from the last one; what
the archive holds is what is converted. Two writers share plan and parts (create-only) and end in the same content. Refuses to
close a day that is still moving, to pass over what is older than 90 days in silence, and to prove: there are no digests.
Commit protocol: docs/design.md, "The archive"; docs/adr/0095.
"""

import datetime as dt
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from itemtrail.core import layout
from itemtrail.core.event_history import Part, Window, askable, day_window, decode, encode, seconds_left
from itemtrail.core.event_history_plan import EventHistoryPlan, EventHistoryReceipt, StoredPart, make_receipt
from itemtrail.core.plan import sha256
from itemtrail.errors import EvidenceError, ItemtrailError
from itemtrail.flows.archive_root import versions
from itemtrail.flows.event_history_ask import PAGES, Pacer, Reader, StoppedError
from itemtrail.flows.event_history_convert import convert
from itemtrail.flows.event_history_state import Exported, State, UnitHistory, load, read_plan, state
from itemtrail.model import Unit
from itemtrail.ports.data import ArchiveStore
from itemtrail.ports.event_history import EventHistory
from itemtrail.settings import Settings

_TOLD_EVERY = 20  # requests

__all__ = ["Exported", "Pacer", "State", "export_days", "export_unit"]


def export_unit(
    unit: Unit,
    *,
    source: EventHistory,
    archive: ArchiveStore,
    settings: Settings,
    pacer: Pacer,
    now: Callable[[], dt.datetime],
    spool: Path,
    stop: Callable[[], bool] = lambda: False,
    progress: Callable[[str], None] = lambda _: None,
) -> Exported:
    """Bring the archive up to date with one unit; returns what it holds of it now.

    Args:
        unit: account, Region and the day of events (UTC).
        source: the event history of that account in that Region.
        archive: where it goes.
        settings: limits of the conversion.
        pacer: of that account and Region; units of one share it.
        now: the time, UTC.
        spool: a folder for what is being made; empty again afterwards.
        stop: whether the run is to end. Every part read until then is kept, and the next run goes on from there.
        progress: one line for people.

    Raises:
        EvidenceError: the archive holds something that contradicts the plan or its own receipts.
        AccessDenied, ConfigurationError, SourceUnavailable: run it again when that is mended; it goes on from where it was.
    """
    work = _Work(unit, source, archive, settings, pacer, now, spool, stop, progress)
    history = load(archive, unit)
    if history.open_plan:
        progress(f"{unit}: going on with commit {history.next_number}, {history.open_plan.window}")
        if work.finish(history.open_plan, history):
            history = load(archive, unit)
    if not history.open_plan and (plan := work.plan(history)):
        work.finish(plan, history)
    return state(load(archive, unit), now=now(), stopped=stop())


def export_days(
    account: str, region: str, days: Iterable[dt.date], export: Callable[[Unit], Exported]
) -> Iterator[tuple[Unit, Exported | ItemtrailError]]:
    """Export the days of one account and Region, the oldest first: it is the next to be lost.

    ``export`` is ``export_unit`` with all but the unit given. Evidence that contradicts itself stops its own day alone; any other
    error would meet every day, and ends this. After a stop the days that are left are told as they are.
    """
    for day in sorted(days):
        unit = Unit(account, region, day)
        try:
            yield unit, export(unit)
        except ItemtrailError as error:
            yield unit, error
            if not isinstance(error, EvidenceError):
                return


@dataclass(frozen=True, slots=True)
class _Work:
    """One unit's run."""

    unit: Unit
    source: EventHistory
    archive: ArchiveStore
    settings: Settings
    pacer: Pacer
    now: Callable[[], dt.datetime]
    spool: Path
    stop: Callable[[], bool]
    progress: Callable[[str], None]

    def finish(self, plan: EventHistoryPlan, history: UnitHistory) -> bool:
        """Read what the plan lacks yet, convert, commit; False where the run is to end before."""
        try:
            parts = self._parts(plan)
        except StoppedError:
            return False
        self._commit(plan, parts, history)
        return True

    def plan(self, history: UnitHistory) -> EventHistoryPlan | None:
        """The next commit, put create-only; None where nothing can be asked for now."""
        day = day_window(self.unit.day)
        window = askable(Window(history.covered_until or day.start, day.end), self.now())
        if not window or self.stop():
            return None
        plan = EventHistoryPlan(self.unit, history.next_number, history.last_sha256, versions(self.settings), window)
        key = layout.event_history_plan_key(self.unit, plan.number)
        if self.archive.put_new(key, plan.to_json(), locked=True, content_type="application/json"):
            return plan
        return read_plan(self.archive, self.unit, plan.number)  # another writer's: its window is read

    def _parts(self, plan: EventHistoryPlan) -> list[StoredPart]:
        """Every part of the commit: those that are there, then those that are read now."""
        parts: list[StoredPart] = []
        folder = layout.event_history_pages_folder(self.unit, plan.number)
        there = {info.key for info in self.archive.list(folder)}
        teller = _Teller(self, plan)
        reader = Reader(self.source, self.pacer, self.now, self.stop, teller.told, PAGES)
        while not (parts and parts[-1].last):
            key = layout.event_history_part_key(self.unit, plan.number, len(parts))
            if key not in there:
                before = parts[-1] if parts else None
                rest = Window(plan.window.start, before.window.start if before else plan.window.end)
                self._put(key, reader.part(rest, before.window if before else None, before.events if before else 0))
            parts.append(self._stored(key))
        return parts

    def _put(self, key: str, part: Part) -> None:
        body = encode(part)
        created = self.archive.put_new(key, body, locked=True, content_type="application/gzip")
        if created and self.archive.read(key).body != body:
            raise EvidenceError(
                f"{key} does not read back as it was written.",
                advice="no receipt was written; look at the bucket's versions and at what changes objects there.",
            )

    def _stored(self, key: str) -> StoredPart:
        body = self.archive.read(key).body
        part = decode(body, key=key)
        return StoredPart(key, part.window, part.last, len(part.events), len(body), sha256(body))

    def _commit(self, plan: EventHistoryPlan, parts: Sequence[StoredPart], history: UnitHistory) -> None:
        with tempfile.TemporaryDirectory(prefix="event-history-", dir=self.spool) as room:
            made = convert(self.archive, plan, parts, limits=self.settings.conversion, room=Path(room))
        receipt = make_receipt(plan, parts, made, earlier=history.last, finished_by=versions(self.settings))
        key = layout.event_history_receipt_key(self.unit, plan.number)
        if self.archive.put_new(key, receipt.to_json(), locked=True, content_type="application/json"):
            self.progress(f"{self.unit}: {receipt.counts.rows:,} events of {receipt.covered}, unproven")
        found = EventHistoryReceipt.from_json(self.archive.read(key).body, key=key)
        ours = replace(receipt, finished_by=found.finished_by, outputs=found.outputs)
        if found != ours or [o.key for o in found.outputs] != [o.key for o in receipt.outputs]:
            raise EvidenceError(f"{key} exists and says something else.", advice="look at its versions and at who wrote it.")


class _Teller:
    """A line every few requests: how far, and how long it takes yet."""

    def __init__(self, work: _Work, plan: EventHistoryPlan) -> None:
        self._work, self._plan = work, plan
        self._began, self._first = work.pacer.clock(), work.pacer.requests
        self._from: dt.datetime | None = None
        self._events = 0

    def told(self, reached: dt.datetime, events: int) -> None:
        """After each page."""
        self._events += events
        self._from = self._from or self._plan.window.end
        asked = self._work.pacer.requests - self._first
        if asked % _TOLD_EVERY:
            return
        left = seconds_left(self._work.pacer.clock() - self._began, Window(self._plan.window.start, self._from), reached)
        estimate = "" if left is None else f", about {left / 60:.0f} min left" if left >= 120 else f", about {left:.0f} s left"
        line = f"{self._events:,} events in {asked:,} requests, back to {reached:%H:%M:%S}{estimate}"
        self._work.progress(f"{self._work.unit}: {line}")
