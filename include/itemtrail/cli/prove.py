"""`itemtrail prove`: a proof of one event, to be checked without AWS, without the archive and without itemtrail.

The proof holds the row, the record's text, the log file it stands in, the digest and its signature, CloudTrail's public key, the
receipts, and the path to a checkpoint of the ledger. `--checkers` lays a checker for Python and one for a browser beside it.
"""

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

from itemtrail.cli import copies, ends
from itemtrail.errors import ConfigurationError
from itemtrail.flows.prove import find, prove
from itemtrail.flows.query import Scope
from itemtrail.proof import check_proof

_CHECKERS = ("check_proof.py", "proof.html")
_EXAMPLES = """
examples:
  itemtrail prove --event-id 0f0ea2d4-6a0f-4a3c-9d2c-0a3e2a9a8f11 --day 2026-11-21 --out proof.json
  itemtrail prove --event-id … --from 2026-11-01 --to 2026-11-30 --checkers --out evidence/proof.json
  itemtrail verify-proof proof.json

exit codes: 0 the proof is written and holds, 1 the event is not archived or not proven, 2 usage or configuration (also: no
checkpoint holds its receipt yet), 3 could not look (also: originals in a Glacier class)
"""


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "prove",
        help="a proof of one event that anybody can check offline",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--event-id", required=True, metavar="ID", help="the event's eventID")
    ends.add_config(parser)
    parser.add_argument("--day", type=ends.day, metavar="D", help="event date, UTC: 2026-11-21")
    parser.add_argument("--from", dest="first", type=ends.day, metavar="D", help="first event date")
    parser.add_argument("--to", dest="last", type=ends.day, metavar="D", help="last event date, included")
    parser.add_argument("--at", type=int, metavar="N", help="the ledger's checkpoint that proves (default: the last)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="where the proof is written (default: standard output)")
    parser.add_argument("--checkers", action="store_true", help="write check_proof.py and proof.html beside --out")
    copies.add_cache(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the proof, after it was checked."""
    if arguments.checkers and not arguments.out:
        raise ConfigurationError("--checkers lays files beside the proof.", advice="give --out FILE too.")
    opened = ends.open_ends(arguments)
    scope = Scope(arguments.first or arguments.day, arguments.last or arguments.day)
    found = list(find(copies.copied(arguments, opened, scope), arguments.event_id))
    with tempfile.TemporaryDirectory(prefix="itemtrail-prove-") as room:
        most = opened.settings.conversion.max_inflated_bytes
        made = prove(opened.archive, found, room=Path(room), max_bytes=most, at=arguments.at)
    return _written(made, arguments)


def _written(made: bytes, arguments: argparse.Namespace) -> int:
    if arguments.out is None:
        sys.stdout.buffer.write(made + b"\n")
        return 0
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_bytes(made)
    for name in _CHECKERS if arguments.checkers else ():
        arguments.out.with_name(name).write_bytes(Path(check_proof.__file__).with_name(name).read_bytes())
    print(f"{arguments.out}: {len(made):,} bytes", file=sys.stderr)
    return check_proof.main([str(arguments.out)])
