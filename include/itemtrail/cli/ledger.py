"""`itemtrail ledger`: checkpoints over every receipt of the archive: append one, verify all, prove one receipt, check a proof.

A checkpoint holds the root of a Merkle tree (RFC 6962) over all receipts and the hash of the checkpoint before it. Keep one
elsewhere (a mail, another account, paper): `--kept` then shows that nothing before it was changed, added or removed since.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from itemtrail.cli import ends, kept_outside
from itemtrail.core.ledger import Checkpoint
from itemtrail.core.ledger_proof import LedgerProof
from itemtrail.core.plan import canonical
from itemtrail.errors import ConfigurationError, ItemtrailError, NotFound
from itemtrail.flows.ledger import Appended, append
from itemtrail.flows.ledger_book import last_checkpoint
from itemtrail.flows.ledger_prove import prove
from itemtrail.flows.ledger_publish import publish
from itemtrail.flows.ledger_verify import LedgerReport, verify

SCHEMA_VERSION = 1  # of --json
_SHOWN = 20
_EXAMPLES = """
examples:
  itemtrail ledger status --max-age 30h             the last checkpoint; exit 1 when it is older
  itemtrail ledger append                           what is new since, as a checkpoint; tells what vanished or changed
  itemtrail ledger verify --kept 5dc9da79…          chain, roots and listings; and that this checkpoint is in it
  itemtrail ledger verify --full                    also every receipt's bytes
  itemtrail ledger prove receipts/account=111122223333/region=us-east-1/delivery_date=2026-11-21/000.receipt.json --to p.json
  itemtrail ledger check p.json 000.receipt.json --kept checkpoint.json       without AWS

