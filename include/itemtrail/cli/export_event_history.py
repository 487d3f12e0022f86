"""`itemtrail export-event-history`: CloudTrail's event history into the archive, for accounts and periods without a trail.

CloudTrail keeps management events for 90 days, trail or no trail, and answers at most 100 of them a second per account and
Region. They come without digests: what is exported is an UNPROVEN source, in folders of its own, and never counts as the trail's.
Days are days of events (UTC). A run that was ended goes on where it was; a day that is not over yet is exported up to a quarter
of an hour ago, and the rest by a later run. The credentials must be those of the account whose events are looked up.
"""

import argparse
import datetime as dt
import json
import re
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from itemtrail.cli import ends, exit_codes
from itemtrail.core.event_history import PROOF, SOURCE, Window
from itemtrail.errors import ConfigurationError, ItemtrailError
from itemtrail.flows.event_history import Exported, Pacer, State, export_days, export_unit
from itemtrail.model import Unit

Outcome = Exported | ItemtrailError
_THREADS = 8
_CODES = {State.COVERED: 0, State.OPEN: 0, State.UNFINISHED: 3, State.PAST_HORIZON: 1, State.PARTIAL: 1}
_EXAMPLES = """
examples:
  itemtrail export-event-history --from 2026-08-27 --to 2026-11-23
  itemtrail export-event-history --from 2026-11-01 --to 2026-11-24 --region eu-west-1 --max-minutes 30
  itemtrail export-event-history --from 2026-11-01 --to 2026-11-23 --account 222233334444 --profile payroll
  itemtrail export-event-history --from 2026-11-01 --to 2026-11-23 --json | jq '.[] | select(.missing)'

exit codes: 0 all that can be had is exported (what is not over yet is said), 1 some of it is lost (older than 90 days) or no
record, 2 usage or configuration, 3 not finished, or could not look: run it again, it goes on from there
"""


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "export-event-history",
        help="management events of the last 90 days, where no trail was: an unproven source",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    ends.add_config(parser)
    parser.add_argument("--from", dest="first", type=ends.day, required=True, metavar="D", help="first day of events, UTC")
    parser.add_argument("--to", dest="last", type=ends.day, required=True, metavar="D", help="last day of events, included")
    parser.add_argument(
        "--account",
        action="append",
        type=_account,
        metavar="A",
        help="only this account (may be repeated; default: all configured)",
    )
    parser.add_argument(
        "--region", action="append", type=_region, metavar="R", help="only this Region (may be repeated; default: all configured)"
    )
    parser.add_argument("--profile", metavar="NAME", help="AWS profile that looks events up (default: the one that archives)")
    parser.add_argument("--max-minutes", type=_minutes, metavar="N", help="end after so long; the next run goes on")
    parser.add_argument("--spool", type=Path, metavar="DIR", help="where files are built (default: the system's temporary one)")
    parser.add_argument("--json", action="store_true", help="what the archive holds of each day, as JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Export, Regions side by side; print a line a day; returns the exit code."""
    work = _Exporter(arguments)
    with tempfile.TemporaryDirectory(prefix="itemtrail-", dir=arguments.spool) as spool:
        found = work.export(Path(spool))
    if arguments.json:
        print(json.dumps([_document(unit, outcome) for unit, outcome in found], indent=1))
    for unit, outcome in found:
        if isinstance(outcome, ItemtrailError):
            print(f"itemtrail: {unit}: {outcome}", file=sys.stderr)
        elif not arguments.json:
            print(outcome.line)
    return exit_codes.worst([_code(outcome) for _, outcome in found])


class _Exporter:
    """Both ends, opened once, and the switch that ends it all."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        if arguments.first > arguments.last:
            raise ConfigurationError(f"{arguments.first} is after {arguments.last}.", advice="give the earlier day first.")
        self._opened = ends.open_ends(arguments)
        self._days = [arguments.first + dt.timedelta(days=n) for n in range((arguments.last - arguments.first).days + 1)]
        wanted = self._opened.settings.archive
        accounts, regions = arguments.account or wanted.accounts, arguments.region or wanted.regions
        self._places = [(a, r) for a in sorted(set(accounts)) for r in sorted(set(regions))]
        self._lookups = _connection(arguments.profile, self._opened)
        self._end = ends.now() + dt.timedelta(minutes=arguments.max_minutes) if arguments.max_minutes else None
        self._interrupted = threading.Event()

    def export(self, spool: Path) -> list[tuple[Unit, Outcome]]:
        """Everything; an interruption ends all Regions at their next request."""
        sources = [self._source(*place) for place in self._places]  # clients are made by one thread
        store = self._opened.archive
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="region") as threads:
            tasks = [
                threads.submit(self._place, *place, source, store, spool)
                for place, source in zip(self._places, sources, strict=True)
            ]
            try:
                return [outcome for task in tasks for outcome in task.result()]
            except BaseException:
                self._interrupted.set()
                threads.shutdown(wait=False, cancel_futures=True)
                raise

    def _source(self, account: str, region: str) -> Any:
        """The event history of one place, or why it cannot be asked."""
        try:
            return self._lookups.event_history(account, region)
        except ItemtrailError as error:
            return error

    def _place(self, account: str, region: str, source: Any, store: Any, spool: Path) -> list[tuple[Unit, Outcome]]:
        if isinstance(source, ItemtrailError):
            return [(Unit(account, region, self._days[0]), source)]
        export = partial(
            export_unit,
            source=source,
            archive=store,
            settings=self._opened.settings,
            pacer=Pacer(),
            now=ends.now,
            spool=spool,
            stop=self._stop,
            progress=lambda line: print(line, file=sys.stderr, flush=True),
        )
        return list(export_days(account, region, self._days, export))

    def _stop(self) -> bool:
        return self._interrupted.is_set() or (self._end is not None and ends.now() >= self._end)


def _connection(profile: str | None, opened: ends.Ends) -> Any:
    if profile is None:
        return opened.connection
    from itemtrail.aws.connection import Connection

    return Connection.of_profile(profile)


def _code(outcome: Outcome) -> int:
    return exit_codes.of(outcome) if isinstance(outcome, ItemtrailError) else _CODES[outcome.state]


def _document(unit: Unit, outcome: Outcome) -> dict[str, Any]:
    """What the archive holds of the day; windows are [from, to)."""
    head = {"account": unit.account, "region": unit.region, "event_date": str(unit.day), "source": SOURCE, "proof": PROOF}
    if isinstance(outcome, ItemtrailError):
        return head | {"error": str(outcome)}
    windows = {name: _windows(getattr(outcome, name)) for name in ("covered", "open", "missing")}
    numbers = {name: getattr(outcome, name) for name in ("rows", "duplicates", "quarantined", "commits")}
    return head | {"state": outcome.state} | windows | numbers


def _windows(windows: tuple[Window, ...]) -> list[dict[str, str]]:
    return [{"from": f"{w.start:%Y-%m-%dT%H:%M:%SZ}", "to": f"{w.end:%Y-%m-%dT%H:%M:%SZ}"} for w in windows]


def _account(text: str) -> str:
    if not (text.isascii() and text.isdigit() and len(text) == 12):
        raise argparse.ArgumentTypeError(f"{text!r} is not an account id of twelve digits")
    return text


def _region(text: str) -> str:
    if not re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a Region like eu-west-1")
    return text


def _minutes(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of minutes, 1 or more")
    return int(text)
