"""The compiled engine against the default one and the pure functions that it stands for: whatever the input, equal answers."""

import os
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conversion import both
from tests.property.test_convert import GOOD, spelled
from tests.vectors.make_records import EXPECTED, FOLDER, document

from itemtrail.core.calls import one_by_one
from itemtrail.core.native_engine import single_keys
from itemtrail.core.records import Limits
from itemtrail.core.seen import HASH_BYTES, Fingerprints
from itemtrail.native import NATIVE

pytestmark = pytest.mark.skipif(NATIVE is None, reason="the compiled engine is not there (no C compiler at `make setup`)")
EXAMPLES = settings(max_examples=60, deadline=None)


@EXAMPLES
@given(st.lists(spelled(), max_size=12), st.integers(1, 7))
def test_every_spelling_becomes_the_same_bytes(said: list[str], rows: int) -> None:
    content = document(*(record.encode("utf-8", "surrogatepass") for record in said))
    with tempfile.TemporaryDirectory() as folder:
        both(Path(folder), [("a", content), ("b", GOOD), ("c", content)], limits=Limits(row_group_rows=rows))


@EXAMPLES
@given(
    st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), max_size=4), st.integers(0, 40), st.binary(max_size=4)
)
def test_damaged_objects_become_the_same_bytes(changes: list[tuple[int, int]], cut: int, tail: bytes) -> None:
    damaged = bytearray(GOOD)
    for at, byte in changes:
        damaged[at] = byte
    with tempfile.TemporaryDirectory() as folder:
        both(Path(folder), [("a", bytes(damaged[: len(damaged) - cut]) + tail)])


@EXAMPLES
@given(st.integers(1, 6), st.integers(10, 2000), st.integers(1, 4))
def test_limits_are_met_alike(depth: int, size: int, most: int) -> None:
    limits = Limits(max_depth=depth, max_record_bytes=size, max_records=most)
    with tempfile.TemporaryDirectory() as folder:
        both(Path(folder), [("a", GOOD)], limits=limits)


@pytest.mark.parametrize("name", sorted(path.name for path in FOLDER.iterdir() if path.suffix == ".json" and path != EXPECTED))
def test_each_bad_input_becomes_the_same_bytes(name: str, tmp_path: Path) -> None:
    both(tmp_path, [(name, (FOLDER / name).read_bytes())])


NAMES = st.sampled_from(["tableName", "key", "TableName", "Key", "item", "EmployeeId", "Zoë", "", "a"])
SCALARS = st.one_of(
    st.integers(), st.booleans(), st.none(), st.text(max_size=6), st.floats(allow_nan=False, allow_infinity=False)
)
KEYS = st.dictionaries(NAMES, SCALARS, max_size=3)
PARAMETERS = st.dictionaries(NAMES, st.one_of(KEYS, SCALARS, st.lists(SCALARS, max_size=2)), max_size=5)


@st.composite
def requests(draw: st.DrawFn) -> str | None:
    """Request parameters: usual, odd, spelled oddly, with a member twice, or none."""
    usual = {"tableName": draw(st.sampled_from(["Payroll", "Zoë", "arn:aws:dynamodb:us-east-1:111122223333:table/T"]))}
    usual |= {"key": draw(KEYS)}
    chosen: dict[str, Any] = usual | draw(PARAMETERS) if draw(st.booleans()) else draw(PARAMETERS)
    said = msgspec.json.encode(chosen).decode()
    match draw(st.integers(0, 9)):
        case 0:
            said = said.replace(":", ": ")
        case 1 if len(chosen):
            said = said[:-1] + "," + said[1:]
        case 2:
            said = said.replace("a", "\\u0061")
        case 3 if len(chosen):
            said = said[:-1] + ',"x":"\\ud800"}'
        case 4:
            return None
    return said


@settings(max_examples=300, deadline=None)
@given(st.lists(requests(), max_size=8), st.integers(0, 2))
def test_single_item_calls_are_read_alike(said: list[str | None], skip: int) -> None:
    column = pa.array([None] * skip + said, pa.string())[skip:]
    rows = np.arange(len(said), dtype=np.int32)
    (found, names, keys), (wanted, their_names, their_keys) = single_keys(column, rows), one_by_one(column, rows)
    mine = dict(zip(found.tolist(), zip(names.to_pylist(), keys.to_pylist(), strict=True), strict=True))
    theirs = dict(zip(wanted.tolist(), zip(their_names.to_pylist(), their_keys.to_pylist(), strict=True), strict=True))
    assert mine.items() <= theirs.items()  # what it does not take is read by the default engine
    plain = [row for row in theirs if "\\" not in str(said[row])]
    assert [
        row
        for row in plain
        if row not in mine and (said[row] or "").count('"key"') == 1 == (said[row] or "").count('"tableName"')
    ] == []


@EXAMPLES
@given(st.lists(st.lists(st.integers(0, 40), max_size=30), max_size=6), st.booleans())
def test_fingerprints_are_known_alike(batches: list[list[int]], crowded: bool) -> None:
    fast, slow = Fingerprints(native=NATIVE), Fingerprints(native=None)
    for number, batch in enumerate(batches):
        prints = [_print(value, crowded) for value in batch]
        assert fast.add(str(number), range(len(batch)), prints) == slow.add(str(number), range(len(batch)), prints)
        assert len(fast) == len(slow)
    fast.close()
    slow.close()


def _print(value: int, crowded: bool) -> bytes:
    """A fingerprint; crowded ones meet in the same slot, with the same tag."""
    return (b"\0" * 8 if crowded else bytes([value % 3]) * 8) + value.to_bytes(8, "big") + b"\0" * (HASH_BYTES - 16)


def test_fingerprints_from_several_thousand_on_are_known_alike() -> None:
    chance, fast, slow = np.random.default_rng(5), Fingerprints(native=NATIVE), Fingerprints(native=None)
    for number in range(40):
        prints = [bytes(one) for one in chance.integers(0, 256, (4000, HASH_BYTES), np.uint8)] + [b"\7" * HASH_BYTES]
        assert fast.add(str(number), range(4001), prints) == slow.add(str(number), range(4001), prints)
    fast.close()
    slow.close()


def test_an_organizations_worth_of_odd_records_becomes_the_same_bytes(tmp_path: Path) -> None:
    chance, pieces = np.random.default_rng(11), []
    for _ in range(300):
        damaged = bytearray(GOOD)
        for at in chance.integers(0, len(GOOD), 2):
            damaged[at] = int(chance.choice(np.frombuffer(b'"\\{}[],: 01aeu\x00\xc3', np.uint8)))
        pieces.append(bytes(damaged))
    both(tmp_path, [(f"{number:04}", content) for number, content in enumerate(pieces)])


def test_it_can_be_switched_off() -> None:
    import subprocess
    import sys

    done = subprocess.run(
        [sys.executable, "-c", "from itemtrail.native import NATIVE; print(NATIVE)"],
        env={**os.environ, "ITEMTRAIL_NATIVE": "off", "PYTHONPATH": "include"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == "None\n"
