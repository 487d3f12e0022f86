"""What an item's changes say: the key as a person types it, and the state of the item at a time.

Decides: the state at a time is the new image of the newest change at or before it, or the old image of the first change after it;
and when that is not certain: the history does not reach so far, a day is not built, stream records were lost, images do not
follow each other, a logged write has no stream record, an attribute was redacted. The image is given even then, with every
reason: it is the last one known. Refuses to guess a key: other attributes than the table's are an error that names the table's.
Source: DynamoDB Streams API reference, StreamRecord (whole items; times rounded down to the second, read 2026-11-24).
"""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from itemtrail.core import diff, item_key
from itemtrail.core.change_schema import Match
from itemtrail.errors import ConfigurationError

Row = Mapping[str, Any]
"""A row of ``change_schema`` as Python values."""
_DAY = dt.timedelta(days=1)
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Span:
    """Stream records of some time that were lost: from and to, None is open."""

    start: dt.datetime | None
    end: dt.datetime | None

    def touches(self, low: dt.datetime, high: dt.datetime) -> bool:
        """Whether it has a moment in common with ``[low, high]``."""
        return (self.start is None or self.start <= high) and (self.end is None or self.end >= low)


@dataclass(frozen=True, slots=True)
class Built:
    """What of a table's history is there: days that are built, sorted, and what is lost in the stream's archive."""

    days: tuple[dt.date, ...]
    lost: tuple[Span, ...] = ()

    @property
    def begin(self) -> dt.datetime | None:
        """Start of the first day."""
        return _midnight(self.days[0]) if self.days else None

    @property
    def end(self) -> dt.datetime | None:
        """End of the last day."""
        return _midnight(self.days[-1] + _DAY) if self.days else None

    def missing(self, first: dt.date, last: dt.date) -> tuple[dt.date, ...]:
        """Days of ``[first, last]`` that are not built."""
        there = set(self.days)
        all_days = (first + n * _DAY for n in range((last - first).days + 1))
        return tuple(day for day in all_days if day not in there)


@dataclass(frozen=True, slots=True)
class State:
    """An item at a time. ``image`` None: the item is not there. ``doubts`` empty: this is certain as far as the archive is.

    ``by`` is the change that says so: the newest at or before the time, else the first after it; None where there is neither.
    ``redacted``: paths whose value nobody can read here.
    """

    at: dt.datetime
    image: Mapping[str, Any] | None
    by: Row | None
    redacted: tuple[str, ...]
    doubts: tuple[str, ...]

    @property
    def known(self) -> bool:
        """Whether nothing speaks against ``image``."""
        return not self.doubts


def typed_key(words: Sequence[str]) -> dict[str, str]:
    """Attribute names and values of ``EmpId=E-1042`` (one a key attribute), of JSON, or of DynamoDB JSON.

    Raises:
        ConfigurationError: none of these.
    """
    if len(words) == 1 and words[0].lstrip().startswith("{"):
        return _json_key(words[0])
    pairs = [word.partition("=") for word in words]
    if not pairs or not all(name and equals for name, equals, _ in pairs) or len({name for name, _, _ in pairs}) < len(pairs):
        raise _unreadable(" ".join(words))
    return {name: value for name, _, value in pairs}


def needs_types(words: Mapping[str, str]) -> bool:
    """Whether the key's text depends on which of its attributes are numbers."""
    return item_key.of_words(words, {}) != item_key.of_words(words, dict.fromkeys(words, "N"))


def check_names(words: Mapping[str, str], known: Sequence[frozenset[str]], table: str) -> None:
    """Refuse a key of other attributes than the table's; ``known``: the attribute names of keys that were seen.

    Raises:
        ConfigurationError: names the table's key attributes.
    """
    if known and frozenset(words) not in known:
        wanted = " or ".join(sorted(" and ".join(sorted(names)) for names in known))
        example = " ".join(f"--key {name}=…" for name in sorted(known[0]))
        raise ConfigurationError(
            f"{' and '.join(sorted(words))} is not the key of {table}: its items are named by {wanted}.",
            advice=f"write {example}.",
        )


