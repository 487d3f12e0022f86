"""The lifecycle properties P1 to P12 as answers of checks: the assertions of ``lifecycle_checks`` over a snapshot.

Decides: how a finding of the assertion becomes an answer: CANNOT_PROVE is "could not look", a NOTE is a pass that says what it
notes. Refuses to judge anything itself. The sizes of objects are not in a snapshot, so P1 is asked for every size that may occur;
``itemtrail lifecycle`` asks it for the sizes there are.
"""

import datetime as dt
from collections.abc import Sequence

from itemtrail.core import retention
from itemtrail.core.check import Answer, Status, Wanted
from itemtrail.core.lifecycle_checks import cold, gone, kept, readable, readables
from itemtrail.core.lifecycle_hygiene import aborted, durations
from itemtrail.core.lifecycle_rules import Configuration, parse
from itemtrail.core.lifecycle_together import apart, together
from itemtrail.snapshot import BucketState, Finding, FindingStatus

_STATUS = {
    FindingStatus.PASS: Status.PASS,
    FindingStatus.NOTE: Status.PASS,
    FindingStatus.FAIL: Status.FAIL,
    FindingStatus.CANNOT_PROVE: Status.CANNOT_LOOK,
}
_WORST = (FindingStatus.FAIL, FindingStatus.CANNOT_PROVE, FindingStatus.NOTE, FindingStatus.PASS)


def originals_cold(bucket: BucketState, wanted: Wanted, now: dt.datetime) -> Answer:
    """P1, P6 and P9."""
    want = retention.originals_cold(
        wanted.archive_prefix,
        wanted.accounts,
        wanted.regions,
        storage_class=wanted.originals_class,
        days=wanted.originals_after_days,
    )
    return _answer(cold(_rules(bucket), want, bucket.name, sizes=(), now=now))


def archive_kept(bucket: BucketState, wanted: Wanted) -> Answer:
    """P2."""
    want = retention.archive_kept(wanted.archive_prefix, days=wanted.keep_days)
    return _answer([kept(_rules(bucket), want, bucket.name, versioned=_versioned(bucket))])


def trail_kept(bucket: BucketState, wanted: Wanted) -> Answer:
    """P7."""
    want = retention.trail_kept(wanted.trail_prefix, days=wanted.reopen_days)
    return _answer([kept(_rules(bucket), want, bucket.name, versioned=_versioned(bucket))])


def archive_readable(bucket: BucketState, wanted: Wanted) -> Answer:
    """P3, P11 and P12, and that digests and logs among the originals move together."""
    windows = retention.archive_readable(
        wanted.archive_prefix, originals_days=wanted.reopen_days, hot_days=wanted.events_after_days
    )
    root = f"{retention.archive_root(wanted.archive_prefix)}originals/"
    return _answer([*readables(_rules(bucket), windows, bucket.name), apart(_rules(bucket), root, bucket.name)])


def trail_readable(bucket: BucketState, wanted: Wanted) -> Answer:
    """P4."""
    account = wanted.trail_arn.split(":")[4]
    want = retention.trail_readable(wanted.trail_prefix, days=wanted.reopen_days)
    both = retention.trail_together(wanted.trail_prefix, (account, *wanted.accounts))
    return _answer([readable(_rules(bucket), want, bucket.name), together(_rules(bucket), both, bucket.name)])


def proven_gone(bucket: BucketState, wanted: Wanted) -> Answer:
    """What is proven expires."""
    roots = (f"{retention.trail_root(wanted.trail_prefix)}{wanted.trail_arn.split(':')[4]}/",)
    return _answer([gone(_rules(bucket), roots, retention.PROVEN_TAG, wanted.expiry_days, bucket.name)])


def uploads_aborted(bucket: BucketState, wanted: Wanted, *, trail: bool) -> Answer:
    """P5."""
    root = retention.trail_root(wanted.trail_prefix) if trail else retention.archive_root(wanted.archive_prefix)
    return _answer([aborted(_rules(bucket), root, bucket.name)])


def durations_kept(bucket: BucketState) -> Answer:
    """P8."""
    return _answer([durations(_rules(bucket), bucket.name)])


def _rules(bucket: BucketState) -> Configuration:
    return parse(bucket.lifecycle)


def _versioned(bucket: BucketState) -> bool:
    """Suspended counts: the versions there are can expire still."""
    return bool(bucket.versioning)


def _answer(findings: Sequence[Finding]) -> Answer:
    """The worst of them, with every detail of its status."""
    worst = min(findings, key=lambda one: _WORST.index(one.status)).status
    said = [f"{one.check.removeprefix('lifecycle.')}: {one.detail.rstrip('.')}" for one in findings if one.status is worst]
    return Answer(_STATUS[worst], "; ".join(said) + ".")
