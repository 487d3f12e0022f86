"""What the two buckets lack, as calls; what is there and not ours stays.

Decides: create or adopt; versioning, encryption, public access, ownership, policy, lifecycle. Refuses to replace encryption that
is set, to drop a policy statement or another's lifecycle rule, to switch off ACLs that grant somebody something, to put a lock on
a bucket that was made without one: those are findings.
Source: S3 API reference; CloudTrail user guide, "Amazon S3 bucket policy for CloudTrail", read 2026-11-24.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from itemtrail.core import policy, policy_check, retention
from itemtrail.core.lifecycle_checks import kept, readable, readables
from itemtrail.core.lifecycle_drift import changes
from itemtrail.core.lifecycle_rules import parse
from itemtrail.core.lifecycle_valid import refusals
from itemtrail.core.lock import meaning
from itemtrail.core.setup_plan import Action, Observed, Wanted
from itemtrail.snapshot import BucketState, Call, Document, Finding, FindingStatus

_BLOCK = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
_ENFORCED = "BucketOwnerEnforced"


@dataclass(slots=True)
class Part:
    """Actions and findings of one part of a plan, while it is decided."""

    actions: list[Action] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def call(
        self,
        service: str,
        operation: str,
        region: str,
        parameters: Document,
        resource: str,
        why: str,
        *,
        cost: str = "",
        warning: str = "",
    ) -> None:
        """Add one action."""
        self.actions.append(Action(resource, why, Call(service, operation, region, parameters), cost, warning))

    def find(self, check: str, status: FindingStatus, resource: str, detail: str, advice: str = "") -> None:
        """Add one finding."""
        self.findings.append(Finding(check, status, resource, detail, advice))


def trail_bucket(observed: Observed, wanted: Wanted) -> Part:
    """The bucket that CloudTrail delivers to."""
    part = Part()
    current = observed.trail_bucket
    organization = observed.organization_id if _is_organization_trail(observed, wanted) else ""
    delivery = policy.delivery_statements(
        wanted.partition, wanted.trail_bucket, wanted.trail_prefix, wanted.account, wanted.trail_arn, organization
    )
    statements = [*delivery, policy.tls_only(wanted.partition, wanted.trail_bucket)]
    state = _create(part, current, wanted.trail_bucket, wanted.home_region, lock=False)
    _protect(part, state)
    merged = _policy(part, state, statements)
    _delivery(part, state, wanted, merged)
    rules = _lifecycle(part, state, wanted.trail_rules)
    _judge_trail_rules(part, state, rules, wanted)
    return part


def archive_bucket(observed: Observed, wanted: Wanted) -> Part:
    """The long-term bucket."""
    part = Part()
    current = observed.archive_bucket
    state = _create(part, current, wanted.archive_bucket, wanted.archive_region, lock=True)
    locked = current is None or (current.object_lock or {}).get("ObjectLockEnabled") == "Enabled"
    mode, days = wanted.archive_retention
    part.find("setup.retention-mode", FindingStatus.NOTE, state.name, f"{mode}: {meaning(mode, days)}")
    if mode != "NONE" and not locked:
        part.find(
            "setup.object-lock",
            FindingStatus.FAIL,
            state.name,
            "the bucket was made without Object Lock, so what is archived in it can be deleted",
            "use a new bucket, or enable it yourself (aws s3api put-object-lock-configuration), or set archive.retention_mode.",
        )
    _protect(part, state)
    _policy(part, state, [policy.tls_only(wanted.partition, wanted.archive_bucket)])
    rules = _lifecycle(part, state, wanted.archive_rules)
    configuration = parse(rules)
    part.findings.append(kept(configuration, wanted.archive_kept, state.name, versioned=True))
    part.findings += readables(configuration, wanted.archive_readable, state.name)
    return part


def _is_organization_trail(observed: Observed, wanted: Wanted) -> bool:
    return any(trail.arn == wanted.trail_arn and trail.organization for trail in observed.trails)


def _create(part: Part, current: BucketState | None, name: str, region: str, *, lock: bool) -> BucketState:
    """The bucket as it is, or as CreateBucket leaves it."""
    if current is not None:
        if current.region != region:
            detail = f"the bucket is in {current.region}, the settings say {region}"
            part.find("setup.region", FindingStatus.FAIL, name, detail, "name its Region, or another bucket.")
        return current
    parameters: dict[str, object] = {"Bucket": name, "ObjectOwnership": _ENFORCED}
    if region != "us-east-1":  # the one Region that may not be named
        parameters["CreateBucketConfiguration"] = {"LocationConstraint": region}
    if lock:
        parameters["ObjectLockEnabledForBucket"] = True
    why = "there is no such bucket" + ("; Object Lock is enabled with it" if lock else "")
    part.call("s3", "CreateBucket", region, parameters, name, why)
    return BucketState(name, region, versioning="Enabled" if lock else "", ownership=_ENFORCED)


def _protect(part: Part, state: BucketState) -> None:
    name, region = state.name, state.region

    def put(operation: str, why: str, **parameters: object) -> None:
        part.call("s3", operation, region, {"Bucket": name, **parameters}, name, why)

    if {**_BLOCK, **(state.public_access_block or dict.fromkeys(_BLOCK, False))} != _BLOCK:
        put("PutPublicAccessBlock", "public access is not blocked in full", PublicAccessBlockConfiguration=dict(_BLOCK))
    if state.ownership != _ENFORCED:
        if state.other_grants:
            detail = f"ACLs grant access to {', '.join(state.other_grants)}, so ownership is left as it is"
            part.find(
                "setup.ownership", FindingStatus.FAIL, name, detail, "move those grants to the bucket policy, then run again."
            )
        else:
            rules = {"Rules": [{"ObjectOwnership": _ENFORCED}]}
            put("PutBucketOwnershipControls", "ACLs are in force, though they grant nobody anything", OwnershipControls=rules)
    if state.versioning != "Enabled":
        put("PutBucketVersioning", "an overwrite would destroy evidence", VersioningConfiguration={"Status": "Enabled"})
    if state.encryption is None:
        rule = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
        put("PutBucketEncryption", "no default encryption is set", ServerSideEncryptionConfiguration=rule)


def _policy(part: Part, state: BucketState, statements: Sequence[Document]) -> Document | None:
    """The policy as it will be."""
    merge = policy.merge(state.policy, statements)
    if merge.policy is not None:
        why = f"adds {', '.join(merge.added)} to the {len(policy.statements(state.policy))} statement(s) there"
        parameters = {"Bucket": state.name, "Policy": merge.policy}
        part.call("s3", "PutBucketPolicy", state.region, parameters, state.name, why)
    for sid in policy.stale(state.policy, statements):
        detail = f"statement {sid!r} is an earlier one of ours; it is left as it is"
        part.find("setup.policy", FindingStatus.NOTE, state.name, detail, "remove it once nothing needs it.")
    return merge.policy or state.policy


def _delivery(part: Part, state: BucketState, wanted: Wanted, merged: Document | None) -> None:
    key = f"{retention.trail_root(wanted.trail_prefix)}{wanted.account}/CloudTrail/{wanted.home_region}/2026/01/01/x.json.gz"
    admits = policy_check.admits_delivery(merged, wanted.partition, state.name, key, wanted.trail_arn)
    if admits is False:
        detail = "a Deny statement keeps CloudTrail from delivering"
        part.find("setup.delivery", FindingStatus.FAIL, state.name, detail, "except cloudtrail.amazonaws.com from it.")
    elif admits is None:
        detail = "a statement's condition decides about delivery and cannot be evaluated here"
        part.find("setup.delivery", FindingStatus.NOTE, state.name, detail, "the canary tells: itemtrail setup --canary.")
    for sid in policy_check.open_to_any_trail(merged, wanted.partition, state.name, key):
        detail = f"statement {sid!r} lets anybody's trail deliver here: it lacks aws:SourceArn"
        part.find("setup.confused-deputy", FindingStatus.FAIL, state.name, detail, "remove it; ours admits this trail.")


def _lifecycle(part: Part, state: BucketState, wanted: Sequence[Document]) -> Document | None:
    """The lifecycle configuration as it will be."""
    if state.mfa_delete:
        detail = "MFA delete is on; S3 allows no lifecycle configuration then"
        part.find("setup.lifecycle", FindingStatus.FAIL, state.name, detail, "use Object Lock instead of MFA delete.")
        return state.lifecycle
    merged = retention.merge_rules(state.lifecycle, wanted)
    if merged is None:
        return state.lifecycle
    if refused := _refused(merged, wanted):
        part.find(
            "setup.lifecycle", FindingStatus.FAIL, state.name, f"S3 would refuse these rules: {refused}", "mend what is named."
        )
        return state.lifecycle
    parameters: dict[str, object] = {"Bucket": state.name, "LifecycleConfiguration": {"Rules": merged["Rules"]}}
    if "TransitionDefaultMinimumObjectSize" in merged:
        parameters["TransitionDefaultMinimumObjectSize"] = merged["TransitionDefaultMinimumObjectSize"]
    why = changes(state.lifecycle, wanted)
    part.call("s3", "PutBucketLifecycleConfiguration", state.region, parameters, state.name, why)
    return merged


def _refused(merged: Document, wanted: Sequence[Document]) -> str:
    """Why S3 would refuse our rules, or the whole; what others' rules say was accepted once."""
    own = {"", *(rule["ID"] for rule in wanted)}
    return "; ".join(str(one) for one in refusals(merged) if one.rule in own)


def _judge_trail_rules(part: Part, state: BucketState, rules: Document | None, wanted: Wanted) -> None:
    configuration = parse(rules)
    part.findings.append(kept(configuration, wanted.trail_kept, state.name, versioned=True))
    part.findings.append(readable(configuration, wanted.trail_readable, state.name))
