"""A change in words: how sure its author is, what differed, and a typed value as people write it.

Decides the words; who shows them decides the layout. Refuses to let a value steer whatever shows it: what is not printable is
escaped, and what is long is cut and says so. docs/history.md explains each confidence.
"""

import json
from collections.abc import Mapping
from typing import Any

from itemtrail.core import diff
from itemtrail.core.change_schema import Match
from itemtrail.core.visible import visible

LONGEST = 160  # characters of a value
SURE = {
    Match.EXACT: "certain: the item and the call name the same request",
    Match.UNIQUE: "sure: one call and one change of this item, nothing else of it near",
    Match.ORDERED: "likely: as many calls as changes of this item near, paired in their order",
    Match.AMBIGUOUS: "AMBIGUOUS: one of the calls below made it; which one cannot be told",
    Match.STREAM_ONLY_TTL: "deleted by DynamoDB's TTL: no call made it",
    Match.STREAM_ONLY_REPLICATION: "replicated from another Region: the call is logged there",
    Match.STREAM_ONLY_UNEXPLAINED: "FINDING: no logged call explains this change",
    Match.TRAIL_ONLY_FAILED: "refused: the call failed, nothing was changed",
    Match.TRAIL_ONLY_NOOP: "no effect: the call left the item as it was",
    Match.TRAIL_ONLY_LOST: "FINDING: no record in the stream: it is lost, or nothing shows that this call changed nothing",
}


def value(typed: Any, longest: int = LONGEST) -> str:
    """A typed DynamoDB value as people write it."""
    if not isinstance(typed, dict) or len(typed) != 1:
        return _short(json.dumps(typed, ensure_ascii=False), longest)
    ((tag, inner),) = typed.items()
    match tag:
        case "N" | "BOOL":
            return _short(str(inner).lower() if tag == "BOOL" else str(inner), longest)
        case "S":
            return _short(json.dumps(inner, ensure_ascii=False), longest)
        case "NULL":
            return "null"
        case _:
            return _short(json.dumps(typed, ensure_ascii=False, separators=(",", ":")), longest)


def differences(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What differed: of a MODIFY its ``diff``, of an INSERT or a REMOVE the image as differences."""
    if row["diff"]:
        return list(json.loads(row["diff"]))
    old, new = (json.loads(row[name]) if row[name] else None for name in ("old_image", "new_image"))
    return diff.diff(old, new) if (old is None) != (new is None) else []


def _short(text: str, longest: int) -> str:
    shown = visible(text[: longest + 1])
    return shown if len(shown) <= longest else f"{shown[:longest]}… ({len(text)} characters)"
