"""The difference of two images: what it finds is all there is, and applying it gives the new image."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itemtrail.core import diff

_NAME = st.text(st.sampled_from("ab.[]\\1é"), min_size=1, max_size=3)
_NUMBER = st.sampled_from(["0", "1", "1.0", "10", "1e1", "-2.50", "-2.5", "12345678901234567890123456789012345678"])
_SCALAR = st.one_of(
    st.builds(lambda v: {"S": v}, st.text(max_size=3)),
    st.builds(lambda v: {"N": v}, _NUMBER),
    st.builds(lambda v: {"B": v}, st.sampled_from(["AA==", "AQ=="])),
    st.builds(lambda v: {"BOOL": v}, st.booleans()),
    st.just({"NULL": True}),
    st.builds(lambda v: {"SS": v}, st.lists(st.sampled_from("abc"), min_size=1, unique=True)),
    st.builds(lambda v: {"NS": v}, st.lists(_NUMBER, min_size=1, unique=True)),
)
_VALUE = st.recursive(
    _SCALAR,
    lambda inner: st.one_of(
        st.builds(lambda v: {"L": v}, st.lists(inner, max_size=3)),
        st.builds(lambda v: {"M": v}, st.dictionaries(_NAME, inner, max_size=3)),
    ),
    max_leaves=8,
)
_IMAGE = st.dictionaries(_NAME, _VALUE, max_size=4)


@given(_IMAGE, _IMAGE)
def test_applying_the_difference_gives_the_new_image(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert diff.same({"M": diff.apply(old, diff.diff(old, new))}, {"M": new})


@given(_IMAGE, _IMAGE)
def test_no_difference_means_equal_and_the_other_way_round(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert (not diff.diff(old, new)) == diff.same({"M": old}, {"M": new})


@given(_IMAGE, _IMAGE)
def test_each_path_is_told_once_and_its_sides_differ(old: dict[str, Any], new: dict[str, Any]) -> None:
    found = diff.diff(old, new)
    assert len({one["path"] for one in found}) == len(found)
    assert all("old" not in one or "new" not in one or not diff.same(one["old"], one["new"]) for one in found)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"N": {"N": "1"}}, {"N": {"N": "1.0"}}, []),
        ({"T": {"SS": ["a", "b"]}}, {"T": {"SS": ["b", "a"]}}, []),
        (
            {"A": {"M": {"City": {"S": "Bonn"}, "Zip": {"S": "1"}}}},
            {"A": {"M": {"City": {"S": "Ulm"}, "Zip": {"S": "1"}}}},
            [{"path": "A.City", "old": {"S": "Bonn"}, "new": {"S": "Ulm"}}],
        ),
        ({"L": {"L": [{"S": "x"}]}}, {"L": {"L": [{"S": "x"}, {"S": "y"}]}}, [{"path": "L[1]", "new": {"S": "y"}}]),
        ({"S": {"N": "1"}}, {"S": {"S": "1"}}, [{"path": "S", "old": {"N": "1"}, "new": {"S": "1"}}]),
        ({"a.b": {"S": "1"}}, {}, [{"path": "a\\.b", "old": {"S": "1"}}]),
        (None, {"S": {"N": "1"}}, [{"path": "S", "new": {"N": "1"}}]),
        (
            {"P": {"S": "hmac-sha256:" + "0" * 64}},
            {"P": {"S": "hmac-sha256:" + "1" * 64}},
            [{"path": "P", "old": {"S": "hmac-sha256:" + "0" * 64}, "new": {"S": "hmac-sha256:" + "1" * 64}}],
        ),
    ],
)
def test_what_a_difference_looks_like(old: Any, new: Any, expected: Any) -> None:
    assert diff.diff(old, new) == expected


def test_a_path_that_leads_nowhere_is_refused() -> None:
    with pytest.raises(ValueError, match="not a path"):
        diff.apply({}, [{"path": "[0]", "new": {"S": "x"}}])


@given(_IMAGE, _IMAGE)
def test_the_difference_of_two_texts_is_that_of_what_they_say(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert json.loads(diff.of_texts(json.dumps(old), json.dumps(new))) == diff.diff(old, new)
