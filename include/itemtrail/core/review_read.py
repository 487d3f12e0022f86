"""A saved review's report, read back to be shown: typed, and held against itself.

Decides: what of the document is needed to show every result as it was judged (nothing is judged again), and where the document
contradicts itself: its verdict and numbers against its results. Refuses another kind, a newer schema, a document too large, times
without an offset, an id that is not its time's. What it says is somebody's text all the same: whoever shows it escapes it.
"""

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

import msgspec

from itemtrail.core.acceptance import Acceptance, AcceptanceUse, Use
from itemtrail.core.check import Answer, Check, Result, Severity, Status, Subject, Wanted
from itemtrail.core.posture import EvidenceEvent, Posture, Unread
from itemtrail.core.review import Change, Gone, Line, Review, Standing
from itemtrail.core.review_report import KIND, SCHEMA_VERSION, Last, Report, Snapshot, review_id
from itemtrail.errors import EvidenceError

MAX_BYTES = 16 << 20
Time = Annotated[dt.datetime, msgspec.Meta(tz=True)]
"""With an offset from UTC."""


@dataclass(frozen=True, slots=True)
class CheckText:
    """What a check said of itself when the review was made."""

    title: str
    subject: str
    severity: Severity
    why: str
    controls: tuple[str, ...]
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Compared:
    """The review that this one was compared with."""

    id: str
    taken_at: Time


@dataclass(frozen=True, slots=True)
class _Snapshot:
    key: str
    sha256: str


@dataclass(frozen=True, slots=True)
class _Events:
    since: Time | None = None
    until: Time | None = None
    found: tuple[EvidenceEvent, ...] = ()


@dataclass(frozen=True, slots=True)
class _Result:
    check: str
    severity: Severity
    resource: str
    region: str
    status: Status
    standing: Standing
    change: Change
    was: Standing | None
    known: Standing | None
    since: Time
    open_since: Time | None
    detail: str
    note: str
    remediation: str
    accepted: Acceptance | None


@dataclass(frozen=True, slots=True)
class _Exception:
    check: str
    resource: str
    reason: str
    owner: str
    expires: dt.date
    use: Use
    matched: int
    note: str


@dataclass(frozen=True, slots=True)
class _Head:
    kind: str
    schema_version: int


@dataclass(frozen=True, slots=True)
class _Document:
    package: str
    id: str
    taken_at: Time
    account: str
    caller: str
    trail_arn: str
    verdict: str
    counts: Mapping[str, Any]
    snapshot: _Snapshot
    last: Compared | None
    notes: tuple[str, ...]
    results: tuple[_Result, ...]
    gone: tuple[Gone, ...]
    exceptions: tuple[_Exception, ...]
    checks: Mapping[str, CheckText]
    events: _Events
    unread: tuple[Unread, ...]
    changes: tuple[str, ...]
    wanted: Wanted


@dataclass(frozen=True, slots=True)
class ReadReport:
    """A review as it was saved. ``contradictions``: what the document says of itself that its results do not bear out."""

    id: str
    package: str
    account: str
    caller: str
    trail_arn: str
    review: Review
    checks: Mapping[str, CheckText]
    snapshot: Snapshot
    compared: Compared | None
    notes: tuple[str, ...]
    unread: tuple[Unread, ...]
    changes: tuple[str, ...]
    wanted: Wanted
    events: tuple[EvidenceEvent, ...] = ()
    events_since: dt.datetime | None = None
    events_until: dt.datetime | None = None
    contradictions: tuple[str, ...] = field(default=())

    def report(self, posture: Posture) -> Report:
        """The report as it was before it was written, from the snapshot that it names."""
        checks = tuple(_check(name, one) for name, one in self.checks.items())
        last = Last(self.compared.id, self.compared.taken_at, {}, Snapshot("", "")) if self.compared else None
        return Report(self.review, posture, self.wanted, checks, self.snapshot, last, self.changes, self.notes)


