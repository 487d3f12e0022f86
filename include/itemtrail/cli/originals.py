"""`itemtrail originals`: the delivered files of a day, byte for byte, back from the archive into a folder."""

import argparse
import sys
from pathlib import Path
from typing import Any

from itemtrail.cli import ends
from itemtrail.flows.originals import restore

_EXAMPLES = """
examples:
  itemtrail originals --day 2026-11-21 --to restored
  itemtrail originals --day 2026-11-21 --unit 111122223333/us-east-1 --to restored

exit codes: 0 everything written, 1 something was refused or nothing is archived, 2 usage or configuration, 3 could not look: also
where originals lie in a Glacier class (`itemtrail restore` brings them back)
"""


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "originals",
        help="the delivered files of a day back from the archive",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    ends.add_config(parser)
    parser.add_argument("--day", type=ends.day, required=True, metavar="D", help="delivery day, UTC: 2026-11-21")
    ends.add_units(parser)
    parser.add_argument("--to", type=Path, required=True, metavar="DIR", help="the folder that gets the AWSLogs tree")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the files; returns the exit code."""
    opened = ends.open_ends(arguments)
    wanted = list(ends.units(arguments, opened.settings, [arguments.day]))
    done = restore(opened.archive, wanted, arguments.to, lambda line: print(line, file=sys.stderr, flush=True))
    for line in done.refused:
        print(f"refused: {line}", file=sys.stderr)
    for line in done.cold:
        print(f"cold: {line}", file=sys.stderr)
    print(f"{done.files} files, {done.size:,} bytes in {arguments.to}")
    if not (done.files or done.cold):
        print("nothing of these days is archived: `itemtrail receipts` shows what is.", file=sys.stderr)
    return 1 if done.refused or not (done.files or done.cold) else 3 if done.cold else 0
