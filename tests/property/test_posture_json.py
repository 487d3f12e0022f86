"""A snapshot survives its document, whatever it holds; what is not one is refused in words."""

import dataclasses
import datetime as dt
import json
import typing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itemtrail.core import posture_diff, posture_json
from itemtrail.errors import EvidenceError
from itemtrail.posture import Posture
from itemtrail.snapshot import Document

_TEXT = st.text(max_size=8)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=6,
)
_DOCUMENTS = st.dictionaries(_TEXT, _VALUES, max_size=3)
_TIMES = st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(2100, 1, 1), timezones=st.just(dt.UTC))  # noqa: DTZ001


def values(kind: object) -> st.SearchStrategy[object]:
    """Any value of a field's type."""
    if kind == Document:
        return _DOCUMENTS
    simple = {str: _TEXT, bool: st.booleans(), int: st.integers(-(2**53), 2**53), dt.datetime: _TIMES, type(None): st.none()}
    if kind in simple:
        return simple[typing.cast("type", kind)]
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        return instances(kind)
    arguments = typing.get_args(kind)
    if typing.get_origin(kind) is tuple:
        return st.lists(values(arguments[0]), max_size=2).map(tuple)
    if arguments and arguments[0] is str:
        return st.dictionaries(_TEXT, values(arguments[1]), max_size=2)
    return st.one_of([values(one) for one in arguments])


def instances(kind: type) -> st.SearchStrategy[object]:
    hints = typing.get_type_hints(kind)
    fields = {field.name: values(hints[field.name]) for field in dataclasses.fields(kind) if field.name != "schema_version"}
    return st.builds(kind, **fields)


SNAPSHOTS = instances(Posture)


@given(SNAPSHOTS)
def test_a_snapshot_comes_back_as_it_was(posture: Posture) -> None:
    saved = posture_json.save(posture)
    assert posture_json.load(saved, name="a") == posture
    assert posture_json.save(posture_json.load(saved, name="a")) == saved


@given(SNAPSHOTS)
def test_a_snapshot_does_not_differ_from_itself(posture: Posture) -> None:
    assert posture_diff.diff(posture, posture) == ()


@given(st.binary(max_size=60) | _VALUES.map(lambda value: json.dumps(value).encode()))
def test_anything_else_is_refused_in_words(data: bytes) -> None:
    with pytest.raises(EvidenceError):
        posture_json.load(data, name="a")
