"""Appending to the ledger: list, compare, read what is new, put the plan with its rows, put the checkpoint.

Decides: the Parquet file of checkpoint N is its plan and is put first, create-only; the checkpoint is a function of that file and
of the checkpoint before it. So that a run killed anywhere is finished exactly, and of two writers one plan wins and both end in
the same objects. Nothing new and nothing newly found makes no checkpoint. Refuses to believe a plan that it did not write: its
rows are made again from the receipts. Decisions: docs/adr/0048, 0049.
"""

import datetime as dt
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from itemtrail import __version__
from itemtrail.core import layout
from itemtrail.core import ledger_rows as rows
from itemtrail.core.ledger import MOST_FINDINGS, Checkpoint, Finding, LedgerPlan, RowsFile, after, make, merged, place
from itemtrail.core.ledger_rows import Row
from itemtrail.errors import EvidenceError, SourceUnavailable
from itemtrail.flows.ledger_book import Book, open_book, trail_of
from itemtrail.flows.ledger_look import Seen, look, standing
from itemtrail.flows.ledger_rows import Unread, build
from itemtrail.model import ObjectInfo
from itemtrail.ports.data import ArchiveStore

MOST_LEAVES = 10_000  # that one checkpoint adds
_ROUNDS = 16
_SKEW = dt.timedelta(hours=1)  # by which two writers' clocks may differ
_PARQUET = "application/vnd.apache.parquet"


@dataclass(frozen=True, slots=True)
class Appended:
    """``last``: the last checkpoint, None for an archive without receipts; ``made``: those that this run added or finished.

    ``findings``: receipts that are not what the ledger holds; ``unread``: could not be read, nothing is concluded of them;
    ``missing``: numbers of checkpoints that are not there.
    """

    last: Checkpoint | None
    made: tuple[Checkpoint, ...] = ()
    findings: tuple[Finding, ...] = ()
    unread: tuple[Unread, ...] = ()
    missing: tuple[int, ...] = ()


@dataclass(slots=True)
class _Run:
    archive: ArchiveStore
    room: Path
    until: dt.datetime
    most: int
    progress: Callable[[str], None]
    made: list[Checkpoint]


def append(
    archive: ArchiveStore,
    *,
    until: dt.datetime,
    room: Path,
    full: bool = False,
    most: int = MOST_LEAVES,
    progress: Callable[[str], None] = lambda _: None,
) -> Appended:
    """Bring the ledger up to date.

    Args:
        archive: the archive.
        until: aware UTC, not later than now: everything committed before it is in when this returns.
        room: an empty folder for the ledger's files.
        full: read and hash every receipt of the ledger, not only those whose listing differs.
        most: how many receipts one checkpoint adds.
        progress: is told each checkpoint.

    Raises:
        EvidenceError: the ledger contradicts itself; nothing is added.
        AccessDenied, SourceUnavailable: could not look; nothing is concluded.
    """
    run = _Run(archive, room, until, most, progress, [])
    for _ in range(_ROUNDS):
        book = open_book(archive, room)
        if book.begun:
            progress(f"ledger: finishing checkpoint {book.next_number}, which was left open")
            _finish(run, book)
            continue
        seen = look(archive, book, full=full)
        appended = _add(run, book, seen)
        if appended is not None:
            return appended
    raise SourceUnavailable("other writers kept the ledger busy.", advice="run it again when they are done.")


def _add(run: _Run, book: Book, seen: Seen) -> Appended | None:
    """A checkpoint for each batch of what is new; None if another writer's plan came first."""
    findings = standing(seen, book.last.findings if book.last else ())
    new, unread, left_out = sorted(seen.new, key=lambda info: place(info.key)), list(seen.unread), 0
    while new or _news(book, findings):
        batch, new = new[: run.most], new[run.most :]
        made, failed = build(run.archive, book, batch, checkpoint=book.next_number)
        unread, left_out = [*unread, *failed], left_out + len(batch) - len(made)
        if not made and not _news(book, findings):
            continue
        plan = _plan(run, book, findings, left_out + len(new))
        grown = _commit(run, book, plan, made)
        if grown is None:
            return None
        book = grown
    return Appended(book.last, tuple(run.made), findings, tuple(unread), book.missing)


def _news(book: Book, findings: Sequence[Finding]) -> bool:
    """Whether the findings are other than the last checkpoint says."""
    said = (book.last.findings, book.last.findings_total) if book.last else ((), 0)
    return (tuple(findings[:MOST_FINDINGS]), len(findings)) != said


def _plan(run: _Run, book: Book, findings: Sequence[Finding], left_out: int) -> LedgerPlan:
    last = book.last
    return LedgerPlan(
        number=book.next_number,
        previous=last.sha256 if last else None,
        trail=trail_of(run.archive),
        until=max(run.until, last.until) if last else run.until,
        package=__version__,
        left_out=left_out,
        findings=tuple(findings[:MOST_FINDINGS]),
        findings_total=len(findings),
    )


