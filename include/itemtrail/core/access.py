"""What a policy document lets somebody do: may this action touch some of these resources, and is that denied for everybody.

Decides, statement by statement, with patterns against patterns: an Allow counts where it can touch any resource asked about, a
Deny only where it covers all of them. A condition narrows an Allow to "under a condition", which still counts as "may"; a Deny
under a condition protects from nobody, except where the condition only leaves out named principals. So the answers err towards
"may". Refuses to join what it is not given: boundaries, session policies and service control policies only ever narrow.
Source: IAM user guide, "Policy evaluation logic", "IAM JSON policy elements", "Policy variables", read 2026-11-24.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from itemtrail.core.policy import many, statements
from itemtrail.snapshot import Document

# Conditions that narrow a principal of ``*`` to somebody known.
_NARROWING = {
    "aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:principalarn", "aws:principalaccount", "aws:principalorgid",
    "aws:principalorgpaths", "aws:sourceowner", "aws:sourcevpce", "kms:calleraccount", "sts:externalid", "aws:userid",
}  # fmt: skip
_NAMING = {"ArnNotEquals", "ArnNotLike", "StringNotEquals", "StringNotLike", "ArnNotLikeIfExists", "StringNotEqualsIfExists"}
_VARIABLE = re.compile(r"\$\{[^}]*\}")  # stands for any text
_PRINCIPAL_KEYS = {"aws:principalarn", "aws:userid", "aws:principalservicename"}  # an account is not one principal


@dataclass(frozen=True, slots=True)
class Grant:
    """An Allow that counts: which action, through which statement of which policy, and under which condition ("" for none)."""

    action: str
    policy: str
    statement: str
    condition: str = ""

    def __str__(self) -> str:
        under = f", under the condition {self.condition}" if self.condition else ""
        return f"{self.action} (statement {self.statement} of {self.policy}{under})"


def grants(policies: Mapping[str, Document], actions: Iterable[str], resources: Iterable[str]) -> tuple[Grant, ...]:
    """What an identity with ``policies`` may do of ``actions`` on any of ``resources`` (patterns); the first Allow of each."""
    found, wanted = [], tuple(resources)
    for action in actions:
        for name, document in policies.items():
            allowing = [one for one in statements(document) if _allows(one, action, wanted)]
            open_ones = [
                one for one in allowing if not _denied(policies.values(), action, [r for r in wanted if touches(one, r)])
            ]
            if open_ones:
                found.append(Grant(action, name, _sid(open_ones[0]), _condition(open_ones[0])))
                break
    return tuple(found)


def public_statements(policy: Document | None) -> tuple[str, ...]:
    """Sids of Allow statements whose principal is everybody and whose conditions name nobody."""
    found = [one for one in statements(policy) if one.get("Effect") == "Allow" and everybody(one) and not _narrowed(one)]
    return tuple(_sid(one) for one in found)


def denies_all(policy: Document | None, action: str, resource: str) -> bool:
    """Whether a Deny for everybody, named principals left out, covers ``action`` on all of ``resource`` (a pattern)."""
    return any(
        one.get("Effect") == "Deny"
        and everybody(one)
        and _covers_action(one, action)
        and _covers_resource(one, resource)
        and _only_leaves_out(one)
        for one in statements(policy)
    )


def allowed_to_others(policy: Document | None, actions: Iterable[str], resources: Iterable[str]) -> tuple[Grant, ...]:
    """Allow statements of a resource's policy that give one of ``actions`` to a principal other than an AWS service."""
    found, wanted = [], tuple(resources)
    for action in actions:
        for one in statements(policy):
            if _allows(one, action, wanted) and not _only_services(one):
                found.append(Grant(action, "the bucket policy", _sid(one), _condition(one)))
                break
    return tuple(found)


def everybody(statement: Document) -> bool:
    """Whether the statement's principal is ``*``, or everybody but some."""
    if "NotPrincipal" in statement:
        return True
    principal = statement.get("Principal")
    if isinstance(principal, Mapping):
        return any("*" in many(names) for names in principal.values())
    return principal == "*"


def like(value: str, pattern: str) -> bool:
    """Whether ``pattern`` matches all that ``value`` matches: ``*`` in ``value`` is met by ``*`` alone, ``?`` by either."""
    reached = {0}
    for char in value:
        reached = _closed(reached, pattern)
        reached = {
            at if pattern[at] == "*" else at + 1
            for at in reached
            if at < len(pattern) and (pattern[at] == "*" or pattern[at] == char or (pattern[at] == "?" and char != "*"))
        }
    return len(pattern) in _closed(reached, pattern)


