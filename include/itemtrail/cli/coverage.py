"""`itemtrail coverage`: a calendar of what is archived and proven since the trail began; exit 1 when something is late.

For cron or Kubernetes beside Airflow: a scheduler that stands still cannot report itself.
"""

import argparse
import datetime as dt
import itertools
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from itemtrail.cli import ends
from itemtrail.flows.coverage import Cell, Coverage, begin, coverage, due
from itemtrail.flows.ledger_coverage import Recorded, recorded
from itemtrail.model import Unit

_EXAMPLES = """
examples:
  itemtrail coverage                        since the trail began
  itemtrail coverage --from 2026-11-01 --unit 111122223333/us-east-1
  itemtrail coverage --max-age 30h || page-someone
  itemtrail coverage --json | jq '.units[] | select(.late)'

--json gives {"schema_version": 1, "late": N, "counts": {…}, "unproven_may_expire": false, "units": […]}; each unit says
whether it is proven, has findings or is missing, and the days left until the trail bucket's configured expiry.

exit codes: 0 nothing is late, 1 something is, 2 usage or configuration, 3 could not look
"""
_MARKS = {Coverage.PROVEN: "#", Coverage.PENDING: "~", Coverage.FINDINGS: "!", Coverage.MISSING: "-"}
_LEGEND = "# proven   ~ pending (not late yet)   ! archived with findings   - missing   one mark a day"
_SHOWN = 20
SCHEMA_VERSION = 1  # of --json


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "coverage",
        help="which days are archived and proven; exit 1 when one is late",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    ends.add_config(parser)
    ends.add_units(parser)
    parser.add_argument("--from", dest="first", type=ends.day, metavar="D", help="first day (default: since the trail began)")
    parser.add_argument(
        "--max-age",
        type=ends.age,
        default=dt.timedelta(hours=30),
        metavar="AGE",
        help="how long after its end a day may be unproven: 30h (default), 45m, 2d",
    )
    parser.add_argument("--receipts", action="store_true", help="read every unit's receipts and do without the ledger")
    parser.add_argument("--json", action="store_true", help="every unit as JSON instead of the calendar")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the calendar; returns the exit code."""
    opened, now = ends.open_ends(arguments), ends.now()
    settings = opened.settings
    pairs = arguments.unit or [(a, r) for a in settings.archive.accounts for r in settings.archive.regions]
    accounts, regions = sorted({a for a, _ in pairs}), sorted({r for _, r in pairs})
    first = arguments.first or _begin(opened, accounts, regions)
    units = [u for u in due(accounts, regions, first or now.date(), now) if (u.account, u.region) in pairs]
    known = Recorded() if arguments.receipts else _recorded(opened, units, now)
    cells = coverage(
        opened.archive,
        units,
        now=now,
        max_age=arguments.max_age,
        expiry_days=settings.trail.expiry_days,
        recorded=known.lacks,
        accepted=settings.archive.accepted,
    )
    if arguments.json:
        print(json.dumps(document(cells, known, kept=settings.archive.tag_proven), indent=1))
    else:
        print(calendar(cells, kept=settings.archive.tag_proven))
        print(known.basis(len(cells)))
    if known.trouble:
        print(f"itemtrail: the ledger contradicts itself, and the receipts were read instead: {known.trouble}", file=sys.stderr)
    return 1 if known.trouble or any(cell.late for cell in cells) else 0


def _recorded(opened: ends.Ends, units: Sequence[Unit], now: dt.datetime) -> Recorded:
    with tempfile.TemporaryDirectory(prefix="itemtrail-") as room:
        return recorded(opened.archive, units, now=now, reopen_days=opened.settings.archive.reopen_days, room=Path(room))


def calendar(cells: Sequence[Cell], *, kept: bool) -> str:
    """A line a month for each account and Region, then a line for each late unit. ``kept``: unproven logs never expire."""
    if not cells:
        return "no day is due: nothing was delivered, archived or logged before today."
    lines = [_LEGEND]
    for (account, region), of_region in itertools.groupby(cells, lambda c: (c.unit.account, c.unit.region)):
        lines.append(f"\n{account}/{region}")
        for month, of_month in itertools.groupby(of_region, lambda c: f"{c.unit.day:%Y-%m}"):
            lines.append(f"  {month}  {_row(list(of_month))}")
    late = [cell for cell in cells if cell.late]
    counts = ", ".join(f"{sum(c.state is state for c in cells):,} {state.lower()}" for state in Coverage)
    lines.append(f"\n{counts}; {len(late):,} late")
    lines += [f"  {_late(cell, kept)}" for cell in late[:_SHOWN]]
    lines += [f"  {cell.line}" for cell in cells if cell.accepted]
    if len(late) > _SHOWN:
        lines.append(f"  and {len(late) - _SHOWN:,} more: --json lists all")
    if late:
        days = sorted({cell.unit.day for cell in late})
        lines.append(
            f"next: airflow backfill create --dag-id archive_trail --from-date {days[0]} --to-date {days[-1]}, "
            "or itemtrail archive --day D"
        )
    return "\n".join(lines)


def _row(cells: Sequence[Cell]) -> str:
    return " " * (cells[0].unit.day.day - 1) + "".join(_MARKS[cell.state] for cell in cells)


def _late(cell: Cell, kept: bool) -> str:
    left = f"{cell.days_left} days left until" if cell.days_left >= 0 else f"{-cell.days_left} days past"
    return f"{cell.line} [{left} the bucket's expiry{'; not proven never expires' if kept else ''}]"


def _begin(opened: ends.Ends, accounts: Sequence[str], regions: Sequence[str]) -> dt.date | None:
    connection = opened.connection
    trail = connection.trail(opened.settings.trail)
    status = connection.trail_api().status(trail)
    source = connection.store(trail.bucket)
    return begin(trail, status, source, opened.archive, accounts=accounts, regions=regions)


def document(cells: Sequence[Cell], known: Recorded | None = None, *, kept: bool) -> dict[str, Any]:
    """The calendar as JSON values. ``kept``: what is not proven never expires, so that ``days_left`` is a warning, no loss.

    ``known``: what the ledger answered; ``checkpoint`` is null where the states rest on receipts alone.
    """
    return {
        "schema_version": SCHEMA_VERSION,
        "counts": {state.lower(): sum(cell.state is state for cell in cells) for state in Coverage},
        "late": sum(cell.late for cell in cells),
        "unproven_may_expire": not kept,
        "checkpoint": _checkpoint(known or Recorded()),
        "units": [_unit(cell) for cell in cells],
    }


def _checkpoint(known: Recorded) -> dict[str, Any] | None:
    last = known.checkpoint
    return (
        {"number": last.number, "sha256": last.sha256, "until": last.until.isoformat(), "units": len(known.lacks)}
        if last
        else None
    )


def _unit(cell: Cell) -> dict[str, Any]:
    unit: Unit = cell.unit
    return {
        "account": unit.account,
        "region": unit.region,
        "day": str(unit.day),
        "state": cell.state,
        "proven": cell.state is Coverage.PROVEN,
        "findings": cell.state is Coverage.FINDINGS,
        "missing": cell.state is Coverage.MISSING,
        "late": cell.late,
        "days_left": cell.days_left,
        "says": cell.line,
    }
