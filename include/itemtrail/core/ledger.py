"""The ledger's checkpoints: a Merkle root over all receipts of the archive, chained by hash, a pure function of plan and rows.

Decides: what a leaf is (a receipt's key, size and SHA-256), in which order leaves stand (by checkpoint; within one by folder and
commit number), which Parquet files together hold all rows after checkpoint N, and what a checkpoint says. The clock comes in at
one place only: ``until`` is part of the plan that is put before the checkpoint, so that whoever finishes it says the same.
Refuses to read or write. Layout: docs/schema.md; decisions: docs/adr/0048, 0049. Source of the tree: RFC 6962, read 2026-11-24.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from itemtrail.core import layout
from itemtrail.core.merkle import Frontier
from itemtrail.core.plan import canonical, decode, sha256
from itemtrail.errors import EvidenceError

MOST_FINDINGS = 1000  # that a checkpoint lists; it counts all


class Change(StrEnum):
    """What became of a receipt that an earlier checkpoint holds. Both are contrary evidence."""

    VANISHED = "VANISHED"  # a listing does not show it any more
    CHANGED = "CHANGED"  # it was read, and its bytes are others


@dataclass(frozen=True, slots=True)
class Finding:
    """A receipt that is not what it was. ``expected`` and ``found``: SHA-256 of its bytes, ``found`` None where it vanished."""

    leaf: int
    key: str
    change: Change
    expected: str
    found: str | None = None

    def __str__(self) -> str:
        if self.found is None:
            return f"{self.key} is leaf {self.leaf} of the ledger and is not in the archive any more"
        return f"{self.key} is leaf {self.leaf} of the ledger with SHA-256 {self.expected}, and now has {self.found}"


@dataclass(frozen=True, slots=True)
class LedgerPlan:
    """What fixes a checkpoint before it is made: metadata of its Parquet file, which is put create-only, before the checkpoint.

    ``previous``: SHA-256 of the checkpoint before, None for the first. ``until``: everything that was committed before it is in,
    but for ``left_out`` receipts, which a later checkpoint holds. ``findings``: at most ``MOST_FINDINGS`` of ``findings_total``.
    """

    number: int
    previous: str | None
    trail: str
    until: dt.datetime
    package: str
    left_out: int = 0
    findings: tuple[Finding, ...] = ()
    findings_total: int = 0
    layout: int = 1
    kind: str = "ledgerplan"

    def to_json(self) -> bytes:
        """Canonical bytes."""
        return canonical(self)

    @classmethod
    def from_json(cls, data: bytes, *, key: str) -> "LedgerPlan":
        """The plan in ``data``; ``key`` is named in errors.

        Raises:
            EvidenceError: not a plan of this layout.
        """
        return decode(data, cls, key=key)


@dataclass(frozen=True, slots=True)
class RowsFile:
    """A Parquet file of the ledger: the rows of checkpoints ``after`` + 1 … ``number``. ``size`` in bytes."""

    number: int
    after: int
    rows: int
    size: int
    sha256: str

    @property
    def key(self) -> str:
        """Where it lies."""
        return layout.ledger_rows_key(self.number)


@dataclass(frozen=True, slots=True)
class Added:
    """What a checkpoint adds: leaf hashes in order, and how many of them there are of each kind."""

    hashes: tuple[bytes, ...]
    kinds: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One entry of the ledger. Hashes are hex; ``files`` hold all rows, oldest first; ``frontier`` continues the tree.

    ``kinds``: how many leaves are receipts of units, streams, the event history.
    """

    number: int
    previous: str | None
    trail: str
    until: dt.datetime
    package: str
    leaves: int
    added: int
    kinds: Mapping[str, int]
    root: str
    frontier: tuple[str, ...]
    files: tuple[RowsFile, ...]
    left_out: int = 0
    findings: tuple[Finding, ...] = ()
    findings_total: int = 0
    layout: int = 1
    kind: str = "checkpoint"

    @property
    def tree(self) -> Frontier:
        """The tree as of this checkpoint.

        Raises:
            EvidenceError: its peaks are no tree of that many leaves, or have another root.
        """
        try:
            tree = Frontier(self.leaves, tuple(bytes.fromhex(peak) for peak in self.frontier))
        except ValueError as error:
            raise _broken(self.number, str(error)) from error
        if tree.root.hex() != self.root:
            raise _broken(self.number, "its frontier has another root than it says")
        return tree

    @property
    def sha256(self) -> str:
        """Of its bytes: what the next checkpoint names, and what is kept elsewhere."""
        return sha256(self.to_json())

    def to_json(self) -> bytes:
        """Canonical bytes."""
        return canonical(self)

    @classmethod
    def from_json(cls, data: bytes, *, key: str) -> "Checkpoint":
        """The checkpoint in ``data``; ``key`` is named in errors.

        Raises:
            EvidenceError: not a checkpoint of this layout, or not in its canonical bytes.
        """
        found = decode(data, cls, key=key)
        if found.to_json() != data or layout.checkpoint_key(found.number) != key:
            raise EvidenceError(f"{key} is not what itemtrail writes.", advice="look at its older versions and at who wrote it.")
        return found


