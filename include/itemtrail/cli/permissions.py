"""`itemtrail permissions`: the IAM policy of each kind of work, for this configuration.

Decides: what is printed (a list of roles, one policy as IAM takes it, or all of them as files). Asks no service and needs no
credentials. Exit 0, or 2 for usage and configuration.
"""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from itemtrail.cli import ends
from itemtrail.cli.table import render
from itemtrail.errors import ConfigurationError
from itemtrail.settings import load

if TYPE_CHECKING:
    from itemtrail.core.permissions import Role

_EXAMPLES = """
examples:
  itemtrail permissions                                       the roles: what each is for, its Airflow connection
  itemtrail permissions --role archive_writer                 its policy, as `aws iam put-role-policy --policy-document` takes it
  itemtrail permissions --json                                every policy, one document
  itemtrail permissions --write policies/                     a file for each role, and a README.md

exit codes: 0 printed or written; 2 usage or configuration
"""


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "permissions",
        help="the IAM policy of each kind of work, for your configuration",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    ends.add_config(parser)
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--role", metavar="ROLE", help="only this role's policy")
    shown.add_argument("--write", metavar="DIR", type=Path, help="write ROLE.json for each role, and README.md, to DIR")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print or write; returns the exit code."""
    from itemtrail.aws.policies import roles_of

    roles = roles_of(load(arguments.config))
    if arguments.role:
        print(text(_chosen(roles, arguments.role)), end="")
        return 0
    if arguments.write:
        _write(roles, arguments.write)
    if arguments.json:
        print(json.dumps({role.kind: _document(role) for role in roles}, indent=2))
    elif arguments.write:
        print(f"{len(roles)} policies and README.md written to {arguments.write}.")
    else:
        rows = [(role.kind, role.connection or "-", str(len(role.actions)), _first(role.purpose)) for role in roles]
        print(render(("ROLE", "CONNECTION", "ACTIONS", "FOR"), rows))
    return 0


def text(role: "Role") -> str:
    """The policy as a file holds it."""
    return json.dumps(role.policy(), indent=2) + "\n"


def overview(roles: "tuple[Role, ...]") -> str:
    """The README.md beside the files."""
    rows = [
        f"| [{role.title}]({role.kind}.json) | {f'`{role.connection}`' if role.connection else '-'} | {role.purpose} |"
        for role in roles
    ]
    return "\n".join(
        [
            "# Policies",
            "",
            "Written by `itemtrail permissions --write`: edit the configuration and run it again, not these files.",
            "",
            "| role | Airflow connection | what it does |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )


def _chosen(roles: "tuple[Role, ...]", kind: str) -> "Role":
    for role in roles:
        if role.kind == kind.replace("-", "_"):
            return role
    raise ConfigurationError(f"{kind!r} is no role.", advice=f"one of: {', '.join(role.kind for role in roles)}.")


def _document(role: "Role") -> dict[str, Any]:
    return {"title": role.title, "connection": role.connection, "purpose": role.purpose, "policy": role.policy()}


def _write(roles: "tuple[Role, ...]", folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for role in roles:
            (folder / f"{role.kind}.json").write_text(text(role), encoding="utf-8")
        (folder / "README.md").write_text(overview(roles), encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"cannot write to {folder}: {error.strerror}.", advice="name another folder.") from error


def _first(purpose: str) -> str:
    return purpose.partition(";")[0].partition(". ")[0].replace("`", "")
