"""Answers of the timeline as a page shows them: plain dictionaries of short, visible texts. Pure.

Decides the words, what is cut, and what is never said: a change whose maker is not known names nobody, whatever the row holds.
Values are hostile: control characters and direction overrides are escaped (``core.visible``), long values are cut and say how
long they are, and a page's values together have a budget.
"""

import datetime as dt
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from itemtrail.core.change_schema import Match
from itemtrail.core.change_words import SURE, differences, value
from itemtrail.core.keys import parse_log_name
from itemtrail.core.timeline import Built, Row, State
from itemtrail.core.visible import visible

SHORT, LONG = 160, 4_000  # characters of a value: on its line, and unfolded
MOST_DIFFERENCES, MOST_CANDIDATES, MOST_SPANS = 40, 20, 12
PAGE_CHARACTERS = 1 << 20  # of unfolded values on one page
_DELIVERED = re.compile(r"/(\d{4})/(\d\d)/(\d\d)/[^/]+$")
_DAY = dt.timedelta(days=1)
_OPERATIONS = {"INSERT": "created", "MODIFY": "changed", "REMOVE": "deleted"}
_KINDS = {
    Match.EXACT: "good",
    Match.UNIQUE: "good",
    Match.ORDERED: "warn",
    Match.AMBIGUOUS: "unseen",
    Match.STREAM_ONLY_TTL: "wait",
    Match.STREAM_ONLY_REPLICATION: "wait",
    Match.STREAM_ONLY_UNEXPLAINED: "bad",
    Match.TRAIL_ONLY_FAILED: "wait",
    Match.TRAIL_ONLY_NOOP: "wait",
    Match.TRAIL_ONLY_LOST: "bad",
}
_NO_CALL = {
    Match.AMBIGUOUS: "Not known who",
    Match.STREAM_ONLY_TTL: "DynamoDB itself (time to live)",
    Match.STREAM_ONLY_REPLICATION: "Replication from another Region",
    Match.STREAM_ONLY_UNEXPLAINED: "No logged call explains this",
}
_NOTHING = {
    Match.TRAIL_ONLY_FAILED: "The call was refused: it changed nothing.",
    Match.TRAIL_ONLY_NOOP: "The call left the item as it was.",
    Match.TRAIL_ONLY_LOST: "What it changed is not known: no stream record of it is archived.",
}


class Budget:
    """Characters that a page's unfolded values may still have."""

    def __init__(self, characters: int = PAGE_CHARACTERS) -> None:
        self._left = characters

    def takes(self, text: str) -> bool:
        """Whether ``text`` fits; then it counts."""
        fits = len(text) <= self._left
        self._left -= len(text) if fits else 0
        return fits


def version(row: Row, budget: Budget) -> dict[str, Any]:
    """One change as the page shows it."""
    match = Match(row["match_confidence"])
    shown = differences(row)
    return {
        "at": _time(row["change_ts"]),
        "operation": _OPERATIONS.get(row["operation"], f"call {_text(row['operation'])}"),
        "table": row["table_arn"].rpartition("/")[2],
        "item_key": _text(row["item_key"], 400) or "key not known",
        "match": match.value,
        "sure": SURE[match],
        "kind": _KINDS[match],
        **_call(row, match),
        "differences": [_difference(one, budget) for one in shown[:MOST_DIFFERENCES]],
        "more_differences": max(0, len(shown) - MOST_DIFFERENCES),
        "note": _note(row, match, shown),
        "redacted": [_text(path) for path in row["redacted"]],
        "candidates": [_candidate(one) for one in row["candidates"][:MOST_CANDIDATES]],
        "more_candidates": max(0, len(row["candidates"]) - MOST_CANDIDATES),
        "stream": _stream(row),
    }


def state(found: State, budget: Budget) -> dict[str, Any]:
    """The item at a time; ``item`` None: it was not there."""
    item = None if found.image is None else [_named(name, typed, budget) for name, typed in sorted(found.image.items())]
    return {
        "at": _time(found.at),
        "item": item,
        "told": found.by is not None,
        "doubts": [visible(doubt) for doubt in found.doubts],
        "redacted": [_text(path) for path in found.redacted],
        "by": version(found.by, budget) if found.by else None,
    }


def reach(built: Built, first: dt.date | None, last: dt.date | None) -> dict[str, Any]:
    """What of the asked days has a history; ``unbuilt`` are days of which nothing can be said."""
    days = built.days
    spans = unbuilt(days, first, last)
    return {
        "first": str(days[0]) if days else "",
        "last": str(days[-1]) if days else "",
        "unbuilt": [_span(*span) for span in spans[:MOST_SPANS]],
        "more_unbuilt": max(0, len(spans) - MOST_SPANS),
        "open_start": first is None,
        "open_end": last is None,
        "lost": [f"{_time(one.start)} to {_time(one.end)}" for one in built.lost[:MOST_SPANS]],
        "more_lost": max(0, len(built.lost) - MOST_SPANS),
    }


