"""`itemtrail history`: the versions of one item: who made each, when, from where, what differed, how sure that is.

Answers from `changes/` in the archive, which `build_history` makes from the proven events and the archived stream records. Each
version points to its originals: the log file and record, the stream's shard and sequence number.
"""

import argparse
import datetime as dt
import json
import os
import sys
from typing import Any

from itemtrail.cli import ends
from itemtrail.cli.change_text import Paint, block, document, value
from itemtrail.errors import ConfigurationError
from itemtrail.flows.timeline import History, Span, as_of, history, resolve

_EXAMPLES = """
examples:
  itemtrail history --table Employees --key EmpId=E-1017
  itemtrail history --table Payroll --key EmpId=E-1017 --key Period=2026-11-21 --from 2026-11-01 --to 2026-11-30
  itemtrail history --table Employees --key EmpId=E-1017 --as-of 2026-11-22T12:00:00Z
  itemtrail history --table Employees --key EmpId=E-1017 --json | jq '.[].actor'

exit codes: 0 answered (with --as-of: the state is known), 1 nothing is known of the item, 2 usage or configuration,
3 the archive could not be read
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
        "--key", required=True, action="append", metavar="NAME=VALUE", help="key attribute (repeat for a sort key)"
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
    table = resolve(store, arguments.table)
    key = _key(arguments.key)
    if arguments.as_of:
        return _state(arguments, history(store, table, key))
    found = history(store, table, key, Span(*_bounds(arguments)))
    if arguments.json:
        print(json.dumps([document(row) for row in found.rows.to_pylist()], indent=1, ensure_ascii=False))
    else:
        print(_text(found, arguments.key))
    return 0 if found.rows.num_rows else 1


def moment(text: str) -> dt.datetime:
    """A day's beginning, or a time, as typed."""
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not like 2026-11-21 or 2026-11-21T09:30:00Z") from error
    return found.replace(tzinfo=dt.UTC) if found.tzinfo is None else found.astimezone(dt.UTC)


def moment_after(text: str) -> dt.datetime:
    """A day's end, or just after a time to the second, as typed."""
    found = moment(text)
    return found + (dt.timedelta(days=1) if len(text) == len("2026-11-21") else dt.timedelta(seconds=1))


def paint() -> Paint:
    """Colours where standard output is a terminal and nobody said no. Source: no-color.org."""
    return Paint(sys.stdout.isatty() and not os.environ.get("NO_COLOR"))


def _bounds(arguments: argparse.Namespace) -> tuple[dt.datetime, dt.datetime]:
    whole = Span()
    return arguments.first or whole.start, arguments.last or whole.end


def _text(found: History, key: list[str]) -> str:
    rows = found.rows.to_pylist()
    if not rows:
        return f"no change of {' '.join(key)} in {found.table_arn}; {_built(found)}"
    blocks = [block(row, paint()) for row in rows]
    day = f"{rows[-1]['change_ts']:%Y-%m-%d}"
    originals = f"originals: itemtrail originals --day {day} --to DIR gives that day's log files back"
    foot = f"{len(rows)} changes; {_built(found)}\n{originals}"
    return "\n\n".join([f"{found.table_arn} {' '.join(key)}", *blocks, foot])


def _built(found: History) -> str:
    if not found.days:
        return "no history is built: run itemtrail build-history"
    missing = f", but not {', '.join(map(str, found.missing_days[:5]))}" if found.missing_days else ""
    return f"history is built from {found.days[0]} to {found.days[-1]}{missing}"


def _state(arguments: argparse.Namespace, found: History) -> int:
    state = as_of(found, arguments.as_of - dt.timedelta(microseconds=1))
    if arguments.json:
        row = document(state.row) if state.row else None
        print(json.dumps({"known": state.known, "item": state.image, "told_by": row, "note": state.why}, indent=1))
        return 0 if state.known else 1
    if not state.known:
        print(f"not known: {state.why}; {_built(found)}")
        return 1
    lines = [f"{name}  {value(typed)}" for name, typed in sorted((state.image or {}).items())] or ["(the item was not there)"]
    print(
        "\n".join(lines), f"\ntold by this change{f' ({state.why})' if state.why else ''}:\n{block(state.row, paint())}", sep="\n"
    )
    return 0


def _key(words: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not name:
            raise ConfigurationError(f"{word!r} is no key attribute.", advice="write --key NAME=VALUE.")
        found[name] = text
    return found
