"""What a KMS key's policy lets people do for evidence: CloudTrail encrypt, somebody decrypt.

Decides: whether CloudTrail may generate data keys for a trail, in three values (a condition that is not understood decides); and
which principals other than an AWS service may decrypt. Refuses to look into the policies that a key's policy delegates to.
Source: CloudTrail user guide, "Configure AWS KMS key policies for CloudTrail"; KMS developer guide, "Key policies"; read
2026-11-24.
"""

from collections.abc import Iterator, Mapping

from itemtrail.core.access import like
from itemtrail.core.policy import CLOUDTRAIL, many, statements
from itemtrail.core.selectors import Tri
from itemtrail.snapshot import Document

_CONTEXT = "kms:encryptioncontext:aws:cloudtrail:arn"


def admits_cloudtrail(policy: Document | None, trail_arn: str) -> Tri:
    """Whether CloudTrail may generate data keys for the trail."""
    answers = []
    for one in statements(policy):
        if not _acts(one, "kms:GenerateDataKeyWithoutPlaintext") or not _for_cloudtrail(one):
            continue
        met = _met(one, trail_arn)
        if one.get("Effect") == "Deny" and met is not False:
            return None if met is None else False
        if one.get("Effect") == "Allow":
            answers.append(met)
    return True if True in answers else None if None in answers else False


def readers(policy: Document | None) -> tuple[str, ...]:
    """Principals, other than AWS services, that may decrypt."""
    found = [
        name for one in statements(policy) if one.get("Effect") == "Allow" and _acts(one, "kms:Decrypt") for name in _people(one)
    ]
    return tuple(dict.fromkeys(found))


def _for_cloudtrail(statement: Document) -> bool:
    principal = statement.get("Principal")
    if isinstance(principal, Mapping):
        return CLOUDTRAIL in many(principal.get("Service")) or "*" in many(principal.get("AWS"))
    return principal == "*"


def _people(statement: Document) -> Iterator[str]:
    principal = statement.get("Principal")
    if isinstance(principal, Mapping):
        for kind, names in principal.items():
            if kind != "Service":
                yield from many(names)
    elif principal == "*":
        yield "everybody"


def _acts(statement: Document, action: str) -> bool:
    if "NotAction" in statement:
        return not any(like(action.lower(), one.lower()) for one in many(statement["NotAction"]))
    return any(like(action.lower(), one.lower()) for one in many(statement.get("Action")))


def _met(statement: Document, trail_arn: str) -> Tri:
    known = {"aws:sourcearn": trail_arn, "aws:sourceaccount": trail_arn.split(":")[4], _CONTEXT: trail_arn}
    answers: list[Tri] = []
    for operator, keys in (statement.get("Condition") or {}).items():
        for key, values in keys.items():
            value = known.get(key.lower())
            if value is None or operator not in ("StringEquals", "StringLike", "ArnEquals", "ArnLike"):
                answers.append(None)
            elif operator == "StringEquals":
                answers.append(value in many(values))
            else:
                answers.append(any(like(value, one) for one in many(values)))
    return False if False in answers else None if None in answers else True
