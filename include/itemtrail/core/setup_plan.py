"""The plan of setting up: what would be called, why, at what price; what stands in the way; hashed so that it can be approved.

Decides: the canonical form of a plan and its hash, which covers every call with its parameters, every finding, and the whole
configuration that was read. Two plans with one hash do the same to the same account. Refuses nothing and calls nothing.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from itemtrail.core.forwarder_config import ForwarderWanted
from itemtrail.core.lifecycle_checks import Kept, Readable
from itemtrail.snapshot import (
    BucketState,
    Call,
    Document,
    Finding,
    FindingStatus,
    ForwarderState,
    Identity,
    LogGroupState,
    MappingState,
    RoleState,
    TableState,
    TrailState,
)

CANARY_TABLE = "itemtrail-canary"
CANARY_KEY = "id"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the settings ask for. Buckets are names, tables ARNs, prefixes without slashes at their ends."""

    account: str
    partition: str
    trail_name: str
    home_region: str
    trail_bucket: str
    trail_prefix: str
    trail_rules: tuple[Document, ...]
    trail_kept: Kept
    trail_readable: Readable
    archive_bucket: str
    archive_region: str
    archive_rules: tuple[Document, ...]
    archive_kept: Kept
    archive_readable: tuple[Readable, ...]
    archive_retention: tuple[str, int]  # mode, days
    archive_regions: tuple[str, ...]
    data_tables: Literal["all"] | tuple[str, ...]
    data_reads: bool
    stream_tables: tuple[str, ...]
    log_group: str
    log_retention_days: int
    forwarder: ForwarderWanted | None  # None: there is none

    @property
    def trail_arn(self) -> str:
        """ARN the trail has, or will have, in its home Region."""
        return f"arn:{self.partition}:cloudtrail:{self.home_region}:{self.account}:trail/{self.trail_name}"

    @property
    def canary_arn(self) -> str:
        """ARN of the table the canary writes to."""
        return f"arn:{self.partition}:dynamodb:{self.home_region}:{self.account}:table/{CANARY_TABLE}"


@dataclass(frozen=True, slots=True)
class Observed:
    """What the account holds now. Absent things are None; ``trails`` holds every trail seen from the home Region."""

    identity: Identity
    organization_id: str
    regions: tuple[str, ...]
    trail_bucket: BucketState | None
    archive_bucket: BucketState | None
    trails: tuple[TrailState, ...]
    tables: Mapping[str, TableState | None]
    log_groups: Mapping[str, LogGroupState | None]  # by Region
    forwarder_role: RoleState | None = None
    forwarders: Mapping[str, ForwarderState] = field(default_factory=dict)  # by Region
    readers: Mapping[str, tuple[MappingState, ...]] = field(default_factory=dict)  # by table ARN


@dataclass(frozen=True, slots=True)
class Action:
    """One call to make. ``cost`` says what AWS bills for it, ``warning`` what it takes away; both "" mostly."""

    resource: str
    why: str
    call: Call
    cost: str = ""
    warning: str = ""


@dataclass(frozen=True, slots=True)
class SetupPlan:
    """Calls in the order in which they are made, findings, and the hash that an approval names."""

    actions: tuple[Action, ...]
    findings: tuple[Finding, ...]
    hash: str

    @property
    def empty(self) -> bool:
        """Nothing to do."""
        return not self.actions

    @property
    def good(self) -> bool:
        """No finding asks for a hand."""
        return not any(finding.bad for finding in self.findings)

    def table(self) -> str:
        """The plan for people: one block an action, one a finding, the hash at the end."""
        lines = [f"{len(self.actions)} action(s) to take, {sum(f.bad for f in self.findings)} finding(s) that need you.", ""]
        for number, action in enumerate(self.actions, 1):
            lines += [f"{number:>3}. {action.call}  {action.resource}", f"     why: {action.why}"]
            lines += [f"     cost: {action.cost}"] if action.cost else []
            lines += [f"     WARNING: {action.warning}"] if action.warning else []
        lines += [_line(finding) for finding in self.findings if finding.status is not FindingStatus.PASS]
        passed = sum(finding.status is FindingStatus.PASS for finding in self.findings)
        lines += [f"  PASS  {passed} check(s)"] if passed else []
        return "\n".join([*lines, "", f"plan {self.hash}"])

    def to_json(self) -> dict[str, Any]:
        """The plan as JSON values: ``hash``, ``actions`` with their exact parameters, ``findings``."""
        plain: dict[str, Any] = json.loads(canonical({"hash": self.hash, **_lists(self.actions, self.findings)}))
        return plain


@dataclass(frozen=True, slots=True)
class Applied:
    """What was done, and the plan made afterwards: ``after`` is empty where every change survived being read back."""

    done: tuple[Action, ...]
    after: SetupPlan

    @property
    def good(self) -> bool:
        """Everything took effect and no finding is open."""
        return self.after.empty and self.after.good


def make_plan(actions: Sequence[Action], findings: Sequence[Finding], observed: Observed) -> SetupPlan:
    """The plan, with its hash over actions, findings and the configuration they were decided from."""
    document = {**_lists(actions, findings), "observed": asdict(observed)}
    return SetupPlan(tuple(actions), tuple(findings), hashlib.sha256(canonical(document)).hexdigest())


def canonical(document: object) -> bytes:
    """``document`` as JSON bytes that do not depend on the order of keys."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str).encode()


def _lists(actions: Sequence[Action], findings: Sequence[Finding]) -> dict[str, object]:
    return {"actions": [asdict(action) for action in actions], "findings": [asdict(finding) for finding in findings]}


def _line(finding: Finding) -> str:
    advice = f" Next: {finding.advice}" if finding.advice else ""
    return f"  {finding.status.value}  [{finding.check}] {finding.resource}: {finding.detail.rstrip('.')}.{advice}"
