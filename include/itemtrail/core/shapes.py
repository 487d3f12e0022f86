"""A record's bytes turned into values, with proof that the values give the same bytes back.

Decides: which values of a record go into which column, and whether they suffice. A *shape* is an order of member names; one
compiled parser per shape reads a record, and writing the result again must give exactly the bytes read, else the record is read
by the exact path and, where even that cannot rebuild it, carries its bytes in ``_record``. Shapes are learned from the records,
so that a new CloudTrail field or another producer's order costs one slow record and not a slow archive.
Refuses to guess: absent, null and empty stay apart; a repeated name keeps every value (in ``_record``).
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import msgspec

from itemtrail.core import exact
from itemtrail.core.schema import FIELDS, TEXT

Record = Any
"""A msgspec struct with one attribute per name of ``FIELDS``: text is ``str``, or None where absent; all else is ``msgspec.Raw``,
empty where absent."""

ABSENT = msgspec.Raw(b"")

_MOST_SHAPES = 64
_JSON_NULL = b"null"
_RECENT = 6
_MOST_MEMBERS = 100
_MOST_PARTS = 10_000
_ESCAPED = re.compile(r'[\\"\x00-\x1f]')
_FIELD_SET = frozenset(FIELDS)
encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Exact:
    """What the exact path says of one record: its ``_keys`` and ``_extra``, and ``_record`` where rebuilding would differ.

    ``keys`` is None for a record of absurdly many members, which is kept whole and not taken apart.
    """

    keys: str | None
    extra: str | None
    record: bytes | None


@dataclass(frozen=True, slots=True)
class Shape:
    """An order of names. ``others`` are the attributes (and names) of members that are no column, or not of its type: ``odd``."""

    kind: type[msgspec.Struct]
    names: tuple[str, ...]
    attributes: tuple[str, ...]
    others: tuple[tuple[str, str], ...]
    odd: tuple[str, ...]
    decode: Callable[[bytes], Record]

    def takes(self, record: bytes) -> Record | None:
        """The record's values, if writing them again gives the same bytes and each has its place; else None."""
        try:
            values = self.decode(record)
        except (msgspec.DecodeError, RecursionError):
            return None
        if encode(values) != record:
            return None
        return None if self.odd and any(bytes(getattr(values, name))[:1] == b'"' for name in self.odd) else values


class Shapes:
    """The shapes met so far. One per converter; not shared between threads."""

    def __init__(self) -> None:
        first = _define(FIELDS, frozenset())
        self._plain = first
        self._recent = [first]
        self._known: set[tuple[tuple[str, ...], frozenset[str]]] = set()
        self.by_kind: dict[type[msgspec.Struct], Shape] = {first.kind: first}

    def read_all(self, records: Sequence[bytes]) -> tuple[list[Record], dict[int, Exact]]:
        """``read`` for each, at the speed of the parser where one shape fits all; ``Exact`` by position."""
        values: list[Record] = []
        found: dict[int, Exact] = {}
        decode = self._recent[0].decode
        for position, record in enumerate(records):
            try:
                value = decode(record)
            except (msgspec.DecodeError, RecursionError):
                value = None
            if value is None or encode(value) != record or self._recent[0].odd:
                value, exactly = self.read(record)
                decode = self._recent[0].decode
                if exactly:
                    found[position] = exactly
            values.append(value)
        return values, found

    def read(self, record: bytes) -> tuple[Record, Exact | None]:
        """The record's values; ``Exact`` where the shape alone does not give its bytes back."""
        recent = self._recent
        for position, shape in enumerate(recent):
            values = shape.takes(record)
            if values is not None:
                if position:
                    recent.insert(0, recent.pop(position))
                return values, None
        return self._learn(record)

    def beside(self, record: Record) -> Exact | None:
        """What stands beside the columns of a record that a shape alone gives back; None where nothing does."""
        return self.told(record) if self.by_kind[type(record)].others else None

    def told(self, record: Record) -> Exact:
        """All of a record that a shape alone gives back: its names in the shape's order, and what is no column."""
        shape = self.by_kind[type(record)]
        present = [name for attribute, name in zip(shape.attributes, shape.names, strict=True) if has(record, attribute)]
        others = [(name, getattr(record, attribute)) for attribute, name in shape.others]
        return Exact(keys_text(present), extra_text(others), None)

    def _learn(self, record: bytes) -> tuple[Record, Exact | None]:
        parts = [(exact.text(name), name, value) for name, value in islice(exact.members(record), _MOST_PARTS + 1)]
        if len(parts) > _MOST_PARTS:
            return self._plain.kind(), Exact(None, None, record)
        odd = frozenset(name for name, _, value in parts if name in TEXT and value[:1] != b'"')
        names = tuple(name for name, _, _ in parts)
        known = (names, odd)
        if known not in self._known and len(self._known) < _MOST_SHAPES and _can_be_a_shape(names):
            self._known.add(known)
            shape = _define((*names, *(name for name in FIELDS if name not in names)), odd)
            values = shape.takes(record)
            if values is not None:
                self.by_kind[shape.kind] = shape
                self._recent.insert(0, shape)
                del self._recent[_RECENT:]
                return values, None
        return self._exactly(record, parts, odd)

    def _exactly(self, record: bytes, parts: list[tuple[str, bytes, bytes]], odd: frozenset[str]) -> tuple[Record, Exact]:
        values = self._plain.kind()
        others: dict[str, msgspec.Raw] = {}
        for name, _, value in parts:
            if name in odd or name not in _FIELD_SET:
                others[name] = msgspec.Raw(value)
            else:
                setattr(values, name, exact.text(value) if name in TEXT else msgspec.Raw(value))
        names = [name for name, _, _ in parts]
        extra = extra_text(others.items())
        texts = {name: encode(getattr(values, name)) for name in _FIELD_SET.intersection(names) - odd}
        rebuilt = assemble(names, texts, {name: bytes(raw) for name, raw in others.items()})
        return values, Exact(keys_text(names), extra, None if rebuilt == record else record)


