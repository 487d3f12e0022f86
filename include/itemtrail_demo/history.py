"""The history against the truth: does every change that the application made stand in the joined history, with its maker?

Decides what counts as right: a change of the truth is found by its item and its images; where its row names an event, that
event's request id must be the one that the application got for the call. A row that names nobody is counted as what it is,
never as right. Pure: rows and lines in, a tally out.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from itemtrail.core import item_key

_Place = tuple[str, str, str, str]  # table ARN, item key, images before and after
_Rows = dict[_Place, list[Mapping[str, Any]]]


@dataclass(slots=True)
class Tally:
    """``matches``: changes of the truth by their row's match confidence; a line for each that is missing or has a false name."""

    changes: int = 0
    matches: Counter[str] = field(default_factory=Counter)
    missing: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def problems(self) -> list[str]:
        """What may not be."""
        lost = [f"history: no row for {what}" for what in self.missing[:3]]
        return lost + [f"history: {what}" for what in self.wrong[:3]]


def compare(rows: Iterable[Mapping[str, Any]], truth: Iterable[Mapping[str, Any]], account: str) -> Tally:
    """Hold rows of ``changes`` against the ledger of the application."""
    found: _Rows = defaultdict(list)
    for row in rows:
        found[row["table_arn"], row["item_key"], _sorted(row["old_image"]), _sorted(row["new_image"])].append(row)
    tally = Tally()
    for line in truth:
        for change in line["changes"]:
            if not change["noop"]:
                tally.changes += 1
                _judge(tally, found, line, change, account)
    return tally


def _judge(tally: Tally, found: _Rows, line: Mapping[str, Any], change: Mapping[str, Any], account: str) -> None:
    key = item_key.of_stream(change["key"])[0]
    arn = f"arn:aws:dynamodb:{line['region']}:{account}:table/{change['table']}"
    what = f"{line['operation']} of {change['table']} {key} by {line['seat'] or 'TTL'} at {line['at']}"
    rows = found[arn, key, _image(change["before"]), _image(change["after"])]
    if not rows:
        tally.missing.append(what)
        return
    ours = line["request_id"]
    row = next((one for one in rows if one["request_id"] == ours), rows[0])
    rows.remove(row)
    tally.matches[row["match_confidence"]] += 1
    if row["request_id"] and row["request_id"] != ours:
        tally.wrong.append(f"{what}: the row names {row['actor']} ({row['match_confidence']}, request {row['request_id']})")


def _sorted(text: str | None) -> str:
    return _image(json.loads(text)) if text else ""


def _image(typed: Mapping[str, Any] | None) -> str:
    return json.dumps(typed, sort_keys=True) if typed else ""
