"""The plan of a commit: what it will hold, fixed before anything is written.

Decides: the canonical JSON of plans and receipts (sorted names, no spaces, no clock, no run id), which object is the same object
(key and version; where a bucket keeps no versions, key and ETag), and how inputs are cut into parts. Refuses to read or write.
Commit protocol: docs/design.md, "The archive".
"""

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

import msgspec

from itemtrail.errors import EvidenceError
from itemtrail.model import ObjectVerdict, SlotVerdict, Unit, Verdict

_Document = TypeVar("_Document")


class Kind(StrEnum):
    """What an original was delivered as, by its folder."""

    LOG = "log"
    DIGEST = "digest"


@dataclass(frozen=True, slots=True)
class Versions:
    """What made a commit. ``configuration`` is the SHA-256 of the settings that shape its outputs."""

    package: str
    schema: int
    configuration: str
    pyarrow: str


@dataclass(frozen=True, slots=True)
class Input:
    """One original. ``sha256`` is of the stored bytes, ``content_sha256`` of the inflated ones (None: ``problem`` says why)."""

    key: str
    version_id: str | None
    etag: str
    size: int
    sha256: str
    content_sha256: str | None
    content_size: int
    problem: str
    kind: Kind
    part: int
    last_modified: dt.datetime | None
    content_type: str = ""
    content_encoding: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def identity(self) -> tuple[str, str]:
        """What makes it the same object."""
        return identity(self.key, self.version_id, self.etag)


@dataclass(frozen=True, slots=True)
class DigestFinding:
    """A digest that speaks of the unit. ``days`` are the days of its window's end and of the logs that it lists."""

    key: str
    verdict: Verdict
    reason: str
    days: tuple[dt.date, ...]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was observed of a unit: a verdict per slot and object, and the worst of them."""

    verdict: Verdict
    slots: tuple[SlotVerdict, ...]
    objects: tuple[ObjectVerdict, ...]
    digests: tuple[DigestFinding, ...] = ()
    listed_by: Mapping[str, str] = field(default_factory=dict)  # log key → key of the digest that lists it

    def says(self) -> tuple[object, ...]:
        """All but the words that explain: two judgements that say the same need no second commit."""
        slots = tuple((s.start, s.end, s.verdict, s.reason, s.object) for s in self.slots)
        objects = tuple((o.key, o.verdict, o.reason) for o in self.objects)
        return self.verdict, slots, objects


@dataclass(frozen=True, slots=True)
class Plan:
    """One commit of a unit before it is made. ``previous`` is the SHA-256 of the unit's last receipt, None for the first."""

    unit: Unit
    number: int
    previous: str | None
    trail: str
    versions: Versions
    inputs: tuple[Input, ...]
    judgement: Judgement
    keys: tuple[str, ...] = ()
    layout: int = 1
    kind: str = "plan"

    def parts(self) -> tuple[tuple[int, tuple[Input, ...]], ...]:
        """(part, its inputs in key order), in order."""
        numbers = sorted({i.part for i in self.inputs})
        return tuple((number, tuple(i for i in self.inputs if i.part == number)) for number in numbers)

    def to_json(self) -> bytes:
        """Canonical bytes."""
        return canonical(self)

    @classmethod
    def from_json(cls, data: bytes, *, key: str) -> "Plan":
        """The plan in ``data``; ``key`` is named in errors.

        Raises:
            EvidenceError: not a plan of this layout.
        """
        return decode(data, cls, key=key)


def identity(key: str, version_id: str | None, etag: str) -> tuple[str, str]:
    """Key and version; where the bucket keeps no versions, key and ETag."""
    return key, version_id or f"etag:{etag}"


def cut(sizes: Sequence[int], part_bytes: int) -> tuple[int, ...]:
    """The part of each object, in order: a new part begins where the next object would pass ``part_bytes``."""
    parts: list[int] = []
    part = filled = 0
    for size in sizes:
        if filled and filled + size > part_bytes:
            part, filled = part + 1, 0
        parts.append(part)
        filled += size
    return tuple(parts)


def shards(sizes: Sequence[int], parts: Sequence[int], *, big: int, most: int) -> int:
    """By how many tasks a commit is built: 1 where its originals (stored bytes, and their parts) are fewer than ``big`` bytes.

    A shard is every n-th part, so that there are never more shards than parts.
    """
    return min(most, len(set(parts))) if sizes and sum(sizes) >= big else 1


def canonical(document: Any) -> bytes:
    """Canonical JSON of a plan, a receipt or any mapping: sorted names, no spaces, UTF-8."""
    return msgspec.json.encode(document, order="sorted")


def decode(data: bytes, kind: type[_Document], *, key: str) -> _Document:
    """A plan or receipt from its bytes, every field of its type.

    Raises:
        EvidenceError: the document at ``key`` is not one.
    """
    try:
        document = msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _not_one(key, kind, str(error)) from error
    name = kind.__name__.lower()
    if getattr(document, "kind", name) != name or getattr(document, "layout", 1) != 1:
        raise _not_one(key, kind, "its kind or layout is another")
    return document


def sha256(data: bytes) -> str:
    """Lower-case hex."""
    return hashlib.sha256(data).hexdigest()


def identities(inputs: Iterable[Input]) -> set[tuple[str, str]]:
    """Identities of ``inputs``."""
    return {i.identity for i in inputs}


def _not_one(key: str, kind: type, why: str) -> EvidenceError:
    return EvidenceError(
        f"{key} is not a {kind.__name__.lower()} of this layout: {why}.",
        advice="look at the object's versions and at who wrote it; a newer itemtrail may be needed.",
    )
