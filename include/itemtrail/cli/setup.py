"""`itemtrail setup`: show what the account lacks, carry it out once approved, prove it with a canary.

Decides: approval (typed, `--yes`, or the hash of a plan that was read before) and exit codes. Exit 0: nothing to do and nothing
found, or all of it done and proven; 1: actions are open, a finding needs you, or the canary failed; 2: usage or configuration;
3: could not look. Refuses to apply without an approval where nobody can be asked.
"""

import argparse
import datetime as dt
import json
import sys
import time
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from itemtrail.cli import ends
from itemtrail.errors import ConfigurationError

if TYPE_CHECKING:
    from itemtrail.core.cost import Preview
    from itemtrail.core.setup_plan import SetupPlan
    from itemtrail.flows.canary import CanaryResult
    from itemtrail.ports.control import Control

_EXAMPLES = """
examples:
  itemtrail setup                                  show the plan; nothing is changed
  itemtrail setup --apply                          show it, ask, carry it out
  itemtrail setup --apply --approve 3f2a91c0…      carry out exactly the plan of that hash, as in a pipeline
  itemtrail setup --apply --yes --canary           carry it out unasked, then prove it with a write
  itemtrail setup --rate Payroll=250000            and at what price, if the table is written 250,000 times a day
  itemtrail setup --cost                           and how each number of the price comes about
  itemtrail setup --canary                         only the canary, where there is nothing to do

An approval names a plan by its hash (16 characters or more). If the account or the settings change, the hash does, and
nothing is done. What it will cost is shown below the plan and is no part of it: stated rates go before those that CloudWatch
observed; --rate TABLE=WRITES+READS where reads are recorded too. The canary waits for CloudTrail: up to 30 minutes for the log
file, then up to 150 for the signed digest.

exit codes: 0 nothing to do and nothing found, or all done and proven; 1 actions open, a finding needs you, or the canary failed;
2 usage or configuration; 3 could not look
"""
_SHORTEST_HASH = 16


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "setup",
        help="plan, apply and prove the capture: buckets, trail, streams, log group",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    ends.add_config(parser)
    parser.add_argument("--apply", action="store_true", help="carry the plan out after approval")
    approval = parser.add_mutually_exclusive_group()
    approval.add_argument("--yes", action="store_true", help="approve whatever the plan is")
    approval.add_argument("--approve", metavar="HASH", type=_hash, help="approve exactly the plan of this hash")
    parser.add_argument(
        "--rate",
        action="append",
        default=[],
        metavar="TABLE=WRITES",
        help="calls a day of a table, for the price (may be repeated)",
    )
    parser.add_argument("--cost", action="store_true", help="show the formula of each price and every assumption")
    parser.add_argument("--canary", action="store_true", help="write one item and follow it into a signed digest")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Plan, apply, canary, as asked; returns the exit code."""
    from itemtrail.core import cost_text
    from itemtrail.flows import setup as flow

    if (arguments.yes or arguments.approve) and not arguments.apply:
        raise ConfigurationError("--yes and --approve approve what --apply would do.", advice="add --apply.")
    opened = ends.open_ends(arguments)
    control = opened.connection.control()
    plan = flow.plan(control, opened.settings)
    cost = _cost(opened, plan, arguments.rate)
    document: dict[str, Any] = {"plan": plan.to_json(), "cost": cost_text.document(cost)}
    if not arguments.json:
        print(f"{plan.table()}\n\n{cost_text.text(cost) if arguments.cost else cost_text.short(cost)}")
    good = plan.good and plan.empty
    if arguments.apply and not plan.empty:
        approved = _approved(arguments, plan)
        applied = flow.apply(control, opened.settings, approved, _say)
        document["after"] = applied.after.to_json()
        good = applied.good
        if not arguments.json:
            print(f"\napplied {len(applied.done)} action(s); read back:\n{applied.after.table()}")
    if arguments.canary:
        result = _canary(opened, control)
        document["canary"] = result.to_json()
        good = good and result.good
        if not arguments.json:
            print(_words(result))
    if arguments.json:
        print(json.dumps(document, indent=2))
    return 0 if good else 1


class SystemClock:
    """This machine's time."""

    def now(self) -> dt.datetime:
        """Aware UTC."""
        return ends.now()

    def sleep(self, seconds: float) -> None:
        """Let ``seconds`` pass."""
        time.sleep(seconds)


def _cost(opened: ends.Ends, plan: "SetupPlan", stated: list[str]) -> "Preview":
    from itemtrail.flows.cost_preview import Sources, cost_preview, parse_rate

    connection, settings = opened.connection, opened.settings
    rates = tuple(parse_rate(text, settings) for text in stated)
    return cost_preview(settings, plan, Sources(connection.rates(), opened.archive, ends.now().date(), rates))


def _approved(arguments: argparse.Namespace, plan: "SetupPlan", ask: Callable[[str], str] = input) -> str:
    """The hash that was approved."""
    if arguments.yes:
        return plan.hash
    if arguments.approve:
        return plan.hash if plan.hash.startswith(arguments.approve) else str(arguments.approve)
    if arguments.json or not sys.stdin.isatty():
        raise ConfigurationError(
            "nobody can be asked here.", advice=f"read the plan, then add --approve {plan.hash[:_SHORTEST_HASH]}, or --yes."
        )
    if ask("\nCarry out this plan? Type yes: ").strip().lower() != "yes":
        raise ConfigurationError("the plan was not approved; nothing was done.", advice="run again to apply it.")
    return plan.hash


def _canary(opened: ends.Ends, control: "Control") -> "CanaryResult":
    from itemtrail.flows.canary import run as follow

    connection, settings = opened.connection, opened.settings
    return follow(
        control,
        connection.store(settings.trail.bucket),
        connection.public_keys(),
        connection.trail_api(),
        settings,
        SystemClock(),
        marker=f"itemtrail-canary-{uuid.uuid4()}",
        poll_seconds=settings.airflow.poll_seconds,
        progress=_say,
    )


def _words(result: "CanaryResult") -> str:
    if not result.good:
        return f"canary: FAILED, {result.reason}: {result.detail}"
    return (
        f"canary: proven. Log file after {result.delivery_seconds:.0f} s, digest after {result.digest_seconds:.0f} s.\n"
        f"  {result.object}\n  {result.digest}"
    )


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _hash(text: str) -> str:
    if not _SHORTEST_HASH <= len(text) <= 64 or set(text) - set("0123456789abcdef"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a plan's hash ({_SHORTEST_HASH} to 64 hexadecimal digits)")
    return text
