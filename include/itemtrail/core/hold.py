"""Legal holds as records: what is held, why, for whom; one append-only chain of records a hold. Pure values.

Decides: what names a hold (its case and its scope, so that asking again goes on with the same one), what is open, and which
versions a release may let go: those of no other open hold, and none that was held before we came. Refuses a record that does not
follow the one before it, a case or a reason without words, a release of what is not held. Time and caller are parameters.
Source: Amazon S3 user guide, "Object Lock", "Legal holds" (no end, independent of retention), read 2026-11-24; docs/adr/0098.
"""

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from itemtrail.core import layout
from itemtrail.core.plan import canonical, decode, sha256
from itemtrail.errors import ConfigurationError, EvidenceError
from itemtrail.model import Unit

_LONGEST_CASE, _LONGEST_REASON = 200, 2000


class Action(StrEnum):
    """What a record says."""

    SET = "SET"
    EXTEND = "EXTEND"  # more objects of the same scope: commits that came later
    RELEASE = "RELEASE"
    LET_GO = "LET_GO"  # the release is carried out: from now on a hold of one of its versions is somebody else's


_AFTER = {
    Action.SET: (Action.EXTEND, Action.RELEASE),
    Action.EXTEND: (Action.EXTEND, Action.RELEASE),
    Action.RELEASE: (Action.LET_GO, Action.SET),
    Action.LET_GO: (Action.SET,),
}


@dataclass(frozen=True, slots=True, order=True)
class Held:
    """One object version."""

    key: str
    version_id: str


@dataclass(frozen=True, slots=True, order=True)
class StreamCommit:
    """One commit of a table's stream records."""

    table_arn: str
    number: int


@dataclass(frozen=True, slots=True)
class Scope:
    """What a hold is about: days (event or delivery, both ends included) of accounts and Regions, of one table, of one item.

    ``first`` None: from the beginning of the item's history; ``last`` None: whatever comes is held too. ``places``: (account,
    Region), sorted. ``table`` "": every table. ``key``: of an item, as typed; () for none.
    """

    first: dt.date | None
    last: dt.date | None
    places: tuple[tuple[str, str], ...]
    table: str = ""
    key: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HoldRecord:
    """One document of a hold. ``objects``: what this record adds; ``before``: those of them that somebody held already.

    ``gone``: keys that receipts name and of which no version is there. ``previous``: SHA-256 of the record before it.
    """

    id: str
    number: int
    previous: str | None
    action: Action
    case: str
    reason: str
    by: str
    at: dt.datetime
    scope: Scope
    units: tuple[Unit, ...] = ()
    streams: tuple[StreamCommit, ...] = ()
    objects: tuple[Held, ...] = ()
    before: tuple[Held, ...] = ()
    gone: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    layout: int = 1
    kind: str = "holdrecord"

    @property
    def key(self) -> str:
        """Its name in the archive."""
        return layout.hold_key(self.id, self.number)

    def to_json(self) -> bytes:
        """Canonical bytes."""
        return canonical(self)


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold: its records in order, and the SHA-256 of the last one's bytes."""

    id: str
    records: tuple[HoldRecord, ...]
    last_sha256: str

    @property
    def open(self) -> bool:
        """Not released."""
        return self.records[-1].action in (Action.SET, Action.EXTEND)

    @property
    def done(self) -> bool:
        """Released, and every version let go."""
        return self.records[-1].action is Action.LET_GO

    @property
    def set_by(self) -> HoldRecord:
        """The record that set it, or set it again, last."""
        return next(record for record in reversed(self.records) if record.action is Action.SET)

    @property
    def objects(self) -> frozenset[Held]:
        """Every version it names since it was set last; after a release those that were let go."""
        return frozenset(held for record in self._current for held in record.objects)

    @property
    def before(self) -> frozenset[Held]:
        """Versions that somebody else held when this hold came to them."""
        return frozenset(held for record in self._current for held in record.before)

    @property
    def _current(self) -> tuple[HoldRecord, ...]:
        return self.records[self.set_by.number :]


def hold_id(case: str, scope: Scope) -> str:
    """The name of the hold of ``scope`` for ``case``: the same question has the same name."""
    words = re.sub(r"[^a-z0-9]+", "-", case.lower()).strip("-")[:40].strip("-") or "case"
    return f"{words}-{sha256(canonical({'case': case, 'scope': scope}))[:12]}"


def check_words(case: str, reason: str) -> None:
    """Refuse a case or a reason that says nothing.

    Raises:
        ConfigurationError
    """
    for name, text, longest in (("case", case, _LONGEST_CASE), ("reason", reason, _LONGEST_REASON)):
        if not text.strip() or len(text) > longest or not all(c.isprintable() for c in text):
            raise ConfigurationError(
                f"the {name} must be 1 to {longest} printable characters on one line.",
                advice=f"say in --{name} what a stranger needs to understand this hold in ten years.",
            )


def fold(name: str, documents: Sequence[tuple[int, bytes]]) -> Hold:
    """The hold ``name`` of its documents: (number, bytes) in order.

    Raises:
        EvidenceError: a number is missing, a document is unreadable or does not follow the one before it.
    """
    records: list[HoldRecord] = []
    last: str | None = None
    for expected, (number, body) in enumerate(documents):
        key = layout.hold_key(name, number)
        record = decode(body, HoldRecord, key=key)
        if (number, record.id, record.number, record.previous) != (expected, name, expected, last) or not _may(records, record):
            raise EvidenceError(
                f"{key} does not follow the record before it.",
                advice=f"look at the versions below {layout.HOLDS}{name}/ and at who wrote them; holds in S3 are untouched.",
            )
        records.append(record)
        last = sha256(body)
    if last is None:
        raise ValueError(f"{name}: no records")
    return Hold(name, tuple(records), last)


def to_let_go(hold: Hold, others: Iterable[Hold]) -> frozenset[Held]:
    """What releasing ``hold`` may set OFF: no version of another open hold, none that was held before it."""
    kept = {held for other in others if other.open and other.id != hold.id for held in other.objects}
    return hold.objects - kept - hold.before


def _may(earlier: Sequence[HoldRecord], record: HoldRecord) -> bool:
    """Whether ``record`` may come now: SET when nothing is held, EXTEND and RELEASE while something is; case and scope stay."""
    last = earlier[-1].action if earlier else None
    allowed = _AFTER[last] if last else (Action.SET,)
    return record.action in allowed and hold_id(record.case, record.scope) == record.id
