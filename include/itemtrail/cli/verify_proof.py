"""`itemtrail verify-proof`: the seven steps of a proof, by the checker that strangers get. Needs no network and no AWS.

Without --checkpoint or --trusted-key the proof is consistent with the key that it brings with it (`anchored: false`); give the
checkpoint's hash as it was kept elsewhere (the ledger publishes it), or the fingerprint of CloudTrail's public key.
"""

import argparse
from pathlib import Path
from typing import Any

from itemtrail.proof import check_proof

_EXAMPLES = """
examples:
  itemtrail verify-proof proof.json
  itemtrail verify-proof proof.json --checkpoint 9f2c…
  itemtrail verify-proof proof.json --trusted-key 1c5a…

exit codes: 0 every step holds (and what was given from outside agrees), 1 not so, 2 not a proof
"""


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "verify-proof",
        help="check a proof, offline",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("proof", type=Path, metavar="FILE", help="what `itemtrail prove` wrote")
    parser.add_argument("--checkpoint", default="", metavar="SHA256", help="hash of the ledger's checkpoint, kept elsewhere")
    parser.add_argument("--trusted-key", action="append", default=[], metavar="MD5", help="fingerprint of a trusted key")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Check and print; returns the exit code."""
    anchors = [word for key in arguments.trusted_key for word in ("--trusted-key", key)]
    return check_proof.main([str(arguments.proof), "--checkpoint", arguments.checkpoint, *anchors])
