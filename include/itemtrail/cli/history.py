"""`itemtrail history`: the versions of one item: who made each, when, from where, what differed, how sure that is.

Answers from `changes/` in the archive, which `build_history` makes from the proven events and the archived stream records. Each
version points to its originals: the log file and record, stream shard and sequence number. With --as-of: the item as it was.
"""

import argparse
import datetime as dt
import json
import os
import sys
from typing import Any

from itemtrail.cli import ends
from itemtrail.cli.change_text import Paint, block, document
from itemtrail.core.change_words import value
from itemtrail.core.timeline import Built, State
from itemtrail.core.visible import visible
from itemtrail.flows.timeline import History, as_of, history

_EXAMPLES = """
examples:
  itemtrail history --table Employees --key EmpId=E-1017
  itemtrail history --table Payroll --key EmpId=E-1017 --key Period=2026-11-21 --from 2026-11-01 --to 2026-11-30
  itemtrail history --table Employees --key EmpId=E-1017 --as-of 2026-11-22T12:00:00Z
  itemtrail history --table Employees --key EmpId=E-1017 --json | jq '.[].actor'

exit codes: 0 answered (with --as-of: the state is certain), 1 no change is there (with --as-of: there are doubts, all said),
2 usage or configuration, 3 the archive could not be read
"""


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "history",
        help="who changed an item, when, and what differed",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    ends.add_config(parser)
    parser.add_argument("--table", required=True, metavar="T", help="name, or ARN where several tables have the name")
    parser.add_argument(
        "--key", required=True, action="append", metavar="NAME=VALUE", help="key attribute (repeat for a sort key), or JSON"
    )
    parser.add_argument("--from", dest="first", type=moment, metavar="T", help="day or time, UTC")
    parser.add_argument("--to", dest="last", type=moment_after, metavar="T", help="day (included) or time, UTC")
    parser.add_argument(
        "--as-of", type=moment_after, metavar="T", help="the item as it was at the end of that day, or at that time"
    )
    parser.add_argument("--json", action="store_true", help="versions as a JSON list; with --as-of the state as an object")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the history; returns the exit code."""
    store = ends.open_ends(arguments).archive
    if arguments.as_of:
        state, whole = as_of(store, arguments.table, arguments.key, arguments.as_of)
        print(json.dumps(_state(state, whole), indent=1, ensure_ascii=False) if arguments.json else _state_text(state, whole))
        return 0 if state.known else 1
    found = history(store, arguments.table, arguments.key, arguments.first, arguments.last)
    if arguments.json:
        print(json.dumps([document(row) for row in found.rows], indent=1, ensure_ascii=False))
    else:
        print(_text(found, arguments.first, arguments.last))
    return 0 if found.rows else 1


def moment(text: str) -> dt.datetime:
    """A day's beginning, or a time, as typed."""
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not like 2026-11-21 or 2026-11-21T09:30:00Z") from error
    return found.replace(tzinfo=dt.UTC) if found.tzinfo is None else found.astimezone(dt.UTC)


def moment_after(text: str) -> dt.datetime:
    """A day's last moment, or the last of the second, as typed: times in the history are to the second."""
    found = moment(text)
    span = dt.timedelta(days=1) if len(text) == len("2026-11-21") else dt.timedelta(seconds=1)
    return found + span - dt.timedelta(microseconds=1)


def paint() -> Paint:
    """Colours where standard output is a terminal and nobody said no. Source: no-color.org."""
    return Paint(sys.stdout.isatty() and not os.environ.get("NO_COLOR"))


def built_text(built: Built) -> str:
    """Until when there is a history, and what of it lacks."""
    if not built.days:
        return "no history is built: run itemtrail build-history"
    missing = built.missing(built.days[0], built.days[-1])
    lacks = f", without {', '.join(map(str, missing[:5]))}{' …' if len(missing) > 5 else ''}" if missing else ""
    lost = f"; stream records were lost {len(built.lost)} times" if built.lost else ""
    return f"history is built from {built.days[0]} to {built.days[-1]}{lacks}{lost}"


def _text(found: History, first: dt.datetime | None, last: dt.datetime | None) -> str:
    notes = [visible(note) for note in found.notes]
    if not found.rows:
        span = "".join(f" {word} {at:%Y-%m-%dT%H:%M:%SZ}" for word, at in (("from", first), ("until", last)) if at)
        hashed = "hmac-sha256:" in found.item_key
        hint = "; this table's keys are stored as hashes" if found.hashed_keys and not hashed else ""
        return "\n".join(
            [f"no change of {visible(found.item_key)} in {found.table_arn}{span}; {built_text(found.built)}{hint}", *notes]
        )
    blocks = [block(row, paint()) for row in found.rows]
    foot = [f"{len(found.rows)} changes; {built_text(found.built)}", *notes]
    return "\n\n".join([f"{found.table_arn} {visible(found.item_key)}", *blocks, "\n".join(foot)])


def _state(state: State, whole: History) -> dict[str, Any]:
    return {
        "table_arn": whole.table_arn,
        "item_key": json.loads(whole.item_key),
        "at": state.at.isoformat().replace("+00:00", "Z"),
        "known": state.known,
        "doubts": [*state.doubts, *whole.notes],
        "item": state.image,
        "redacted": list(state.redacted),
        "told_by": document(state.by) if state.by else None,
    }


def _state_text(state: State, whole: History) -> str:
    head = f"{whole.table_arn} {visible(whole.item_key)} at {state.at:%Y-%m-%dT%H:%M:%SZ}"
    item = [f"  {visible(name)}  {value(typed)}" for name, typed in sorted((state.image or {}).items())]
    if state.image is None and state.by:
        item = ["  (the item was not there)"]
    redacted = [f"  redacted, not known: {', '.join(map(visible, state.redacted))}"] if state.redacted else []
    doubts = [paint()(visible(f"not certain: {doubt}"), "bad") for doubt in (*state.doubts, *whole.notes)]
    told = ["", "told by this change:", block(state.by, paint())] if state.by else []
    return "\n".join([head, *item, *redacted, *doubts, *told, "", built_text(whole.built)])
