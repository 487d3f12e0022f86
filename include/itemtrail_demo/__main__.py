"""`make demo`: DynamoDB calls, a signed trail, a proven archive, a question answered, a tamper drill. No AWS account.

Exit 0 only if everything was as expected: three days PROVEN in both Regions, the data as planned, the drill detected.
Everything it makes lies in `.sandbox/demo`, which the next run replaces.
"""

import argparse
import sys
from collections.abc import Sequence

from itemtrail_demo import config, stage
from itemtrail_demo.console import Console
from itemtrail_demo.interrupt import leave_on_signals
from itemtrail_demo.tour import Tour


def main(argv: Sequence[str] | None = None) -> int:
    """The whole demo; returns its exit code: 0 as expected, 1 not (130: interrupted)."""
    arguments = _parser().parse_args(argv)
    folder = config.Folder(config.ROOT / ".sandbox" / "demo")
    folder.renew()
    stage.isolate()
    console = Console(folder.log)
    leave_on_signals(console.descriptor)
    console.say("itemtrail: DynamoDB calls -> signed trail -> proven archive. On this machine, without an AWS account.")
    console.say(f"All files: {folder.path}\nAirflow's log: {folder.log}\n")
    return Tour(folder, console, calls=arguments.calls, seed=arguments.seed, stay=arguments.stay).run()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m itemtrail_demo",
        description="DynamoDB calls become a proven archive, on this machine, without an AWS account.",
    )
    parser.add_argument("--calls", type=_calls, default=5000, metavar="N", help="size of the HRMS workload, at least 250 (5000)")
    parser.add_argument("--seed", type=int, default=20, metavar="S", help="the same seed gives the same workload (20)")
    parser.add_argument("--stay", action="store_true", help="keep the sandbox up at the end, until Ctrl-C, to try commands on it")
    return parser


def _calls(text: str) -> int:
    from itemtrail_demo.hrms import LEAST_CALLS

    if not text.isdecimal() or int(text) < LEAST_CALLS:
        raise argparse.ArgumentTypeError(f"{text!r}: a whole number, {LEAST_CALLS} or more")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
