"""`itemtrail query`: one SELECT over the archive's events and receipts, by DuckDB on this machine.

Parquet files are copied once into --cache (they never change). Views: events, events_distinct (one row per record, also where
CloudTrail delivered it twice), receipts; event_history (what `itemtrail export-event-history` fetched: an unproven source),
events_all (both; `source` says which, and the trail's row stands where both have one). Days are event dates for events and
delivery dates for receipts. units: each unit's state as of the last ledger checkpoint (columns: docs/schema.md, "Ledger").
"""

import argparse
import csv
import datetime as dt
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from itemtrail.cli import copies, ends
from itemtrail.cli.table import render
from itemtrail.core import layout
from itemtrail.core.receipt import Receipt
from itemtrail.core.visible import visible
from itemtrail.errors import ConfigurationError
from itemtrail.flows.ledger_book import copy_files, last_checkpoint
from itemtrail.flows.query import Answer, Scope, ask, needs
from itemtrail.flows.receipts import load

_MOST_TABLE_ROWS = 10_000
_EXAMPLES = """
examples:
  itemtrail query "SELECT event_ts, actor, eventName FROM events_distinct WHERE table_arn LIKE '%/Payroll' ORDER BY 1"
  itemtrail query --from 2026-11-21 --to 2026-11-21 --csv "SELECT actor, count(*) FROM events_distinct GROUP BY ALL"
  itemtrail query --json "SELECT delivery_date, verdict, rows FROM receipts ORDER BY 1"
  itemtrail query "SELECT account, verdict, count(*), sum(rows) FROM units GROUP BY ALL"
  itemtrail query "SELECT source, count(*) FROM events_all WHERE eventName = 'CreateRole' GROUP BY ALL"
  itemtrail query --dir out "SELECT count(*) FROM events"     what `itemtrail convert --out out` wrote

exit codes: 0 answered, 2 the statement or the configuration is wrong, 3 the archive could not be read
"""


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "query",
        help="SQL over events, events_distinct, receipts, event_history and events_all",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("sql", metavar="SQL", help="one SELECT statement")
    ends.add_config(parser)
    parser.add_argument("--from", dest="first", type=ends.day, metavar="D", help="first day")
    parser.add_argument("--to", dest="last", type=ends.day, metavar="D", help="last day, included")
    parser.add_argument("--dir", type=Path, metavar="DIR", help="ask a local folder with `events/` in it, not the archive")
    copies.add_cache(parser)
    parser.add_argument("--memory", default="2GB", metavar="SIZE", help="DuckDB's memory limit (%(default)s)")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one JSON object a row")
    form.add_argument("--csv", action="store_true", help="CSV with a head line")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Ask and print."""
    scope = Scope(arguments.first, arguments.last)
    if arguments.dir:
        root, receipts = arguments.dir.resolve(), list[Receipt]()
        events, history = (_local(root, folder, scope) for folder in (layout.EVENTS, layout.EVENT_HISTORY))
    else:
        opened = ends.open_ends(arguments)
        root = copies.root(arguments, opened)
        every = needs(arguments.sql, "events_all")
        events = copies.copied(arguments, opened, scope) if needs(arguments.sql, "events") else ()
        asked = every or needs(arguments.sql, "event_history")
        history = copies.copied(arguments, opened, scope, layout.EVENT_HISTORY) if asked else ()
        receipts = list(_receipts(opened, scope)) if needs(arguments.sql, "receipts") else []
    with _ledger(arguments, root) as ledger:
        _print(
            ask(
                arguments.sql,
                events=events,
                root=root,
                receipts=receipts,
                memory=arguments.memory,
                event_history=history,
                ledger=ledger,
            ),
            arguments,
        )
    return 0


@contextmanager
def _ledger(arguments: argparse.Namespace, root: Path) -> Iterator[tuple[Path, ...]]:
    """Copies of the ledger's files for as long as the statement runs; none where it does not ask for them."""
    if arguments.dir or not (needs(arguments.sql, "units") or needs(arguments.sql, "ledger")):
        yield ()
        return
    archive = ends.open_ends(arguments).archive
    last = last_checkpoint(archive)
    if last is None:
        raise ConfigurationError(f"{archive.name} has no ledger, which `units` is read from.", advice="ask `receipts` instead.")
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(prefix="ledger-", dir=root) as room:
        yield copy_files(archive, last.files, Path(room))


def _local(root: Path, folder: str, scope: Scope) -> tuple[Path, ...]:
    return tuple(sorted(path for path in root.glob(f"{folder}*/*/*/*.parquet") if scope.holds(path.parent.name[-10:])))


def _receipts(opened: ends.Ends, scope: Scope) -> Iterator[Receipt]:
    wanted = opened.settings.archive
    for account in wanted.accounts:
        for region in wanted.regions:
            keys = (info.key for info in opened.archive.list(f"{layout.RECEIPTS}{layout.account_region(account, region)}"))
            units = {name[0] for name in map(layout.parse_commit, keys) if name and scope.holds(str(name[0].day))}
            for unit in sorted(units):
                yield from load(opened.archive, unit).receipts


def _print(answer: Answer, arguments: argparse.Namespace) -> None:
    if arguments.json:
        for row in answer.rows:
            print(json.dumps(dict(zip(answer.columns, map(_plain, row), strict=True)), ensure_ascii=False))
    elif arguments.csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(answer.columns)
        writer.writerows([_text(value) for value in row] for row in answer.rows)
    else:
        rows = [
            tuple(visible(_text(value)) for value in row) for _, row in zip(range(_MOST_TABLE_ROWS), answer.rows, strict=False)
        ]
        print(render(answer.columns, rows))
        if next(answer.rows, None) is not None:
            print(f"… only the first {_MOST_TABLE_ROWS} rows are shown; --csv and --json give all", file=sys.stderr)


def _plain(value: Any) -> Any:
    """``value`` as JSON knows it: bytes in hex, times in ISO 8601, everything else as text."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case bytes():
            return value.hex()
        case dt.datetime() | dt.date() | dt.time():
            return value.isoformat()
        case list() | tuple():
            return [_plain(item) for item in value]
        case dict():
            return {str(key): _plain(item) for key, item in value.items()}
        case _:
            return str(value)


def _text(value: Any) -> str:
    plain = _plain(value)
    if plain is None:
        return ""
    return plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False)
