"""The whole ledger made again: the chain of checkpoints, every root from the leaves, every receipt's listing, or its bytes.

Decides: what contradicts is a finding, what could not be read is not; that the ledger is anchored only if it holds a checkpoint
that was kept elsewhere, and that a kept checkpoint which it does not hold is a finding. Refuses to stop at the first finding
where it can go on. Since each root is made from the leaves in order, every checkpoint is shown to continue every earlier one.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from itemtrail.core import layout
from itemtrail.core import ledger_rows as rows
from itemtrail.core.ledger import Checkpoint, runs_of
from itemtrail.core.ledger_rows import Row
from itemtrail.core.merkle import Frontier
from itemtrail.errors import EvidenceError
from itemtrail.flows.ledger_book import Book, missing_in, numbers, open_book, read_checkpoint
from itemtrail.flows.ledger_look import look
from itemtrail.flows.ledger_rows import THREADS, build
from itemtrail.model import ObjectInfo
from itemtrail.ports.data import ObjectStore


@dataclass(frozen=True, slots=True)
class LedgerReport:
    """``findings``: contrary evidence; ``unread``: could not look; ``new``: receipts that no checkpoint holds yet.

    ``anchored``: the newest checkpoint that was kept elsewhere, None where none was given. ``hashed``: every receipt was read.
    """

    last: Checkpoint | None
    checkpoints: int
    new: int
    findings: tuple[str, ...]
    unread: tuple[str, ...]
    anchored: int | None
    hashed: bool


def verify(
    archive: ObjectStore,
    *,
    room: Path,
    kept: Collection[str] = (),
    full: bool = False,
    progress: Callable[[str], None] = lambda _: None,
) -> LedgerReport:
    """Verify everything.

    Args:
        archive: the archive.
        room: an empty folder for the ledger's files.
        kept: SHA-256 of checkpoints that were kept elsewhere.
        full: read and hash every receipt, and make its row again.
        progress: is told what is being done.

    Raises:
        AccessDenied, SourceUnavailable: could not look; nothing is concluded.
    """
    chain = read_chain(archive, kept)
    found, anchored, findings = chain.found, chain.anchored, [*chain.findings, *chain.gone]
    last = found[max(found)] if found else None
    progress(f"ledger: {len(found)} checkpoints, {last.leaves if last else 0} receipts")
    try:
        book = open_book(archive, room)
    except EvidenceError as error:
        return LedgerReport(last, len(found), 0, (*findings, error.message), (), anchored, False)
    findings += leaves(book, found)
    seen = look(archive, book)
    findings += [str(one) for one in seen.findings]
    unread = [str(one) for one in seen.unread]
    if full:
        changed, dark = _receipts(archive, book, {one.key for one in seen.findings}, progress)
        findings, unread = [*findings, *changed], sorted({*unread, *dark})
    return LedgerReport(last, len(found), len(seen.new), tuple(findings), tuple(unread), anchored, full)


@dataclass(frozen=True, slots=True)
class LedgerChain:
    """Every checkpoint by number, and what is wrong with them. ``gone``: of what was kept elsewhere."""

    found: Mapping[int, Checkpoint]
    findings: tuple[str, ...]
    gone: tuple[str, ...]
    anchored: int | None


def read_chain(archive: ObjectStore, kept: Collection[str] = ()) -> LedgerChain:
    """The checkpoints alone: each read, each held against the one before and against what was kept elsewhere."""
    found, findings = _checkpoints(archive)
    anchored = max((one.number for one in found.values() if one.sha256 in kept), default=None)
    names = {one.sha256 for one in found.values()} | {one.previous for one in found.values()}
    gone = tuple(f"no checkpoint has the SHA-256 {one}, which was kept elsewhere" for one in sorted({*kept} - names))
    return LedgerChain(found, (*findings, *_chain(found)), gone, anchored)


def _checkpoints(archive: ObjectStore) -> tuple[dict[int, Checkpoint], list[str]]:
    """Every checkpoint that is one, by number, and what is wrong with the others."""
    there = numbers(archive)
    findings = [f"checkpoint {number} is missing" for number in missing_in(there)]
    found: dict[int, Checkpoint] = {}
    with ThreadPoolExecutor(THREADS, thread_name_prefix="checkpoints") as pool:
        for number, one in zip(there, pool.map(lambda n: _read(archive, n), there), strict=True):
            if isinstance(one, Checkpoint):
                found[number] = one
            else:
                findings.append(one.message)
    return found, findings


def _read(archive: ObjectStore, number: int) -> Checkpoint | EvidenceError:
    try:
        checkpoint = read_checkpoint(archive, number)
        _ = checkpoint.tree
    except EvidenceError as error:
        return error
    return checkpoint


def _chain(found: Mapping[int, Checkpoint]) -> Iterator[str]:
    """Whether each checkpoint follows the one before it."""
    for number, one in sorted(found.items()):
        before = found.get(number - 1)
        leaves = before.leaves if before else 0
        if (number == 1 and one.previous is not None) or (before and one.previous != before.sha256):
            yield f"checkpoint {number} does not name the checkpoint before it"
        if (before or number == 1) and one.leaves != leaves + one.added:
            yield f"checkpoint {number} adds {one.added} receipts to {leaves} and says that there are {one.leaves}"
        if before and one.until < before.until:
            yield f"checkpoint {number} is earlier than the one before it"
        if [(file.after, file.number) for file in one.files] != runs_of(number) or sum(f.rows for f in one.files) != one.leaves:
            yield f"checkpoint {number} does not name the files that hold all receipts"
        if sum(one.kinds.values()) != one.leaves:
            yield f"checkpoint {number} counts {dict(one.kinds)} and says that there are {one.leaves}"


def leaves(book: Book, found: Mapping[int, Checkpoint]) -> list[str]:
    """Every checkpoint's root, made from the leaves."""
    findings, tree, hashes = [], Frontier(), _hashes(book)
    try:
        for number, one in sorted(found.items()):
            tree = tree.extended(islice(hashes, one.leaves - tree.size))
            if (tree.size, tree.root.hex()) != (one.leaves, one.root):
                findings.append(f"checkpoint {number}: the leaves have another root than it says")
    except (EvidenceError, ValueError) as error:
        findings.append(f"the leaves cannot be read: {error}")
    return findings


