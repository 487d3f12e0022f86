"""The proof that a receipt is in the ledger: one document, checked with nothing but the receipt's bytes.

Decides: what the document holds (the checkpoint in full, the receipt's leaf and its audit path; where wanted, an older checkpoint
and that the newer continues it), and what is wrong with one. Refuses to call it anchored unless a checkpoint in it has the
SHA-256 of one that was kept elsewhere: without that, it proves only that the archive agrees with itself.
Source: RFC 6962, section 2.1, read 2026-11-24. The document: docs/schema.md.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from itemtrail.core.ledger import Checkpoint, leaf_data
from itemtrail.core.merkle import leaf_hash, verify_consistency, verify_inclusion
from itemtrail.core.plan import canonical, decode, sha256
from itemtrail.errors import EvidenceError


@dataclass(frozen=True, slots=True)
class LedgerProof:
    """``path``: from leaf number ``leaf`` to the root of ``checkpoint``. ``consistency``: from ``since`` to it, where given."""

    key: str
    size: int
    sha256: str
    leaf: int
    path: tuple[str, ...]
    checkpoint: Checkpoint
    since: Checkpoint | None = None
    consistency: tuple[str, ...] = ()
    layout: int = 1
    kind: str = "ledgerproof"

    def to_json(self) -> bytes:
        """Canonical bytes."""
        return canonical(self)

    @classmethod
    def from_json(cls, data: bytes, *, key: str) -> "LedgerProof":
        """The proof in ``data``; ``key`` is named in errors.

        Raises:
            EvidenceError: not a proof of this layout.
        """
        return decode(data, cls, key=key)

    def problems(self, receipt: bytes) -> tuple[str, ...]:
        """What keeps it from proving that ``receipt`` is in the ledger, one line each; none means proven."""
        return tuple(self._problems(receipt))

    def anchored_by(self, kept: Collection[str]) -> int | None:
        """The newest checkpoint in it whose SHA-256 is among ``kept``, None for none."""
        found = [one.number for one in (self.checkpoint, self.since) if one and one.sha256 in kept]
        return max(found, default=None)

    def _problems(self, receipt: bytes) -> Iterator[str]:
        if (len(receipt), sha256(receipt)) != (self.size, self.sha256):
            found = f"{len(receipt)} bytes with SHA-256 {sha256(receipt)}"
            yield f"the receipt is not the one that the proof is of: {found}, not {self.size} with {self.sha256}"
        yield from _broken(self.checkpoint)
        leaf, root = leaf_hash(leaf_data(self.key, self.size, self.sha256)), _bytes(self.checkpoint.root)
        if not verify_inclusion(leaf, self.leaf, self.checkpoint.leaves, _all_bytes(self.path), root):
            yield f"{self.key} is not leaf {self.leaf} of checkpoint {self.checkpoint.number}"
        if self.since:
            yield from self._since(self.since, root)

    def _since(self, since: Checkpoint, root: bytes) -> Iterator[str]:
        yield from _broken(since)
        path = _all_bytes(self.consistency)
        if not verify_consistency(since.leaves, _bytes(since.root), self.checkpoint.leaves, root, path):
            yield f"checkpoint {self.checkpoint.number} does not continue checkpoint {since.number}"


def _broken(checkpoint: Checkpoint) -> Iterator[str]:
    try:
        _ = checkpoint.tree
    except EvidenceError as error:
        yield error.message


def _bytes(text: str) -> bytes:
    """What is not hex is no hash, and proves nothing."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""


def _all_bytes(texts: Collection[str]) -> tuple[bytes, ...]:
    return tuple(_bytes(text) for text in texts)
