"""What a role's policies allow that none of ours may: named actions on evidence, or more than can be named.

Decides: an Allow with the action ``*``, ``service:*`` or NotAction is wide, whatever its resource; a Deny is none.
Source: IAM user guide, "Security best practices in IAM", read 2026-11-24.
"""

import re
from collections.abc import Iterable, Mapping

from itemtrail.core.access import grants
from itemtrail.core.check import Answer, failed, not_applicable, passed
from itemtrail.core.policy import many, statements
from itemtrail.core.posture import RolePosture
from itemtrail.snapshot import Document

READS = (
    "iam:GetRole",
    "iam:ListRolePolicies",
    "iam:GetRolePolicy",
    "iam:ListAttachedRolePolicies",
    "iam:GetPolicy",
    "iam:GetPolicyVersion",
)
"""IAM actions that read a role with its policies."""
MENDING = (
    "aws iam get-role-policy --role-name {name} --policy-name POLICY # then put the policy of docs/permissions.md: "
    "aws iam put-role-policy"
)
"""How a role gets its documented policy back."""
_WHOLE = re.compile(r"(.*:)?[*?]+")


def may_not(role: RolePosture, actions: Iterable[str], resources: Iterable[str], *, good: str = "it may not.") -> Answer:
    """The answer of a check that a role may do none of ``actions`` on ``resources``; ``good`` says so in words."""
    if role.policies is None:
        return not_applicable("there is no such role.")
    found = grants(role.policies, actions, resources)
    return failed(f"it may {'; '.join(str(one) for one in found)}.") if found else passed(good)


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
