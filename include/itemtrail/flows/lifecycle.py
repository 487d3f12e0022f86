"""The lifecycle assertion over both buckets' live configuration.

Decides: P1 (originals get cold), P2 (evidence is neither expired nor hidden too soon), P3 (what is analysed stays in STANDARD for
its window), P4 (digests stay readable until they are validated, and together with their logs), P5 (interrupted uploads go), P6
(no Disabled rule stands in), P7 (the trail bucket loses nothing but what is proven), P8 (minimum durations), P9 (the default
minimum size voids nothing), P10 (the lock against the retention), P11 (originals stay readable in the re-open window), P12 (who
may get how cold), and that proven log files do go: each PASS, NOTE, FAIL with a counterexample, or CANNOT_PROVE
(docs/retention.md explains them). Refuses to compare with what was once put: only what is read back now counts.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import replace

from itemtrail.core import lifecycle_drift as drift
from itemtrail.core import retention
from itemtrail.core.lifecycle_cases import one
from itemtrail.core.lifecycle_checks import cold, gone, kept, readable, readables
from itemtrail.core.lifecycle_hygiene import aborted, durations, locked
from itemtrail.core.lifecycle_rules import Configuration, parse
from itemtrail.core.lifecycle_together import apart, together
from itemtrail.errors import AccessDenied, SourceUnavailable
from itemtrail.ports.control import Control
from itemtrail.settings import Settings
from itemtrail.snapshot import BucketState, Document, Finding, FindingStatus

Judge = Callable[[Configuration, BucketState], list[Finding]]
ARCHIVE_PROPERTIES = ("P1", "P2", "P3", "P4", "P5", "P6", "P8", "P9", "P10", "P11", "P12")
TRAIL_PROPERTIES = ("P4", "P5", "P7", "P8")
_MOST_OTHERS = 50  # rules of others that are judged one by one


def trail_rules(settings: Settings) -> tuple[Document, ...]:
    """Rules that setting up puts on the trail bucket."""
    days = settings.archive.reopen_days
    return retention.trail_rules(settings.trail.prefix, expiry_days=settings.trail.expiry_days, noncurrent_days=days)


def archive_rules(settings: Settings) -> tuple[Document, ...]:
    """Rules that setting up puts on the archive bucket."""
    archive, streams = settings.archive, settings.streams
    return retention.archive_rules(
        archive.prefix,
        originals_class=archive.originals_class,
        originals_after=archive.originals_after_days,
        events_class=archive.events_class,
        events_after=archive.events_after_days,
        spill_days=streams.spill_days if streams.forwarder else None,
    )


def review(
    control: Control,
    settings: Settings,
    *,
    now: dt.datetime,
    original_sizes: Sequence[int] = (),
    delivered_sizes: Sequence[int] = (),
) -> tuple[Finding, ...]:
    """Findings on the archive and the trail bucket: P1 to P12 by number, then drift from what setting up puts.

    The sizes are bytes of all that lies under ``originals/``, and in the trail bucket; none means: any size may occur.
    """

    def of_archive(configuration: Configuration, bucket: BucketState) -> list[Finding]:
        return archive_findings(configuration, bucket, settings, now, original_sizes)

    def of_trail(configuration: Configuration, bucket: BucketState) -> list[Finding]:
        return trail_findings(configuration, bucket, settings, delivered_sizes)

    return (
        *_bucket(control, settings.archive.bucket, of_archive, archive_rules(settings), ARCHIVE_PROPERTIES),
        *_bucket(control, settings.trail.bucket, of_trail, trail_rules(settings), TRAIL_PROPERTIES),
    )


def _bucket(control: Control, name: str, judge: Judge, wanted: Sequence[Document], properties: Sequence[str]) -> list[Finding]:
    """The findings on one bucket; what could not be read is CANNOT_PROVE, never good."""
    try:
        bucket = control.bucket(name)
    except (AccessDenied, SourceUnavailable) as error:
        read = Finding("lifecycle.read", FindingStatus.CANNOT_PROVE, name, error.message, error.advice)
        return [read, *_unseen(name, properties, "the bucket's configuration could not be read")]
    if bucket is None:
        read = Finding("lifecycle.read", FindingStatus.FAIL, name, "there is no such bucket", "run itemtrail setup.")
        return [read, *_unseen(name, properties, "there is no such bucket")]
    if bucket.lifecycle is None:
        detail = "it has no lifecycle configuration: nothing gets cold and nothing expires"
        exists = Finding("lifecycle.exists", FindingStatus.FAIL, name, detail, "run itemtrail setup.")
    else:
        exists = Finding("lifecycle.exists", FindingStatus.PASS, name, f"{len(bucket.lifecycle.get('Rules') or [])} rule(s)")
    return [exists, *judge(parse(bucket.lifecycle), bucket), *drifted(bucket, wanted, judge)]


def _unseen(name: str, properties: Sequence[str], why: str) -> list[Finding]:
    return [Finding(f"lifecycle.{one}", FindingStatus.CANNOT_PROVE, name, why) for one in properties]


def drifted(bucket: BucketState, wanted: Sequence[Document], judge: Judge) -> list[Finding]:
    """Drift of our rules, and each rule of others with what it breaks: judged beside ours as they should be."""
    found = drift.drift(bucket.lifecycle, wanted)
    ours = parse({"Rules": list(wanted)})
    notes = []
    for rule in found.others[:_MOST_OTHERS]:
        beside = replace(ours, rules=(*ours.rules, rule))
        broken = [one.check.removeprefix("lifecycle.") for one in judge(beside, bucket) if one.bad]
        text = f"rule {rule.id!r} is not ours, and breaks {', '.join(broken) or 'nothing that is asserted here'}"
        advice = "itemtrail setup keeps it: remove or change it yourself." if broken else "itemtrail setup keeps it."
        notes.append(Finding("lifecycle.others", FindingStatus.NOTE, bucket.name, text, advice))
    return [*drift.findings(found, bucket.name, own=retention.OWN_RULES), *notes]


def archive_findings(
    configuration: Configuration, bucket: BucketState, settings: Settings, now: dt.datetime, sizes: Sequence[int] = ()
) -> list[Finding]:
    """What is to be said of an archive bucket's configuration."""
    archive = settings.archive
    want = retention.originals_cold(
        archive.prefix,
        archive.accounts,
        archive.regions,
        storage_class=archive.originals_class,
        days=archive.originals_after_days,
    )
    windows = retention.archive_readable(archive.prefix, originals_days=archive.reopen_days, hot_days=archive.events_after_days)
    found = [
        *cold(configuration, want, bucket.name, sizes=sizes, now=now),
        kept(
            configuration,
            retention.archive_kept(archive.prefix, days=archive.keep_days),
            bucket.name,
            versioned=_versioned(bucket),
        ),
        *readables(configuration, windows, bucket.name, sizes=sizes),
        apart(configuration, f"{retention.archive_root(archive.prefix)}originals/", bucket.name),
        aborted(configuration, retention.archive_root(archive.prefix), bucket.name),
        durations(configuration, bucket.name),
        locked(
            archive.retention_mode, archive.retention_days, archive.keep_days, bucket.name, bucket_locked=_object_lock(bucket)
        ),
    ]
    return sorted(found, key=_number)


