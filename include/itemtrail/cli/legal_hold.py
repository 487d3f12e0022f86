"""`itemtrail legal-hold`: keep what a case is about from being deleted, whatever retention says, until it is released.

`set` finds the commits of a period or of an item, writes a record into `holds/` of the archive, sets S3's legal hold on every
version of their objects and reads it back. `refresh` adds what came since, `release` ends a hold, `list` shows them. A hold
without --to also covers what is still to come: run `refresh` daily while one is open.
"""

import argparse
import datetime as dt
import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from itemtrail.cli import ends, exit_codes
from itemtrail.cli.table import render
from itemtrail.core.visible import visible
from itemtrail.errors import ConfigurationError

if TYPE_CHECKING:
    from itemtrail.core.hold import Hold, Scope
    from itemtrail.flows.hold_versions import Found
    from itemtrail.flows.legal_hold import Ends, Outcome

_EXAMPLES = """
examples:
  itemtrail legal-hold set --case "Doe v. Acme" --reason "letter of 2026-11-20" --from 2026-01-01 --to 2026-06-30 --dry-run
  itemtrail legal-hold set --case "Doe v. Acme" --reason "letter of 2026-11-20" --from 2026-01-01
  itemtrail legal-hold set --case "Doe v. Acme" --reason "her salary" --table Payroll --key EmpId=E-1017
  itemtrail legal-hold refresh                     every open hold: what came since
  itemtrail legal-hold list --check                is each version still held? did anything come since?
  itemtrail legal-hold release --hold doe-v-acme-1f2e3d4c5b6a --reason "settled, letter of 2028-03-01"

exit codes: 0 all as asked; 1 a version is not as asked, or something that a receipt names is gone, or came since and is not held
(list --check); 2 usage or configuration; 3 could not look
"""
_SHOWN = 5