def leaf_data(key: str, size: int, digest: str) -> bytes:
    """What a leaf hashes: the receipt's key, size and SHA-256 as canonical JSON."""
    return canonical({"key": key, "sha256": digest, "size": size})


def after(number: int) -> int:
    """File N holds the rows of the checkpoints ``after(N)`` + 1 … N: N without its lowest bit. So that few files hold all."""
    return number & (number - 1)


def runs_of(number: int) -> list[tuple[int, int]]:
    """(``after``, number) of the files that hold all rows up to checkpoint ``number``, oldest first: one for each bit of it."""
    found = []
    while number:
        found.append((after(number), number))
        number = after(number)
    return found[::-1]


def merged(files: Sequence[RowsFile], number: int) -> tuple[RowsFile, ...]:
    """Which of ``files`` (all rows before ``number``) go into file ``number``."""
    return tuple(file for file in files if file.number > after(number))


def make(before: Checkpoint | None, plan: LedgerPlan, added: Added, file: RowsFile) -> Checkpoint:
    """The checkpoint of ``plan``.

    Args:
        before: the checkpoint before it, None for the first.
        plan: as it stands in the archive.
        added: the rows that ``file`` has and no earlier file.
        file: the Parquet file whose metadata ``plan`` is.

    Raises:
        EvidenceError: the plan does not continue ``before``.
    """
    if (plan.number, plan.previous) != (before.number + 1 if before else 1, before.sha256 if before else None):
        raise EvidenceError(
            f"{file.key} does not continue the checkpoint before it.",
            advice="look at the versions below ledger/ and at who wrote them; nothing was added to the ledger.",
        )
    tree = (before.tree if before else Frontier()).extended(added.hashes)
    files = before.files if before else ()
    gone = merged(files, plan.number)
    return Checkpoint(
        number=plan.number,
        previous=plan.previous,
        trail=plan.trail,
        until=plan.until,
        package=plan.package,
        leaves=tree.size,
        added=len(added.hashes),
        kinds=_sum(before.kinds if before else {}, added.kinds),
        root=tree.root.hex(),
        frontier=tuple(peak.hex() for peak in tree.peaks),
        files=(*(one for one in files if one not in gone), file),
        left_out=plan.left_out,
        findings=plan.findings,
        findings_total=plan.findings_total,
    )


def place(key: str) -> tuple[str, int]:
    """(folder, commit number) of a receipt's key: the order of leaves within one checkpoint.

    Raises:
        ValueError: not the key of a receipt.
    """
    name = layout.parse_any_commit(key)
    if name is None or name.is_plan:
        raise ValueError(f"{key} is not a receipt's key")
    return key.rpartition("/")[0], name.number


def _sum(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {kind: one.get(kind, 0) + other.get(kind, 0) for kind in sorted({*one, *other})}


def _broken(number: int, why: str) -> EvidenceError:
    return EvidenceError(
        f"checkpoint {number}: {why}.", advice="run itemtrail ledger verify, and compare with the copy kept elsewhere."
    )
