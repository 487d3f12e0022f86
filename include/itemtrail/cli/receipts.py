"""`itemtrail receipts`: what is archived, per unit: verdict, counts, and what keeps it from being proven."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from itemtrail.cli import ends
from itemtrail.cli.table import render
from itemtrail.core import layout
from itemtrail.core.reasons import COULD_NOT_LOOK
from itemtrail.core.receipt import Receipt
from itemtrail.errors import EvidenceError
from itemtrail.flows.receipts import History, Lack, UnitState, load, say, state
from itemtrail.model import Unit, Verdict
from itemtrail.ports.data import ObjectStore

_HEAD = (
    "day", "account/region", "commits", "slots", "objects", "records in", "rows", "duplicates", "quarantined", "JSON bytes",
    "delivered", "Parquet", "ratio", "verdict", "conversion",
)  # fmt: skip
_EXAMPLES = """
examples:
  itemtrail receipts --day 2026-11-21
  itemtrail receipts --from 2026-11-01 --to 2026-11-30 --unit 111122223333/us-east-1
  itemtrail receipts                      every day that has one
  itemtrail receipts --day 2026-11-21 --json | jq '.[].verdict'

exit codes: 0 all proven and converted, 1 not, 2 usage or configuration, 3 nothing worse than "could not look"
"""


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "receipts",
        help="what has been archived: verdicts, counts, findings",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    ends.add_config(parser)
    ends.add_days(parser)
    ends.add_units(parser)
    parser.add_argument("--json", action="store_true", help="every commit as JSON instead of a table")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the receipts asked for; returns the exit code."""
    opened = ends.open_ends(arguments)
    histories: list[History] = []
    broken: list[str] = []
    for unit in _asked(arguments, opened):
        try:
            histories.append(load(opened.archive, unit))
        except EvidenceError as error:
            broken.append(f"itemtrail: {unit}: {error}")
    if arguments.json:
        print(json.dumps([_document(r) for h in histories for r in h.receipts], indent=1))
    else:
        print_histories(histories)
    for line in broken:
        print(line, file=sys.stderr)
    return 1 if broken else exit_code(histories)


def print_histories(histories: Sequence[History]) -> None:
    """A table with a line a unit, then a line for each that is not proven."""
    if not histories:
        print("no receipts.")
        return
    print(render(_HEAD, [_row(h) for h in histories], right=range(2, 13)))
    for lacking in filter(None, map(state, histories)):
        print(f"  {lacking.line}")


def exit_code(histories: Sequence[History]) -> int:
    """0: all proven and converted; 3: what is not, could not be looked at; 1: anything else."""
    lacking = [(h, s) for h in histories if (s := state(h))]
    if not lacking:
        return 0
    return 3 if all(_could_not_look(history, found) for history, found in lacking) else 1


def _could_not_look(history: History, found: UnitState) -> bool:
    if found.reason is not Lack.NOT_PROVEN or found.verdict is not Verdict.UNPROVABLE:
        return False
    last = history.receipts[-1]
    reasons = {slot.reason for slot in last.slots if slot.verdict is not Verdict.PROVEN}
    reasons |= {item.reason for item in last.objects if item.verdict is not Verdict.PROVEN}
    return bool(reasons) and reasons <= set(COULD_NOT_LOOK)


def _asked(arguments: argparse.Namespace, opened: ends.Ends) -> list[Unit]:
    if arguments.day or arguments.first or arguments.last:
        return list(ends.units(arguments, opened.settings, ends.days(arguments)))
    pairs = arguments.unit or [(a, r) for a in opened.settings.archive.accounts for r in opened.settings.archive.regions]
    found = {unit for account, region in pairs for unit in _archived(opened.archive, account, region)}
    return sorted(found, key=lambda u: (u.day, u.account, u.region))


def _archived(archive: ObjectStore, account: str, region: str) -> set[Unit]:
    prefix = f"{layout.RECEIPTS}{layout.account_region(account, region)}"
    names = (layout.parse_commit(info.key) for info in archive.list(prefix))
    return {name[0] for name in names if name}


def _row(history: History) -> tuple[str, ...]:
    unit, counts = history.unit, history.counts
    last = history.receipts[-1] if history.receipts else None
    return (
        str(unit.day),
        f"{unit.account}/{unit.region}",
        str(len(history.receipts)),
        f"{_proven(last, 'slots')}/{counts.slots}",
        f"{_proven(last, 'objects')}/{counts.objects}",
        f"{counts.records_in:,}",
        f"{counts.rows:,}",
        f"{counts.duplicates:,}",
        f"{counts.quarantined:,}",
        f"{counts.bytes_in:,}",
        f"{counts.bytes_stored:,}",
        f"{counts.bytes_out:,}",
        f"{counts.ratio:.1f}" if counts.ratio else "–",
        str(last.verdict) if last else "–",
        str(last.conversion) if last else "–",
    )


def _proven(last: Receipt | None, what: str) -> int:
    return sum(item.verdict is Verdict.PROVEN for item in getattr(last, what)) if last else 0


def _document(receipt: Receipt) -> dict[str, Any]:
    """The receipt in short: everything but the lists of inputs."""
    return {
        "unit": {"account": receipt.unit.account, "region": receipt.unit.region, "day": str(receipt.unit.day)},
        "number": receipt.number,
        "verdict": receipt.verdict,
        "conversion": receipt.conversion,
        "says": "" if receipt.verdict is Verdict.PROVEN else say(receipt),
        "counts": asdict(receipt.counts),
        "slots": [
            {"start": s.start.isoformat(), "end": s.end.isoformat(), "verdict": s.verdict, "reason": s.reason, "object": s.object}
            for s in receipt.slots
        ],
        "objects": [{"key": o.key, "verdict": o.verdict, "reason": o.reason} for o in receipt.objects],
        "outputs": [asdict(o) for o in receipt.outputs],
        "quarantined": [asdict(q) for q in receipt.quarantined],
        "lost": list(receipt.lost),
        "versions": asdict(receipt.versions),
        "previous": receipt.previous,
        "receipt": layout.receipt_key(receipt.unit, receipt.number),
    }
