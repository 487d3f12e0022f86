"""A snapshot as a JSON document, and back, without losing or inventing anything.

Decides: the form (sorted names, UTF-8, times in UTC with Z). Refuses: another ``schema_version``, a name it does not know (a
newer itemtrail may have meant something by it), a name given twice, a time without an offset, a document too large or too deep.
"""

import dataclasses
import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import msgspec

from itemtrail.core.plan import canonical
from itemtrail.errors import EvidenceError
from itemtrail.posture import SCHEMA_VERSION, Posture

MAX_BYTES = 16 << 20
MAX_DEPTH = 64
_ADVICE = "take a new snapshot, or read it with the itemtrail that wrote it."


def save(posture: Posture) -> bytes:
    """The document."""
    return canonical(posture)


def load(data: bytes, *, name: str) -> Posture:
    """The snapshot of ``data``; ``name`` is what an error calls it.

    Raises:
        EvidenceError: it is not a snapshot of this schema.
    """
    if len(data) > MAX_BYTES:
        raise EvidenceError(f"{name} has {len(data):,} bytes; a snapshot has {MAX_BYTES:,} at most.", advice=_ADVICE)
    raw = _parsed(data, name)
    version = raw.get("schema_version")
    if version != SCHEMA_VERSION or isinstance(version, bool):
        raise EvidenceError(f"{name} is a snapshot of schema {version!r}; this is schema {SCHEMA_VERSION}.", advice=_ADVICE)
    try:
        _shallow(raw)
        posture = msgspec.convert(raw, Posture)
        again = json.loads(save(posture))
    except (msgspec.MsgspecError, RecursionError, OverflowError, TypeError, ValueError) as error:
        raise EvidenceError(f"{name} is not a snapshot: {error}.", advice=_ADVICE) from error
    for path in _lost(raw, again, ""):
        raise EvidenceError(f"{name} holds `{path}`, which this schema does not know.", advice=_ADVICE)
    for path in _naive(posture, ""):
        raise EvidenceError(f"{name}: `{path}` is a time without an offset from UTC.", advice=_ADVICE)
    return posture


def _parsed(data: bytes, name: str) -> dict[str, Any]:
    try:
        raw = json.loads(data, object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise EvidenceError(f"{name} is not a snapshot: {str(error)[:200]}.", advice=_ADVICE) from error
    if not isinstance(raw, dict):
        raise EvidenceError(f"{name} is not a snapshot: it is no JSON object.", advice=_ADVICE)
    return raw


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the name {key[:80]!r} stands twice in one object")
        found[key] = value
    return found


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is no JSON")


def _shallow(raw: Any) -> None:
    """Raise ValueError where values lie deeper than any configuration; whoever walks a snapshot may then recurse."""
    level = [raw]
    for _ in range(MAX_DEPTH):
        inner = [one.values() if isinstance(one, dict) else one for one in level if isinstance(one, dict | list)]
        level = [value for values in inner for value in values]
        if not level:
            return
    raise ValueError(f"values lie deeper than {MAX_DEPTH} levels")


def _lost(raw: Any, again: Any, path: str) -> Iterator[str]:
    """Paths in ``raw`` that reading and writing again does not give back."""
    if isinstance(raw, dict) and isinstance(again, dict):
        for key, value in raw.items():
            inner = f"{path}.{key}" if path else str(key)
            if key in again:
                yield from _lost(value, again[key], inner)
            else:
                yield inner
    elif isinstance(raw, list) and isinstance(again, list):
        for number, (one, other) in enumerate(zip(raw, again, strict=False)):
            yield from _lost(one, other, f"{path}[{number}]")


def _naive(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, dt.datetime) and value.tzinfo is None:
        yield path
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from _naive(getattr(value, field.name), f"{path}.{field.name}".lstrip("."))
    elif isinstance(value, tuple):
        for number, one in enumerate(value):
            yield from _naive(one, f"{path}[{number}]")
