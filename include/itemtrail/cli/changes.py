"""`itemtrail changes`: what a principal changed, who changed an attribute, what happened in a table.

In order of time, month by month. --by finds AMBIGUOUS changes too, where the principal is one of the candidates.
"""

import argparse
import itertools
import json
import sys
from typing import Any

from itemtrail.cli import ends
from itemtrail.cli.change_text import block, document
from itemtrail.cli.history import built_text, moment, moment_after, paint
from itemtrail.core.visible import visible
from itemtrail.errors import ConfigurationError
from itemtrail.flows.timeline import Wanted, built, changes

_EXAMPLES = """
examples:
  itemtrail changes --by svc-reporting
  itemtrail changes --table Employees --attribute Salary --from 2026-11-21 --to 2026-11-23
  itemtrail changes --by a.moreno --json | jq -r '.item_key'

exit codes: 0 something was found, 1 nothing was, 2 usage or configuration, 3 the archive could not be read
"""


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "changes",
        help="changes by principal, attribute or table",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    ends.add_config(parser)
    parser.add_argument(
        "--by", default="", metavar="PRINCIPAL", help="actor, source identity or role: whole, or after its last slash"
    )
    parser.add_argument("--attribute", default="", metavar="A", help="a top-level attribute that changed")
    parser.add_argument("--table", metavar="T", help="name or ARN (default: every table that has a history)")
    parser.add_argument("--from", dest="first", type=moment, metavar="T", help="day or time, UTC")
    parser.add_argument("--to", dest="last", type=moment_after, metavar="T", help="day (included) or time, UTC")
    parser.add_argument("--limit", type=int, default=100, metavar="N", help="at most this many (%(default)s); 0 for all")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the changes; returns the exit code."""
    if not (arguments.by or arguments.attribute or arguments.table):
        raise ConfigurationError("nothing was asked for.", advice="give --by, --attribute or --table.")
    store = ends.open_ends(arguments).archive
    wanted = Wanted(arguments.by or None, arguments.attribute or None, arguments.table, arguments.first, arguments.last)
    found = changes(store, wanted)
    shown = 0
    for row in itertools.islice(found, arguments.limit or None):
        shown += 1
        if arguments.json:
            print(json.dumps(document(row), ensure_ascii=False))
        else:
            print(f"{row['table_arn'].rpartition('/')[2]} {visible(row['item_key'] or 'key not known')}\n{block(row, paint())}\n")
    more = bool(arguments.limit) and next(found, None) is not None
    if more or not arguments.json:
        says = f"{shown} changes" + (f"; there are more: --limit {arguments.limit * 10}" if more else "")
        print(says, file=sys.stderr if arguments.json else sys.stdout)
    if not shown:
        for arn, days in built(store, arguments.table).items():
            print(f"searched {arn}: {built_text(days)}", file=sys.stderr)
    return 0 if shown else 1
