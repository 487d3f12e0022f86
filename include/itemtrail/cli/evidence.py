"""`itemtrail evidence`: an auditor's pack: the answer to a question, its proofs, and what a stranger needs to check them.

The question is an item (--table and --key), a table, a principal (--by) or a time. The pack is a folder or a zip: index.html to
read, the changes and the calls as CSV and Parquet, a proof for each call, completeness certificates of every day that matters,
keys, checkpoint, checkers, and a manifest whose SHA-256 belongs into the cover letter. A call that cannot be proven and a day
that is not certified stand in it with the reason. The same question on the same archive gives the same bytes.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from itemtrail.cli import ends
from itemtrail.cli.history import moment, moment_after
from itemtrail.core.evidence import Question
from itemtrail.core.evidence_text import lacks, text
from itemtrail.core.visible import visible
from itemtrail.errors import ConfigurationError
from itemtrail.flows.evidence import Limits, Pack, make, write_folder, write_zip

_EXAMPLES = """
examples:
  itemtrail evidence --table Employees --key EmpId=E-1017 --from 2026-11-01 --to 2026-11-30 --out e-1017.zip
  itemtrail evidence --by svc-reporting --from 2026-11-21 --to 2026-11-21 --out svc-reporting/
  itemtrail evidence --table Payroll --from 2026-11-21T08:00Z --to 2026-11-21T17:00Z --out payroll.zip --json
  itemtrail verify-evidence e-1017.zip

exit codes: 0 written and whole, 1 written and something lacks (all of it is said), or no change answers; 2 usage or
configuration, 3 could not look (also: originals in a Glacier class; nothing is written)
"""


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "evidence",
        help="a pack that answers an auditor's question, with proofs anybody can check offline",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    ends.add_config(parser)
    parser.add_argument("--out", required=True, type=Path, metavar="DIR|FILE.zip", help="where the pack is written")
    parser.add_argument("--table", default="", metavar="T", help="name, or ARN where several tables have the name")
    parser.add_argument(
        "--key",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an item's key attribute (repeat for a sort key), or JSON",
    )
    parser.add_argument("--by", default="", metavar="PRINCIPAL", help="changes by an actor, source identity or role")
    parser.add_argument("--from", dest="first", type=moment, metavar="T", help="day or time, UTC")
    parser.add_argument("--to", dest="last", type=moment_after, metavar="T", help="day (included) or time, UTC")
    parser.add_argument("--limit", type=int, default=1000, metavar="N", help="at most this many changes (%(default)s)")
    parser.add_argument("--at", type=int, metavar="N", help="the ledger's checkpoint that proves (default: the last)")
    parser.add_argument("--json", action="store_true", help="what was written as a JSON object")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Make and write the pack; returns the exit code."""
    question = asked(arguments.table, arguments.key, arguments.by, arguments.first, arguments.last)
    if arguments.limit < 1:
        raise ConfigurationError("--limit is at least 1.", advice="leave it out for 1,000.")
    zipped = arguments.out.suffix.lower() == ".zip"
    if arguments.out.exists() and (zipped or not arguments.out.is_dir() or any(arguments.out.iterdir())):
        raise ConfigurationError(f"{arguments.out} is there already.", advice="name another place.")
    opened = ends.open_ends(arguments)
    with tempfile.TemporaryDirectory(prefix="itemtrail-evidence-") as room:
        most = Limits(changes=arguments.limit, original_bytes=opened.settings.conversion.max_inflated_bytes)
        accounts = opened.settings.archive.accounts
        made = make(opened.archive, accounts, question, room=Path(room), limits=most, at=arguments.at, progress=_say)
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        (write_zip if zipped else write_folder)(made, arguments.out)
    print(
        json.dumps(document(made), indent=1) if arguments.json else text(made.index, made.manifest, made.size, str(arguments.out))
    )
    return 0 if made.index.whole else 1


def asked(table: str, key: list[str], by: str, first: Any, last: Any) -> Question:
    """The question as typed.

    Raises:
        ConfigurationError: it contradicts itself.
    """
    if key and (by or not table):
        raise ConfigurationError(
            "--key names an item of a --table, whoever changed it.", advice="give --table, and leave --by out."
        )
    if first and last and first > last:
        raise ConfigurationError("--from is after --to.", advice="give the earlier time first.")
    return Question(table, tuple(key), by, first, last)


def document(made: Pack) -> dict[str, Any]:
    """What was written, as JSON."""
    index = made.index
    return {
        "question": str(index.question),
        "manifest_sha256": made.manifest,
        "files": len(made.files),
        "bytes": made.size,
        "changes": index.changes,
        "calls": len(index.events),
        "unproven": [{"eventID": one.event_id, "source_object": one.source_object, "why": one.problem} for one in index.unproven],
        "certified": len(index.certificates) - len(index.uncertified),
        "uncertified": [str(unit) for unit in index.uncertified],
        "reserved": [str(one.unit) for one in index.reserved],
        "lacks": list(lacks(index)),
        "checkpoint_sha256": index.checkpoint,
        "whole": index.whole,
    }


def _say(line: str) -> None:
    print(visible(line), file=sys.stderr, flush=True)
