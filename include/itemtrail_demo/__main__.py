"""`make demo`: DynamoDB calls, a signed trail, a proven archive, a question answered, a tamper drill. No AWS account.

Exit 0 only if everything was as expected: three days PROVEN in both Regions, the data as planned, the drill detected.
Everything it makes lies in `.sandbox/demo`, which the next run replaces.
"""

import argparse
import sys
from collections.abc import Sequence

from itemtrail_demo import options, stage
from itemtrail_demo.console import Console
from itemtrail_demo.interrupt import leave_on_signals
from itemtrail_demo.tour import Tour


def main(argv: Sequence[str] | None = None) -> int:
    """The whole demo; returns its exit code: 0 as expected, 1 not (130: interrupted)."""
    arguments = _parser().parse_args(argv)
    folder = options.opened(arguments.folder, "itemtrail demo")
    if folder is None:
        return 2
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
    parser.add_argument("--stay", action="store_true", help="keep the sandbox up at the end, until Ctrl-C, to try commands on it")
    options.add(parser, folder="demo", calls=5000)
    return parser


if __name__ == "__main__":
    sys.exit(main())
