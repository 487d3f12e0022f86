"""One text for an item's key, whichever source it comes from: how stream records and trail events meet.

Decides: canonical JSON with names sorted and every value a string: S as it is, N as a number without needless digits, B as
base64. A stream tells the types; CloudTrail writes key values without them, so that its keys are read with the types of the
table's stream. Refuses to guess a type: an attribute without a known type is compared as delivered.
Source: DynamoDB API reference, AttributeValue; DynamoDB developer guide, "Logging DynamoDB operations by using CloudTrail"
(read 2026-11-24).
"""

import json
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

Types = Mapping[str, str]
"""Key attribute name to its type: S, N or B."""


def of_stream(keys: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """(text, types) of a stream record's ``Keys`` (DynamoDB JSON: ``{"EmpId": {"S": "E-1"}}``).

    Raises:
        ValueError: no key, or a value that is not S, N or B.
    """
    values: dict[str, str] = {}
    types: dict[str, str] = {}
    for name, typed in keys.items():
        if not isinstance(typed, dict) or len(typed) != 1:
            raise ValueError(f"key attribute {name!r} is not one typed value")
        ((tag, value),) = typed.items()
        if tag not in ("S", "N", "B") or not isinstance(value, str):
            raise ValueError(f"key attribute {name!r} is of type {tag!r}")
        types[name] = tag
        values[name] = number(value) if tag == "N" else value
    if not values:
        raise ValueError("no key attribute")
    return _text(values), types


def of_trail(key: str, types: Types) -> str | None:
    """The text of a key as ``item_keys`` of an event holds it (canonical JSON, untyped); None where it is no flat object."""
    try:
        found = json.loads(key, parse_int=str, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not found or not all(isinstance(value, str) for value in found.values()):
        return None
    return _text({name: number(value) if types.get(name) == "N" else value for name, value in found.items()})


def of_words(words: Mapping[str, str], types: Types) -> str:
    """The text of a key as a person types it: attribute names and values."""
    return _text({name: number(value) if types.get(name) == "N" else value for name, value in words.items()})


def number(text: str) -> str:
    """A number in one spelling: ``1``, ``1.0`` and ``1e0`` are ``1``; text that is no number stays as it is."""
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        return text
    if not value.is_finite():
        return text
    if value == 0:
        return "0"
    sign, digits, exponent = value.as_tuple()
    whole = "".join(map(str, digits))
    kept = whole.rstrip("0")
    exponent = int(exponent) + len(whole) - len(kept)
    plain = kept + "0" * exponent if 0 <= exponent <= 40 else _scientific(kept, exponent)
    return f"-{plain}" if sign else plain


def _scientific(digits: str, exponent: int) -> str:
    if -40 <= exponent < 0:
        padded = digits.rjust(1 - exponent, "0")
        return f"{padded[:exponent]}.{padded[exponent:]}"
    return f"{digits}e{exponent}"


def _text(values: Mapping[str, str]) -> str:
    return json.dumps(dict(sorted(values.items())), ensure_ascii=False, separators=(",", ":"))
