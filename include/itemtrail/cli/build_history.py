"""`itemtrail build-history`: join stream records and events of a day, as the `build_history` DAG does, without Airflow.

Without --table: every table in `streams.tables`. A table that fails does not stop the others. What is built replaces what was
built before: `changes/` is derived, the same from the same archive.
"""

import argparse
import datetime as dt
import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from itemtrail.cli import ends, exit_codes
from itemtrail.cli.table import render
from itemtrail.errors import ConfigurationError, ItemtrailError

if TYPE_CHECKING:
    from itemtrail.flows.history import HistoryReceipt

_EXAMPLES = """
examples:
  itemtrail build-history --day 2026-11-21
  itemtrail build-history --from 2026-11-01 --to 2026-11-21 --table Payroll
  itemtrail build-history --day 2026-11-21 --json

exit codes: 0 built and explained, 1 built, with alarms, 2 usage or configuration, 3 not everything is archived yet
"""


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "build-history",
        help="join stream records and events: who changed what",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    ends.add_config(parser)
    ends.add_days(parser)
    parser.add_argument("--table", action="append", metavar="T", help="only this table, name or ARN (may be repeated)")
    parser.add_argument("--spool", type=Path, metavar="DIR", help="where files are built (default: the system's temporary one)")
    parser.add_argument("--json", action="store_true", help="one JSON object a table and day")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Build; print a line a table and day; returns the exit code."""
    from itemtrail.flows.history import build_day

    opened, wanted = ends.open_ends(arguments), ends.days(arguments)
    built: list[HistoryReceipt] = []
    codes: list[int] = []
    with tempfile.TemporaryDirectory(prefix="itemtrail-", dir=arguments.spool) as spool:
        for table in tables(arguments.table, opened.settings.streams.tables):
            for day in wanted:
                try:
                    built.append(
                        build_day(
                            table, day, archive=opened.archive, settings=opened.settings, spool=Path(spool), progress=_progress
                        )
                    )
                except ItemtrailError as error:
                    print(f"itemtrail: {error}", file=sys.stderr)
                    codes.append(exit_codes.of(error))
    _print(built, as_json=arguments.json)
    for one in built:
        for line in one.alarms:
            print(f"itemtrail: {_short(one.table_arn)} {one.day}: {line}", file=sys.stderr)
    return exit_codes.worst([*codes, *(1 if one.alarms else 0 for one in built)])


def tables(asked: list[str] | None, configured: tuple[str, ...]) -> list[str]:
    """ARNs of the tables asked for by name or ARN; all configured ones without.

    Raises:
        ConfigurationError: one that is not in `streams.tables`, or a name that stands for two of them.
    """
    if not configured:
        raise ConfigurationError("`streams.tables` names no table.", advice="name the tables whose stream is archived.")
    if not asked:
        return list(configured)
    return [_one(name, configured) for name in asked]


def _one(name: str, configured: tuple[str, ...]) -> str:
    found = [arn for arn in configured if name in (arn, _short(arn))]
    if len(found) == 1:
        return found[0]
    problem = f"{name!r} is {'two tables' if found else 'none'} of `streams.tables`"
    raise ConfigurationError(f"{problem}.", advice=f"give one of: {', '.join(configured)}.")


def _short(arn: str) -> str:
    return arn.rpartition("/")[2]


def _print(built: "list[HistoryReceipt]", *, as_json: bool) -> None:
    if as_json:
        for one in built:
            counts = {str(match): count for match, count in one.counts.items() if count}
            shown: dict[str, Any] = {"table": one.table_arn, "day": one.day.isoformat(), "rows": one.rows, "counts": counts}
            print(json.dumps(shown | {"report": one.report_key, "alarms": list(one.alarms)}, ensure_ascii=False))
    elif built:
        rows = [_row(one) for one in built]
        print(render(("table", "day", "rows", "matches", "alarms"), rows))


def _row(one: "HistoryReceipt") -> tuple[str, ...]:
    counts = ", ".join(f"{count} {match}" for match, count in sorted(one.counts.items(), key=lambda each: -each[1]) if count)
    day: dt.date = one.day
    return _short(one.table_arn), str(day), str(one.rows), counts, str(len(one.alarms))


def _progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
