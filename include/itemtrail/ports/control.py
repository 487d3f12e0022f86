"""What setting up, the canary and the lifecycle review need: configuration read whole, and changed by one named call at a time.

Reads return what the service says now; None only where the service answered that the thing does not exist. Every method raises
only ``itemtrail.errors``: ``AccessDenied`` with the IAM action (never taken as "there is none": merging into what could not be
read would drop it), ``SourceUnavailable`` for anything that may pass, ``ConfigurationError`` where AWS refuses the call.
"""

import datetime as dt
from typing import Protocol

from itemtrail.snapshot import (
    BucketState,
    Call,
    Document,
    FunctionState,
    Identity,
    LogGroupState,
    MappingState,
    RoleState,
    TableState,
    TrailState,
)


class Control(Protocol):
    """The control plane of one account."""

    def identity(self) -> Identity:
        """Account, partition and ARN of the caller."""

    def organization_id(self) -> str:
        """``o-…`` of the account's organization, ``""`` where it is in none."""

    def regions(self) -> tuple[str, ...]:
        """Regions enabled for the account, sorted."""

    def bucket(self, name: str) -> BucketState | None:
        """The bucket's whole configuration, or None where there is no such bucket."""

    def trails(self, region: str) -> tuple[TrailState, ...]:
        """Trails seen from ``region``, copies of multi-Region trails included, in ARN order."""

    def table(self, arn: str) -> TableState | None:
        """The table, or None where there is none."""

    def log_group(self, name: str, region: str) -> LogGroupState | None:
        """The log group, or None where there is none."""

    def role(self, name: str, policy: str) -> RoleState | None:
        """The role with its inline policy ``policy``, or None where there is no such role."""

    def function(self, name: str, region: str) -> FunctionState | None:
        """The Lambda function, or None where there is none."""

    def has_queue(self, name: str, region: str) -> bool:
        """Whether the account has an SQS queue of this name."""

    def mappings(self, stream_arn: str) -> tuple[MappingState, ...]:
        """Event source mappings that read the stream, in UUID order."""

    def execute(self, call: Call) -> None:
        """Make one call and wait until its effect can be used (a table is ACTIVE).

        Raises:
            ValueError: the operation is not one that setting up may make.
        """

    def put_item(self, table_arn: str, item: Document) -> str:
        """Write one item (DynamoDB JSON); returns the request id."""


class Clock(Protocol):
    """Time as the flow's world tells it. Tests and the sandbox move it."""

    def now(self) -> dt.datetime:
        """Aware UTC."""

    def sleep(self, seconds: float) -> None:
        """Let ``seconds`` pass."""
