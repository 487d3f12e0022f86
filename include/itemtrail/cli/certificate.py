"""`itemtrail certificate`: that everything which was due for an account, Region and day came, is proven, and is archived.

A unit that is not PROVEN gets no certificate: what it lacks is said instead. A certificate names the slots that were due, what
came, the numbers (records in = rows + duplicates + quarantined), the receipts by SHA-256 and the checkpoint that holds them, and
what it does not say. The same archive gives the same bytes.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from itemtrail.cli import ends
from itemtrail.cli.table import render
from itemtrail.core.certificate import Certificate, Lacking
from itemtrail.core.visible import visible
from itemtrail.errors import ConfigurationError
from itemtrail.flows import ledger_prove
from itemtrail.flows.certificate import certificates, lines
from itemtrail.flows.ledger_book import numbers
from itemtrail.model import Unit

_EXAMPLES = """
examples:
  itemtrail certificate --day 2026-11-21
  itemtrail certificate --day 2026-11-21 --account 111122223333 --region us-east-1 --html certificate.html
  itemtrail certificate --from 2026-11-01 --to 2026-11-30 --html november.html
  itemtrail certificate --day 2026-11-21 --json | jq '.[].held.sha256'

exit codes: 0 every unit is certified without reservation, 1 one is not (and why), 2 usage or configuration, 3 could not look
"""


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "certificate",
        help="a certificate that a day of an account and Region is complete, or what it lacks",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    ends.add_config(parser)
    ends.add_days(parser)
    parser.add_argument("--account", metavar="A", help="only this account (default: those of the configuration)")
    parser.add_argument("--region", metavar="R", help="only this Region (default: those of the configuration)")
    parser.add_argument("--at", type=int, metavar="N", help="the ledger's checkpoint that holds them (default: the last)")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a page to print, a sheet for each certificate")
    parser.add_argument("--json", action="store_true", help="certificates and statements as a JSON list")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Make and print them; returns the exit code."""
    opened = ends.open_ends(arguments)
    units = _units(arguments, opened)
    with tempfile.TemporaryDirectory(prefix="itemtrail-certificate-") as room:
        ledger = None
        if arguments.at or numbers(opened.archive):
            ledger = ledger_prove.open_ledger(opened.archive, room=Path(room), at=arguments.at)
        made = [one.said for one in certificates(opened.archive, units, ledger)]
    if arguments.html:
        _write(arguments.html, made)
    if arguments.json:
        print(json.dumps([json.loads(one.to_json()) for one in made], indent=1))
    else:
        print(_text(made))
    return 0 if all(isinstance(one, Certificate) and one.unreserved for one in made) else 1


def _units(arguments: argparse.Namespace, opened: ends.Ends) -> list[Unit]:
    archive = opened.settings.archive
    accounts = [arguments.account] if arguments.account else sorted(set(archive.accounts))
    regions = [arguments.region] if arguments.region else sorted(set(archive.regions))
    if any(not (one.isdigit() and len(one) == 12) for one in accounts):
        raise ConfigurationError(f"{arguments.account!r} is no account.", advice="write its twelve digits.")
    return [Unit(account, region, day) for day in ends.days(arguments) for account in accounts for region in regions]


def _write(path: Path, made: Sequence[Certificate | Lacking]) -> None:
    from itemtrail.core.evidence_page import certificates as page

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page(made), encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"cannot write {path}: {error.strerror}.", advice="name another file.") from error
    print(f"{path}: {len(made)} units", file=sys.stderr)


def _text(made: Sequence[Certificate | Lacking]) -> str:
    head = ("day", "account/region", "says", "slots", "logs", "records in", "rows", "duplicates", "quarantined", "checkpoint")
    table = render(head, [_row(one) for one in made], right=range(3, 10))
    return "\n".join([table, *(f"  {visible(line)}" for line in lines(made))])


def _row(one: Certificate | Lacking) -> tuple[str, ...]:
    place = (str(one.unit.day), f"{one.unit.account}/{one.unit.region}")
    if isinstance(one, Lacking):
        return (*place, f"NOT CERTIFIED ({one.verdict or 'no receipt'})", *["–"] * 7)
    counts = one.counts
    numbers = (counts.slots, one.logs, counts.records_in, counts.rows, counts.duplicates, counts.quarantined)
    says = "certified" if one.unreserved else "with reservations"
    return (*place, says, *(f"{number:,}" for number in numbers), str(one.held.checkpoint) if one.held else "none")
