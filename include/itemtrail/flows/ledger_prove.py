"""Making the proof that one receipt is in the ledger, out of the ledger's own files.

Decides: by default the last checkpoint proves; an earlier one where somebody kept that one. Refuses to make a proof that does not
hold: the receipt in the archive, the ledger's rows and the checkpoint are held against each other first. Costs one pass over all
leaves (docs/performance.md); ``open_ledger`` reads them once for many receipts.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from itemtrail.core import ledger_rows as rows
from itemtrail.core.ledger import Checkpoint
from itemtrail.core.ledger_proof import LedgerProof
from itemtrail.core.ledger_rows import Row
from itemtrail.core.merkle import consistency_proof, inclusion_proof
from itemtrail.errors import ConfigurationError, EvidenceError, NotFound
from itemtrail.flows.ledger_book import Book, open_book, read_checkpoint
from itemtrail.ports.data import ObjectStore


@dataclass(frozen=True, slots=True)
class Opened:
    """The ledger up to ``checkpoint``, read once. ``hashes``: of every leaf of that checkpoint."""

    archive: ObjectStore
    book: Book
    checkpoint: Checkpoint
    hashes: tuple[bytes, ...]
    _made: dict[str, LedgerProof] = field(default_factory=dict)
    _rows: dict[str, Row | None] = field(default_factory=dict)
    _roots: dict[tuple[int, int], bytes] = field(default_factory=dict)

    def expect(self, keys: Collection[str]) -> None:
        """Look up many receipts in one pass over the ledger, to be asked for by ``row`` or ``prove``."""
        wanted = [key for key in keys if key not in self._rows]
        self._rows.update(dict.fromkeys(wanted) | self.book.rows_with(wanted) if wanted else {})

    def row(self, key: str) -> Row | None:
        """What the ledger holds of a receipt, None for nothing (whatever the checkpoint)."""
        self.expect([key])
        return self._rows[key]

    def prove(self, key: str, since: int | None = None) -> LedgerProof:
        """The proof that the receipt at ``key`` is in the checkpoint, which continues ``since`` where given.

        Raises:
            ConfigurationError: there is no such checkpoint, or it does not hold the receipt.
            EvidenceError: the receipt is not what the ledger holds, or the ledger contradicts itself.
            NotFound, AccessDenied, SourceUnavailable.
        """
        if since is not None:
            return self._prove(key, since)
        if key not in self._made:
            self._made[key] = self._prove(key, None)
        return self._made[key]

    def _prove(self, key: str, since: int | None) -> LedgerProof:
        checkpoint, hashes = self.checkpoint, self.hashes
        older = _checkpoint(self.archive, checkpoint, since) if since else None
        row = self.row(key)
        if row is None or row.leaf >= checkpoint.leaves:
            raise _not_held(key, checkpoint, row.checkpoint if row else None)
        proof = LedgerProof(
            key=key,
            size=row.size,
            sha256=row.sha256,
            leaf=row.leaf,
            path=tuple(node.hex() for node in inclusion_proof(hashes, row.leaf, self._roots)),
            checkpoint=checkpoint,
            since=older,
            consistency=tuple(node.hex() for node in consistency_proof(hashes, older.leaves)) if older else (),
        )
        _must_hold(self.archive, self.book, proof)
        return proof


def open_ledger(archive: ObjectStore, *, room: Path, at: int | None = None) -> Opened:
    """The ledger up to checkpoint ``at`` (default: the last), to prove many receipts. ``room`` is a folder for its files.

    Raises:
        ConfigurationError: there is no ledger, or no such checkpoint. EvidenceError, NotFound, AccessDenied, SourceUnavailable.
    """
    book = open_book(archive, room)
    if book.last is None:
        raise ConfigurationError(f"{archive.name} has no ledger.", advice="run itemtrail ledger append.")
    checkpoint = _checkpoint(archive, book.last, at)
    hashes = tuple(islice((one for path in book.paths for one in rows.leaf_hashes(path)), checkpoint.leaves))
    return Opened(archive, book, checkpoint, hashes)


def prove(archive: ObjectStore, key: str, *, room: Path, at: int | None = None, since: int | None = None) -> LedgerProof:
    """The proof of one receipt; raises as ``open_ledger`` and ``Opened.prove``."""
    return open_ledger(archive, room=room, at=at).prove(key, since)


def _must_hold(archive: ObjectStore, book: Book, proof: LedgerProof) -> None:
    problems = proof.problems(archive.read(proof.key).body)
    if problems:
        raise EvidenceError(
            f"{proof.key} cannot be proven by the ledger up to checkpoint {book.next_number - 1}: {'; '.join(problems)}.",
            advice="run itemtrail ledger verify --full.",
        )


def _checkpoint(archive: ObjectStore, last: Checkpoint, number: int | None) -> Checkpoint:
    if number is None or number == last.number:
        return last
    if number > last.number:
        raise ConfigurationError(f"there is no checkpoint {number} up to {last.number}.", advice="see itemtrail ledger status.")
    try:
        return read_checkpoint(archive, number)
    except NotFound as error:
        raise ConfigurationError(f"there is no checkpoint {number}.", advice="see itemtrail ledger verify.") from error


def _not_held(key: str, checkpoint: Checkpoint, later: int | None) -> ConfigurationError:
    if later:
        return ConfigurationError(f"{key} is in the ledger from checkpoint {later} on.", advice=f"use --at {later} or later.")
    return ConfigurationError(
        f"{key} is not in the ledger up to checkpoint {checkpoint.number}.",
        advice="write the receipt's whole key, as itemtrail receipts --json has it; if it is new, run itemtrail ledger append.",
    )
