"""`itemtrail archive`: archive and prove the units of a day, as the `archive_trail` DAG does, without Airflow.

Without --unit: every unit that the configuration expects on the day, and earlier ones where something arrived late. A unit that
fails does not stop the others.
"""

import argparse
import datetime as dt
import sys
import tempfile
from pathlib import Path
from typing import Any

from itemtrail.cli import ends, exit_codes
from itemtrail.cli.receipts import exit_code, print_histories
from itemtrail.errors import ItemtrailError
from itemtrail.flows.receipts import load
from itemtrail.model import Unit

_EXAMPLES = """
examples:
  itemtrail archive --day 2026-11-21
  itemtrail archive --from 2026-11-01 --to 2026-11-21
  itemtrail archive --day 2026-11-21 --unit 111122223333/us-east-1

exit codes: 0 all proven and converted, 1 not, 2 usage or configuration, 3 nothing worse than "could not look"
"""


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "archive",
        help="archive and prove the units of a day",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    ends.add_config(parser)
    ends.add_days(parser)
    ends.add_units(parser)
    parser.add_argument("--spool", type=Path, metavar="DIR", help="where files are built (default: the system's temporary one)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Archive; print a table; returns the exit code."""
    opened, wanted = ends.open_ends(arguments), ends.days(arguments)
    work = _Archiver(opened)
    failed: dict[Unit, ItemtrailError] = {}
    done: list[Unit] = []
    with tempfile.TemporaryDirectory(prefix="itemtrail-", dir=arguments.spool) as spool:
        for day in wanted:
            for unit in _units(arguments, work, day):
                if unit not in failed and unit not in done:
                    try:
                        work.archive(unit, Path(spool))
                        done.append(unit)
                    except ItemtrailError as error:
                        failed[unit] = error
    histories = [load(opened.archive, unit) for unit in done]
    if histories:
        print_histories(histories)
    for unit, why in failed.items():
        print(f"itemtrail: {unit}: {why}", file=sys.stderr)
    return exit_codes.worst([exit_code(histories), *(exit_codes.of(why) for why in failed.values())])


class _Archiver:
    """The two ends, opened once."""

    def __init__(self, opened: ends.Ends) -> None:
        connection, self.settings = opened.connection, opened.settings
        self.trail = connection.trail(self.settings.trail)
        self.source = connection.store(self.trail.bucket)
        self.store = opened.archive
        self._trails, self._keys = connection.trail_api(), connection.public_keys()
        self._tagger = connection.tagger(self.trail.bucket) if self.settings.archive.tag_proven else None

    def archive(self, unit: Unit, spool: Path) -> None:
        """One unit."""
        from itemtrail.flows.archive import archive_unit

        archive_unit(
            unit,
            trail=self.trail,
            status=self._trails.status(self.trail, region=unit.region),
            source=self.source,
            archive=self.store,
            public_keys=self._keys,
            tagger=self._tagger,
            settings=self.settings,
            now=ends.now(),
            spool=spool,
            progress=lambda line: print(line, file=sys.stderr, flush=True),
        )


def _units(arguments: argparse.Namespace, work: _Archiver, day: dt.date) -> list[Unit]:
    if arguments.unit:
        return list(ends.units(arguments, work.settings, [day]))
    from itemtrail.flows.archive import discover

    wanted = work.settings.archive
    return list(
        discover(
            work.trail,
            work.source,
            work.store,
            day=day,
            accounts=wanted.accounts,
            regions=wanted.regions,
            reopen_days=wanted.reopen_days,
        )
    )
