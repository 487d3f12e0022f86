"""A review: snapshot, events that end evidence, checks, comparison with the last review; saved in the archive where wanted.

Decides: what is compared with what, that a review goes on where the archive or the last review cannot be read (and says so: what
is not compared is new, what was not looked at is unread), and that a snapshot judged again, years later and offline, gives the
same results. Refuses to change anything but the archive's ``reviews/``.
"""

import dataclasses
import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from itemtrail.core import layout, posture_diff, posture_json
from itemtrail.core.acceptance import Acceptance
from itemtrail.core.check import Wanted
from itemtrail.core.evidence_events import ARCHIVED
from itemtrail.core.posture import Posture, Unread
from itemtrail.core.review import review as judge
from itemtrail.core.review_report import Last, Report, Snapshot, compared_with, review_id
from itemtrail.errors import AccessDenied, ConfigurationError, ItemtrailError
from itemtrail.flows import review_store
from itemtrail.flows.posture import scope_of
from itemtrail.flows.review_checks import all_checks
from itemtrail.flows.review_checks import run as ask_all
from itemtrail.flows.review_events import Looked, evidence_events
from itemtrail.flows.review_lookup import recent
from itemtrail.ports.data import ArchiveStore
from itemtrail.ports.event_history import EventHistory
from itemtrail.ports.posture import PostureReader
from itemtrail.settings import Settings

_LONGEST = 600


@dataclass(frozen=True, slots=True)
class Made:
    """A review and the bytes of its snapshot."""

    report: Report
    snapshot: bytes


def take(
    reader: PostureReader,
    archive: ArchiveStore,
    settings: Settings,
    *,
    now: dt.datetime,
    since: dt.datetime | None = None,
    histories: Mapping[str, EventHistory] | None = None,
    save: bool,
) -> Made:
    """Review the set-up as it is at ``now``.

    Args:
        reader: of the set-up.
        archive: where events are read, the last review is, and this one goes.
        settings: what is wanted.
        now: aware UTC; to the second, it is the review's name.
        since: from when on events are looked at, whoever looked before; None: where the last review stopped.
        histories: event histories by Region, of which the hours after the last archived day are asked; None: they are not.
        save: whether the review is written.

    Raises:
        ConfigurationError, SourceUnavailable: nothing could be read, or the review could not be written.
        EvidenceError: another review of the same second is there.
    """
    now, notes = now.replace(microsecond=0), list[str]()
    if since and since > now:
        raise ConfigurationError(f"{since:%Y-%m-%d} is not over yet.", advice="give an earlier day.")
    last = _last(archive, now, notes)
    posture = reader.read(scope_of(settings), now=now)
    if posture.account != settings.trail.account:
        raise ConfigurationError(
            f"these credentials are of account {posture.account}; `trail.account` is {settings.trail.account}.",
            advice=f"review with a role of {settings.trail.account}: what is not seen from another account would look gone.",
        )
    previous = _previous(archive, last, notes) if last else None
    posture = _with_events(posture, archive, settings, since, last)
    posture = _with_recent(posture, histories or {}, notes)
    seen = [one.event_id for one in posture.events if one.event_id]
    if last and not since:
        posture = _untold(posture, last)
    body = posture_json.save(posture)
    key = layout.review_key(review_id(posture.taken_at), review_store.SNAPSHOT) if save else ""
    report = evaluate(posture, settings, snapshot=_named(body, key), last=last, previous=previous, notes=notes)
    report = dataclasses.replace(report, seen=tuple(seen))
    if save:
        review_store.save(archive, report, body)
    return Made(report, body)


def evaluate(
    posture: Posture,
    settings: Settings,
    *,
    snapshot: Snapshot,
    last: Last | None = None,
    previous: Posture | None = None,
    notes: Sequence[str] = (),
) -> Report:
    """The report of a snapshot, a pure function of what is given.

    Args:
        posture: the snapshot.
        settings: what is wanted, and which findings are accepted.
        snapshot: its name and hash.
        last: the review to compare with; None: there is none.
        previous: that review's snapshot, where it could be read.
        notes: what was found on the way.
    """
    wanted, checks = wanted_of(settings, posture.partition), all_checks()
    judged = judge(
        ask_all(posture, wanted, checks),
        taken_at=posture.taken_at,
        acceptances=acceptances(settings),
        checks=[one.id for one in checks],
        momentary=[one.id for one in checks if one.momentary],
        before=last.results if last else None,
    )
    changes = tuple(_short(str(one)) for one in posture_diff.diff(previous, posture)) if previous else ()
    return Report(judged, posture, wanted, checks, snapshot, last, changes, tuple(notes))


def of_snapshot(body: bytes, settings: Settings, *, where: str, against: tuple[bytes, str] | None = None) -> Made:
    """The review of a saved snapshot, offline. ``against``: an earlier snapshot to compare with, and its name.

    Raises:
        EvidenceError: not a snapshot.
    """
    posture = posture_json.load(body, name=where)
    last = previous = None
    if against:
        previous = posture_json.load(against[0], name=against[1])
        last = _as_last(previous, settings, _named(*against))
    return Made(evaluate(posture, settings, snapshot=_named(body, where), last=last, previous=previous), body)


def against(made: Made, earlier: bytes, settings: Settings, *, where: str) -> Made:
    """The same review, compared with another snapshot instead of the last review."""
    previous = posture_json.load(earlier, name=where)
    report = made.report
    last = _as_last(previous, settings, _named(earlier, where))
    compared = evaluate(report.posture, settings, snapshot=report.snapshot, last=last, previous=previous)
    return Made(compared, made.snapshot)


