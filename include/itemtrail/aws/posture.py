"""The snapshot over boto3: every fact read apart, Regions and resources side by side, nothing changed.

Decides: what is asked where (a trail in its home Region and, for its deliveries, in every Region; a bucket in its own; a table of
another account by its ARN), and that a refusal, a throttle or a fault costs one fact. Refuses to go on where not even the caller
can be named: nothing read with such credentials would mean anything.
Source: API references of each service, read 2026-11-24.
"""

import datetime as dt
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from itemtrail.aws import posture_account, posture_buckets, posture_forwarder, posture_keys, posture_tables, posture_trails
from itemtrail.aws.errors import translated
from itemtrail.aws.facts import Noting, one_thread_makes
from itemtrail.errors import ConfigurationError
from itemtrail.posture import AlarmPosture, BucketPosture, KeyPosture, LogGroupPosture, Posture, PostureScope
from itemtrail.snapshot import Identity

READS = (
    *posture_account.READS,
    *posture_trails.READS,
    *posture_buckets.READS,
    *posture_tables.READS,
    *posture_forwarder.READS,
    *posture_keys.READS,
)
READ_ACTIONS = tuple(sorted({"sts:GetCallerIdentity", *(read.action for read in READS)}))
_THREADS = 8
_In = TypeVar("_In")
_Out = TypeVar("_Out")


class AwsPosture:
    """``PostureReader`` of one account. ``client`` makes a boto3 client for (service, Region or None)."""

    def __init__(self, client: Callable[..., Any], *, threads: int = _THREADS) -> None:
        self._client = one_thread_makes(client)
        self._threads = threads

    def read(self, scope: PostureScope, *, now: dt.datetime) -> Posture:
        """The snapshot; see ``PostureReader``."""
        caller = self._caller()
        if caller.account != scope.trail_account:
            raise ConfigurationError(
                f"the credentials are of account {caller.account}; `trail.account` is {scope.trail_account}.",
                advice="use credentials of that account, or correct `trail.account`.",
            )
        facts = Noting(self._client)
        pool = ThreadPoolExecutor(self._threads, thread_name_prefix="posture")
        try:
            return _Reading(scope, caller, facts, pool, now).posture()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)  # all is read, or an interrupt waits for no call

    def _caller(self) -> Identity:
        with translated("sts:GetCallerIdentity", "the caller"):
            answer = self._client("sts", None).get_caller_identity()
        return Identity(answer["Account"], answer["Arn"].split(":")[1], answer["Arn"])


class _Reading:
    """One snapshot being taken: what a later read needs to know of an earlier one."""

    def __init__(self, scope: PostureScope, caller: Identity, facts: Noting, pool: ThreadPoolExecutor, now: dt.datetime) -> None:
        self.scope, self.caller, self.facts, self.pool, self.now = scope, caller, facts, pool, now

    def posture(self) -> Posture:
        """Everything: what stands alone first, then what it refers to."""
        scope, facts, caller = self.scope, self.facts, self.caller
        trail_arn = f"arn:{caller.partition}:cloudtrail:{scope.home_region}:{scope.trail_account}:trail/{scope.trail_name}"
        tables = self._each(lambda arn: posture_tables.read(facts, arn, caller.account), dict.fromkeys(scope.tables))
        roles = self._each(lambda one: posture_account.role(facts, *one, caller.account), scope.roles.items())
        found = posture_account.regions(facts, scope)
        seen = self._each(lambda one: posture_trails.region(facts, one, trail_arn), found)
        trails = self._each(lambda one: posture_trails.trail(facts, one), posture_trails.once(seen))
        groups = self._each(lambda one: posture_forwarder.log_group(facts, one, caller), self._groups(trails))
        forwarders = self._each(lambda region: posture_forwarder.read(facts, scope, region, caller), self._forwarder_regions())
        topics = [posture_account.topic(facts, scope.topic_arn)] if scope.topic_arn else []
        buckets = self._buckets()
        return Posture(
            taken_at=self.now.astimezone(dt.UTC),
            account=caller.account,
            partition=caller.partition,
            caller=caller.arn,
            trail_arn=trail_arn,
            organization=posture_account.organization(facts, trails),
            regions=tuple(sorted((one.region for one in seen), key=lambda one: one.name)),
            trails=tuple(trails),
            buckets=_by_arn(buckets),
            keys=_by_arn(self._keys(posture_keys.users(trails, buckets, tables, groups, topics))),
            tables=_by_arn(tables),
            log_groups=_by_arn(groups),
            forwarders=_by_arn(forwarders),
            topics=_by_arn(topics),
            alarms=_by_arn(self._alarms(groups)),
            roles=_by_arn(roles),
            unread=facts.unread,
        )

    def _each(self, read: Callable[[_In], _Out], over: Iterable[_In]) -> list[_Out]:
        return list(self.pool.map(read, over))

    def _buckets(self) -> list[BucketPosture]:
        """Trail and archive bucket, then the targets of their access logs."""
        named: dict[str, set[str]] = {}
        for name, role in ((self.scope.trail_bucket, "trail"), (self.scope.archive_bucket, "archive")):
            named.setdefault(name, set()).add(role)
        first = self._read_buckets(named)
        targets = {one.logging_bucket for one in first if one.logging_bucket}
        more = self._read_buckets({name: {"access_logs"} for name in targets - set(named)})
        return [posture_buckets.also(one, "access_logs") if one.arn.split(":")[-1] in targets else one for one in first] + more

    def _read_buckets(self, named: dict[str, set[str]]) -> list[BucketPosture]:
        scope, caller = self.scope, self.caller
        owners = tuple(dict.fromkeys([caller.account, scope.trail_account, *scope.accounts]))
        return self._each(
            lambda one: posture_buckets.read(self.facts, one[0], tuple(sorted(one[1])), caller, owners), named.items()
        )

    def _groups(self, trails: list[Any]) -> list[posture_forwarder.Group]:
        return posture_forwarder.groups(self.scope, trails, self.caller)

    def _forwarder_regions(self) -> tuple[str, ...]:
        return self.scope.capture_regions if self.scope.forwarder else ()

    def _keys(self, users: dict[tuple[str, str], tuple[str, ...]]) -> list[KeyPosture]:
        return posture_keys.merged(self._each(lambda one: posture_keys.read(self.facts, *one), users.items()))

    def _alarms(self, groups: list[LogGroupPosture]) -> list[AlarmPosture]:
        watched = {group.region: posture_account.metrics(groups, group.region) for group in groups if group.metric_filters}
        found = self._each(lambda one: posture_account.alarms(self.facts, *one), watched.items())
        return [alarm for some in found for alarm in some]


def _by_arn(found: list[Any]) -> tuple[Any, ...]:
    return tuple(sorted(found, key=lambda one: one.arn))