def _commit(run: _Run, book: Book, plan: LedgerPlan, made: Sequence[Row]) -> Book | None:
    """Put the file of ``plan``, then its checkpoint; None if the archive holds another plan of that number."""
    path = run.room / f"receipts-{plan.number:06d}.parquet"
    earlier = _merged(book, plan.number)
    rows.write(path, plan, [copy for _, copy in earlier], rows.table(made))
    ours, key = _digest(path), layout.ledger_rows_key(plan.number)
    created = run.archive.put_new(key, path, locked=True, content_type=_PARQUET)
    back = run.room / "back.parquet"
    theirs = run.archive.download(key, back)
    back.unlink()
    if theirs == ours:
        return _seal(run, book, plan, made, path)
    if created:
        raise EvidenceError(
            f"{key} does not read back as it was written.",
            advice="no checkpoint was written; look at the object's versions and at what changes objects there.",
        )
    return None


def _finish(run: _Run, book: Book) -> None:
    """Make the checkpoint of the plan that is there, once its rows are found to be what the receipts say."""
    key, path = layout.ledger_rows_key(book.next_number), run.room / f"receipts-{book.next_number:06d}.parquet"
    run.archive.download(key, path)
    plan = rows.read_plan(path, key=key)
    if plan.until > run.until + _SKEW or plan.trail not in ("", trail_of(run.archive)):
        raise _not_a_plan(key, f"it says that it is of {plan.until:%Y-%m-%d %H:%M} UTC and of {plan.trail or 'no trail'}")
    made = _rows_after(book, path, key)
    infos = [ObjectInfo(row.key, row.size, plan.until, row.etag, row.version_id) for row in made]
    again, unread = build(run.archive, book, infos, checkpoint=plan.number) if infos else ((), ())
    _must_agree(made, again, skip={one.key.rpartition("/")[0] for one in unread}, key=key)
    _seal(run, book, plan, made, path)


def _rows_after(book: Book, path: Path, key: str) -> tuple[Row, ...]:
    """The rows of a planned file that no earlier file has.

    Raises:
        EvidenceError: the file does not begin with the rows that it replaces, or the next leaves do not follow.
    """
    earlier = _merged(book, book.next_number)
    planned = rows.all_rows([path])
    kept = all(row == next(planned, None) for row in rows.all_rows(copy for _, copy in earlier))
    made = tuple(planned)
    if not kept or [row.leaf for row in made] != [*range(book.leaves, book.leaves + len(made))]:
        raise _not_a_plan(key, "its leaves do not continue the ledger")
    return made


def _must_agree(made: Sequence[Row], again: Sequence[Row], *, skip: set[str], key: str) -> None:
    """Each planned row is the one that its receipt gives, where that receipt is still what it was."""
    ours = {row.key: row for row in again}
    doubtful = {row.key.rpartition("/")[0] for row in made if row.key not in ours or ours[row.key].sha256 != row.sha256}
    for row in made:
        if row.key.rpartition("/")[0] not in skip | doubtful and not rows.same(replace(ours[row.key], leaf=row.leaf), row):
            raise _not_a_plan(key, f"its row of {row.key} is not what that receipt says")


def _seal(run: _Run, book: Book, plan: LedgerPlan, made: Sequence[Row], path: Path) -> Book:
    """Put the checkpoint and read it back."""
    earlier = _merged(book, plan.number)
    count = len(made) + sum(file.rows for file, _ in earlier)
    file = RowsFile(plan.number, after(plan.number), count, path.stat().st_size, _digest(path))
    checkpoint = make(book.last, plan, rows.added(made), file)
    key, body = layout.checkpoint_key(plan.number), checkpoint.to_json()
    if run.archive.put_new(key, body, locked=True, content_type="application/json"):
        run.progress(f"ledger: checkpoint {plan.number}: {len(made)} receipts, {checkpoint.leaves} in all, {checkpoint.sha256}")
    if run.archive.read(key).body != body:
        raise EvidenceError(f"{key} exists and says something else.", advice="look at its versions and at who wrote it.")
    run.made.append(checkpoint)
    gone = {copy for _, copy in earlier}
    return Book(checkpoint, (*(copy for copy in book.paths if copy not in gone), path), book.missing)


def _merged(book: Book, number: int) -> list[tuple[RowsFile, Path]]:
    """The files that go into file ``number``, each with its local copy."""
    files = book.last.files if book.last else ()
    gone = merged(files, number)
    return [(file, copy) for file, copy in zip(files, book.paths, strict=True) if file in gone]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _not_a_plan(key: str, why: str) -> EvidenceError:
    return EvidenceError(
        f"{key} is the plan of a checkpoint that is not made yet, and {why}.",
        advice="look at who wrote it; no checkpoint names it, so whoever may delete below ledger/ can remove that one object.",
    )
