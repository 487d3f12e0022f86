"""KMS keys as the review sees them: every key that evidence, tables, logs or alerts are encrypted with.

Decides: an alias and its key are one key (DescribeKey says which); a bare key id means the Region of what names it.
Source: KMS API reference, DescribeKey, GetKeyRotationStatus (UnsupportedOperationException: a key that cannot rotate),
GetKeyPolicy (policy ``default``), read 2026-11-24.
"""

import dataclasses
from collections.abc import Iterator
from typing import Any

from itemtrail.aws.facts import Noting, Read
from itemtrail.aws.posture_trails import utc
from itemtrail.posture import BucketPosture, KeyPosture, LogGroupPosture, TablePosture, TopicPosture, TrailPosture

_NONE = frozenset({"NotFoundException"})
KEY = Read("kms", "describe_key", "kms:DescribeKey", _NONE, tells="KeyMetadata")
ROTATION = Read("kms", "get_key_rotation_status", "kms:GetKeyRotationStatus", frozenset({"UnsupportedOperationException"}))
KEY_POLICY = Read("kms", "get_key_policy", "kms:GetKeyPolicy", _NONE, tells="Policy")
READS = (KEY, ROTATION, KEY_POLICY)


def users(
    trails: list[TrailPosture],
    buckets: list[BucketPosture],
    tables: list[TablePosture],
    groups: list[LogGroupPosture],
    topics: list[TopicPosture],
) -> dict[tuple[str, str], tuple[str, ...]]:
    """(Key as named, Region) → ARNs of what it encrypts."""
    found: dict[tuple[str, str], set[str]] = {}
    for key, region, user in _named(trails, buckets, tables, groups, topics):
        if key:
            found.setdefault((key, _region(key) or region), set()).add(user)
    return {key: tuple(sorted(arns)) for key, arns in sorted(found.items())}


def read(facts: Noting, key: tuple[str, str], used_by: tuple[str, ...]) -> KeyPosture:
    """The key as ``key`` names it."""
    named, region = key
    answer = facts.ask(KEY, named, region, KeyId=named)
    if answer == {}:
        return KeyPosture(named, "NotFound", used_by=used_by)
    said: dict[str, Any] = (answer or {}).get("KeyMetadata", {})
    arn = said.get("Arn", named)
    rotation = facts.ask(ROTATION, arn, region, KeyId=arn)
    policy = facts.ask(KEY_POLICY, arn, region, KeyId=arn, PolicyName="default")
    return KeyPosture(
        arn,
        state=said.get("KeyState", ""),
        manager=said.get("KeyManager", ""),
        rotation=bool(rotation.get("KeyRotationEnabled")) if rotation else None,
        deletion_at=utc(said.get("DeletionDate")),
        policy=facts.document(KEY_POLICY, arn, region, policy.get("Policy")) if policy else None,
        used_by=used_by,
    )


def merged(keys: list[KeyPosture]) -> list[KeyPosture]:
    """Each key once, with everything it encrypts."""
    found: dict[str, KeyPosture] = {}
    for key in keys:
        before = found.get(key.arn)
        users_of = tuple(sorted({*key.used_by, *(before.used_by if before else ())}))
        found[key.arn] = dataclasses.replace(key, used_by=users_of)
    return list(found.values())


def _named(
    trails: list[TrailPosture],
    buckets: list[BucketPosture],
    tables: list[TablePosture],
    groups: list[LogGroupPosture],
    topics: list[TopicPosture],
) -> Iterator[tuple[str, str, str]]:
    for trail in trails:
        yield trail.state.kms_key, trail.state.home_region, trail.state.arn
    for bucket in buckets:
        for rule in ((bucket.state.encryption if bucket.state else None) or {}).get("Rules", ()):
            applied = rule.get("ApplyServerSideEncryptionByDefault") or {}
            yield applied.get("KMSMasterKeyID", ""), bucket.state.region if bucket.state else "", bucket.arn
    for table in tables:
        yield table.kms_key, _region(table.arn), table.arn
    for group in groups:
        yield group.kms_key, group.region, group.arn
    for topic in topics:
        yield topic.kms_key, _region(topic.arn), topic.arn


def _region(arn: str) -> str:
    parts = arn.split(":")
    return parts[3] if len(parts) > 5 else ""
