"""What a posture check is: a pure function over a snapshot, with its metadata beside it.

Decides: what a check is asked of (its subject), that it is not asked at all where a fact it needs could not be read (the answer
is then CANNOT_LOOK, naming the IAM action: a refusal is never a pass), that a check which breaks is CANNOT_LOOK as well and hides
no other, and what an answer is. Refuses to know which checks exist (``itemtrail.checks`` holds one a file;
``itemtrail.flows.review_checks`` collects them).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from itemtrail.core.posture import Posture, Unread, unread


class Severity(StrEnum):
    """How much evidence is at stake."""

    CRITICAL = "CRITICAL"  # evidence is being lost or can be removed now
    HIGH = "HIGH"  # evidence would be lost or doubted with one more mistake
    MEDIUM = "MEDIUM"  # a safeguard is missing
    LOW = "LOW"  # tidiness, cost


class Status(StrEnum):
    """What a check says of one subject."""

    PASS = "PASS"  # noqa: S105 - a verdict, not a password
    FAIL = "FAIL"
    CANNOT_LOOK = "CANNOT_LOOK"
    NOT_APPLICABLE = "NOT_APPLICABLE"


class Subject(StrEnum):
    """What a check is asked of, once for each."""

    ACCOUNT = "account"
    REGION = "region"
    TRAIL = "trail"  # the configured trail; the account as a whole where it was not seen
    TRAIL_BUCKET = "trail bucket"
    ARCHIVE_BUCKET = "archive bucket"
    BUCKET = "bucket"  # trail and archive bucket
    KEY = "key"
    TABLE = "table"
    LOG_GROUP = "log group"
    FORWARDER = "forwarder"
    TOPIC = "topic"
    ROLE = "role"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the configuration asks for; values of ``itemtrail.toml`` and nothing else."""

    trail_arn: str
    trail_bucket: str
    trail_prefix: str
    archive_bucket: str
    archive_prefix: str
    archive_region: str
    home_region: str
    accounts: tuple[str, ...]
    regions: tuple[str, ...]
    tables: tuple[str, ...] | None  # table ARNs whose data events must be recorded; None: all, current and future
    reads: bool
    stream_tables: tuple[str, ...]
    expiry_days: int
    keep_days: int
    reopen_days: int
    retention_mode: str
    retention_days: int
    originals_class: str
    originals_after_days: int
    events_class: str
    events_after_days: int
    tag_proven: bool
    debug_log_group: str
    debug_log_days: int
    forwarder: str
    failure_queue: str
    topic_arn: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found, in a sentence that names the thing and the value seen."""

    status: Status
    detail: str


def passed(detail: str) -> Answer:
    """Looked, and it is as it should be."""
    return Answer(Status.PASS, detail)


def failed(detail: str) -> Answer:
    """Looked, and it is not."""
    return Answer(Status.FAIL, detail)


def cannot_look(detail: str) -> Answer:
    """The fact is not there, or was not understood."""
    return Answer(Status.CANNOT_LOOK, detail)


def not_applicable(detail: str) -> Answer:
    """The question does not arise here."""
    return Answer(Status.NOT_APPLICABLE, detail)


def told(fact: bool | None, good: str, bad: str, unknown: str = "the service did not say") -> Answer:
    """PASS with ``good``, FAIL with ``bad``, CANNOT_LOOK with ``unknown`` where ``fact`` is None."""
    return cannot_look(f"{unknown}.") if fact is None else passed(good) if fact else failed(bad)


@dataclass(frozen=True, slots=True)
class Check:
    """One check. ``decide(subject, posture, wanted)`` gets the subject's own dataclass (the posture itself for ACCOUNT).

    ``needs``: IAM actions of the facts it reads of its subject; ``elsewhere``: of other things, where a refusal on any of them
    leaves it without an answer; ``weighs``: of other things, where it judges itself whether it can do without.
    ``controls``: only ids whose text was read. ``remediation``: a command with the subject's ``{name}``, ``{arn}``, ``{region}``,
    and the configured ``{trail}``'s ARN, to fill in; words in capitals are for the reader to replace. ``momentary``: it tells of
    what happened since the last review, not of what is.
    """

    id: str
    title: str
    severity: Severity
    subject: Subject
    why: str
    remediation: str
    needs: tuple[str, ...]
    decide: Callable[[Any, Posture, Wanted], Answer]
    controls: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    weighs: tuple[str, ...] = ()
    momentary: bool = False

    @property
    def actions(self) -> tuple[str, ...]:
        """Every IAM action that it lives on, sorted."""
        return tuple(sorted({*self.needs, *self.elsewhere, *self.weighs}))


@dataclass(frozen=True, slots=True)
class Result:
    """One check's answer about one resource."""

    check: str
    severity: Severity
    resource: str  # ARN; the account id for ACCOUNT; the Region's name for REGION
    region: str
    status: Status
    detail: str
    remediation: str = ""


