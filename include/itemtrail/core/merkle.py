"""The Merkle tree of RFC 6962: roots that grow by appending, proofs that a leaf is in it and that it was only appended to.

Decides: SHA-256, 0x00 before a leaf and 0x01 before two nodes (a node can never be passed off as a leaf), and how a tree is
continued from its peaks alone. Refuses nothing that is well formed: a verifier answers True or False and never raises for what an
adversary wrote. Pure: bytes in, bytes out.
Source: RFC 6962, section 2.1; verification: RFC 9162, sections 2.1.3.2 and 2.1.4.2, read 2026-11-24.
"""

import hashlib
from collections.abc import Iterable, MutableMapping, Sequence
from dataclasses import dataclass
from functools import reduce

EMPTY_ROOT = hashlib.sha256(b"").digest()
_KEPT = 64  # leaves of a range whose root is worth keeping


def leaf_hash(data: bytes) -> bytes:
    """SHA-256 of 0x00 and the leaf's data; 32 bytes."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256 of 0x01 and two nodes; 32 bytes."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """A tree of ``size`` leaves as the roots of its perfect subtrees, largest first: one for each bit of ``size`` that is set."""

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if self.size < 0 or len(self.peaks) != self.size.bit_count():
            raise ValueError(f"{len(self.peaks)} peaks are no tree of {self.size} leaves")

    def extended(self, hashes: Iterable[bytes]) -> "Frontier":
        """The tree with more leaves at its end; ``hashes`` are leaf hashes."""
        size, peaks = self.size, list(self.peaks)
        for node in hashes:
            size += 1
            grown = node
            for _ in range((size & -size).bit_length() - 1):
                grown = node_hash(peaks.pop(), grown)
            peaks.append(grown)
        return Frontier(size, tuple(peaks))

    @property
    def root(self) -> bytes:
        """The tree's root, 32 bytes."""
        if not self.peaks:
            return EMPTY_ROOT
        return reduce(lambda right, left: node_hash(left, right), reversed(self.peaks))


def root(hashes: Iterable[bytes]) -> bytes:
    """Root of the tree with these leaf hashes."""
    return Frontier().extended(hashes).root


def inclusion_proof(
    hashes: Sequence[bytes], index: int, known: MutableMapping[tuple[int, int], bytes] | None = None
) -> tuple[bytes, ...]:
    """The audit path of leaf ``index`` in the tree of all ``hashes``, from the leaf up. Costs one hash for each leaf.

    ``known`` keeps the roots of larger ranges (first, end) of the same ``hashes`` from one proof to the next: all proofs together
    then cost at most some twenty hashes for each leaf.

    Raises:
        ValueError: there is no such leaf.
    """
    if not 0 <= index < len(hashes):
        raise ValueError(f"leaf {index} is not in a tree of {len(hashes)}")
    path: list[bytes] = []
    first, end = 0, len(hashes)
    while end - first > 1:
        middle = first + _split(end - first)
        if index < middle:
            path.append(_range_root(hashes, middle, end, known))
            end = middle
        else:
            path.append(_range_root(hashes, first, middle, known))
            first = middle
    return tuple(reversed(path))


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], tree_root: bytes) -> bool:
    """Whether ``leaf`` (a leaf hash) is number ``index`` of the tree of ``size`` leaves with this root."""
    if not 0 <= index < size or any(len(node) != len(EMPTY_ROOT) for node in (leaf, *path)):
        return False
    node, number, last = leaf, index, size - 1
    for sibling in path:
        if last == 0:
            return False
        if number & 1 or number == last:
            node = node_hash(sibling, node)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        number, last = number >> 1, last >> 1
    return last == 0 and node == tree_root


def consistency_proof(hashes: Sequence[bytes], old: int) -> tuple[bytes, ...]:
    """That the tree of all ``hashes`` continues the tree of the first ``old``. Costs one hash for each leaf.

    Raises:
        ValueError: the older tree is larger, or there is none.
    """
    if not 0 < old <= len(hashes):
        raise ValueError(f"a tree of {len(hashes)} leaves does not continue one of {old}")
    path: list[bytes] = []
    first, end, whole = 0, len(hashes), True
    while old != end - first:
        middle = _split(end - first)
        if old <= middle:
            path.append(root(hashes[first + middle : end]))
            end = first + middle
        else:
            path.append(root(hashes[first : first + middle]))
            first, old, whole = first + middle, old - middle, False
    if not whole:
        path.append(root(hashes[first:end]))
    return tuple(reversed(path))


def verify_consistency(old: int, old_root: bytes, size: int, tree_root: bytes, path: Sequence[bytes]) -> bool:
    """Whether the tree of ``size`` leaves has the tree of ``old`` leaves as its beginning."""
    if not 0 < old <= size or any(len(node) != len(EMPTY_ROOT) for node in path):
        return False
    if old == size:
        return not path and old_root == tree_root
    nodes = [old_root, *path] if old & (old - 1) == 0 else list(path)
    if not nodes:
        return False
    number, last = old - 1, size - 1
    while number & 1:
        number, last = number >> 1, last >> 1
    before = after = nodes[0]
    for node in nodes[1:]:
        if last == 0:
            return False
        if number & 1 or number == last:
            before, after = node_hash(node, before), node_hash(node, after)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            after = node_hash(after, node)
        number, last = number >> 1, last >> 1
    return last == 0 and before == old_root and after == tree_root


def _range_root(hashes: Sequence[bytes], first: int, end: int, known: MutableMapping[tuple[int, int], bytes] | None) -> bytes:
    if known is None or end - first < _KEPT:
        return root(hashes[first:end])
    if (first, end) not in known:
        known[first, end] = root(hashes[first:end])
    return known[first, end]


def _split(size: int) -> int:
    """The largest power of two below ``size``."""
    return 1 << (size - 1).bit_length() - 1
