"""Bucket policies: the statements that delivery and safety need, merged into what is there.

Decides: which statements are missing, by meaning rather than by Sid or spelling. Refuses to drop or change a statement that
exists, also one of ours that went stale: it stays, and setting up names it. AWS wants Sids unique, so a new one is numbered.
Source: CloudTrail user guide, "Amazon S3 bucket policy for CloudTrail" (single account and organization), read 2026-11-24.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from itemtrail.snapshot import Document

CLOUDTRAIL = "cloudtrail.amazonaws.com"
VERSION = "2012-10-17"


@dataclass(frozen=True, slots=True)
class Merge:
    """``policy`` to put, None where nothing is missing; ``added`` names the statements that are new."""

    policy: Document | None
    added: tuple[str, ...] = ()


def delivery_statements(
    partition: str, bucket: str, prefix: str, account: str, trail_arn: str, organization_id: str = ""
) -> tuple[Document, ...]:
    """What CloudTrail needs to deliver for exactly this trail; ``trail_arn`` names the home Region's trail."""
    source = {"aws:SourceArn": trail_arn}
    acl = {"s3:x-amz-acl": "bucket-owner-full-control", **source}
    arn = bucket_arn(partition, bucket)
    head = f"{arn}/{prefix}/" if prefix else f"{arn}/"
    statements = [
        _allow("ItemtrailAclCheck", "s3:GetBucketAcl", arn, source),
        _allow("ItemtrailDelivery", "s3:PutObject", f"{head}AWSLogs/{account}/*", acl),
    ]
    if organization_id:
        statements.append(_allow("ItemtrailOrganizationDelivery", "s3:PutObject", f"{head}AWSLogs/{organization_id}/*", acl))
    return tuple(statements)


def tls_only(partition: str, bucket: str) -> Document:
    """Refuses every request that does not come over TLS."""
    arn = bucket_arn(partition, bucket)
    return {
        "Sid": "ItemtrailTlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def bucket_arn(partition: str, bucket: str) -> str:
    """ARN of a bucket in its partition."""
    return f"arn:{partition}:s3:::{bucket}"


def merge(policy: Document | None, wanted: Sequence[Document]) -> Merge:
    """``policy`` with the ``wanted`` statements that it lacks put at its end."""
    present = statements(policy)
    meanings = [meaning(statement) for statement in present]
    missing = [statement for statement in wanted if meaning(statement) not in meanings]
    if not missing:
        return Merge(None)
    taken = {str(statement.get("Sid")) for statement in present}
    added = [{**statement, "Sid": _free(str(statement["Sid"]), taken)} for statement in missing]
    document = {"Version": VERSION, **(policy or {}), "Statement": [*present, *added]}
    return Merge(document, tuple(str(statement["Sid"]) for statement in added))


def stale(policy: Document | None, wanted: Sequence[Document]) -> tuple[str, ...]:
    """Sids of statements that we once put and would not put now."""
    meanings = [meaning(statement) for statement in wanted]
    ours = [s for s in statements(policy) if str(s.get("Sid", "")).startswith("Itemtrail")]
    return tuple(str(statement["Sid"]) for statement in ours if meaning(statement) not in meanings)


def statements(policy: Document | None) -> list[Document]:
    """The statements of a policy; IAM lets a single one stand without its list."""
    found = (policy or {}).get("Statement") or []
    return [found] if isinstance(found, Mapping) else list(found)


def meaning(statement: Document) -> object:
    """A value equal for statements that say the same: order, Sid, and one-or-list do not count; actions ignore case."""
    return (
        statement.get("Effect"),
        *(_principal(statement.get(name)) for name in ("Principal", "NotPrincipal")),
        *(frozenset(text.lower() for text in many(statement.get(name))) for name in ("Action", "NotAction")),
        *(frozenset(many(statement.get(name))) for name in ("Resource", "NotResource")),
        frozenset(
            (operator, key.lower(), frozenset(many(values)))
            for operator, keys in (statement.get("Condition") or {}).items()
            for key, values in keys.items()
        ),
    )


def many(value: Any) -> list[str]:
    """IAM's one-or-list as a list of strings; booleans as IAM spells them."""
    values = [] if value is None else value if isinstance(value, list | tuple) else [value]
    return [str(one).lower() if isinstance(one, bool) else str(one) for one in values]


def _principal(value: Any) -> object:
    if isinstance(value, Mapping):
        return frozenset((kind, frozenset(many(names))) for kind, names in value.items())
    return value


def _free(sid: str, taken: set[str]) -> str:
    number, name = 2, sid
    while name in taken:
        name, number = f"{sid}{number}", number + 1
    taken.add(name)
    return name


def _allow(sid: str, action: str, resource: str, equals: Mapping[str, str]) -> Document:
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service": CLOUDTRAIL},
        "Action": action,
        "Resource": resource,
        "Condition": {"StringEquals": dict(equals)},
    }