def names_of(text: str) -> frozenset[str]:
    """Attribute names of a key's text; empty where it is none."""
    try:
        found = json.loads(text)
    except ValueError:
        return frozenset()
    return frozenset(found) if isinstance(found, dict) else frozenset()


def as_of(rows: Sequence[Row], at: dt.datetime, built: Built) -> State:
    """The item at ``at`` (changes of that very moment included). ``rows``: all its changes in order."""
    records = [row for row in rows if row["sequence_number"] is not None]
    before = next((row for row in reversed(records) if row["change_ts"] <= at), None)
    after = next((row for row in records if row["change_ts"] > at), None)
    by = before or after
    if by is None:
        return State(at, None, None, (), _silence(at, built))
    image = _image(by["new_image"] if by is before else by["old_image"])
    low, high = (by["change_ts"], at) if by is before else (at, by["change_ts"])
    doubts = [*_between(rows, low, high), *_coverage(low, high, built)]
    if before and after and not _follows(before, after):
        doubts.append(
            f"the change of {_time(after['change_ts'])} found another item than the one before left: a change is missing"
        )
    return State(at, image, by, tuple(by["redacted"]), tuple(doubts))


def _silence(at: dt.datetime, built: Built) -> tuple[str, ...]:
    says = "no change of this item is in the history: it may be as it was before, or never have been"
    return (says, *_coverage(at, at, built))


def _between(rows: Sequence[Row], low: dt.datetime, high: dt.datetime) -> list[str]:
    lost = [r for r in rows if r["match_confidence"] == Match.TRAIL_ONLY_LOST and low <= r["change_ts"] <= high]
    return [
        f"{row['event_name']} by {row['actor']} at {_time(row['change_ts'])} is logged, and its stream record is missing"
        for row in lost[:_SHOWN]
    ]


def _coverage(low: dt.datetime, high: dt.datetime, built: Built) -> list[str]:
    """Why changes between two times may not be in the history."""
    if built.begin is None or built.end is None:
        return ["no history of this table is built"]
    doubts = []
    if low < built.begin:
        doubts.append(f"the history begins on {built.begin.date()}: what was before is not known")
    if high >= built.end:
        doubts.append(f"the history is built until the end of {built.days[-1]}: what came later is not known")
    first, last = max(low, built.begin).date(), min(high, built.end - dt.timedelta(microseconds=1)).date()
    missing = built.missing(first, last) if first <= last else ()
    if missing:
        more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
        doubts.append(f"the history of {', '.join(map(str, missing[:_SHOWN]))}{more} is not built")
    doubts += [
        f"stream records were lost between {_time(span.start)} and {_time(span.end)}"
        for span in built.lost
        if span.touches(low, high)
    ]
    return doubts


def _follows(before: Row, after: Row) -> bool:
    """Whether ``after`` found what ``before`` left; images redacted by other rules cannot be compared."""
    if list(before["redacted"]) != list(after["redacted"]):
        return True
    left, right = _image(before["new_image"]), _image(after["old_image"])
    return left == right or (left is not None and right is not None and diff.same({"M": left}, {"M": right}))


def _image(text: str | None) -> Mapping[str, Any] | None:
    return None if text is None else json.loads(text)


def _json_key(text: str) -> dict[str, str]:
    try:
        found = json.loads(text, parse_int=str, parse_float=str)
    except ValueError as error:
        raise _unreadable(text) from error
    if found and all(isinstance(value, str) for value in found.values()):
        return dict(found)
    if found and all(isinstance(v, dict) and len(v) == 1 and isinstance(next(iter(v.values())), str) for v in found.values()):
        return {name: next(iter(value.values())) for name, value in found.items()}
    raise _unreadable(text)


def _unreadable(text: str) -> ConfigurationError:
    return ConfigurationError(
        f"{text!r} is not an item's key.",
        advice='write --key EmpId=E-1042, once for each key attribute, or JSON: --key \'{"EmpId": "E-1042"}\'.',
    )


def _time(at: dt.datetime | None) -> str:
    return "an unknown time" if at is None else f"{at:%Y-%m-%dT%H:%M:%SZ}"


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), dt.UTC)
