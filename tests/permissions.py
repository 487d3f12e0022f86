"""The policies of docs/iam, as the tests attach them."""

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "iam"


def policies() -> dict[str, dict[str, Any]]:
    """Title of the role (`Trail reader`) → policy."""
    found = {path.stem.replace("_", " ").capitalize(): json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}
    assert found
    return found


def actions(policy: dict[str, Any]) -> set[str]:
    """Every action that the policy allows."""
    return {action for statement in policy["Statement"] for action in statement["Action"]}


def without(policy: dict[str, Any], action: str) -> dict[str, Any]:
    """The policy with one action less."""
    kept = [{**s, "Action": [one for one in s["Action"] if one != action]} for s in policy["Statement"]]
    return {**policy, "Statement": [statement for statement in kept if statement["Action"]]}