def trail_findings(
    configuration: Configuration, bucket: BucketState, settings: Settings, sizes: Sequence[int] = ()
) -> list[Finding]:
    """What is to be said of a trail bucket's configuration."""
    prefix, days = settings.trail.prefix, settings.archive.reopen_days
    accounts = (settings.trail.account, *settings.archive.accounts)
    roots = (f"{retention.trail_root(prefix)}{settings.trail.account}/",)
    found = [
        one(
            [
                readable(configuration, retention.trail_readable(prefix, days=days), bucket.name, sizes=sizes),
                together(configuration, retention.trail_together(prefix, accounts), bucket.name, sizes=sizes),
            ]
        ),
        kept(configuration, retention.trail_kept(prefix, days=days), bucket.name, versioned=_versioned(bucket), sizes=sizes),
        aborted(configuration, retention.trail_root(prefix), bucket.name),
        durations(configuration, bucket.name),
    ]
    if settings.archive.tag_proven:
        found.append(gone(configuration, roots, retention.PROVEN_TAG, settings.trail.expiry_days, bucket.name))
    return sorted(found, key=_number)


def _number(finding: Finding) -> int:
    """P1 before P2 before P11; what has no number comes last."""
    number = finding.check.rpartition("P")[2]
    return int(number) if number.isdigit() else 100


def _object_lock(bucket: BucketState) -> bool | None:
    """None where no bucket was read."""
    if not bucket.region:
        return None
    return (bucket.object_lock or {}).get("ObjectLockEnabled") == "Enabled"


def _versioned(bucket: BucketState) -> bool:
    return bucket.versioning == "Enabled"
