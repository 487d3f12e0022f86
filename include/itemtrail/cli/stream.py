"""`itemtrail stream`: archive the tables' DynamoDB Streams, as the `archive_stream` DAG does, without Airflow.

DynamoDB keeps stream records for 24 hours: run it every hour. It reads on from where the last run stopped, wherever that ran. A
table that fails does not stop the others. Where attributes are hashed, the environment variable ITEMTRAIL_REDACTION_KEY holds the
key's text, 32 bytes or more: the same text everywhere.
"""

import argparse
import json
import os
import sys
from typing import Any

from itemtrail.cli import ends, exit_codes
from itemtrail.errors import ConfigurationError, ItemtrailError

KEY_VARIABLE = "ITEMTRAIL_REDACTION_KEY"
_EXAMPLES = """
examples:
  itemtrail stream
  itemtrail stream --table arn:aws:dynamodb:eu-west-1:111122223333:table/Employee
  itemtrail stream --json | jq '.[] | select(.gaps)'

exit codes: 0 all archived, 1 a new gap or contradicting evidence, 2 usage or configuration, 3 could not look
"""


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "stream",
        help="archive DynamoDB Streams, hourly",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    ends.add_config(parser)
    parser.add_argument("--table", action="append", metavar="ARN", help="only this one (may be repeated)")
    parser.add_argument("--json", action="store_true", help="what each table came to, as JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Archive; print a line a table; returns the exit code."""
    opened = ends.open_ends(arguments)
    wanted = arguments.table or opened.settings.streams.tables
    if not wanted:
        raise ConfigurationError("no table is configured.", advice="name tables in `streams.tables`, or give --table.")
    codes, told = [], []
    for table in wanted:
        try:
            told.append(_archive(opened, table))
            codes.append(1 if told[-1]["findings"] else 0)
        except ItemtrailError as error:
            print(f"itemtrail: {table}: {error}", file=sys.stderr)
            told.append({"table": table, "error": str(error)})
            codes.append(exit_codes.of(error))
    print(json.dumps(told, indent=1) if arguments.json else "\n".join(line for one in told for line in _lines(one)))
    return exit_codes.worst(codes)


def _archive(opened: ends.Ends, table: str) -> dict[str, Any]:
    from itemtrail.flows.archive_stream import archive_table
    from itemtrail.flows.archive_stream_state import findings, gaps, load, read_receipt

    known = load(opened.archive, table).next_number
    key = os.environ.get(KEY_VARIABLE, "").encode()
    last = archive_table(
        table,
        streams=opened.connection.streams(table),
        archive=opened.archive,
        settings=opened.settings,
        key=key or None,
        now=ends.now(),
        progress=lambda line: print(line, file=sys.stderr, flush=True),
    )
    new = [read_receipt(opened.archive, table, number) for number in range(known, last.number + 1)]
    return {
        "table": table,
        "commits": [r.number for r in new],
        "records": sum(r.counts.rows for r in new),
        "duplicates": sum(r.counts.duplicates for r in new),
        "quarantined": sum(r.counts.quarantined for r in new),
        "gaps": len(gaps(opened.archive, table, since=known)),
        "covered_until": last.covered_until.isoformat() if last.covered_until else None,
        "findings": list(findings(opened.archive, table, known=known)),
    }


def _lines(one: dict[str, Any]) -> list[str]:
    if "error" in one:
        return []
    bad = f", {one['quarantined']:,} in quarantine" if one["quarantined"] else ""
    return [f"{one['table']}: {one['records']:,} records{bad}, complete until {one['covered_until']}", *one["findings"]]
