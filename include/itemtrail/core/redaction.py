"""Attributes that leave the stream only dropped or as a keyed hash: the same function for the forwarder and the archive.

Decides: what a path names (through maps and every element of lists; a name that itself holds the dots is covered too), that every
image of the record is covered (Keys, OldImage, NewImage, and any image member that AWS adds), and what a hash is: HMAC-SHA256,
under a key of at least 32 bytes, of the table's ARN and the value in one spelling (numbers by value, sets without order), so that
equal values of a table have equal hashes and different tables cannot be compared. Shorter paths are applied first.
Refuses: to drop a key attribute at all (two items would become one), to hash one that is not confirmed, to hash without a key, to
let a value pass whose way cannot be followed (``ValueError``: the caller withholds the images).
Packed into the forwarder's zip: imports the standard library and modules that do likewise.
Source: DynamoDB API reference, AttributeValue; DynamoDB Streams API reference, StreamRecord (read 2026-11-24).
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from itemtrail.core.item_key import number
from itemtrail.errors import ConfigurationError

PREFIX = "hmac-sha256:"
MIN_KEY_BYTES = 32
_SETS = ("SS", "NS", "BS")

Path = tuple[str, ...]
Record = Mapping[str, Any]
_Change = Callable[[Any], dict[str, str] | None]  # typed value → what stands there instead; None: nothing


class RedactionSetting(Protocol):
    """One entry of ``streams.redact``, as the settings hold it."""

    @property
    def table(self) -> str:
        """The table's ARN."""

    @property
    def attribute(self) -> str:
        """Names joined by dots."""

    @property
    def action(self) -> Literal["drop", "hash"]:
        """What becomes of it."""

    @property
    def confirm_key(self) -> bool:
        """Whether it may be an attribute of the table's key."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One attribute, by its names from the top, and what becomes of it; ``table`` is the ARN that hashes are bound to."""

    path: Path
    action: Literal["drop", "hash"]
    table: str = ""
    confirm_key: bool = False

    @property
    def dotted(self) -> str:
        """The path as settings write it."""
        return ".".join(self.path)


def rules(settings: Sequence[RedactionSetting], table_arn: str) -> tuple[Rule, ...]:
    """The rules of one table, shorter paths first.

    Raises:
        ConfigurationError: one attribute is named twice.
    """
    found = [
        Rule(tuple(one.attribute.split(".")), one.action, table_arn, one.confirm_key)
        for one in settings
        if one.table == table_arn
    ]
    twice = sorted({rule.dotted for rule in found if [other.path for other in found].count(rule.path) > 1})
    if twice:
        raise ConfigurationError(
            f"`streams.redact` names {', '.join(twice)} of {table_arn} twice.",
            advice="keep one entry an attribute.",
        )
    return tuple(sorted(found, key=_order))


def redact(record: Record, rules: Sequence[Rule], key: bytes | None) -> tuple[dict[str, Any], tuple[str, ...]]:
    """A redacted copy of one stream record, and the dotted paths that were redacted, sorted. The record is not changed.

    Raises:
        ConfigurationError: a hash rule without a key of 32 bytes; a rule on a key attribute that is not confirmed, or drops it.
        ValueError: the record is no stream record, or an attribute on the way of a rule is not of a type that can be followed.
    """
    check_key(rules, key)
    inner = record.get("dynamodb") if isinstance(record, Mapping) else None
    if not isinstance(inner, Mapping):
        raise ValueError("a stream record is an object with a member `dynamodb`")
    keys = inner.get("Keys")
    check_key_attributes(rules, keys if isinstance(keys, Mapping) else ())
    kept, found = dict(inner), set[str]()
    for rule in sorted(rules, key=_order):
        change = _change(rule, key)
        for name, image in kept.items():
            if isinstance(image, Mapping):
                kept[name], hit = _attributes(image, rule.path, change)
                found |= {rule.dotted} if hit else set()
    return dict(record) | {"dynamodb": kept}, tuple(sorted(found))


