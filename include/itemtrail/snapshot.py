"""Configuration as read: buckets, trails, tables, log groups; a finding about it; a call that would change it.

Frozen values, no behaviour. The words are AWS's own; documents (policies, lifecycle, selectors) are kept as the service returned
them, because what is merged into them must lose nothing. Volatile facts (times, counts) are not kept: a plan's hash covers these.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Document = Mapping[str, Any]


class FindingStatus(StrEnum):
    """What a check says."""

    PASS = "PASS"  # noqa: S105 - a verdict, not a password
    NOTE = "NOTE"  # worth knowing, nothing is wrong
    FAIL = "FAIL"
    CANNOT_PROVE = "CANNOT_PROVE"  # could not look, or not understood: never taken as good


@dataclass(frozen=True, slots=True)
class Finding:
    """One result: which check, of what, in plain words (with a counterexample where it fails), and what to do."""

    check: str
    status: FindingStatus
    resource: str
    detail: str
    advice: str = ""

    @property
    def bad(self) -> bool:
        """Whether somebody must act."""
        return self.status in (FindingStatus.FAIL, FindingStatus.CANNOT_PROVE)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who calls: GetCallerIdentity."""

    account: str
    partition: str
    arn: str


@dataclass(frozen=True, slots=True)
class BucketState:
    """A bucket's configuration. None or "" means: the service answered that there is none."""

    name: str
    region: str
    versioning: str = ""  # "", Enabled, Suspended
    mfa_delete: bool = False
    encryption: Document | None = None
    public_access_block: Document | None = None
    ownership: str = ""
    other_grants: tuple[str, ...] = ()  # ACL grantees that are not the owner
    policy: Document | None = None
    lifecycle: Document | None = None  # {"Rules": […], "TransitionDefaultMinimumObjectSize": …}
    object_lock: Document | None = None


@dataclass(frozen=True, slots=True)
class TrailState:
    """A trail as DescribeTrails, GetTrailStatus and GetEventSelectors tell it.

    ``selectors`` is {"EventSelectors": […]} or {"AdvancedEventSelectors": […]}; None with ``unreadable`` saying why.
    """

    arn: str
    home_region: str
    bucket: str
    prefix: str = ""
    multi_region: bool = False
    global_events: bool = False
    validation: bool = False
    organization: bool = False
    kms_key: str = ""
    logging: bool | None = None
    selectors: Document | None = None
    unreadable: str = ""


@dataclass(frozen=True, slots=True)
class TableState:
    """A table, its key and its stream. ``stream_view`` and ``stream_arn`` are "" where no stream is on."""

    arn: str
    status: str
    stream_view: str = ""
    stream_arn: str = ""
    key_attributes: tuple[str, ...] = ()
    replicated: bool = False  # a global table


@dataclass(frozen=True, slots=True)
class LogGroupState:
    """A log group. ``retention_days`` None means that it never expires; ``overridden_by`` names an account-level policy."""

    name: str
    region: str
    retention_days: int | None = None
    overridden_by: str = ""


@dataclass(frozen=True, slots=True)
class RoleState:
    """A role's trust, and the one inline policy that was asked for (None where it has none of that name)."""

    arn: str
    trust: Document
    policy: Document | None = None


@dataclass(frozen=True, slots=True)
class FunctionState:
    """A Lambda function. ``code_sha256`` is base64, as Lambda tells it; ``timeout`` seconds, ``memory`` MB."""

    arn: str
    handler: str
    runtime: str
    role: str
    timeout: int
    memory: int
    environment: Mapping[str, str]
    code_sha256: str


@dataclass(frozen=True, slots=True)
class MappingState:
    """One reader of a stream: an event source mapping. ``retries`` and ``max_age`` (seconds) are -1 for no limit."""

    uuid: str
    function_arn: str
    disabled: bool = False
    retries: int = -1
    max_age: int = -1
    bisect: bool = False
    reports: bool = False  # ReportBatchItemFailures
    destination: str = ""


@dataclass(frozen=True, slots=True)
class ForwarderState:
    """The forwarder in one Region."""

    function: FunctionState | None = None
    queue: bool = False
    own_log: LogGroupState | None = None  # the function's own, not the debug log group


@dataclass(frozen=True, slots=True)
class Call:
    """One API call that would be made, with exactly these parameters."""

    service: str  # boto3's name: s3, cloudtrail, dynamodb, logs, iam, sqs, lambda
    operation: str  # the API's name: PutBucketPolicy
    region: str
    parameters: Document

    def __str__(self) -> str:
        return f"{self.service}:{self.operation} ({self.region})"