def read(body: bytes, *, where: str) -> ReadReport:
    """The report in ``body``; ``where`` is named in errors.

    Raises:
        EvidenceError: no report of this schema, or impossible.
    """
    document = _decoded(body, where, _Document)
    review = _review(document)
    _must_be_in_the_calendar(document, where)
    if review_id(document.taken_at) != document.id:
        raise EvidenceError(
            f"{where} is the review {document.id} of another time, {document.taken_at}.", advice="look at who wrote it."
        )
    return ReadReport(
        id=document.id,
        package=document.package,
        account=document.account,
        caller=document.caller,
        trail_arn=document.trail_arn,
        review=review,
        checks=document.checks,
        snapshot=Snapshot(document.snapshot.key, document.snapshot.sha256),
        compared=document.last,
        notes=document.notes,
        unread=document.unread,
        changes=document.changes,
        wanted=document.wanted,
        events=document.events.found,
        events_since=document.events.since,
        events_until=document.events.until,
        contradictions=_contradictions(document, review),
    )


@dataclass(frozen=True, slots=True)
class Tally:
    """How much was open, by severity, and how much could not be looked at: one point of the history."""

    opened: Mapping[Severity, int]
    blind: int


@dataclass(frozen=True, slots=True)
class _Short:
    severity: Severity
    standing: Standing


@dataclass(frozen=True, slots=True)
class _Results:
    results: tuple[_Short, ...]


def tally(body: bytes, *, where: str) -> Tally:
    """The numbers of a saved report, counted from its results.

    Raises:
        EvidenceError: no report of this schema.
    """
    found = _decoded(body, where, _Results).results
    opened = Counter(one.severity for one in found if one.standing is Standing.OPEN)
    return Tally(
        {severity: opened[severity] for severity in Severity}, sum(one.standing is Standing.COULD_NOT_LOOK for one in found)
    )


def _decoded(body: bytes, where: str, kind: Any) -> Any:
    if len(body) > MAX_BYTES:
        raise EvidenceError(
            f"{where} has {len(body):,} bytes; a report has {MAX_BYTES:,} at most.", advice="look at who wrote it."
        )
    try:
        head = msgspec.json.decode(body, type=_Head)
        if head.kind != KIND or head.schema_version != SCHEMA_VERSION:
            newer = head.kind == KIND and head.schema_version > SCHEMA_VERSION
            advice = "update the itemtrail that the api-server runs: a newer one wrote it." if newer else "look at who wrote it."
            raise EvidenceError(
                f"{where} is {head.kind} schema {head.schema_version}; this itemtrail reads {KIND} schema {SCHEMA_VERSION}.",
                advice=advice,
            )
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise EvidenceError(f"{where} is not a review's report: {error}.", advice="look at who wrote it.") from error


def _review(document: _Document) -> Review:
    lines = tuple(_line(one) for one in document.results)
    uses = tuple(
        AcceptanceUse(Acceptance(one.check, one.resource, one.reason, one.owner, one.expires), one.use, one.matched, one.note)
        for one in document.exceptions
    )
    return Review(document.taken_at, lines, document.gone, uses, document.last is not None)


def _line(one: _Result) -> Line:
    result = Result(one.check, one.severity, one.resource, one.region, one.status, one.detail, one.remediation)
    return Line(result, one.standing, one.change, one.was, one.known, one.since, one.open_since, one.accepted, one.note)


def _must_be_in_the_calendar(document: _Document, where: str) -> None:
    """Every time can be said in UTC: the first hours of the year 1 cannot, wherever they are ahead of it."""
    times = [document.taken_at, document.events.since, document.events.until, *(one.time for one in document.events.found)]
    times += [time for one in document.results for time in (one.since, one.open_since)]
    times += [document.last.taken_at if document.last else None, *(one.open_since for one in document.gone)]
    try:
        for time in times:
            if time:
                time.astimezone(dt.UTC)
    except (OverflowError, ValueError) as error:
        raise EvidenceError(f"{where} has a time that no calendar has: {error}.", advice="look at who wrote it.") from error


def _contradictions(document: _Document, review: Review) -> tuple[str, ...]:
    said = []
    if document.verdict != review.verdict:
        said.append(f"it calls itself {document.verdict}, its results make it {review.verdict}")
    for standing in Standing:
        counted, told = len(review.standing(standing)), document.counts.get(standing.lower())
        if counted != told:
            said.append(f"it counts {told} {standing}, its results are {counted}")
    return tuple(said)


def _check(name: str, one: CheckText) -> Check:
    subject = {str(known): known for known in Subject}.get(one.subject, Subject.ACCOUNT)
    return Check(name, one.title, one.severity, subject, one.why, "", one.needs, _not_asked, controls=one.controls)


def _not_asked(*_: Any) -> Answer:
    raise RuntimeError("a check that was read back is not asked again")
