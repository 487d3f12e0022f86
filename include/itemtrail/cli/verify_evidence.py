"""`itemtrail verify-evidence`: checks an evidence pack, a folder or a zip, without network, AWS or the archive.

Every file against the manifest; every proof by the checker that strangers get; certificates against their receipts; CSV against
Parquet, both against what is proven; the page against the data. Nothing is unpacked and nothing of the pack is run. Without
--checkpoint or --trusted-key the pack is only shown to agree with itself and with the key that it brings.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from itemtrail.core.evidence_text import lacks
from itemtrail.core.visible import visible
from itemtrail.flows.evidence_verify import Checked, verify

_MOST = 50
_EXAMPLES = """
examples:
  itemtrail verify-evidence e-1017.zip
  itemtrail verify-evidence e-1017/ --checkpoint 9f2c… --manifest 41d0…
  itemtrail verify-evidence e-1017.zip --trusted-key 1c5a… --json

exit codes: 0 the pack holds, lacks nothing, and agrees with what was given from outside; 1 not so; 2 it cannot be read; 3 all
that could be looked at holds, and its pages could not be compared (another version of itemtrail wrote them)
"""


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "verify-evidence",
        help="check an evidence pack, offline",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("pack", type=Path, metavar="DIR|FILE.zip", help="what `itemtrail evidence` wrote")
    parser.add_argument("--manifest", default="", metavar="SHA256", help="hash of manifest.json as the cover letter has it")
    parser.add_argument("--checkpoint", default="", metavar="SHA256", help="hash of the ledger's checkpoint, kept elsewhere")
    parser.add_argument("--trusted-key", action="append", default=[], metavar="MD5", help="fingerprint of a trusted key")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Check and print; returns the exit code."""
    found = verify(arguments.pack, checkpoint=arguments.checkpoint, trusted=arguments.trusted_key)
    other = bool(arguments.manifest) and arguments.manifest.lower() != found.manifest
    print(json.dumps(_document(found), indent=1) if arguments.json else _text(found, other))
    if other or not found.good:
        return 1
    return 3 if found.notes else 0


def _document(found: Checked) -> dict[str, Any]:
    index = found.index
    return {
        "good": found.good,
        "manifest_sha256": found.manifest,
        "problems": list(found.problems),
        "notes": list(found.notes),
        "anchored": found.anchored,
        "question": str(index.question) if index else None,
        "calls": len(index.events) if index else None,
        "proven": found.proven,
        "unproven": [one.event_id for one in index.unproven] if index else None,
        "uncertified": [str(unit) for unit in index.uncertified] if index else None,
        "whole": index.whole if index else None,
    }


def _text(found: Checked, other: bool) -> str:
    index = found.index
    lines = [f"SHA-256 of manifest.json  {found.manifest}{'  NOT the one given' if other else ''}"]
    if index:
        certified = len(index.certificates) - len(index.uncertified)
        lines += [
            str(index.question),
            f"{found.proven} of {len(index.events)} calls proven; {certified} of {len(index.certificates)} days certified",
            *(f"  the pack itself says: {line}" for line in lacks(index)),
        ]
    lines += [f"FAILS  {line}" for line in found.problems[:_MOST]]
    lines += [f"and {len(found.problems) - _MOST} more"] if len(found.problems) > _MOST else []
    lines += [f"note: {line}" for line in found.notes]
    holds = "DOES NOT HOLD" if found.problems or other else "HOLDS" if index and index.whole else "HOLDS, and is not whole"
    holds += "; its pages were not compared with its data" if found.notes and not found.problems else ""
    anchored = {True: "true", False: "FALSE: not what was given from outside", None: "false: nothing was given from outside"}
    return "\n".join(visible(line) for line in [*lines, f"{holds}  anchored: {anchored[found.anchored]}"])