def acceptances(settings: Settings) -> tuple[Acceptance, ...]:
    """The exceptions of the configuration."""
    return tuple(Acceptance(one.check, one.resource, one.reason, one.owner, one.expires) for one in settings.review.exceptions)


def _short(change: str) -> str:
    return change if len(change) <= _LONGEST else f"{change[:_LONGEST]} … (whole in the snapshots)"


def wanted_of(settings: Settings, partition: str) -> Wanted:
    """What the configuration asks for, as checks know it."""
    trail, archive, streams = settings.trail, settings.archive, settings.streams
    return Wanted(
        trail_arn=f"arn:{partition}:cloudtrail:{trail.home_region}:{trail.account}:trail/{trail.name}",
        trail_bucket=trail.bucket,
        trail_prefix=trail.prefix,
        archive_bucket=archive.bucket,
        archive_prefix=archive.prefix,
        archive_region=archive.region,
        home_region=trail.home_region,
        accounts=archive.accounts,
        regions=archive.regions,
        tables=None if trail.data_events.tables == "all" else trail.data_events.tables,
        reads=trail.data_events.reads,
        stream_tables=streams.tables,
        expiry_days=trail.expiry_days,
        keep_days=archive.keep_days,
        reopen_days=archive.reopen_days,
        retention_mode=archive.retention_mode,
        retention_days=archive.retention_days,
        originals_class=archive.originals_class,
        originals_after_days=archive.originals_after_days,
        events_class=archive.events_class,
        events_after_days=archive.events_after_days,
        tag_proven=archive.tag_proven,
        debug_log_group=streams.log_group if streams.tables else "",
        debug_log_days=streams.log_retention_days,
        forwarder=streams.forwarder if streams.tables else "",
        failure_queue=streams.failure_queue,
        topic_arn=settings.alerts.sns_topic_arn,
    )


def _as_last(previous: Posture, settings: Settings, snapshot: Snapshot) -> Last:
    return compared_with(previous, evaluate(previous, settings, snapshot=snapshot).review.lines, snapshot)


def _named(body: bytes, key: str) -> Snapshot:
    return Snapshot(key, hashlib.sha256(body).hexdigest())


def _last(archive: ArchiveStore, now: dt.datetime, notes: list[str]) -> Last | None:
    try:
        return review_store.newest(archive, before=now)
    except ItemtrailError as error:
        notes.append(f"The last review could not be read, so that everything open counts as new: {error}")
        return None


def _previous(archive: ArchiveStore, last: Last, notes: list[str]) -> Posture | None:
    try:
        return review_store.snapshot_of(archive, last)
    except ItemtrailError as error:
        notes.append(f"What changed in the set-up is not known: {error}")
        return None


def _with_events(
    posture: Posture, archive: ArchiveStore, settings: Settings, since: dt.datetime | None, last: Last | None
) -> Posture:
    """The snapshot with the archive's events, and with what of them could not be looked at."""
    wanted = settings.archive
    try:
        events, looked = evidence_events(
            archive,
            accounts=wanted.accounts,
            regions=wanted.regions,
            buckets=(settings.trail.bucket, wanted.bucket),
            since=since or (last.events_until if last else None),
            committed_since=last.events_read_at if last and not since else None,
            reopen_days=wanted.reopen_days,
            now=posture.taken_at,
        )
    except ItemtrailError as error:
        return dataclasses.replace(posture, unread=(*posture.unread, _unread(error, archive.name)))
    return dataclasses.replace(
        posture,
        events=(*posture.events, *events),
        events_since=looked.since,
        events_until=looked.until,
        unread=(*posture.unread, *_not_looked(looked, archive.name)),
    )


def _with_recent(posture: Posture, histories: Mapping[str, EventHistory], notes: list[str]) -> Posture:
    """The snapshot with what CloudTrail itself tells of the hours after the last archived day."""
    if not histories:
        return posture
    events, told = recent(histories, since=posture.events_until, now=posture.taken_at)
    notes += told
    there = {one.event_id for one in posture.events}
    return dataclasses.replace(posture, events=(*posture.events, *(one for one in events if one.event_id not in there)))


def _untold(posture: Posture, last: Last) -> Posture:
    """Without the events that an earlier review told: CloudTrail's answer comes before the archive's, and comes again."""
    return dataclasses.replace(posture, events=tuple(one for one in posture.events if one.event_id not in last.events_seen))


def _unread(error: ItemtrailError, where: str) -> Unread:
    if isinstance(error, AccessDenied):
        return Unread(error.action, error.resource, "", "AccessDenied: events that end evidence are not known")
    return Unread("s3:GetObject", where, "", f"events that end evidence are not known: {error}")


def _not_looked(looked: Looked, where: str) -> list[Unread]:
    if looked.until is None:
        return [Unread(ARCHIVED, where, "", "no day is archived: events that end evidence are not known")]
    days: dict[dt.date, list[str]] = {}
    for unit in looked.late:
        days.setdefault(unit.day, []).append(f"{unit.account}/{unit.region}")
    lines = [Unread(ARCHIVED, f"{where} {day}", "", f"not archived: {', '.join(units)}") for day, units in sorted(days.items())]
    if looked.left_out:
        lines.append(Unread(ARCHIVED, where, "", f"{looked.left_out} more events than a snapshot keeps; ask by itemtrail query"))
    return lines
