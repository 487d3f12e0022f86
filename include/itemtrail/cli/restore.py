"""`itemtrail restore`: what a question needs from a Glacier class, its hours and price by tier; requests it; says when ready.

Nothing is restored but by --apply. A plan that costs more than `restore.budget_dollars` must be approved: typed, or by its hash.
The question is one of days, and of accounts and Regions (originals, events, delivered) or of tables (stream_records, history).
"""

import argparse
import json
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from itemtrail.cli import ends
from itemtrail.errors import ConfigurationError

if TYPE_CHECKING:
    from itemtrail.core.restore import RestorePlan
    from itemtrail.core.restore_question import Question
    from itemtrail.flows.restore import Asked, Requested
    from itemtrail.model import Unit

_EXAMPLES = """
examples:
  itemtrail restore --plan --from 2023-03-01 --to 2023-03-31           originals of March 2023, all tiers and their prices
  itemtrail restore --plan --what events --what stream_records --day 2023-03-14
  itemtrail restore --plan --what history --table Payroll --from 2023-01-01 --to 2023-12-31
  itemtrail history --table Payroll --key EmpId=E-1042 --json | itemtrail restore --plan --of -    what proves one item's history
  itemtrail restore --plan --what delivered --day 2023-03-14           what lies in the trail bucket, for `itemtrail validate`
  itemtrail restore --apply --from 2023-03-01 --to 2023-03-31 --tier Bulk --copy-days 14
  itemtrail restore --apply --from 2023-03-01 --to 2023-03-31 --approve 3f2a91c0…
  itemtrail restore --status --from 2023-03-01 --to 2023-03-31         ready? until when?

Readable objects, and those being restored already, are asked for no second time and cost nothing; --extend asks for copies that
would expire too early (a request and storage, no retrieval). A request that failed is told;
run the same command again. Copies vanish by themselves; the archive's objects stay where they are.

exit codes: 0 planned, requested, or (--status) all readable now; 1 a request failed, nothing of it is archived, or (--status) not
all of it is; 2 usage or configuration, or not approved; 3 could not look, or (--status) not readable yet
"""
_SHORTEST_HASH = 16


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "restore",
        help="bring what a question needs back from a Glacier class: plan with hours and price, request, status",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    ends.add_config(parser)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--plan", action="store_true", help="objects, hours and price by tier; nothing is requested")
    what.add_argument("--apply", action="store_true", help="request what is cold")
    what.add_argument("--status", action="store_true", help="what is readable now, and until when")
    parser.add_argument(
        "--what",
        action="append",
        choices=("originals", "events", "stream_records", "history", "delivered"),
        help="what is asked for (may be repeated; default: originals)",
    )
    parser.add_argument(
        "--of",
        type=Path,
        metavar="FILE",
        help="originals of the changes in FILE (- for standard input): history or changes as JSON",
    )
    ends.add_days(parser)
    ends.add_units(parser)
    parser.add_argument("--table", action="append", metavar="T", help="name or ARN (may be repeated; default: streams.tables)")
    parser.add_argument("--tier", choices=("Expedited", "Standard", "Bulk"), help="retrieval tier (default: restore.tier)")
    parser.add_argument("--copy-days", type=_days, metavar="N", help="days to keep the copies (default: restore.copy_days)")
    parser.add_argument(
        "--extend", action="store_true", help="also keep copies longer that are there and expire before those days"
    )
    parser.add_argument("--approve", metavar="HASH", type=_hash, help="with --apply: approve exactly the plan of this hash")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Plan, request or look, as asked; returns the exit code."""
    from itemtrail.core.restore_text import plan_json, plan_text, state_json, state_text
    from itemtrail.flows import restore as flow
    from itemtrail.flows.prices import price_table

    if arguments.approve and not arguments.apply:
        raise ConfigurationError("--approve approves what --apply would do.", advice="add --apply.")
    opened = ends.open_ends(arguments)
    asked = _asked(arguments, opened)
    if arguments.status:
        state = flow.look(asked, ends.now())
        title = f"{asked.store.name}: {asked.question}"
        print(json.dumps(state_json(state), indent=1) if arguments.json else state_text(state, title))
        return 1 if state.lacking or not state.objects else 0 if state.readable else 3
    prices = price_table(opened.settings)
    plan = flow.plan(asked, prices, ends.now())
    document: dict[str, Any] = {"plan": plan_json(plan)}
    if not arguments.json:
        print(plan_text(plan))
    code = 0 if plan.state.objects else 1
    if arguments.apply and plan.state.objects:
        approved = _approved(arguments, plan, Decimal(str(opened.settings.restore.budget_dollars)))
        done = flow.apply(asked, prices, approved, ends.now(), _say)
        document["requested"] = {"begun": done.begun, "there": done.there, "failed": list(done.failed)}
        code = _told(done, plan)
    if arguments.json:
        print(json.dumps(document, indent=1))
    return code


def _asked(arguments: argparse.Namespace, opened: ends.Ends) -> "Asked":
    from itemtrail.core.restore import Tier
    from itemtrail.flows.restore import Asked, question

    settings = opened.settings
    units = _units(arguments.of) if arguments.of else ()
    if units and (arguments.day or arguments.first or arguments.last or arguments.unit):
        raise ConfigurationError("--of brings its own days and units.", advice="leave out --day, --from, --to and --unit.")
    days = [] if units else ends.days(arguments)
    wanted: Question = question(
        settings,
        arguments.what or ["originals"],
        days[0] if days else None,
        days[-1] if days else None,
        places=arguments.unit or (),
        tables=arguments.table or (),
        units=units,
    )
    trail = None
    if wanted.delivered:
        trail = opened.connection.trail(settings.trail)
        store = opened.connection.cold(trail.bucket)
    else:
        store = opened.connection.cold(settings.archive.bucket, root=settings.archive.prefix, region=settings.archive.region)
    tier, kept = arguments.tier or settings.restore.tier, arguments.copy_days or settings.restore.copy_days
    return Asked(wanted, store, Tier(tier), kept, trail, arguments.extend)


def _units(path: Path) -> "tuple[Unit, ...]":
    """Units of the changes in a file, ``-`` for standard input: a JSON list, or one JSON object a line.

    Raises:
        ConfigurationError: it is no such file, or its changes name no log.
    """
    from itemtrail.core.restore_question import units_of

    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
        rows = json.loads(text) if text.lstrip().startswith("[") else [json.loads(line) for line in text.splitlines() if line]
        units = units_of(rows)
    except (OSError, ValueError, AttributeError, TypeError) as error:
        advice = "give what `itemtrail history --json` or `itemtrail changes --json` printed."
        raise ConfigurationError(f"{path} holds no changes: {error}.", advice=advice) from error
    if not units:
        raise ConfigurationError(f"the {len(rows)} changes in {path} name no log file.", advice="ask for days instead.")
    return units


def _approved(arguments: argparse.Namespace, plan: "RestorePlan", budget: Decimal, ask: Callable[[str], str] = input) -> str:
    """The hash that was approved, or the plan's own where nobody need approve."""
    plan.must_be_offered()
    if arguments.approve:
        return plan.hash if plan.hash.startswith(arguments.approve) else str(arguments.approve)
    reason = plan.needs_approval(budget)
    if not reason:
        return plan.hash
    if arguments.json or not sys.stdin.isatty():
        raise ConfigurationError(
            f"{reason}, and nobody can be asked here.",
            advice=f"read the plan, then add --approve {plan.hash[:_SHORTEST_HASH]}.",
        )
    if ask(f"\n{reason}. Request these restores? Type yes: ").strip().lower() != "yes":
        raise ConfigurationError("the plan was not approved; nothing was requested.", advice="run again to request it.")
    return plan.hash


def _told(done: "Requested", plan: "RestorePlan") -> int:
    from itemtrail.core.visible import visible

    for line in done.failed:
        print(f"failed: {visible(line)}", file=sys.stderr)
    if done.begun or done.there:
        _say(f"readable {plan.chosen.time}; look with --status in place of --apply, then ask your question again.")
    return 1 if done.failed else 0


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _days(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 365:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of days from 1 to 365")
    return int(text)


def _hash(text: str) -> str:
    if not _SHORTEST_HASH <= len(text) <= 64 or set(text) - set("0123456789abcdef"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a plan's hash ({_SHORTEST_HASH} to 64 hexadecimal digits)")
    return text
