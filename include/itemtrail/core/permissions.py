"""IAM policies as values: who may do what, to which resources, in the words of a policy document.

Decides: the form of a policy (one action a line, resources in order, no statement without a resource). Refuses wildcards among
actions. Pure; which actions there are is said beside the code that calls them.
Source: IAM user guide, "JSON policy elements: Statement", read 2026-11-24.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Statement:
    """Actions on resources. ``condition`` is IAM's."""

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    condition: Mapping[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        """The statement."""
        only = self.resources[0] if len(self.resources) == 1 else list(self.resources)
        said = {"Sid": self.sid, "Effect": "Allow", "Action": list(self.actions), "Resource": only}
        return said | ({"Condition": self.condition} if self.condition else {})


@dataclass(frozen=True, slots=True)
class Role:
    """A kind of work. ``connection`` names the setting that holds its Airflow connection, "" where no DAG works as it."""

    kind: str
    title: str
    connection: str
    purpose: str
    statements: tuple[Statement, ...]

    @property
    def actions(self) -> frozenset[str]:
        """Everything it may do."""
        return frozenset(action for statement in self.statements for action in statement.actions)

    def policy(self) -> dict[str, Any]:
        """The policy document."""
        return {"Version": "2012-10-17", "Statement": [statement.to_json() for statement in self.statements]}


def allow(sid: str, actions: Iterable[str], resources: Iterable[str], **condition: Any) -> tuple[Statement, ...]:
    """One statement, none where there is no resource to name. ``condition``: operator → {key: value}.

    Raises:
        ValueError: a wildcard among the actions, or none.
    """
    wanted, named = tuple(dict.fromkeys(actions)), tuple(dict.fromkeys(resources))
    if not wanted or any("*" in action or ":" not in action for action in wanted):
        raise ValueError(f"{sid}: {wanted} are not named actions")
    return (Statement(sid, wanted, named, condition or None),) if named else ()


@dataclass(frozen=True, slots=True)
class Names:
    """What resources are called, by the configuration."""

    partition: str
    account: str
    home_region: str
    trail: str
    trail_bucket: str
    trail_root: str  # "" or "prefix/"
    archive_bucket: str
    archive_root: str
    stream_tables: tuple[str, ...]
    tables: tuple[str, ...]  # those and the tables whose data events are listed
    canary_table: str
    log_group: str
    forwarder: str  # "" for none
    forwarder_role: str
    failure_queue: str
    topic_arn: str
    checkpoint_topic_arn: str
    roles: tuple[str, ...]
    looks_up: bool  # the review asks the event history

    def arn(self, service: str, resource: str, *, region: str = "*", account: str | None = None) -> str:
        """An ARN of this partition; by default any Region of this account."""
        return f"arn:{self.partition}:{service}:{region}:{self.account if account is None else account}:{resource}"

    def bucket(self, name: str, key: str = "") -> str:
        """A bucket's ARN, or that of keys in it."""
        return f"arn:{self.partition}:s3:::{name}" + (f"/{key}" if key else "")

    @property
    def trail_arn(self) -> str:
        """The trail."""
        return self.arn("cloudtrail", f"trail/{self.trail}", region=self.home_region)

    @property
    def delivered(self) -> str:
        """Keys that CloudTrail delivers."""
        return self.bucket(self.trail_bucket, f"{self.trail_root}AWSLogs/*")

    @property
    def archived(self) -> str:
        """Keys of the archive."""
        return self.bucket(self.archive_bucket, f"{self.archive_root}*")

    def log_groups(self, *names: str) -> tuple[str, ...]:
        """ARNs of log groups and of what is in them."""
        return tuple(self.arn("logs", f"log-group:{name}{inner}") for name in names for inner in ("", ":*"))
