"""Gunzip by the vectors, with Python's gzip as the other opinion."""

import gzip
from pathlib import Path

import pytest
from tests.vectors.make_records import MAX_INFLATED, Vector, storage

from itemtrail.core.inflate import inflate
from itemtrail.errors import Undecodable

BAD = [vector for vector in storage() if vector.quarantined]


@pytest.mark.parametrize("vector", BAD, ids=lambda vector: vector.name)
def test_what_is_not_one_whole_member_is_refused_with_its_reason(vector: Vector) -> None:
    with pytest.raises(Undecodable) as refusal:
        inflate(vector.data, max_bytes=MAX_INFLATED)
    assert [[None, refusal.value.reason]] == vector.quarantined


def test_one_whole_member_is_inflated() -> None:
    content = b"x" * 1000
    for level in (0, 1, 9):
        assert inflate(gzip.compress(content, level), max_bytes=1000) == content


def test_an_empty_member_is_empty_content() -> None:
    assert inflate(gzip.compress(b""), max_bytes=0) == b""


def test_the_limit_is_the_last_size_that_passes() -> None:
    packed = gzip.compress(b"x" * 1000)
    assert len(inflate(packed, max_bytes=1000)) == 1000
    with pytest.raises(Undecodable, match="more than 999 bytes"):
        inflate(packed, max_bytes=999)


def test_every_prefix_of_an_object_is_refused() -> None:
    packed = gzip.compress(bytes(range(256)) * 3)
    for length in range(len(packed)):
        with pytest.raises(Undecodable):
            inflate(packed[:length], max_bytes=1 << 20)


def test_every_changed_byte_is_refused_or_changes_nothing() -> None:
    content = b'{"Records":[]}' * 20
    packed = gzip.compress(content, mtime=0)
    for at in range(len(packed)):
        changed = bytearray(packed)
        changed[at] ^= 0x10
        try:
            assert inflate(bytes(changed), max_bytes=1 << 20) == content, f"byte {at}"
        except Undecodable:
            continue


def test_a_file_as_gzip_writes_it_with_a_name_inside_is_fine(tmp_path: Path) -> None:
    path = tmp_path / "named.json.gz"
    with gzip.open(path, "wb") as file:
        file.write(b"abc")
    assert inflate(path.read_bytes(), max_bytes=3) == b"abc"
