"""Whether a bucket policy admits CloudTrail's delivery, and whether it admits more trails than it should.

Decides in three values (yes, no, cannot tell): explicit Deny wins, then Allow. A condition operator or key it does not know makes
a statement "cannot tell", never a match. Refuses to be a policy simulator: one caller (the CloudTrail service), two actions.
Source: IAM user guide, "Policy evaluation logic" and "IAM JSON policy elements: Condition operators", read 2026-11-24.
"""

from collections.abc import Callable, Mapping
from typing import Any

from itemtrail.core.access import like
from itemtrail.core.policy import CLOUDTRAIL, bucket_arn, many, statements
from itemtrail.core.selectors import Tri
from itemtrail.snapshot import Document


def admits_delivery(
    policy: Document | None, partition: str, bucket: str, key: str, trail_arn: str, *, encryption: str | None = None
) -> Tri:
    """Whether CloudTrail may put ``key`` for the trail, and read the bucket's ACL.

    ``encryption``: the algorithm the object is put with (AES256, aws:kms); None where it is not known.
    """
    arn = bucket_arn(partition, bucket)
    put = {**_context(trail_arn), "s3:x-amz-server-side-encryption": encryption}
    answers = [
        _decide(policy, "s3:GetBucketAcl", arn, _context(trail_arn)),
        _decide(policy, "s3:PutObject", f"{arn}/{key}", put),
    ]
    return False if False in answers else None if None in answers else True


def open_to_any_trail(policy: Document | None, partition: str, bucket: str, key: str) -> tuple[str, ...]:
    """Sids of Allow statements that let a trail of a foreign account deliver here: they lack aws:SourceArn."""
    resource = f"{bucket_arn(partition, bucket)}/{key}"
    foreign = _context(f"arn:{partition}:cloudtrail:us-east-1:999999999999:trail/somebody-elses")
    allowing = [statement for statement in statements(policy) if statement.get("Effect") == "Allow"]
    wide = [statement for statement in allowing if _matches(statement, "s3:PutObject", resource, foreign) is True]
    return tuple(str(statement.get("Sid") or "(no Sid)") for statement in wide)


def _decide(policy: Document | None, action: str, resource: str, context: Mapping[str, str | None]) -> Tri:
    answers = [(s.get("Effect"), _matches(s, action, resource, context)) for s in statements(policy)]
    denied = [answer for effect, answer in answers if effect == "Deny"]
    allowed = [answer for effect, answer in answers if effect == "Allow"]
    if True in denied:
        return False
    if True in allowed:
        return None if None in denied else True
    return None if None in allowed else False


def _context(trail_arn: str) -> dict[str, str | None]:
    """What is known of the request; None: the key is there, its value is not known."""
    return {
        "s3:x-amz-acl": "bucket-owner-full-control",
        "aws:sourcearn": trail_arn,
        "aws:sourceaccount": trail_arn.split(":")[4],
        "aws:securetransport": "true",
        "aws:principalisawsservice": "true",
        "aws:principalservicename": CLOUDTRAIL,
        "s3:x-amz-server-side-encryption": None,
        "s3:x-amz-server-side-encryption-aws-kms-key-id": None,
        "aws:sourceip": None,
        "aws:currenttime": None,
        "aws:sourceorgid": None,
    }


def _matches(statement: Document, action: str, resource: str, context: Mapping[str, str | None]) -> Tri:
    answers: list[Tri] = [
        _principal(statement),
        _listed(statement, "Action", action.lower(), lower=True),
        _listed(statement, "Resource", resource, lower=False),
    ]
    answers += [
        _condition(operator, key, many(values), context)
        for operator, keys in (statement.get("Condition") or {}).items()
        for key, values in keys.items()
    ]
    return False if False in answers else None if None in answers else True


def _principal(statement: Document) -> Tri:
    if "NotPrincipal" in statement:
        return None
    principal = statement.get("Principal")
    if isinstance(principal, Mapping):
        return CLOUDTRAIL in many(principal.get("Service")) or "*" in many(principal.get("AWS"))
    return principal == "*"


def _listed(statement: Document, name: str, value: str, *, lower: bool) -> bool:
    negated = f"Not{name}" in statement
    patterns = many(statement.get(f"Not{name}" if negated else name))
    return any(like(value, pattern.lower() if lower else pattern) for pattern in patterns) is not negated


def _condition(operator: str, key: str, wanted: list[str], context: Mapping[str, str | None]) -> Tri:
    name, if_exists = operator.removesuffix("IfExists"), operator.endswith("IfExists")
    key = key.lower()
    if name == "Null":
        return (key not in context) is (wanted == ["true"])
    test = _TESTS.get(name.replace("Not", "", 1))
    if test is None:
        return None
    negated = "Not" in name
    if key not in context:
        return if_exists or negated
    value = context[key]
    return None if value is None else any(test(value, one) for one in wanted) is not negated


def _same_ignoring_case(value: str, wanted: Any) -> bool:
    return value.lower() == str(wanted).lower()


_TESTS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": str.__eq__,
    "StringEqualsIgnoreCase": _same_ignoring_case,
    "StringLike": like,
    "ArnEquals": like,
    "ArnLike": like,
    "Bool": _same_ignoring_case,
}
