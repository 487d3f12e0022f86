"""Whatever JSON, whatever spelling, whatever damage: records come back to the byte, and the numbers add up."""

import json
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conversion import convert
from tests.vectors.make_records import document, event, text

from itemtrail.core import exact
from itemtrail.core.rebuild import records
from itemtrail.core.records import Limits, split
from itemtrail.core.schema import FIELDS

EXAMPLES = settings(max_examples=40, deadline=None)

NAMES = st.one_of(st.sampled_from(FIELDS), st.text(max_size=6))
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
RECORDS = st.dictionaries(NAMES, VALUES, max_size=8)
EVENTS = st.builds(lambda number, changes: event(number) | changes, st.integers(0, 5), RECORDS)
SPELLINGS = st.sampled_from([{}, {"indent": 1}, {"separators": (", ", ":")}])


@st.composite
def spelled(draw: st.DrawFn) -> str:
    """A record in one of the spellings that JSON allows: escapes or not, white space or not, members repeated or not."""
    record = draw(RECORDS | EVENTS)
    said = json.dumps(record, ensure_ascii=draw(st.booleans()), **({"separators": (",", ":")} | draw(SPELLINGS)))
    if draw(st.integers(0, 4)) == 0:
        said = said.replace("/", "\\/")
    if record and draw(st.integers(0, 4)) == 0:
        said = said[:-1] + "," + json.dumps(draw(RECORDS) or {"x": 1})[1:]
    return said


@EXAMPLES
@given(st.lists(spelled(), max_size=12))
def test_every_spelling_comes_back_to_the_byte(said: list[str]) -> None:
    delivered = [record.encode("utf-8", "surrogatepass") for record in said]
    with tempfile.TemporaryDirectory() as folder:
        made = convert(Path(folder), [("a", document(*delivered))], limits=Limits(row_group_rows=5))
        assert made.records_in == made.rows + len(made.duplicates) + len(made.quarantined) == len(delivered)
        back = {index: record for _, index, record in records(file.path for file in made.files)}
    for duplicate in made.duplicates:
        back[duplicate.record_index] = back[duplicate.survivor_index]
    for one in made.quarantined:
        assert one.reason == "INVALID_UTF8"  # text with surrogates, put into the document unescaped
        back[one.record_index or 0] = delivered[one.record_index or 0]
    assert [back[index] for index in range(len(delivered))] == delivered


GOOD = document(*text(event(1), event(2, userAgent="Zoë"), event(3)))


@EXAMPLES
@given(
    st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), max_size=4), st.integers(0, 40), st.binary(max_size=4)
)
def test_damage_never_raises_and_never_loses(changes: list[tuple[int, int]], cut: int, tail: bytes) -> None:
    damaged = bytearray(GOOD)
    for at, byte in changes:
        damaged[at] = byte
    content = bytes(damaged[: len(damaged) - cut]) + tail
    with tempfile.TemporaryDirectory() as folder:
        made = convert(Path(folder), [("a", content)])
        assert made.records_in == made.rows + len(made.duplicates) + len(made.quarantined)
        back = [record for _, _, record in records(file.path for file in made.files)]
        aside = [one.data for one in made.quarantined if one.reason != "EXTRA_TOP_LEVEL"]
    assert len(back) == made.rows
    assert all(piece in content for piece in back + aside)
    if not made.quarantined and not made.duplicates:
        assert len(content) - sum(map(len, back)) <= 40 + len(tail)  # the wrapper, commas, white space


def _python_reads(data: bytes) -> bool:
    try:
        json.loads(data.decode(), parse_constant=lambda name: 1 / 0)
    except (ValueError, ZeroDivisionError, RecursionError):
        return False
    return True


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet='{}[]":,\\ue+-.01\n tfnaxrlsu\x00é', max_size=12) | VALUES.map(json.dumps))
def test_the_strict_grammar_agrees_with_python(said: str) -> None:
    data = said.encode()
    try:
        exact.check(data)
        ours = True
    except exact.NotJson:
        ours = False
    assert ours == _python_reads(data)


@EXAMPLES
@given(st.binary(max_size=60) | st.text(alphabet='{}[]":,Records1 \n', max_size=60).map(str.encode))
def test_any_bytes_are_split_or_set_aside(content: bytes) -> None:
    made = split(content, Limits())
    assert made.records or made.set_aside or json.loads(content) == {"Records": []}
