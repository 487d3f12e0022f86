"""`itemtrail records`: the original records, byte for byte, from Parquet alone."""

import argparse
import sys
from pathlib import Path
from typing import Any

from itemtrail.core.rebuild import records
from itemtrail.errors import ConfigurationError

_EXAMPLES = """
Each record is written as it was delivered and followed by one newline, in the order of (source object, index in the object).
CloudTrail delivers records without line breaks, so this is NDJSON; a record that was delivered pretty-printed stays so, and
spans lines (jq and every JSON stream reader take it). Every record is compared with its SHA-256 first.

examples:
  itemtrail records converted/events > records.ndjson
  itemtrail records converted/events/account=111122223333/region=us-east-1/event_date=2026-11-21/ | jq -c .eventName
  itemtrail records one.parquet two.parquet | wc -l

exit codes: 0 every record was written, 1 a file is not what it should be or a record's hash does not hold, 2 usage
"""
_BATCH = 1 << 20


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "records",
        help="the original records back from Parquet, byte for byte",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="Parquet files of events, or folders of them")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the records to standard output; returns the exit code."""
    out, waiting = sys.stdout.buffer, bytearray()
    for _, _, record in records(_files(arguments.paths)):
        waiting += record
        waiting += b"\n"
        if len(waiting) >= _BATCH:
            out.write(waiting)
            waiting.clear()
    out.write(waiting)
    out.flush()
    return 0


def _files(paths: list[Path]) -> list[Path]:
    found: set[Path] = set()
    for path in paths:
        if not path.exists():
            raise ConfigurationError(f"{path} does not exist.", advice="give Parquet files of events, or folders of them.")
        found |= set(path.rglob("*.parquet")) if path.is_dir() else {path}
    if not found:
        raise ConfigurationError("no .parquet file was found.", advice="give Parquet files of events, or folders of them.")
    return sorted(found)
