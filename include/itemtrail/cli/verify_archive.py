"""`itemtrail verify-archive`: the archive proves itself, offline: ledger, receipts, originals, signatures, records.

Works on a copy of the archive in a folder without AWS, or on the bucket. Without --checkpoint or --trusted-keys the answer is
that the archive agrees with itself and with the public keys in it; with one of them it is anchored outside. Writes nothing.
"""

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from itemtrail.cli import ends, kept_outside
from itemtrail.cli.validate_report import printable
from itemtrail.core.verify import MEANING, Answer, Finding, UnitReport, exit_code
from itemtrail.flows.verify_archive import ArchiveReport, Asked, count_units, verify_archive
from itemtrail.flows.verify_archive_list import Scope
from itemtrail.local.public_keys import FileKeys
from itemtrail.local.store import FolderStore
from itemtrail.ports.data import ObjectStore

SCHEMA_VERSION = 1  # of --json
_SHOWN = 10  # findings a unit
_EXAMPLES = """
examples:
  itemtrail verify-archive --archive ./copy                                   a folder: no AWS, no configuration
  itemtrail verify-archive --archive ./copy --checkpoint 5dc9da79…            and that it is the archive of that checkpoint
  itemtrail verify-archive --archive ./copy --trusted-keys keys.json          keys that were fetched by somebody else
  itemtrail verify-archive --archive s3://BUCKET/ROOT --from 2026-11-01 --to 2026-11-30 --account 111122223333

exit codes: 0 everything holds, 1 something was found, 2 usage or configuration, 3 nothing worse than "could not look"
(also: a unit is not complete yet)
"""


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "verify-archive",
        help="the archive proves itself, offline",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--archive", metavar="URI|FOLDER", help="s3://BUCKET[/ROOT] or a folder (default: the configured archive)"
    )
    ends.add_config(parser)
    parser.add_argument("--account", metavar="A", help="only this account")
    parser.add_argument("--region", metavar="R", help="only this Region")
    parser.add_argument("--from", dest="first", type=ends.day, metavar="D", help="first day; streams are left out")
    parser.add_argument("--to", dest="last", type=ends.day, metavar="D", help="last day, included")
    parser.add_argument(
        "--checkpoint", action="append", default=[], metavar="SHA256|FILE", help="of the ledger, kept elsewhere (may be repeated)"
    )
    parser.add_argument("--trusted-keys", type=Path, metavar="FILE", help="public keys from another source (list-public-keys)")
    parser.add_argument("--workers", type=_positive, default=2, metavar="N", help="units at once (default: 2)")
    parser.add_argument("--spool", type=Path, metavar="DIR", help="where copies are laid (default: the system's place)")
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Verify and print."""
    archive = _opened(arguments)
    asked = Asked(Scope(arguments.account, arguments.region), arguments.first, arguments.last)
    said = [kept_outside.sha256_of(text) for text in arguments.checkpoint]
    trusted = FileKeys(arguments.trusted_keys) if arguments.trusted_keys else None
    page = _Json() if arguments.json else _Page()
    with tempfile.TemporaryDirectory(prefix="itemtrail-verify-", dir=arguments.spool) as room:
        report = verify_archive(
            archive,
            room=Path(room),
            take=page.unit,
            asked=asked,
            kept=said,
            trusted=trusted,
            workers=arguments.workers,
            progress=_progress(arguments, archive, asked),
        )
    page.end(report, archive.name, asked=bool(said or trusted))
    nothing = not report.units and not report.findings
    return 1 if nothing else exit_code([*report.findings, *report.found])


def _opened(arguments: argparse.Namespace) -> ObjectStore:
    where = arguments.archive
    if where is None:
        return ends.open_ends(arguments).archive
    if not where.startswith("s3://"):
        return FolderStore(Path(where))
    bucket, _, root = where.removeprefix("s3://").partition("/")
    opened = ends.open_ends(arguments)
    named = opened.settings.archive.model_copy(update={"bucket": bucket, "prefix": root.strip("/")})
    return opened.connection.archive(named)


@dataclass(slots=True)
class _Page:
    """For people: a line for each unit that is not clean, then the totals."""

    lines: Counter[str] = field(default_factory=Counter)

    def unit(self, one: UnitReport) -> None:
        """Print one that is not clean."""
        if one.findings:
            print(f"{one.answer:<10} {printable(one.place)} ({one.kind})")
            self._findings(one.findings)

    def end(self, report: ArchiveReport, name: str, *, asked: bool) -> None:
        """Print what is said of the whole."""
        if report.findings:
            print(f"the archive itself: {len(report.findings)} findings")
            self._findings(report.findings)
        said = ", ".join(f"{count:,} {answer}" for answer in Answer if (count := report.units[str(answer)]))
        print(f"{name}: {said or 'no units'}")
        print(f"{report.originals:,} originals, {report.records:,} records, {report.bytes_read:,} bytes read")
        ledger = f"checkpoint {report.checkpoint}, sha256 {report.checkpoint_sha256}" if report.checkpoint else "no ledger"
        print(ledger)
        hint = "" if asked else ": give --checkpoint or --trusted-keys to compare with outside"
        print(f"anchored: {report.anchored:,} of {report.units.total():,} units{hint}")

    def _findings(self, findings: Sequence[Finding]) -> None:
        for one in findings[:_SHOWN]:
            print(f"  {printable(str(one))}")
            if one.code in MEANING and not self.lines[one.code]:
                self.lines[one.code] += 1
                print(f"    {MEANING[one.code][0]} Next: {MEANING[one.code][1]}")  # type: ignore[index]
        if len(findings) > _SHOWN:
            print(f"  and {len(findings) - _SHOWN:,} more: --json lists them")


class _Json:
    """One document, written as units come: memory does not grow with them."""

    def __init__(self) -> None:
        self._first = True
        print(f'{{"schema_version": {SCHEMA_VERSION}, "units": [', end="")

    def unit(self, one: UnitReport) -> None:
        """One member of ``units``."""
        values = {name: value for name, value in asdict(one).items() if name not in ("findings", "trail")}
        values["findings"] = [_finding(finding) for finding in one.findings]
        print("" if self._first else ",", json.dumps(values), sep="\n", end="")
        self._first = False

    def end(self, report: ArchiveReport, name: str, *, asked: bool) -> None:  # noqa: ARG002 - as the page
        """What is said of the whole."""
        values = {
            "archive": name,
            "checkpoint": report.checkpoint,
            "checkpoint_sha256": report.checkpoint_sha256,
            "anchored_by": report.anchored_by,
            "anchored": bool(report.units.total()) and report.anchored == report.units.total(),
            "answers": dict(report.units),
            "findings": [_finding(one) for one in report.findings],
            "originals": report.originals,
            "records": report.records,
            "bytes_read": report.bytes_read,
        }
        print("\n],", json.dumps(values, indent=1)[1:])


def _finding(one: Finding) -> dict[str, Any]:
    return {
        "code": str(one.code),
        "verdict": one.verdict,
        "could_not_look": one.could_not_look,
        "key": one.key,
        "detail": one.detail,
    }


def _progress(arguments: argparse.Namespace, archive: ObjectStore, asked: Asked) -> Callable[[int], None]:
    """A line on a terminal every second or so: done, of how many, how long it will take."""
    if arguments.json or not sys.stderr.isatty():
        return lambda _: None
    total, began, last = count_units(archive, asked), time.monotonic(), [0.0]

    def say(done: int) -> None:
        now = time.monotonic()
        if now - last[0] > 1:
            last[0] = now
            left = (now - began) / done * max(total - done, 0)
            print(f"\r{done:,} of about {total:,} units, {left / 60:,.0f} min left ", end="", file=sys.stderr, flush=True)

    return say


def _positive(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) <= 64:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 64")
    return int(text)