def overlap(one: str, other: str) -> bool:
    """Whether some text matches both patterns."""
    seen, open_ones = set(), [(0, 0)]
    while open_ones:
        at, to = open_ones.pop()
        if (at, to) in seen:
            continue
        seen.add((at, to))
        if at == len(one) and to == len(other):
            return True
        left, right = one[at : at + 1], other[to : to + 1]
        if left == "*":
            open_ones += [(at + 1, to), *([(at, to + 1)] if right else [])]
        if right == "*":
            open_ones += [(at, to + 1), *([(at + 1, to)] if left else [])]
        elif left and right and left != "*" and (left == right or "?" in (left, right)):
            open_ones.append((at + 1, to + 1))
    return False


def touches(statement: Document, resource: str) -> bool:
    """Whether the statement's resources share any with ``resource``."""
    if "NotResource" in statement:
        return not any(like(resource, one) for one in many(statement["NotResource"]))
    return any(overlap(resource, _VARIABLE.sub("*", one)) for one in many(statement.get("Resource")))


def _allows(statement: Document, action: str, resources: Iterable[str]) -> bool:
    if statement.get("Effect") != "Allow":
        return False
    if "NotAction" in statement:
        acts = not any(like(action.lower(), one.lower()) for one in many(statement["NotAction"]))
    else:
        acts = any(like(action.lower(), one.lower()) for one in many(statement.get("Action")))
    return acts and any(touches(statement, resource) for resource in resources)


def _denied(policies: Iterable[Document], action: str, resources: Iterable[str]) -> bool:
    """Whether each of ``resources`` is denied for ``action`` without any condition."""
    denying = [
        one
        for document in policies
        for one in statements(document)
        if one.get("Effect") == "Deny" and not one.get("Condition") and _covers_action(one, action)
    ]
    return all(any(_covers_resource(one, resource) for one in denying) for resource in resources)


def _covers_action(statement: Document, action: str) -> bool:
    if "NotAction" in statement:
        return not any(overlap(action.lower(), one.lower()) for one in many(statement["NotAction"]))
    return any(like(action.lower(), one.lower()) for one in many(statement.get("Action")))


def _covers_resource(statement: Document, resource: str) -> bool:
    if "NotResource" in statement:
        return not any(overlap(resource, one) for one in many(statement["NotResource"]))
    return any(like(resource, one) for one in many(statement.get("Resource")))


def _only_leaves_out(statement: Document) -> bool:
    """Whether the conditions, if any, only leave named principals out of a Deny."""
    return all(
        operator in _NAMING and {key.lower() for key in keys} <= _PRINCIPAL_KEYS and all(map(_names_one, _values(keys)))
        for operator, keys in (statement.get("Condition") or {}).items()
    )


def _names_one(value: str) -> bool:
    """Whether a pattern of a principal has a name: ``role/*`` and ``arn:aws:iam::1:*`` leave everybody out."""
    if value.startswith("arn:") and "/" not in value:
        return not set(value) & set("*?")
    return value.rpartition("/")[2][:1] not in ("", "*", "?")


def _narrowed(statement: Document) -> bool:
    return any(
        key.lower() in _NARROWING and "*" not in many(values)
        for operator, keys in (statement.get("Condition") or {}).items()
        if "Not" not in operator and operator != "Null" and not operator.endswith("IfExists") and "ForAllValues" not in operator
        for key, values in keys.items()
    )


def _only_services(statement: Document) -> bool:
    principal = statement.get("Principal")
    return isinstance(principal, Mapping) and set(principal) == {"Service"}


def _closed(reached: set[int], pattern: str) -> set[int]:
    """The places in ``pattern`` that can be reached by letting ``*`` stand for nothing."""
    out = set(reached)
    for at in sorted(reached):
        while at < len(pattern) and pattern[at] == "*":
            at += 1
            out.add(at)
    return out


def _values(keys: Mapping[str, Any]) -> set[str]:
    return {value for values in keys.values() for value in many(values)}


def _sid(statement: Document) -> str:
    return repr(str(statement.get("Sid") or "(no Sid)"))


def _condition(statement: Document) -> str:
    return "; ".join(
        f"{operator} {key} {', '.join(many(values)[:2])}"
        for operator, keys in (statement.get("Condition") or {}).items()
        for key, values in keys.items()
    )