def check_key(rules: Iterable[Rule], key: bytes | None) -> None:
    """Whether a hash rule has its key.

    Raises:
        ConfigurationError: it has none, or a short one.
    """
    hashed = [rule.dotted for rule in rules if rule.action == "hash"]
    if hashed and (key is None or len(key) < MIN_KEY_BYTES):
        raise ConfigurationError(
            f"`streams.redact` hashes {', '.join(hashed)}, and there is no key of at least {MIN_KEY_BYTES} bytes.",
            advice="put a random key of 32 bytes or more where docs/configuration.md says, or drop the attribute.",
        )


def check_key_attributes(rules: Iterable[Rule], key_attributes: Iterable[str]) -> None:
    """Whether rules on attributes of the table's key are allowed.

    Raises:
        ConfigurationError: one is not confirmed, or would drop the attribute.
    """
    names = set(key_attributes)
    for rule in rules:
        if rule.dotted in names and (rule.action == "drop" or not rule.confirm_key):
            raise ConfigurationError(
                f"`streams.redact` names {rule.dotted}, an attribute of the key of {rule.table or 'the table'}.",
                advice='use `action = "hash"` with `confirm_key = true`: items can then be asked for only by that hash.',
            )


def hashed(value: Any, table: str, key: bytes) -> dict[str, str]:
    """What stands in place of a typed value (``{"N": "5200"}``): ``{"S": "hmac-sha256:<64 hex>"}``."""
    text = json.dumps([table, _canonical(value)], sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return {"S": PREFIX + hmac.new(key, text.encode(), hashlib.sha256).hexdigest()}


def _order(rule: Rule) -> tuple[int, Path, str]:
    return len(rule.path), rule.path, rule.action


def _change(rule: Rule, key: bytes | None) -> _Change:
    if rule.action == "drop":
        return lambda _: None
    return lambda value: hashed(value, rule.table, key or b"")


def _attributes(image: Mapping[str, Any], path: Path, change: _Change) -> tuple[dict[str, Any], bool]:
    """``image`` with what ``path`` names changed, and whether there was anything. Names may hold the dots of a path."""
    kept, hit = dict(image), False
    for length in range(1, len(path) + 1):
        name, rest = ".".join(path[:length]), path[length:]
        if name not in kept:
            continue
        instead, inside = _value(kept[name], rest, change) if rest else (change(kept[name]), True)
        hit = hit or inside
        if instead is None:
            del kept[name]
        else:
            kept[name] = instead
    return kept, hit


def _value(typed: Any, path: Path, change: _Change) -> tuple[Any, bool]:
    """``typed`` with what ``path`` names below it changed: in a map, or in every element of a list."""
    if not isinstance(typed, Mapping) or len(typed) != 1:
        raise ValueError("an attribute is not one typed value")
    ((tag, inside),) = typed.items()
    if tag == "M" and isinstance(inside, Mapping):
        kept, hit = _attributes(inside, path, change)
        return {"M": kept}, hit
    if tag == "L" and isinstance(inside, list | tuple):
        elements = [_value(element, path, change) for element in inside]
        return {"L": [element for element, _ in elements]}, any(hit for _, hit in elements)
    if tag in ("M", "L"):
        raise ValueError(f"an attribute of type {tag} does not hold one")
    return typed, False


def _canonical(value: Any) -> Any:
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    if isinstance(value, list | tuple):
        return [_canonical(one) for one in value]
    if not isinstance(value, Mapping):
        return value
    if len(value) == 1:
        ((tag, inside),) = value.items()
        if tag == "N" and isinstance(inside, str):
            return {"N": number(inside)}
        if tag in _SETS and isinstance(inside, list | tuple | set | frozenset):
            texts = [_canonical(one) for one in inside]
            return {tag: sorted(number(one) if tag == "NS" else one for one in texts)}
    return {name: _canonical(inside) for name, inside in value.items()}