def add_parser(commands: Any) -> None:
    """Add the command and its four verbs."""
    parser = commands.add_parser(
        "legal-hold",
        help="keep what a case is about, until it is released",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    _add_set(verbs.add_parser("set", help="hold a period, a table or an item"))
    for name, words in (("refresh", "hold what came since"), ("list", "holds, and whether they are kept")):
        verb = verbs.add_parser(name, help=words)
        verb.add_argument("--hold", metavar="ID", help="only this one")
        _add_common(verb)
        if name == "list":
            verb.add_argument("--all", action="store_true", help="released ones too")
            verb.add_argument("--check", action="store_true", help="read every version's hold, and look for what came since")
        verb.set_defaults(run=_refresh if name == "refresh" else _list)
    let_go = verbs.add_parser("release", help="end a hold")
    let_go.add_argument("--hold", metavar="ID", required=True)
    let_go.add_argument("--reason", required=True, help="why it ends")
    _add_common(let_go)
    let_go.set_defaults(run=_release)


def _add_set(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--case", required=True, help="the case's name")
    verb.add_argument("--reason", required=True, help="why, for a reader in ten years")
    verb.add_argument("--from", dest="first", type=ends.day, metavar="D", help="first day, UTC")
    verb.add_argument("--to", dest="last", type=ends.day, metavar="D", help="last day, included (default: no end)")
    ends.add_units(verb)
    verb.add_argument("--table", default="", metavar="T", help="only this table's stream records: name or ARN")
    verb.add_argument("--key", action="append", default=[], metavar="NAME=VALUE", help="only this item of the table")
    verb.add_argument("--dry-run", action="store_true", help="say what would be held; nothing is changed")
    _add_common(verb)
    verb.set_defaults(run=_set)


def _add_common(verb: argparse.ArgumentParser) -> None:
    ends.add_config(verb)
    verb.add_argument("--json", action="store_true", help="one JSON document on standard output")


def _open(arguments: argparse.Namespace) -> "tuple[ends.Ends, Ends]":
    from itemtrail.flows.legal_hold import Ends

    opened = ends.open_ends(arguments)
    connection, settings = opened.connection, opened.settings
    return opened, Ends(
        store=opened.archive,
        holds=connection.legal_holds(settings.archive),
        by=connection.control().identity().arn,
        now=ends.now(),
        reads=settings.trail.data_events.reads,
        progress=lambda line: print(line, file=sys.stderr, flush=True),
    )


def _set(arguments: argparse.Namespace) -> int:
    from itemtrail.flows import legal_hold as flow

    opened, mine = _open(arguments)
    configured = opened.settings.archive
    places = arguments.unit or [(a, r) for a in configured.accounts for r in configured.regions]
    if arguments.unit and arguments.table:
        raise ConfigurationError("--unit and --table both say where.", advice="give one: a table has one account and Region.")
    scope = flow.scope_of(
        mine.store, first=arguments.first, last=arguments.last, places=places, table=arguments.table, key=tuple(arguments.key)
    )
    if arguments.dry_run:
        return _dry(arguments, scope, flow.look(mine, scope))
    return _tell(arguments, [flow.set_hold(mine, arguments.case, arguments.reason, scope)])


def _refresh(arguments: argparse.Namespace) -> int:
    from itemtrail.flows import legal_hold as flow
    from itemtrail.flows.hold_register import load_all

    _, mine = _open(arguments)
    register = load_all(mine.bucket)
    chosen = _chosen(arguments.hold, [hold for hold in register.holds if hold.open])
    return _tell(arguments, [flow.refresh(mine, hold, register) for hold in chosen], register.broken)


def _release(arguments: argparse.Namespace) -> int:
    from itemtrail.flows import legal_hold as flow
    from itemtrail.flows.hold_register import load_all

    _, mine = _open(arguments)
    (hold,) = _chosen(arguments.hold, load_all(mine.bucket).holds)
    return _tell(arguments, [flow.release(mine, hold, arguments.reason)])


def _list(arguments: argparse.Namespace) -> int:
    from itemtrail.flows import legal_hold as flow
    from itemtrail.flows.hold_register import load_all

    _, mine = _open(arguments)
    register = load_all(mine.bucket)
    if arguments.check:
        every = _chosen(arguments.hold, [hold for hold in register.holds if hold.open])
        return _tell(arguments, [flow.check(mine, hold) for hold in every], (*register.broken, *register.notes))
    every = _chosen(arguments.hold, register.holds)
    shown = [hold for hold in every if hold.open or arguments.all or arguments.hold]
    for line in (*register.broken, *register.notes):
        print(f"itemtrail: {visible(line)}", file=sys.stderr)
    if arguments.json:
        print(json.dumps([_document(hold) for hold in shown], indent=1, default=str))
    elif not shown:
        print("no open holds.")
    else:
        head = ("hold", "case", "days", "about", "versions", "since", "by", "state")
        print(render(head, [_row(hold) for hold in shown], right={4}))
    return 1 if register.broken else 0


def _chosen(name: str | None, holds: "Any") -> "list[Hold]":
    if name is None:
        return list(holds)
    found = [hold for hold in holds if hold.id == name]
    if not found:
        raise ConfigurationError(f"there is no such hold: {name}.", advice="itemtrail legal-hold list --all shows their names.")
    return found


def _dry(arguments: argparse.Namespace, scope: "Scope", found: "Found") -> int:
    if arguments.json:
        print(json.dumps({"scope": asdict(scope), **asdict(found)}, indent=1, default=str))
    else:
        print(f"would hold {len(found.objects)} versions: {len(found.units)} units, {len(found.streams)} stream commits")
        _print_lines(found.gone, found.notes)
    return 1 if found.gone else 0


def _tell(arguments: argparse.Namespace, outcomes: "list[Outcome]", broken: tuple[str, ...] = ()) -> int:
    for line in broken:
        print(f"itemtrail: {visible(line)}", file=sys.stderr)
    if arguments.json:
        print(json.dumps([_outcome(one) for one in outcomes], indent=1, default=str))
    elif not outcomes:
        print("no open holds.")
    for one in [] if arguments.json else outcomes:
        state = "open" if one.hold.open else "released"
        print(f"{one.hold.id}: {state}, {len(one.hold.objects)} versions, {one.changed} set now")
        for key in one.wrong[:_SHOWN]:
            print(f"  NOT AS ASKED: {visible(key)}")
        if len(one.wrong) > _SHOWN:
            print(f"  and {len(one.wrong) - _SHOWN} more")
        _print_lines(one.gone, (*one.left, *one.notes))
    return exit_codes.worst([*map(_code, outcomes), *(1 for _ in broken)])


def _code(one: "Outcome") -> int:
    if one.wrong or one.gone:
        return 1
    return exit_codes.of(one.unlooked) if one.unlooked else 0


def _print_lines(gone: tuple[str, ...], notes: tuple[str, ...]) -> None:
    for key in gone[:_SHOWN]:
        print(f"  GONE: {visible(key)} is named by a receipt, and no version of it is there")
    if len(gone) > _SHOWN:
        print(f"  and {len(gone) - _SHOWN} more")
    for note in notes:
        print(f"  note: {visible(note)}")


def _outcome(one: "Outcome") -> dict[str, Any]:
    return {
        **_document(one.hold),
        "set_now": one.changed,
        "not_as_asked": list(one.wrong),
        "gone": list(one.gone),
        "left_held": list(one.left),
        "notes": list(one.notes),
        "unlooked": str(one.unlooked) if one.unlooked else None,
        "good": one.good,
    }


def _document(hold: "Hold") -> dict[str, Any]:
    first, last = hold.set_by, hold.records[-1]
    return {
        "hold": hold.id,
        "open": hold.open,
        "case": first.case,
        "scope": asdict(first.scope),
        "versions": len(hold.objects),
        "records": [{"action": r.action, "by": r.by, "at": _time(r.at), "reason": r.reason, "key": r.key} for r in hold.records],
        "since": _time(first.at),
        "until": None if hold.open else _time(last.at),
    }


def _row(hold: "Hold") -> tuple[str, ...]:
    first, scope = hold.set_by, hold.set_by.scope
    about = " ".join([scope.table.rpartition("/")[2], *scope.key]).strip() or f"{len(scope.places)} account/Region(s)"
    days = f"{scope.first or 'beginning'} to {scope.last or 'no end'}"
    state = "open" if hold.open else f"released {hold.records[-1].at:%Y-%m-%d}"
    words = (hold.id, first.case, days, about, str(len(hold.objects)), f"{first.at:%Y-%m-%d}", first.by, state)
    return tuple(visible(word) for word in words)


def _time(at: dt.datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
