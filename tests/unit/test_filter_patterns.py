"""CloudWatch Logs filter patterns: what they match and what is none."""

import json

import pytest

from cloudtrail_sandbox.filter_patterns import PatternError, matcher

EVENT = {
    "eventName": "MODIFY",
    "n": 5,
    "ratio": 0.25,
    "text": "5",
    "flag": True,
    "nothing": None,
    "who": {"type": "AssumedRole", "tags": ["a", "b"]},
    "keys": [{"id": "E-1042"}, {"id": "E-7"}],
    "dotted-name": "yes",
}


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ('{ $.eventName = "MODIFY" }', True),
        ("{ $.eventName = MODIFY }", True),
        ('{$.eventName="MODIFY"}', True),
        ('{ $.eventName = "modify" }', False),
        ('{ $.eventName != "MODIFY" }', False),
        ('{ $.eventName != "REMOVE" }', True),
        ('{ $.eventName = "MOD*" }', True),
        ('{ $.eventName = "*DIF*" }', True),
        ('{ $.eventName = "MOD.*" }', False),
        ("{ $.n = 5 }", True),
        ("{ $.n = 5.0 }", True),
        ("{ $.n != 6 }", True),
        ("{ $.n > 5 }", False),
        ("{ $.n >= 5 && $.n < 6 }", True),
        ("{ $.ratio <= 2.5e-1 }", True),
        ("{ $.text = 5 }", False),
        ('{ $.n = "5" }', False),
        ("{ $.flag = 1 }", False),
        ("{ $.flag IS TRUE }", True),
        ("{ $.flag IS FALSE }", False),
        ("{ $.nothing IS NULL }", True),
        ("{ $.absent IS NULL }", False),
        ("{ $.absent NOT EXISTS }", True),
        ("{ $.nothing NOT EXISTS }", False),
        ('{ $.absent != "x" }', False),
        ('{ $.who.type = "AssumedRole" }', True),
        ('{ $.who.tags[1] = "b" }', True),
        ('{ $.who.tags[2] = "b" }', False),
        ('{ $.keys[0].id = "E-1042" }', True),
        ("{ $.dotted-name = yes }", True),
        ("{ $['eventName'] = MODIFY }", True),
        ('{ $.eventName = "REMOVE" || $.n = 5 && $.flag IS TRUE }', True),
        ('{ ($.eventName = "MODIFY" || $.n = 5) && $.flag IS FALSE }', False),
        ('{ $.eventName = "MODIFY" || $.n = 5 && $.flag IS FALSE }', True),
        ("", True),
        ("MODIFY", True),
        ("MODIFY 1042", True),
        ("MODIFY REMOVE", False),
        ("?REMOVE ?MODIFY", True),
        ("MODIFY -REMOVE", True),
        ("MODIFY -AssumedRole", False),
        ('"E-1042"', True),
        ("modify", False),
    ],
)
def test_what_a_pattern_matches(pattern: str, matches: bool) -> None:
    assert matcher(pattern)(json.dumps(EVENT)) is matches


@pytest.mark.parametrize("message", ["", "MODIFY", "[", '"MODIFY"', "5", "null"])
def test_a_json_pattern_matches_no_text(message: str) -> None:
    assert not matcher('{ $.eventName = "MODIFY" }')(message)


@pytest.mark.parametrize(
    "pattern",
    [
        "{ $.a = }",
        "{ }",
        "{ $.a }",
        "{ $.a = 1",
        "{ $.a > x }",
        "{ $.a IS MAYBE }",
        "{ $.a NOT THERE }",
        "{ a = 1 }",
        "{ ($.a = 1 }",
        "{ $.a = 1 $.b = 2 }",
        "{ $.a = 1 && }",
        "[a, b]",
        "{ $.a = %x% }",
        '"open',
        "a-b/c",
    ],
)
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(PatternError, match="Invalid filter pattern"):
        matcher(pattern)
