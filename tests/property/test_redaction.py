"""What must hold of redaction for all records: nothing of a redacted value is left, equal values stay equal, the rest stays."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from itemtrail.core.redaction import Rule, hashed, redact

TABLE = "arn:aws:dynamodb:eu-west-1:111122223333:table/Employee"
KEY = b"0123456789abcdef0123456789abcdef"
SECRET = "§§secret§§"

_texts = st.text("abc", max_size=3)
_names = st.sampled_from(["a", "b", "c"])
_secrets = st.one_of(
    st.just({"S": SECRET}), st.just({"B": SECRET}), st.just({"SS": [SECRET, "x"]}), st.just({"L": [{"S": SECRET}]}),
    st.just({"M": {SECRET: {"S": "x"}}}),
)  # fmt: skip
_scalars = st.one_of(
    _texts.map(lambda t: {"S": t}), st.integers().map(lambda n: {"N": str(n)}), st.just({"NULL": True}), st.just({"BOOL": False})
)
_values = st.recursive(
    _scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda v: {"L": v}), st.dictionaries(_names, inner, max_size=3).map(lambda v: {"M": v})
    ),
    max_leaves=8,
)
_actions = st.sampled_from(["drop", "hash"])


@st.composite
def _hidden(draw: st.DrawFn) -> tuple[dict[str, Any], tuple[str, ...]]:
    """An image with the secret at a path, through maps and lists, among other attributes; and the path's names."""
    path = draw(st.lists(st.sampled_from(["p", "q", "r"]), min_size=1, max_size=4))
    value = draw(_secrets)
    for name in reversed(path[1:]):
        value = {"M": draw(st.dictionaries(_names, _values, max_size=2)) | {name: value}}
        if draw(st.booleans()):
            value = {"L": [*draw(st.lists(_values, max_size=2)), value]}
    return draw(st.dictionaries(_names, _values, max_size=2)) | {path[0]: value}, tuple(path)


@settings(max_examples=200, deadline=None)
@given(_hidden(), _actions, st.booleans())
def test_nothing_of_a_redacted_value_is_left_anywhere(hidden: Any, action: Any, in_keys: bool) -> None:
    image, path = hidden
    record = {"dynamodb": {"Keys": {"k": {"S": "1"}}, "OldImage": image, "NewImage": image}}
    kept, found = redact(record, [Rule(path, action, TABLE)], KEY)
    assert SECRET not in json.dumps(kept, ensure_ascii=False)
    assert found == (".".join(path),)
    assert kept["dynamodb"]["OldImage"] == kept["dynamodb"]["NewImage"]


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(_names, _values, max_size=3), _actions)
def test_a_record_without_the_attribute_stays_as_it_is(image: dict[str, Any], action: Any) -> None:
    record = {"eventID": "e", "dynamodb": {"Keys": {"k": {"S": "1"}}, "NewImage": image}}
    kept, found = redact(record, [Rule(("p",), action, TABLE), Rule(("a", "p"), action, TABLE)], KEY)
    assert (kept, found) == (record, ())
    assert redact(kept, [Rule(("p",), action, TABLE)], KEY)[0] == record


@settings(max_examples=300, deadline=None)
@given(_values, _values)
def test_hashes_are_equal_only_where_values_are(one: Any, other: Any) -> None:
    assert (hashed(one, TABLE, KEY) == hashed(other, TABLE, KEY)) == (one == other)