def unbuilt(days: Sequence[dt.date], first: dt.date | None, last: dt.date | None) -> list[tuple[dt.date, dt.date]]:
    """The days of ``[first, last]`` that are not in ``days``, as spans; an open end is the first or last built day."""
    low, high = first or (days[0] if days else last), last or (days[-1] if days else first)
    if low is None or high is None:
        return []
    spans, begin = [], low
    for day in sorted(set(days)):
        if low <= day <= high:
            if begin < day:
                spans.append((begin, day - _DAY))
            begin = day + _DAY
    return [*spans, (begin, high)] if begin <= high else spans


def unit_of(source_object: str | None) -> dict[str, str] | None:
    """Account, Region and delivery day of a delivered log file's key; None where it is none."""
    key = source_object or ""
    named, day = parse_log_name(key.rpartition("/")[2]), _DELIVERED.search(key)
    return {"account": named.account, "region": named.region, "day": "-".join(day.groups())} if named and day else None


def _call(row: Row, match: Match) -> dict[str, Any]:
    """Who, by which call, from where. Where it is not known who, nothing of the row names anybody."""
    if match in _NO_CALL:
        count = len(row["candidates"])
        who = f"{_NO_CALL[match]}: one of {count} calls" if match is Match.AMBIGUOUS else _NO_CALL[match]
        return {"who": who, "named": False, "facts": [], "event": None}
    who = _text(row["actor"]) or "nobody named"
    return {
        "who": f"probably {who}" if match is Match.ORDERED else who,
        "named": True,
        "facts": [(name, text) for name, text in _facts(row) if text],
        "event": _event(row["event_id"], row["event_ts"], row["source_object"]),
    }


def _facts(row: Row) -> Iterable[tuple[str, str]]:
    index = "" if row["record_index"] is None else f" record {row['record_index']}"
    yield "named by", _text(row["actor_source"])
    yield "session of", _text(row["session_issuer"], 400)
    yield "source identity", _text(row["source_identity"])
    yield "source IP", _text(row["source_ip"])
    yield "call", " ".join(filter(None, [_text(row["event_name"]), _text(row["error_code"])]))
    yield "user agent", _text(row["user_agent"], 300)
    yield "request", _text(row["request_id"])
    yield "log file", f"{_text(row['source_object'], 400)}{index}" if row["source_object"] else ""


def _event(event_id: str | None, at: dt.datetime | None, source: str | None) -> dict[str, str] | None:
    """What a proof of the call is asked with, and the unit that holds it."""
    unit = unit_of(source)
    if unit is None:
        return None
    proof = {"event_id": event_id, "date": f"{at:%Y-%m-%d}"} if event_id and at else {}
    return {**unit, **proof}


def _candidate(one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "at": _time(one["event_ts"]),
        "call": _text(one["event_name"]) or "?",
        "actor": _text(one["actor"]) or "nobody named",
        "event": _event(one["event_id"], one["event_ts"], one["source_object"]),
    }


def _stream(row: Row) -> str:
    if not row["sequence_number"]:
        return ""
    return _text(f"{row['shard_id']} {row['sequence_number']} in {row['stream_object']}", 400)


def _note(row: Row, match: Match, shown: Sequence[Any]) -> str:
    """Why no difference is shown."""
    if shown:
        return ""
    if match in _NOTHING:
        return _NOTHING[match]
    absent = [name for name, lacks in (("old", row["old_image"] is None), ("new", row["new_image"] is None)) if lacks]
    needed = {"INSERT": {"new"}, "REMOVE": {"old"}}.get(row["operation"], {"old", "new"})
    if needed & set(absent):
        return f"What differed is not known: no {' and no '.join(absent)} image is archived."
    if row["redacted"]:
        return "No difference in what is stored; a redacted attribute may have changed."
    return "The two images are equal."


def _difference(one: Mapping[str, Any], budget: Budget) -> dict[str, Any]:
    change = "changed" if "old" in one and "new" in one else "added" if "new" in one else "removed"
    sides = {side: _value(one[side], budget) if side in one else None for side in ("old", "new")}
    return {"path": _text(one["path"], 300), "change": change, **sides}


def _named(name: str, typed: Any, budget: Budget) -> dict[str, Any]:
    return {"path": _text(name, 300), "value": _value(typed, budget)}


def _value(typed: Any, budget: Budget) -> dict[str, Any]:
    """A value on one line; ``long`` where there is more to unfold, ``hashed`` where it is only a hash of the value."""
    short, more = value(typed, SHORT), value(typed, LONG)
    hashed = isinstance(typed, dict) and str(next(iter(typed.values()), "")).startswith("hmac-sha256:")
    return {"short": short, "long": more if more != short and budget.takes(more) else None, "hashed": hashed}


def _span(first: dt.date, last: dt.date) -> str:
    days = (last - first).days + 1
    return str(first) if days == 1 else f"{first} to {last} ({days:,} days)"


def _text(text: str | None, longest: int = SHORT) -> str:
    shown = visible(text[:longest]) if text else ""
    return f"{shown[:longest]}…" if text and (len(text) > longest or len(shown) > longest) else shown


def _time(at: dt.datetime | None) -> str:
    return "an unknown time" if at is None else f"{at:%Y-%m-%d %H:%M:%S} UTC"


def key_text(text: str) -> str:
    """An item's key, to be shown."""
    try:
        found = json.loads(text)
    except ValueError:
        return _text(text, 400)
    return ", ".join(f"{_text(str(name))} = {_text(str(inner), 400)}" for name, inner in found.items())
