"""`itemtrail absent`: was a write of this item logged in that time? ABSENT, with its scope, PRESENT, or why nobody can say.

ABSENT is said only where every unit that could hold such an event is PROVEN and whole, the table's calls were being recorded,
and nothing in between can hide a write: parameters omitted or masked, an import, a restore, a change of the trail, a stream
record without a logged write. It is about what CloudTrail logs: deletions by time to live and replicated writes are not in it,
and the answer says so.
"""

import argparse
import datetime as dt
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from itemtrail.cli import ends
from itemtrail.cli.history import moment, moment_after
from itemtrail.core.absence import Absence, Answer
from itemtrail.core.visible import visible
from itemtrail.flows.absent import absent

_MOST_LINES = 20
_CODES = {Answer.ABSENT: 0, Answer.PRESENT: 1, Answer.CANNOT_SAY: 3}
_EXAMPLES = """
examples:
  itemtrail absent --table arn:aws:dynamodb:us-east-1:111122223333:table/Payroll --key EmpId=E-1017 --key Period=2026-11 \\
      --from 2026-11-21 --to 2026-11-22
  itemtrail absent --table … --key EmpId=E-1017 --from 2026-11-21T08:00Z --to 2026-11-21T17:00Z --json

exit codes: 0 ABSENT, 1 PRESENT (the writes are listed), 2 usage or configuration, 3 CANNOT_SAY, or the archive could not be read
"""


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "absent",
        help="negative evidence: no successful write of an item was logged",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    ends.add_config(parser)
    parser.add_argument("--table", required=True, type=_table, metavar="ARN", help="the table's ARN")
    parser.add_argument(
        "--key", required=True, action="append", metavar="NAME=VALUE", help="key attribute (repeat for a sort key), or JSON"
    )
    parser.add_argument("--from", dest="first", required=True, type=moment, metavar="T", help="day or time, UTC")
    parser.add_argument("--to", dest="last", required=True, type=moment_after, metavar="T", help="day (included) or time, UTC")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Ask, print; returns the exit code."""
    opened = ends.open_ends(arguments)
    with tempfile.TemporaryDirectory(prefix="itemtrail-absent-") as room:
        said = absent(
            opened.archive,
            opened.settings.trail,
            opened.settings.archive,
            table_arn=arguments.table,
            key=arguments.key,
            first=arguments.first,
            last=arguments.last,
            now=ends.now(),
            room=Path(room),
            progress=lambda line: print(line, file=sys.stderr, flush=True),
        )
    print(json.dumps(_document(said), indent=1, ensure_ascii=False) if arguments.json else _text(said))
    return _CODES[said.answer]


def _text(said: Absence) -> str:
    asked = said.question
    span = f"from {_z(asked.first)} to {_z(asked.last)}"
    item = f"{asked.table_arn} {visible(asked.item_key)}"
    head = {
        Answer.ABSENT: f"ABSENT: no successful write of {item} was logged {span}.",
        Answer.PRESENT: f"PRESENT: {len(said.found)} successful writes of {item} were logged {span}.",
        Answer.CANNOT_SAY: f"CANNOT_SAY: whether a write of {item} was logged {span}.",
    }[said.answer]
    found = [f"  {at}  {name}  eventID {event}" for at, name, event in said.found]
    because = [f"  because {visible(reason)}" for reason in said.reasons]
    scope = [f"  {line}" for line in said.scope]
    return "\n".join([head, *_some(found), *_some(because), *scope])


def _some(lines: list[str]) -> list[str]:
    more = len(lines) - _MOST_LINES
    return [*lines[:_MOST_LINES], *([f"  … and {more} more; --json lists all"] if more > 0 else [])]


def _document(said: Absence) -> dict[str, Any]:
    asked = said.question
    return {
        "answer": said.answer,
        "table_arn": asked.table_arn,
        "item_key": json.loads(asked.item_key),
        "from": _z(asked.first),
        "to": _z(asked.last),
        "found": [{"time": at, "eventName": name, "eventID": event} for at, name, event in said.found],
        "reasons": list(said.reasons),
        "scope": list(said.scope),
        "units": [
            {
                "account": one.unit.account,
                "region": one.unit.region,
                "delivery_date": str(one.unit.day),
                "verdict": one.verdict,
                "conversion": one.conversion,
                "receipt_sha256": one.receipt,
            }
            for one in said.units
        ],
    }


def _z(time: dt.datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"


def _table(text: str) -> str:
    from itemtrail.core.dynamodb import table_arn

    if table_arn(text) != text:
        raise argparse.ArgumentTypeError(f"{text!r} is not an ARN like arn:aws:dynamodb:us-east-1:111122223333:table/Payroll")
    return text
