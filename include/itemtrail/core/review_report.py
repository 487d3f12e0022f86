"""The report of a review: what it says and how it is written; the last report as what the next review is compared with.

Decides: the JSON document (``SCHEMA_VERSION``; docs/schema.md), and that it is a pure function of the snapshot, the checks, the
configuration and the last report: the same in, the same bytes out. Refuses a last report of another kind or schema: it is told,
and everything open counts as new, because a comparison with something not understood would hide findings.
"""

import datetime as dt
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from itemtrail import __version__
from itemtrail.core.acceptance import AcceptanceUse
from itemtrail.core.check import Check, Wanted
from itemtrail.core.posture import Posture
from itemtrail.core.review import SEVERITIES, Before, Change, Gone, Key, Line, Review, Standing
from itemtrail.errors import EvidenceError

SCHEMA_VERSION = 1
KIND = "itemtrail.review"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Where the snapshot lies and the SHA-256 of its bytes; ``key`` is "" where it was not saved."""

    key: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Last:
    """What the review was compared with."""

    id: str
    taken_at: dt.datetime
    results: Mapping[Key, Before]
    snapshot: Snapshot
    events_until: dt.datetime | None = None  # events of all time before are looked at, by it or by an earlier review
    events_read_at: dt.datetime | None = None  # commits before are read
    events_seen: frozenset[str] = frozenset()  # ids of what it found, told by it or by an earlier review


@dataclass(frozen=True, slots=True)
class Report:
    """Everything a reader is shown. ``changes``: lines, what of the set-up differs from the last review's snapshot.

    ``seen``: ids of all events that were found, those left out of the snapshot because the last review told them as well.
    """

    review: Review
    posture: Posture
    wanted: Wanted
    checks: tuple[Check, ...]
    snapshot: Snapshot
    last: Last | None = None
    changes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The snapshot's time, as reviews are named by it."""
        return review_id(self.posture.taken_at)

    @property
    def events_until(self) -> dt.datetime | None:
        """Until when events are looked at, by this review or by an earlier one where this one could not."""
        return self.posture.events_until or (self.last.events_until if self.last else None)

    @property
    def events_read_at(self) -> dt.datetime | None:
        """When the archive's commits were read last."""
        return self.posture.taken_at if self.posture.events_until else self.last.events_read_at if self.last else None

    def check(self, check_id: str) -> Check | None:
        """The check of an id; None where there is none any more."""
        return next((one for one in self.checks if one.id == check_id), None)

    def to_json(self) -> dict[str, Any]:
        """The document."""
        posture, review = self.posture, self.review
        return {
            "kind": KIND,
            "schema_version": SCHEMA_VERSION,
            "package": __version__,
            "id": self.id,
            "taken_at": _time(posture.taken_at),
            "account": posture.account,
            "organization": posture.organization,
            "caller": posture.caller,
            "trail_arn": posture.trail_arn,
            "verdict": review.verdict,
            "counts": counts(review),
            "snapshot": asdict(self.snapshot) | {"schema_version": posture.schema_version},
            "last": {"id": self.last.id, "taken_at": _time(self.last.taken_at)} if self.last else None,
            "notes": list(self.notes),
            "results": [_line(line) for line in review.lines],
            "gone": [_gone(one) for one in review.gone],
            "exceptions": [_use(one) for one in review.acceptances],
            "checks": {one.id: _check(one) for one in sorted(self.checks, key=lambda one: one.id)},
            "events": {
                "since": _time(posture.events_since),
                "until": _time(posture.events_until),
                "complete_until": _time(self.events_until),
                "read_at": _time(self.events_read_at),
                "seen": sorted({*self.seen, *(one.event_id for one in posture.events if one.event_id)}),
                "found": [asdict(one) | {"time": _time(one.time)} for one in posture.events],
            },
            "unread": [asdict(one) for one in posture.unread],
            "changes": list(self.changes),
            "wanted": asdict(self.wanted),
        }

    def to_bytes(self) -> bytes:
        """The document as it is stored."""
        return (json.dumps(self.to_json(), indent=1, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")


def review_id(taken_at: dt.datetime) -> str:
    """``20261124T060003Z``: sorts by time."""
    return f"{taken_at.astimezone(dt.UTC):%Y%m%dT%H%M%SZ}"


def counts(review: Review) -> dict[str, Any]:
    """Numbers by standing, of what is open by severity, and of what became new, resolved, gone."""
    standings = Counter(line.standing for line in review.lines)
    severities = Counter(line.result.severity for line in review.standing(Standing.OPEN))
    changes = Counter(line.change for line in review.lines)
    return {
        "asked": len(review.lines),
        **{standing.lower(): standings[standing] for standing in Standing},
        "open_by_severity": {severity: severities[severity] for severity in SEVERITIES},
        **{change.lower(): changes[change] for change in Change if change},
        "gone": len(review.gone),
    }


def last(body: bytes, *, where: str) -> Last:
    """The stored report ``body`` as what the next review is compared with.

    Raises:
        EvidenceError: not a report of this schema; ``where`` is named.
    """
    try:
        document = json.loads(body)
        if (document["kind"], document["schema_version"]) != (KIND, SCHEMA_VERSION):
            raise EvidenceError(
                f"{where} is {document['kind']} schema {document['schema_version']}, not {KIND} schema {SCHEMA_VERSION}.",
                advice="compare by hand; everything open counts as new in this review.",
            )
        found = {_key_of(one): _before(one) for one in reversed(document["results"])}
        until, read_at = (document["events"][name] for name in ("complete_until", "read_at"))
        made = Last(
            id=document["id"],
            taken_at=_parse(document["taken_at"]),
            results=found,
            snapshot=Snapshot(document["snapshot"]["key"], document["snapshot"]["sha256"]),
            events_until=_parse(until) if until else None,
            events_read_at=_parse(read_at) if read_at else None,
            events_seen=frozenset(map(str, document["events"]["seen"])),
        )
        _must_be_possible(made)
        return made
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise EvidenceError(
            f"{where} is not a review's report: {type(error).__name__}: {error}.", advice="look at who wrote it."
        ) from error


def _must_be_possible(made: Last) -> None:
    """No review looks beyond its own time: one that says so would hide what comes."""
    times = [made.events_until, made.events_read_at, *(one.since for one in made.results.values())]
    if review_id(made.taken_at) != made.id or any(time > made.taken_at for time in times if time):
        raise ValueError("its times contradict each other")


def compared_with(posture: Posture, lines: Sequence[Line], snapshot: Snapshot) -> Last:
    """A review made from another snapshot, as what to compare with."""
    results = {line.key: Before(line.standing, line.known, line.since, line.open_since) for line in reversed(lines)}
    return Last(review_id(posture.taken_at), posture.taken_at, results, snapshot)


def _line(line: Line) -> dict[str, Any]:
    one, accepted = line.result, line.acceptance
    return {
        "check": one.check,
        "severity": one.severity,
        "resource": one.resource,
        "region": one.region,
        "status": one.status,
        "standing": line.standing,
        "change": line.change,
        "was": line.was,
        "known": line.known,
        "since": _time(line.since),
        "open_since": _time(line.open_since),
        "detail": one.detail,
        "note": line.note,
        "remediation": one.remediation,
        "accepted": asdict(accepted) | {"expires": str(accepted.expires)} if accepted else None,
    }


def _gone(one: Gone) -> dict[str, Any]:
    return asdict(one) | {"open_since": _time(one.open_since)}


def _use(one: AcceptanceUse) -> dict[str, Any]:
    said = asdict(one.acceptance) | {"expires": str(one.acceptance.expires)}
    return said | {"use": one.use, "matched": one.matched, "note": one.note}


def _check(one: Check) -> dict[str, Any]:
    return {
        "title": one.title,
        "subject": one.subject,
        "severity": one.severity,
        "why": one.why,
        "controls": list(one.controls),
        "needs": list(one.actions),
    }


def _key_of(document: Mapping[str, Any]) -> Key:
    return str(document["check"]), str(document["resource"]), str(document["region"])


def _before(document: Mapping[str, Any]) -> Before:
    known, since = document["known"], document["open_since"]
    return Before(
        Standing(document["standing"]),
        Standing(known) if known else None,
        _parse(document["since"]),
        _parse(since) if since else None,
    )


def _time(time: dt.datetime | None) -> str | None:
    return time.astimezone(dt.UTC).isoformat().replace("+00:00", "Z") if time else None


def _parse(text: str) -> dt.datetime:
    time = dt.datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return time
