"""The commit's memory of fingerprints: exact, with places, however many there are."""

import hashlib
import random
from pathlib import Path

import pytest

from itemtrail.core.seen import Fingerprints


def fingerprint(number: int) -> bytes:
    return hashlib.sha256(number.to_bytes(8, "big")).digest()


def test_it_agrees_with_a_dictionary_through_many_growths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("itemtrail.core.seen._SMALLEST", 64)
    chance, seen, known = random.Random(7), Fingerprints(tmp_path), dict[bytes, tuple[str, int]]()
    for source in range(40):
        numbers = [chance.randrange(20_000) for _ in range(800)]
        indexes = sorted(chance.sample(range(2000), 800))
        prints = [fingerprint(number) for number in numbers]
        expected = {}
        for index, one in zip(indexes, prints, strict=True):
            place = known.setdefault(one, (f"{source:05d}", index))
            if place != (f"{source:05d}", index):
                expected[index] = place
        assert seen.add(f"{source:05d}", indexes, prints) == expected
    assert len(seen) == len(known)
    seen.close()


def test_fingerprints_that_agree_in_their_first_bytes_are_told_apart() -> None:
    seen = Fingerprints()
    alike = [b"\1" * 8 + number.to_bytes(24, "big") for number in range(300)]
    assert seen.add("a", range(300), alike) == {}
    assert seen.add("b", [5], [alike[123]]) == {5: ("a", 123)}
    assert seen.add("c", [0, 1], [b"\1" * 8 + b"\xff" * 24, alike[0]]) == {1: ("a", 0)}
    seen.close()


def test_a_source_without_records_and_a_source_given_twice() -> None:
    seen = Fingerprints()
    assert seen.add("a", [], []) == {}
    assert seen.add("b", [3, 7], [fingerprint(1), fingerprint(2)]) == {}
    assert seen.add("b", [9, 11], [fingerprint(2), fingerprint(3)]) == {9: ("b", 7)}
    assert seen.add("c", [0], [fingerprint(3)]) == {0: ("b", 11)}
    seen.close()


def test_its_files_have_no_names(tmp_path: Path) -> None:
    seen = Fingerprints(tmp_path)
    seen.add("a", range(100_000), [fingerprint(number) for number in range(100_000)])
    assert list(tmp_path.iterdir()) == []
    seen.close()
