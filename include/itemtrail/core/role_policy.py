"""Whether a policy allows more than can be named: every action, a whole service, everything but some.

Decides: an Allow with the action ``*``, ``service:*`` or NotAction is wide, whatever its resource; a Deny is none.
Source: IAM user guide, "Security best practices in IAM", read 2026-11-24.
"""

import re
from collections.abc import Mapping

from itemtrail.core.policy import many, statements
from itemtrail.snapshot import Document

_WHOLE = re.compile(r"(.*:)?[*?]+")


def wide(policies: Mapping[str, Document]) -> tuple[str, ...]:
    """What is wide in ``policies`` (name → document), in words; nothing where each action is named."""
    found = []
    for name, document in policies.items():
        for one in statements(document):
            if one.get("Effect") != "Allow":
                continue
            where = f"statement {str(one.get('Sid') or '(no Sid)')!r} of {name}"
            if "NotAction" in one:
                found.append(f"{where} allows everything but {', '.join(many(one['NotAction'])[:3])}")
            actions = [action for action in many(one.get("Action")) if _WHOLE.fullmatch(action)]
            if actions:
                found.append(f"{where} allows {', '.join(actions)}")
    return tuple(found)