# What lists the subjects of a kind: refused, "there is none" is not known.
_LISTED_BY = {
    Subject.REGION: "ec2:DescribeRegions",
    Subject.TRAIL: "cloudtrail:DescribeTrails",
}


def ask(check: Check, posture: Posture, wanted: Wanted) -> tuple[Result, ...]:
    """The check's answers, one for each subject there is; one for the account where there is none.

    That one is NOT_APPLICABLE, or CANNOT_LOOK where a refusal may be why there is none.
    """
    results = tuple(_one(check, named, posture, wanted) for named in subjects(check.subject, posture))
    if results:
        return results
    nothing = Named(posture.account, "", posture.account, None)
    wanting = {*check.needs, *check.elsewhere, _LISTED_BY.get(check.subject, "")}
    missing = next((one for one in posture.unread if one.action in wanting), None)
    if missing:
        return (_result(check, nothing, posture, cannot_look(_refusal(missing))),)
    return (_result(check, nothing, posture, not_applicable(f"no {check.subject} was found.")),)


@dataclass(frozen=True, slots=True)
class Named:
    """A subject by its names."""

    resource: str
    region: str
    name: str
    value: Any


def subjects(kind: Subject, posture: Posture) -> Iterator[Named]:
    """What a check of ``kind`` is asked of, in the snapshot's order."""
    match kind:
        case Subject.ACCOUNT:
            yield Named(posture.account, "", posture.account, posture)
        case Subject.REGION:
            yield from (Named(one.name, one.name, one.name, one) for one in posture.regions)
        case Subject.TRAIL:
            ours = [one for one in posture.trails if one.state.arn == posture.trail_arn]
            yield from (Named(one.state.arn, one.state.home_region, one.state.arn.split("/")[-1], one) for one in ours)
        case Subject.TRAIL_BUCKET | Subject.ARCHIVE_BUCKET | Subject.BUCKET:
            roles = {Subject.TRAIL_BUCKET: {"trail"}, Subject.ARCHIVE_BUCKET: {"archive"}}.get(kind, {"trail", "archive"})
            for one in posture.buckets:
                if roles & set(one.roles):
                    yield Named(one.arn, one.state.region if one.state else "", one.arn.split(":")[-1], one)
        case _:
            yield from _by_arn(kind, posture)


def _by_arn(kind: Subject, posture: Posture) -> Iterator[Named]:
    values: Mapping[Subject, tuple[Any, ...]] = {
        Subject.KEY: posture.keys,
        Subject.TABLE: posture.tables,
        Subject.LOG_GROUP: posture.log_groups,
        Subject.FORWARDER: posture.forwarders,
        Subject.TOPIC: posture.topics,
        Subject.ROLE: posture.roles,
    }
    for one in values[kind]:
        parts = one.arn.split(":", 5)
        yield Named(one.arn, parts[3] if len(parts) > 3 else "", getattr(one, "name", re.split("[/:]", parts[-1])[-1]), one)


def _one(check: Check, named: Named, posture: Posture, wanted: Wanted) -> Result:
    missing = _refused(check, named, posture)
    if missing:
        return _result(check, named, posture, cannot_look(_refusal(missing)))
    try:
        answer = check.decide(named.value, posture, wanted)
    except Exception as error:  # noqa: BLE001 - a check that breaks has seen nothing, and must not hide the others
        answer = cannot_look(f"check failed: {type(error).__name__}: {error}.")
    return _result(check, named, posture, answer)


def _refused(check: Check, named: Named, posture: Posture) -> Unread | None:
    everywhere = check.subject is Subject.ACCOUNT
    for one in posture.unread:
        if one.action in check.elsewhere or (everywhere and one.action in check.needs):
            return one
        if check.subject is Subject.REGION and one.action in check.needs and one.region in (named.region, ""):
            return one
    found = (unread(posture, action, named.resource, named.region) for action in check.needs)
    return next((one for one in found if one), None)


def _refusal(missing: Unread) -> str:
    place = f" in {missing.region}" if missing.region else ""
    return f"could not look: {missing.why} for {missing.action} on {missing.resource}{place}."


def _result(check: Check, named: Named, posture: Posture, answer: Answer) -> Result:
    remediation = ""
    if answer.status is Status.FAIL:
        values = {"name": named.name, "arn": named.resource, "region": named.region, "trail": posture.trail_arn}
        remediation = re.sub(r"\{(name|arn|region|trail)\}", lambda found: values[found[1]], check.remediation)
    return Result(check.id, check.severity, named.resource, named.region, answer.status, answer.detail, remediation)
