"""Proofs hold for every leaf and every pair of sizes, and nothing else verifies."""

import hashlib

from hypothesis import given, settings
from hypothesis import strategies as st

from itemtrail.core.merkle import (
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root,
    verify_consistency,
    verify_inclusion,
)

LARGEST = 40
LEAVES = [leaf_hash(str(n).encode()) for n in range(70)]


def defined_root(hashes):
    """MTH of RFC 6962, word by word."""
    if len(hashes) < 2:
        return hashes[0] if hashes else hashlib.sha256(b"").digest()
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return node_hash(defined_root(hashes[:k]), defined_root(hashes[k:]))


def test_the_root_is_the_defined_one_at_every_size():
    assert all(root(LEAVES[:size]) == defined_root(LEAVES[:size]) for size in range(len(LEAVES) + 1))


def test_every_leaf_of_every_tree_is_proven_and_at_no_other_place():
    for size in range(1, LARGEST + 1):
        top = root(LEAVES[:size])
        for index in range(size):
            path = inclusion_proof(LEAVES[:size], index)
            assert [n for n in range(size + 2) if verify_inclusion(LEAVES[index], n, size, path, top)] == [index]
            assert not verify_inclusion(LEAVES[size], index, size, path, top)


def test_proofs_that_share_what_they_know_are_the_same_proofs():
    many = [leaf_hash(str(n).encode()) for n in range(1000)]
    known: dict[tuple[int, int], bytes] = {}
    for index in (999, 0, 511, 512, 300, 301, 64, 63):
        assert inclusion_proof(many, index, known) == inclusion_proof(many, index)
    assert known


def test_every_tree_continues_every_smaller_one_and_no_other():
    roots = [root(LEAVES[:size]) for size in range(LARGEST + 1)]
    for size in range(1, LARGEST + 1):
        for old in range(1, size + 1):
            path = consistency_proof(LEAVES[:size], old)
            assert verify_consistency(old, roots[old], size, roots[size], path)
            forged = root([LEAVES[-1], *LEAVES[1:old]])
            assert not verify_consistency(old, forged, size, roots[size], path)
            assert not verify_consistency(old, roots[old], size, forged, path)


@given(st.integers(0, 60), st.lists(st.integers(0, 9), max_size=8))
def test_a_tree_grown_in_steps_is_the_tree_grown_at_once(start, steps):
    grown, size = Frontier().extended(LEAVES[:start]), start
    for step in steps:
        grown, size = grown.extended(LEAVES[size : size + step]), min(len(LEAVES), size + step)
    assert grown == Frontier().extended(LEAVES[:size])


@settings(max_examples=200)
@given(st.data())
def test_a_damaged_proof_never_verifies(data):
    size = data.draw(st.integers(2, len(LEAVES)))
    index = data.draw(st.integers(0, size - 1))
    path = list(inclusion_proof(LEAVES[:size], index))
    place, bit = data.draw(st.integers(0, len(path) - 1)), data.draw(st.integers(0, 255))
    damaged = (int.from_bytes(path[place]) ^ (1 << bit)).to_bytes(32)
    top = root(LEAVES[:size])
    assert not verify_inclusion(LEAVES[index], index, size, [*path[:place], damaged, *path[place + 1 :]], top)
    assert not verify_inclusion(LEAVES[index], index, size, [*path[:place], *path[place + 1 :]], top)
    assert not verify_inclusion(LEAVES[index], index, size, [*path, damaged], top)


@given(st.integers(-3, 80), st.integers(-3, 80), st.lists(st.binary(max_size=40), max_size=8), st.binary(max_size=40))
def test_a_verifier_answers_whatever_it_is_given(index, size, path, node):
    assert verify_inclusion(node, index, size, path, LEAVES[0]) in (False, node == LEAVES[0])
    assert verify_consistency(index, node, size, LEAVES[0], path) in (False, node == LEAVES[0])
