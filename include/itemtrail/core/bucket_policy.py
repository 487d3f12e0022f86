"""What a bucket's policy does for evidence: admits CloudTrail's delivery, refuses plain HTTP; and its default retention.

Decides: that delivery is admitted where every archived account's and Region's logs and digests are; that a statement refuses
plain HTTP where it denies everybody everything on the bucket and all its objects, on no other condition.
Source: CloudTrail user guide, "Amazon S3 bucket policy for CloudTrail"; S3 user guide, "Security best practices"; read
2026-11-24.
"""

from dataclasses import dataclass

from itemtrail.core import retention
from itemtrail.core.access import everybody, like
from itemtrail.core.check import Wanted
from itemtrail.core.policy import many, statements
from itemtrail.core.policy_check import admits_delivery, open_to_any_trail
from itemtrail.core.posture import Posture, trail
from itemtrail.core.selectors import Tri
from itemtrail.snapshot import BucketState, Document

_ENCRYPTIONS = ("aws:kms", "AES256")


@dataclass(frozen=True, slots=True)
class Delivery:
    """``good`` None: a condition that is not understood decides."""

    good: Tri
    detail: str


def delivery(bucket: BucketState, posture: Posture, wanted: Wanted, encryption: str = "") -> Delivery:
    """Whether logs and digests are admitted with ``encryption``, or with any where it is ""."""
    keys, unsure = delivery_keys(posture, wanted), ""
    if not keys:
        return Delivery(None, "the organization's id is not known, which the folder of its trail is named after.")
    for key in keys:
        answers = [
            admits_delivery(bucket.policy, posture.partition, bucket.name, key, wanted.trail_arn, encryption=one)
            for one in ([encryption] if encryption else _ENCRYPTIONS)
        ]
        if True in answers:
            continue
        if None not in answers:
            return Delivery(False, f"the policy does not let CloudTrail put {key.rpartition('/')[0]}/ for {wanted.trail_arn}.")
        unsure = unsure or f"a condition that is not understood decides about {key.rpartition('/')[0]}/."
    if unsure:
        return Delivery(None, unsure)
    return Delivery(True, "logs and digests of every archived account and Region are admitted.")


def refuses_plain_http(policy: Document | None, arn: str) -> bool:
    """Whether a Deny for everybody covers all of S3 on the bucket ``arn`` and its objects where TLS is missing."""
    return all(any(_denies_http(one, resource) for one in statements(policy)) for resource in (arn, f"{arn}/*"))


def open_deliveries(bucket: BucketState, posture: Posture, wanted: Wanted) -> tuple[str, ...]:
    """Sids of statements that let trails of other accounts deliver where this trail's logs or digests lie."""
    found = [open_to_any_trail(bucket.policy, posture.partition, bucket.name, key) for key in delivery_keys(posture, wanted)]
    return tuple(dict.fromkeys(sid for sids in found for sid in sids))


def default_retention(bucket: BucketState) -> tuple[str, int] | None:
    """(mode, days) that a new object gets by default; None for none. A year counts as 365 days, as S3 counts it."""
    rule = ((bucket.object_lock or {}).get("Rule") or {}).get("DefaultRetention")
    if not rule:
        return None
    return str(rule.get("Mode")), int(rule.get("Days") or 365 * int(rule.get("Years") or 0))


def _denies_http(statement: Document, resource: str) -> bool:
    conditions = statement.get("Condition") or {}
    plain = {(operator, key.lower(), *many(values)) for operator, keys in conditions.items() for key, values in keys.items()}
    return (
        statement.get("Effect") == "Deny"
        and everybody(statement)
        and "NotPrincipal" not in statement
        and len(plain) == 1
        and plain <= {("Bool", "aws:securetransport", "false"), ("BoolIfExists", "aws:securetransport", "false")}
        and any(like("s3:*", action.lower()) for action in many(statement.get("Action")))
        and any(like(resource, one) for one in many(statement.get("Resource")))
    )


def delivery_keys(posture: Posture, wanted: Wanted) -> tuple[str, ...]:
    """A log's and a digest's key for each archived account and Region; none where the organization's id is not known."""
    mine = trail(posture)
    own, accounts, middle = wanted.trail_arn.split(":")[4], wanted.accounts, ""
    if mine is not None and mine.state.organization:
        if not posture.organization:
            return ()
        middle = f"{posture.organization}/"
    else:
        accounts = (own,)
    return tuple(
        f"{retention.trail_root(wanted.trail_prefix)}{middle}{account}/{kind}/{region}/2026/01/01/x.json.gz"
        for account in accounts or (own,)
        for region in wanted.regions or (wanted.home_region,)
        for kind in ("CloudTrail", "CloudTrail-Digest")
    )
