"""`itemtrail`: dispatches to one module a command.

Exit codes are the contract: 0 good, 1 bad, 2 usage or configuration, 3 could not look.

Source of the codes: docs/cli.md.
"""

import argparse
import importlib
import sys
from collections.abc import Sequence

from itemtrail import __version__
from itemtrail.cli import exit_codes
from itemtrail.errors import ItemtrailError

COMMANDS = (
    "setup", "archive", "stream", "validate", "receipts", "coverage", "ledger", "lifecycle", "originals", "restore", "convert",
    "records", "query", "build-history", "history", "changes", "legal-hold", "review", "permissions",
    "export-event-history", "prove", "verify-proof", "verify-archive", "absent", "certificate", "evidence",
    "verify-evidence",
)  # fmt: skip


def build_parser(names: Sequence[str] = COMMANDS) -> argparse.ArgumentParser:
    """The command line of ``names``; each command module adds its own sub-parser and sets ``run``."""
    parser = argparse.ArgumentParser(
        prog="itemtrail",
        description="Capture, archive, prove and explain the change history of DynamoDB tables.",
    )
    parser.add_argument("--version", action="version", version=f"itemtrail {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in names:
        importlib.import_module(f"itemtrail.cli.{name.replace('-', '_')}").add_parser(commands)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    words = sys.argv[1:] if argv is None else list(argv)
    arguments = build_parser(_needed(words)).parse_args(words)
    try:
        return int(arguments.run(arguments))
    except ItemtrailError as error:
        print(f"itemtrail: {error}", file=sys.stderr)
        return exit_codes.of(error)
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    except KeyboardInterrupt:
        print("itemtrail: interrupted; nothing half-written counts, run it again.", file=sys.stderr)
        return 130


def _needed(words: Sequence[str]) -> Sequence[str]:
    """The commands whose modules are loaded: one command loads one, the version none, because start-up is felt."""
    if words and words[0] in COMMANDS:
        return words[:1]
    return () if list(words) == ["--version"] else COMMANDS


if __name__ == "__main__":
    sys.exit(main())