def _can_be_a_shape(names: tuple[str, ...]) -> bool:
    """Whether a compiled parser can be made for these names: unique, not many, none that would be escaped."""
    return len(set(names)) == len(names) <= _MOST_MEMBERS and not any(_ESCAPED.search(name) for name in names)


def _define(names: Iterable[str], odd: frozenset[str]) -> Shape:
    """A parser for records whose members stand in this order; ``odd`` are text fields that come as something else."""
    names = tuple(names)
    fields: list[tuple[str, Any, Any]] = []
    rename: dict[str, str] = {}
    others: list[tuple[str, str]] = []
    for number, name in enumerate(names):
        if name in _FIELD_SET and name not in odd:
            fields.append((name, str, None) if name in TEXT else (name, msgspec.Raw, ABSENT))
        else:
            attribute = f"other_{number}"
            rename[attribute] = name
            others.append((attribute, name))
            fields.append((attribute, msgspec.Raw, ABSENT))
    kind = msgspec.defstruct(
        "Record", fields, rename=rename or None, omit_defaults=True, forbid_unknown_fields=True, gc=False,
        namespace=dict.fromkeys(odd),
    )  # fmt: skip
    attributes = tuple(field[0] for field in fields)
    strange = tuple(attribute for attribute, name in others if name in odd)
    return Shape(kind, names, attributes, tuple(others), strange, msgspec.json.Decoder(kind).decode)


def keys_text(names: Iterable[str]) -> str:
    """``_keys``: the names in order, as a JSON list."""
    return encode(list(names)).decode()


def extra_text(others: Iterable[tuple[str, msgspec.Raw]]) -> str | None:
    """``_extra``: members that are no column, values as delivered, as a JSON object; None for none. Null needs no entry."""
    kept = {name: raw for name, raw in others if len(raw) and bytes(raw) != _JSON_NULL}
    return encode(kept).decode() if kept else None


def has(record: Record, attribute: str) -> bool:
    """Whether the record has the member behind ``attribute`` (null counts as having it)."""
    value = getattr(record, attribute)
    return value is not None and value is not ABSENT


def assemble(names: Iterable[str], texts: Mapping[str, bytes | None], others: Mapping[str, bytes]) -> bytes:
    """The record that ``_keys``, the columns and ``_extra`` stand for: compact JSON; in ``_keys`` without a value means null."""
    parts = [encode(name) + b":" + (texts.get(name) or others.get(name) or _JSON_NULL) for name in names]
    return b"{" + b",".join(parts) + b"}"
