"""`itemtrail review`: everything that records, keeps and protects the change history, looked at and judged; nothing is changed.

Reads the configuration of the trail, the buckets, keys, tables, streams, log groups, alarms and roles, and the events that end
evidence from the archive; compares with the last review saved in the archive. Exit 0: clean, or every finding is accepted by an
exception that has not expired; 1: findings are open; 2: usage or configuration; 3: nothing is open, but not everything could be
looked at. Where both are so, it is 1, and both are said.
"""

import argparse
import datetime as dt
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from itemtrail.cli import ends
from itemtrail.cli.table import render
from itemtrail.errors import ConfigurationError

if TYPE_CHECKING:
    from itemtrail.core.check import Check
    from itemtrail.core.review_report import Report
    from itemtrail.flows.review import Made

_EXAMPLES = """
examples:
  itemtrail review                                       look, judge, compare with the last review; nothing is written
  itemtrail review --save                                and write the review into the archive, for the next to be compared with
  itemtrail review --html review.html --markdown         a page for the auditor, a table for the ticket
  itemtrail review --snapshot today.json                 keep what was read
  itemtrail review --from-snapshot today.json            judge that again, offline, with today's checks and exceptions
  itemtrail review --from-snapshot b.json --against a.json
  itemtrail review --list-checks                         what is asked, how much it weighs, which IAM actions it needs

exit codes: 0 clean or accepted, 1 open findings, 2 usage or configuration, 3 nothing open, but not everything could be looked at
"""
_EXITS = {"CLEAN": 0, "FINDINGS": 1, "COULD_NOT_LOOK": 3}


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "review",
        help="is what records, keeps and protects the change history set up as it must be",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    ends.add_config(parser)
    parser.add_argument(
        "--save", action=argparse.BooleanOptionalAction, default=False, help="write the review below reviews/ in the archive"
    )
    parser.add_argument("--html", type=Path, metavar="FILE", help="also write the report as one HTML page")
    parser.add_argument("--snapshot", type=Path, metavar="FILE", help="also write what was read, for --from-snapshot")
    parser.add_argument(
        "--since", type=ends.day, metavar="D", help="events from this day on (default: where the last review stopped)"
    )
    parser.add_argument(
        "--lookup-events",
        action=argparse.BooleanOptionalAction,
        help="ask CloudTrail itself for the hours after the last archived day (default: review.lookup_events)",
    )
    parser.add_argument("--against", type=Path, metavar="FILE", help="compare with this snapshot instead of the last review")
    parser.add_argument("--from-snapshot", type=Path, metavar="FILE", help="judge a saved snapshot; nothing is asked of AWS")
    parser.add_argument("--list-checks", action="store_true", help="list the checks; nothing is asked of AWS")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="the report as JSON (docs/schema.md)")
    form.add_argument("--markdown", action="store_true", help="the report as Markdown")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Review and print; returns the exit code."""
    from itemtrail.core.review_text import markdown, text

    if arguments.list_checks:
        return _list_checks(arguments)
    if arguments.from_snapshot and (arguments.save or arguments.since or arguments.snapshot or arguments.lookup_events):
        raise ConfigurationError(
            "--from-snapshot judges what is there: nothing is read, nothing is saved.",
            advice="leave out --save, --since, --snapshot.",
        )
    made = _offline(arguments) if arguments.from_snapshot else _online(arguments)
    report = made.report
    _write_files(arguments, made)
    if arguments.json:
        print(json.dumps(report.to_json(), indent=1))
    else:
        print(markdown(report) if arguments.markdown else text(report))
    return _EXITS[report.review.verdict]


def _online(arguments: argparse.Namespace) -> "Made":
    from itemtrail.flows import review

    opened = ends.open_ends(arguments)
    connection, settings = opened.connection, opened.settings
    earlier = _bytes(arguments.against) if arguments.against else None
    since = dt.datetime.combine(arguments.since, dt.time(), dt.UTC) if arguments.since else None
    asked = settings.review.lookup_events if arguments.lookup_events is None else arguments.lookup_events
    made = review.take(
        connection.posture(),
        opened.archive,
        settings,
        now=ends.now(),
        since=since,
        histories=connection.event_histories(settings) if asked else None,
        save=arguments.save,
    )
    if arguments.save:
        print(f"saved: {opened.archive.name}/{made.report.snapshot.key.rpartition('/')[0]}/", file=sys.stderr)
    return review.against(made, earlier, settings, where=str(arguments.against)) if earlier is not None else made


def _offline(arguments: argparse.Namespace) -> "Made":
    from itemtrail.flows import review
    from itemtrail.settings import load

    settings, path = load(arguments.config), arguments.from_snapshot
    made = review.of_snapshot(_bytes(path), settings, where=str(path))
    if arguments.against:
        return review.against(made, _bytes(arguments.against), settings, where=str(arguments.against))
    return made


def _write_files(arguments: argparse.Namespace, made: "Made") -> None:
    if arguments.html:
        _write(arguments.html, _page(made.report))
    if arguments.snapshot:
        _write(arguments.snapshot, made.snapshot)


def _page(report: "Report") -> bytes:
    from itemtrail.core.review_html import html

    return html(report).encode("utf-8", "backslashreplace")


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror}.", advice="name a file that --snapshot wrote.") from error


def _write(path: Path, body: bytes) -> None:
    try:
        path.write_bytes(body)
    except OSError as error:
        raise ConfigurationError(
            f"cannot write {path}: {error.strerror}.", advice="name a file in a folder that exists."
        ) from error


def _list_checks(arguments: argparse.Namespace) -> int:
    from itemtrail.core import controls_page
    from itemtrail.flows.review_checks import all_checks

    if arguments.json:
        print(json.dumps([_document(one) for one in all_checks()], indent=1))
    elif arguments.markdown:
        print(controls_page.markdown(all_checks()), end="")
    else:
        print(listed(all_checks()))
    return 0


def listed(checks: "Sequence[Check]") -> str:
    """A line for each check, and how many there are."""
    rows = [(one.id, one.severity, one.subject, one.title) for one in checks]
    table = render(("check", "severity", "of", "what must hold"), rows)
    return f"{table}\n{len(rows)} checks; --json says why, with needs and controls"


def _document(one: "Check") -> dict[str, Any]:
    return {
        "check": one.id,
        "title": one.title,
        "severity": one.severity,
        "subject": one.subject,
        "why": one.why,
        "needs": list(one.actions),
        "controls": list(one.controls),
        "remediation": one.remediation,
    }