def _hashes(book: Book) -> Iterator[bytes]:
    return (one for path in book.paths for one in rows.leaf_hashes(path))


def _receipts(
    archive: ObjectStore, book: Book, known: Collection[str], progress: Callable[[str], None]
) -> tuple[list[str], list[str]]:
    """Read every receipt: which have other bytes or another row than the ledger, and which could not be read."""
    findings: list[str] = []
    dark: list[str] = []
    done = 0
    for path in book.paths:
        for batch in rows.batches(path):
            held = rows.rows_of(batch)
            infos = [ObjectInfo(row.key, row.size, book.last.until, row.etag) for row in held if book.last]
            again, unread = build(archive, book, [i for i in infos if layout.parse_any_commit(i.key)], checkpoint=0)
            dark += [str(one) for one in unread]
            findings += _differences(held, {row.key: row for row in again}, {*known, *(one.key for one in unread)})
            done += len(held)
            progress(f"ledger: {done} receipts read")
    return findings, dark


def _differences(held: Sequence[Row], again: Mapping[str, Row], known: Collection[str]) -> Iterator[str]:
    changed = {_folder(row.key) for row in held if row.key in again and again[row.key].sha256 != row.sha256}
    for row in held:
        now = again.get(row.key)
        if row.key in known or (now is None and layout.parse_any_commit(row.key)):
            continue
        if now is None:
            yield f"leaf {row.leaf} is {row.key}, which is not the key of a receipt"
        elif now.sha256 != row.sha256:
            yield f"{row.key} is leaf {row.leaf} of the ledger with SHA-256 {row.sha256}, and now has {now.sha256}"
        elif _folder(row.key) not in changed and not rows.same(replace(now, leaf=row.leaf), row):
            yield f"the ledger's row of {row.key} is not what that receipt says"


def _folder(key: str) -> str:
    return key.rpartition("/")[0]
