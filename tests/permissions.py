"""The policies of docs/permissions.md, as the tests attach them."""

import json
import re
from pathlib import Path
from typing import Any

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "permissions.md"


def policies() -> dict[str, dict[str, Any]]:
    """Heading → policy."""
    found = re.findall(r"^## (.+?)\n.*?```json\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return {name: json.loads(text) for name, text in found}


def actions(policy: dict[str, Any]) -> set[str]:
    """Every action that the policy allows."""
    return {action for statement in policy["Statement"] for action in statement["Action"]}
