"""A change as people read it: who, when, from where, what differed, how sure, and where its originals are.

Decides words and layout, and the commands that show the originals. Refuses to let a value steer the terminal or the shell: what
is not printable is escaped, what is to be pasted is quoted. Colours only where asked. docs/history.md explains each confidence.
"""

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from itemtrail.core.change_schema import Match
from itemtrail.core.change_words import LONGEST, SURE, differences, value
from itemtrail.core.keys import parse_log_name
from itemtrail.core.visible import visible

_BAD = frozenset({Match.AMBIGUOUS, Match.STREAM_ONLY_UNEXPLAINED, Match.TRAIL_ONLY_LOST})
_DELIVERED = re.compile(r"/(\d{4})/(\d\d)/(\d\d)/[^/]+$")
_COLOURS = {"old": "31", "new": "32", "bad": "1;31", "dim": "2", "head": "1"}


class Paint:
    """Colours, or none."""

    def __init__(self, on: bool) -> None:
        self._on = on

    def __call__(self, text: str, colour: str) -> str:
        """``text`` in a colour."""
        return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m" if self._on else text


def block(row: Mapping[str, Any], paint: Paint) -> str:
    """One change as some lines."""
    match = Match(row["match_confidence"])
    who = visible(row["actor"]) if row["actor"] else "nobody named"
    head = f"{row['change_ts']:%Y-%m-%d %H:%M:%S}Z  {row['operation']:<7} {who}"
    how = f" ({row['actor_source']})" if row["actor_source"] else ""
    return "\n".join(
        [
            paint(head, "head") + paint(how, "dim"),
            *(f"    {line}" for line in _differences(row, paint)),
            f"    {paint(SURE[match], 'bad' if match in _BAD else 'dim')}",
            *(f"      {line}" for line in _candidates(row)),
            *(f"    {paint(line, 'dim')}" for line in _origin(row)),
        ]
    )


def document(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row as JSON: images and diff as objects, times in ISO 8601."""
    texts = {name: json.loads(row[name]) if row[name] else None for name in ("old_image", "new_image", "diff")}
    times = {name: row[name].isoformat().replace("+00:00", "Z") if row[name] else None for name in ("change_ts", "event_ts")}
    near = [one | {"event_ts": one["event_ts"].isoformat() if one["event_ts"] else None} for one in row["candidates"]]
    key = json.loads(row["item_key"]) if row["item_key"] else None
    return {**row, "item_key": key, **texts, **times, "candidates": near}


def _differences(row: Mapping[str, Any], paint: Paint) -> Iterator[str]:
    for one in differences(row):
        old = paint(value(one["old"]), "old") if "old" in one else paint("(absent)", "dim")
        new = paint(value(one["new"]), "new") if "new" in one else paint("(removed)", "dim")
        yield f"{visible(one['path'])}  {old} → {new}"
    if row["redacted"]:
        yield paint(f"redacted before it was stored: {', '.join(map(visible, row['redacted']))}", "dim")


def _candidates(row: Mapping[str, Any]) -> Iterator[str]:
    for one in row["candidates"]:
        when = f"{one['event_ts']:%H:%M:%S}Z" if one["event_ts"] else "time unknown"
        place = f"{one['source_object']} record {one['record_index']}"
        yield f"{when}  {visible(one['event_name'] or '?')}  {visible(one['actor'] or 'nobody named')}  {visible(place)}"


def _origin(row: Mapping[str, Any]) -> Iterator[str]:
    if row["event_name"]:
        error = f", {row['error_code']}" if row["error_code"] else ""
        where = f"{row['event_name']}{error} from {row['source_ip'] or 'an unknown address'}, request {row['request_id'] or '?'}"
        yield visible(f"{where}, {row['user_agent'] or 'no user agent'}"[:LONGEST])
    if row["source_object"]:
        yield visible(f"log     {row['source_object']} record {row['record_index']}")
    if row["sequence_number"]:
        yield visible(f"stream  {row['shard_id']} {row['sequence_number']} in {row['stream_object']}")
    yield from (visible(f"$ {command}") for command in commands(row))


def commands(row: Mapping[str, Any]) -> Iterator[str]:
    """Commands that show the delivered log file and the record of the call; none where no call is named."""
    log = row["source_object"] or ""
    named, day = parse_log_name(log.rpartition("/")[2]), _DELIVERED.search(log)
    if named and day:
        yield f"itemtrail originals --day {'-'.join(day.groups())} --unit {named.account}/{named.region} --to originals"
    if row["event_id"] and row["event_ts"]:
        quoted = row["event_id"].replace("'", "''")
        sql = shlex.quote(f"SELECT * FROM events WHERE eventID = '{quoted}'")  # noqa: S608 - to be read and pasted
        on = f"{row['event_ts']:%Y-%m-%d}"
        yield f"itemtrail query --from {on} --to {on} --json {sql}"
