"""Redaction of stream records: what a path covers, what a hash is, what is refused."""

import copy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from itemtrail.core.redaction import Rule, hashed, redact, rules
from itemtrail.errors import ConfigurationError
from itemtrail.settings import Redaction

TABLE = "arn:aws:dynamodb:eu-west-1:111122223333:table/Employee"
KEY = b"k" * 32


def record(**members: Any) -> dict[str, Any]:
    return {"eventID": "e", "eventName": "MODIFY", "dynamodb": {"Keys": {"EmpId": {"S": "E-1"}}} | members}


def rule(attribute: str, action: Any = "drop", *, confirm_key: bool = False) -> Rule:
    return Rule(tuple(attribute.split(".")), action, TABLE, confirm_key)


def test_every_image_is_covered_and_the_record_is_left_alone() -> None:
    given = record(OldImage={"Salary": {"N": "1"}, "a": {"S": "x"}}, NewImage={"Salary": {"N": "2"}}, SequenceNumber="7")
    before = copy.deepcopy(given)
    kept, found = redact(given, [rule("Salary")], None)
    assert kept["dynamodb"] == {
        "Keys": {"EmpId": {"S": "E-1"}}, "OldImage": {"a": {"S": "x"}}, "NewImage": {}, "SequenceNumber": "7",
    }  # fmt: skip
    assert found == ("Salary",)
    assert given == before


def test_an_image_member_that_is_not_known_yet_is_covered() -> None:
    kept, _ = redact(record(PriorImage={"Salary": {"N": "1"}}), [rule("Salary")], None)
    assert kept["dynamodb"]["PriorImage"] == {}


def test_paths_go_through_maps_and_every_element_of_lists() -> None:
    job = {"M": {"Pay": {"M": {"Base": {"N": "9"}, "Currency": {"S": "EUR"}}}}}
    kept, found = redact(record(NewImage={"Jobs": {"L": [job, {"S": "x"}, {"L": [job]}]}}), [rule("Jobs.Pay.Base")], None)
    left = {"M": {"Pay": {"M": {"Currency": {"S": "EUR"}}}}}
    assert kept["dynamodb"]["NewImage"] == {"Jobs": {"L": [left, {"S": "x"}, {"L": [left]}]}}
    assert found == ("Jobs.Pay.Base",)


def test_an_attribute_whose_name_holds_the_dots_is_covered_too() -> None:
    kept, found = redact(record(NewImage={"a.b": {"S": "x"}, "a": {"M": {"b": {"S": "y"}}}}), [rule("a.b")], None)
    assert kept["dynamodb"]["NewImage"] == {"a": {"M": {}}}
    assert found == ("a.b",)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"N": "1"}, {"N": "1.0"}, True),
        ({"N": "1"}, {"S": "1"}, False),
        ({"NS": ["2", "10"]}, {"NS": ["10.0", "2"]}, True),
        ({"SS": ["a", "b"]}, {"SS": ["b", "a"]}, True),
        ({"L": [{"S": "a"}, {"S": "b"}]}, {"L": [{"S": "b"}, {"S": "a"}]}, False),
        ({"M": {"a": {"N": "1e0"}, "b": {"S": ""}}}, {"M": {"b": {"S": ""}, "a": {"N": "1"}}}, True),
        ({"B": b"\x00"}, {"B": "AA=="}, True),
    ],
)
def test_equal_values_have_equal_hashes(one: Any, other: Any, same: bool) -> None:
    assert (hashed(one, TABLE, KEY) == hashed(other, TABLE, KEY)) is same


def test_a_hash_depends_on_table_and_key() -> None:
    value = {"N": "5200"}
    assert len({hashed(value, t, k)["S"] for t in (TABLE, TABLE + "2") for k in (KEY, KEY + b"x")}) == 4
    assert hashed(value, TABLE, KEY)["S"].startswith("hmac-sha256:")
    assert len(hashed(value, TABLE, KEY)["S"]) == len("hmac-sha256:") + 64


@pytest.mark.parametrize("key", [None, b"", b"k" * 31])
def test_a_hash_without_a_good_key_is_refused(key: bytes | None) -> None:
    with pytest.raises(ConfigurationError, match=r"hashes Salary.*32 bytes"):
        redact(record(), [rule("Salary", "hash")], key)


@pytest.mark.parametrize(("action", "confirmed"), [("hash", False), ("drop", False), ("drop", True)])
def test_a_key_attribute_is_refused_unless_hashed_and_confirmed(action: Any, confirmed: bool) -> None:
    with pytest.raises(ConfigurationError, match=r"EmpId.*table/Employee.*confirm_key"):
        redact(record(), [rule("EmpId", action, confirm_key=confirmed)], KEY)


def test_a_confirmed_key_attribute_is_hashed_everywhere_alike() -> None:
    kept, _ = redact(record(NewImage={"EmpId": {"S": "E-1"}}), [rule("EmpId", "hash", confirm_key=True)], KEY)
    assert kept["dynamodb"]["Keys"] == kept["dynamodb"]["NewImage"] == {"EmpId": hashed({"S": "E-1"}, TABLE, KEY)}


@pytest.mark.parametrize(
    "image", [{"Jobs": {"M": "Base 9"}}, {"Jobs": {"L": "9"}}, {"Jobs": "9"}, {"Jobs": {"S": "9", "N": "9"}}]
)
def test_what_cannot_be_followed_does_not_pass(image: Any) -> None:
    with pytest.raises(ValueError, match="attribute"):
        redact(record(NewImage=image), [rule("Jobs.Base")], None)


@pytest.mark.parametrize("given", [{}, {"dynamodb": "x"}, []])
def test_no_stream_record_is_refused(given: Any) -> None:
    with pytest.raises(ValueError, match="dynamodb"):
        redact(given, [rule("Salary")], None)


def test_rules_are_those_of_one_table_and_an_attribute_is_named_once() -> None:
    settings = [
        Redaction(table=TABLE, attribute="a.b", action="hash"),
        Redaction(table=TABLE, attribute="a", action="drop"),
        Redaction(table=TABLE + "2", attribute="c", action="drop"),
    ]
    assert [r.path for r in rules(settings, TABLE)] == [("a",), ("a", "b")]
    with pytest.raises(ConfigurationError, match="names a of"):
        rules([*settings, Redaction(table=TABLE, attribute="a", action="hash")], TABLE)


def test_it_needs_nothing_that_a_function_of_lambda_has_not() -> None:
    include = Path(__file__).resolve().parents[2] / "include"
    program = f"import sys; sys.path.insert(0, {str(include)!r}); import itemtrail.core.redaction"
    assert subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, check=False).stderr == b""
