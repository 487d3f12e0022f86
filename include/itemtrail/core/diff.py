"""What differs between two images of an item, attribute by attribute.

Decides: maps are compared member by member (path ``Address.City``), lists by position (``Lines[1]``), sets without regard to
order, numbers by value (``5200`` and ``5200.0`` are equal), everything else by its typed value. A difference is
``{"path", "old", "new"}``; a side that is not there is left out. A dot, bracket or backslash in an attribute's name is written
with a backslash before it, so that a path says one thing. Redacted values stay what they are: equal hashes are equal values.
Refuses to look into a value that is not one typed value: it is compared as a whole.
Source: DynamoDB API reference, AttributeValue (read 2026-11-24).
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Raw

from itemtrail.core.item_key import number

Image = Mapping[str, Any]
Difference = dict[str, Any]
_SETS = frozenset({"SS", "NS", "BS"})
_SPECIAL = re.compile(r"([\\.\[\]])")
_STEP = re.compile(r"\[(\d+)\]|\.?((?:[^\\.\[\]]|\\.)+)", re.DOTALL)
# Values that differ where their texts do: strings and whole numbers as DynamoDB writes them.
_PLAIN = re.compile(rb'\{"S":"[^"\\]*+"\}|\{"N":"(?:0|-?[1-9][0-9]*+)"\}')
_ABSENT = object()
_raw = msgspec.json.Decoder(dict[str, Raw]).decode
_loads = msgspec.json.Decoder().decode
_dumps = msgspec.json.Encoder().encode


def diff(old: Image | None, new: Image | None) -> list[Difference]:
    """Differences in order of their paths' names; None is an item that is not there."""
    return list(_members(old or {}, new or {}, ""))


def of_texts(old: str, new: str) -> str:
    """``diff`` of two images as JSON texts, as the column ``diff`` holds it: what is written alike is not read."""
    before, after = _raw(old), _raw(new)
    parts = []
    for name in before.keys() | after.keys() if before.keys() != after.keys() else before:
        left, right = before.get(name), after.get(name)
        if left != right:
            parts.append((name, left, right))
    parts.sort(key=lambda part: part[0])
    return (b"[" + b",".join([text for part in parts for text in _texts(*part)]) + b"]").decode()


def _texts(name: str, left: Raw | None, right: Raw | None) -> Iterator[bytes]:
    """The differences of one attribute whose two sides are written differently."""
    path, start = _step(name)
    if left is None or right is None or (_PLAIN.fullmatch(left) and _PLAIN.fullmatch(right)):
        old = b"" if left is None else b',"old":' + bytes(left)
        new = b"" if right is None else b',"new":' + bytes(right)
        yield start + old + new + b"}"
    else:
        yield from map(_dumps, _value(_loads(left), _loads(right), path))


@lru_cache(maxsize=4096)
def _step(name: str) -> tuple[str, bytes]:
    path = _SPECIAL.sub(r"\\\1", name)
    return path, b'{"path":' + _dumps(path)


def apply(old: Image | None, differences: Sequence[Difference]) -> dict[str, Any]:
    """The image after ``differences``: the inverse of ``diff``, up to numbers' spelling and sets' order.

    Raises:
        ValueError: a path that does not lead anywhere in ``old``.
    """
    root: dict[str, Any] = json.loads(json.dumps(dict(old or {})))
    for one in [*(d for d in differences if "new" in d), *reversed([d for d in differences if "new" not in d])]:
        _set(root, _steps(one["path"]), one)
    return root


def same(old: Any, new: Any) -> bool:
    """Whether two typed values are equal as DynamoDB compares them."""
    if old == new:
        return True
    kind = _tag(old)
    if kind is None or kind != _tag(new):
        return False
    before, after = old[kind], new[kind]
    match kind:
        case "N":
            return isinstance(before, str) and isinstance(after, str) and number(before) == number(after)
        case "SS" | "NS" | "BS":
            return bool(_set_of(kind, before) == _set_of(kind, after))
        case "M" if isinstance(before, dict) and isinstance(after, dict):
            return before.keys() == after.keys() and all(same(before[name], after[name]) for name in before)
        case "L" if isinstance(before, list) and isinstance(after, list):
            return len(before) == len(after) and all(map(same, before, after))
        case _:
            return False


def _members(old: Image, new: Image, path: str) -> Iterator[Difference]:
    for name in sorted(old.keys() | new.keys()):
        step = _SPECIAL.sub(r"\\\1", name)
        yield from _value(old.get(name, _ABSENT), new.get(name, _ABSENT), f"{path}.{step}" if path else step)


def _value(old: Any, new: Any, path: str) -> Iterator[Difference]:
    kind = _tag(old)
    if old is _ABSENT or new is _ABSENT or kind != _tag(new) or kind is None:
        if old is _ABSENT or new is _ABSENT or old != new:
            yield _difference(path, old, new)
    elif kind == "M" and isinstance(old["M"], dict) and isinstance(new["M"], dict):
        yield from _members(old["M"], new["M"], path)
    elif kind == "L" and isinstance(old["L"], list) and isinstance(new["L"], list):
        before, after = old["L"], new["L"]
        for index in range(max(len(before), len(after))):
            yield from _value(
                before[index] if index < len(before) else _ABSENT,
                after[index] if index < len(after) else _ABSENT,
                f"{path}[{index}]",
            )
    elif not same(old, new):
        yield _difference(path, old, new)


def _difference(path: str, old: Any, new: Any) -> Difference:
    made = {"path": path}
    if old is not _ABSENT:
        made["old"] = old
    if new is not _ABSENT:
        made["new"] = new
    return made


def _tag(value: Any) -> str | None:
    """The type of a typed value, None for anything else."""
    return next(iter(value)) if isinstance(value, dict) and len(value) == 1 else None


def _set_of(kind: str, values: Any) -> Any:
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        return values
    return frozenset(map(number, values) if kind == "NS" else values)


def _steps(path: str) -> list[str | int]:
    if path.startswith("[") or not path:
        raise ValueError(f"{path!r} is not a path")
    return [
        int(match[1]) if match[1] is not None else re.sub(r"\\(.)", r"\1", match[2], flags=re.DOTALL)
        for match in _STEP.finditer(path)
    ]


def _set(root: dict[str, Any], steps: list[str | int], one: Difference) -> None:
    holder: Any = root
    for step in steps[:-1]:
        value = holder[step]
        holder = value["L"] if "L" in value else value["M"]
    last = steps[-1]
    if "new" not in one:
        del holder[last]
    elif isinstance(holder, list) and last == len(holder):
        holder.append(one["new"])
    else:
        holder[last] = one["new"]