exit codes: 0 good, 1 contrary evidence (or late), 2 usage or configuration, 3 nothing worse than "could not look"
"""


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "ledger",
        help="checkpoints over all receipts: append, verify, prove",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    status = _action(actions, "status", _status, "the last checkpoint, and what it says")
    status.add_argument("--max-age", type=ends.age, metavar="AGE", help="exit 1 when it is older, or there is none: 30h, 2d")
    adding = _action(actions, "append", _append, "bring the ledger up to date; publish the checkpoint where a topic is set")
    adding.add_argument("--full", action="store_true", help="read and hash every receipt, not only those whose listing differs")
    checking = _action(actions, "verify", _verify, "make the whole ledger again")
    checking.add_argument("--full", action="store_true", help="read and hash every receipt, and make its row again")
    _add_kept(checking)
    proving = _action(actions, "prove", _prove, "the proof that one receipt is in the ledger, as JSON")
    proving.add_argument("receipt", metavar="KEY", help="the receipt's key below the archive")
    proving.add_argument("--at", type=int, metavar="N", help="by checkpoint N (default: the last)")
    proving.add_argument("--since", type=int, metavar="N", help="and that it continues checkpoint N")
    proving.add_argument("--to", type=Path, metavar="FILE", help="write it there")
    offline = _action(actions, "check", _check, "check a proof against a receipt's bytes; needs no AWS")
    offline.add_argument("proof", type=Path, metavar="PROOF", help="what `prove` wrote")
    offline.add_argument("receipt", type=Path, metavar="RECEIPT", help="the receipt, byte for byte")
    _add_kept(offline)


def _action(actions: Any, name: str, run: Any, text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(
        name, help=text, description=f"{text[0].upper()}{text[1:]}.", epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    ends.add_config(parser)
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.set_defaults(run=run)
    return parser


def _add_kept(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--kept",
        action="append",
        default=[],
        metavar="SHA256|FILE",
        help="a checkpoint kept elsewhere: its SHA-256, the checkpoint, or the message that was published (may be repeated)",
    )


def _status(arguments: argparse.Namespace) -> int:
    opened = ends.open_ends(arguments)
    last, now = last_checkpoint(opened.archive), ends.now()
    age = abs(now - last.until) if last else None  # one of the future says as little as one of long ago
    late = bool(arguments.max_age) and (age is None or age > arguments.max_age)
    if arguments.json:
        print(_json(checkpoint=_short(last), late=late, findings=[asdict(one) for one in last.findings] if last else []))
    elif last is None:
        print(f"{opened.archive.name} has no ledger: run itemtrail ledger append.")
    else:
        print(_say(last))
        _print_some([str(one) for one in last.findings], last.findings_total)
    return 1 if late or (last and last.findings_total) else 0


def _append(arguments: argparse.Namespace) -> int:
    opened = ends.open_ends(arguments)
    until = ends.now()
    with tempfile.TemporaryDirectory(prefix="itemtrail-") as room:
        done = append(opened.archive, until=until, room=Path(room), full=arguments.full, progress=_progress(arguments))
    told = _publish(opened, done.last)
    if arguments.json:
        print(_appended(done, told))
    else:
        print(_say(done.last) if done.last else "nothing is archived yet: no checkpoint.")
        print(told)
        _print_some([*_missing(done), *map(str, done.findings)], len(done.missing) + len(done.findings))
        _print_some([str(one) for one in done.unread], len(done.unread))
    if done.findings or done.missing:
        return 1
    return 3 if done.unread or told.startswith("not published") else 0


def _publish(opened: ends.Ends, last: Checkpoint | None) -> str:
    """What became of the copy outside, in a sentence."""
    topic = opened.settings.alerts.topic_of_checkpoints
    if last is None or not topic:
        return "no topic is configured: keep the SHA-256 of the checkpoint elsewhere yourself." if last else ""
    try:
        sent = publish(opened.archive, last, opened.connection.notifier(topic))
    except ItemtrailError as error:
        return f"not published: {error}"
    return f"published to {topic}" if sent else f"published before to {topic}"


def _verify(arguments: argparse.Namespace) -> int:
    opened, kept = ends.open_ends(arguments), [kept_outside.sha256_of(text) for text in arguments.kept]
    with tempfile.TemporaryDirectory(prefix="itemtrail-") as room:
        report = verify(opened.archive, room=Path(room), kept=kept, full=arguments.full, progress=_progress(arguments))
    if arguments.json:
        values = asdict(report) | {"last": _short(report.last), "anchored": report.anchored is not None}
        print(_json(**values, anchored_by=report.anchored))
    else:
        print("\n".join(_report(report, bool(kept))))
    if report.findings:
        return 1
    return 3 if report.unread else 0


def _prove(arguments: argparse.Namespace) -> int:
    opened = ends.open_ends(arguments)
    with tempfile.TemporaryDirectory(prefix="itemtrail-") as room:
        try:
            proof = prove(opened.archive, arguments.receipt, room=Path(room), at=arguments.at, since=arguments.since)
        except NotFound as error:
            raise ConfigurationError(error.message, advice="write the whole key of a receipt.") from error
    if arguments.to:
        arguments.to.write_bytes(proof.to_json())
        print(f"{arguments.to}: {proof.key} is leaf {proof.leaf} of checkpoint {proof.checkpoint.number}", file=sys.stderr)
    else:
        print(proof.to_json().decode())
    return 0


def _check(arguments: argparse.Namespace) -> int:
    kept = [kept_outside.sha256_of(text) for text in arguments.kept]
    proof = LedgerProof.from_json(kept_outside.read(arguments.proof), key=str(arguments.proof))
    problems = proof.problems(kept_outside.read(arguments.receipt))
    anchored = proof.anchored_by(kept)
    if kept and anchored is None:
        problems = (*problems, "the proof holds none of the checkpoints that were kept elsewhere")
    if arguments.json:
        values = {"key": proof.key, "leaf": proof.leaf, "checkpoint": _short(proof.checkpoint), "problems": problems}
        print(_json(**values, proven=not problems, anchored=anchored is not None, anchored_by=anchored))
    else:
        lines = problems or (f"{proof.key} is leaf {proof.leaf} of checkpoint {proof.checkpoint.number}",)
        print("\n".join([*lines, _anchored(anchored, bool(kept))]))
    return 1 if problems else 0


def _say(last: Checkpoint) -> str:
    kinds = ", ".join(f"{count:,} below {kind}/" for kind, count in sorted(last.kinds.items()))
    waiting = f"\n{last.left_out:,} receipts wait for a later one" if last.left_out else ""
    return (
        f"checkpoint {last.number} of {last.until:%Y-%m-%d %H:%M:%S} UTC: {last.leaves:,} receipts ({kinds})\n"
        f"sha256 {last.sha256}\nroot   {last.root}{waiting}"
    )


def _report(report: LedgerReport, kept: bool) -> list[str]:
    lines = [_say(report.last)] if report.last else ["no checkpoint."]
    how = "every receipt was read" if report.hashed else "receipts were listed, not read (--full reads them)"
    lines.append(f"{report.checkpoints:,} checkpoints; {how}; {report.new:,} receipts are newer than the last")
    lines += [f"  {line}" for line in report.findings[:_SHOWN]] + _more(len(report.findings))
    lines += [f"  could not look: {line}" for line in report.unread[:_SHOWN]] + _more(len(report.unread))
    return [*lines, _anchored(report.anchored, kept)]


def _anchored(number: int | None, kept: bool) -> str:
    if number is not None:
        return f"anchored: checkpoint {number} was kept elsewhere"
    return "not anchored: no checkpoint in it was kept elsewhere" if kept else "not anchored: give --kept to compare with outside"


def _missing(done: Appended) -> list[str]:
    return [f"checkpoint {number} is missing" for number in done.missing]


def _print_some(lines: Sequence[str], total: int) -> None:
    for line in [*lines[:_SHOWN], *_more(total)]:
        print(f"  {line}")


def _more(total: int) -> list[str]:
    return [f"  and {total - _SHOWN:,} more: --json lists them"] if total > _SHOWN else []


def _appended(done: Appended, told: str) -> str:
    return _json(
        checkpoint=_short(done.last),
        made=[one.number for one in done.made],
        findings=[asdict(one) for one in done.findings],
        missing=list(done.missing),
        unread=[str(one) for one in done.unread],
        published=told,
    )


def _short(last: Checkpoint | None) -> dict[str, Any] | None:
    if last is None:
        return None
    values = asdict(last) | {"sha256": last.sha256}
    return {name: value for name, value in values.items() if name not in ("frontier", "files", "findings")}


def _json(**values: Any) -> str:
    return json.dumps(json.loads(canonical({"schema_version": SCHEMA_VERSION} | values)), indent=1)


def _progress(arguments: argparse.Namespace) -> Any:
    return (lambda _: None) if arguments.json else lambda line: print(line, file=sys.stderr)
