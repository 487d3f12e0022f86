"""What the demo and the UI have in common on the command line."""

import argparse
import sys
from pathlib import Path

from itemtrail.errors import ConfigurationError
from itemtrail_demo.config import ROOT
from itemtrail_demo.folder import Folder
from itemtrail_demo.hrms import LEAST_CALLS


def add(parser: argparse.ArgumentParser, *, folder: str, calls: int) -> None:
    """Add size, seed and folder, with their defaults."""
    size = f"size of the HRMS workload in API calls, at least {LEAST_CALLS} (%(default)s)"
    parser.add_argument("--calls", type=workload_size, default=calls, metavar="N", help=size)
    parser.add_argument("--seed", type=int, default=20, metavar="S", help="the same seed gives the same workload (%(default)s)")
    where = "a new or empty folder, or one of an earlier run, whose files are then replaced (%(default)s)"
    parser.add_argument("--folder", type=Path, default=ROOT / ".sandbox" / folder, metavar="DIR", help=where)


def opened(path: Path, program: str) -> Folder | None:
    """The folder, ready for a run; None where it may not be used, which is told (exit code 2)."""
    folder = Folder(path.absolute())
    try:
        folder.renew()
    except ConfigurationError as error:
        print(f"{program}: {error}", file=sys.stderr)
        return None
    return folder


def workload_size(text: str) -> int:
    """A size that the workload can have.

    Raises:
        argparse.ArgumentTypeError: it is not one.
    """
    if not text.isdecimal() or int(text) < LEAST_CALLS:
        raise argparse.ArgumentTypeError(f"{text!r}: a whole number, {LEAST_CALLS} or more")
    return int(text)
