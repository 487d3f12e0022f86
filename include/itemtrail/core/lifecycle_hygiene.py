"""What a lifecycle configuration should not waste or leave open: P5, P8 and P10.

Decides: P5 incomplete multipart uploads under a prefix are aborted; P8 no rule moves an object on before the minimum duration of
the class it is in (S3 refuses that, or bills the rest); P10 whether evidence is locked at all, and for as long as it is to be
kept. Two things are a NOTE and no FAIL: an expiration before a minimum duration only costs money, and a lock that is shorter
than the retention is the default (GOVERNANCE, 30 days): between the two permissions keep the evidence.
Refuses to pass what it did not understand. Source: S3 user guide, "Transitioning objects using Amazon S3 Lifecycle", "Constraints
and considerations"; "Aborting incomplete multipart uploads using a bucket lifecycle configuration" (read 2026-11-24).
"""

from collections.abc import Iterator

from itemtrail.core.lifecycle_rules import Configuration, Rule
from itemtrail.snapshot import Finding, FindingStatus

MINIMUM_DAYS = {"STANDARD_IA": 30, "ONEZONE_IA": 30, "GLACIER_IR": 90, "GLACIER": 90, "DEEP_ARCHIVE": 180}
"""Days for which AWS bills an object at least, by class."""
WARM_DAYS = 30
"""Days before an object may move to an infrequent-access class."""


def aborted(configuration: Configuration, prefix: str, resource: str) -> Finding:
    """P5: some enabled rule aborts every incomplete upload under ``prefix``."""
    found = [
        rule.abort_days
        for rule in configuration.rules
        if rule.enabled and rule.abort_days is not None and prefix.startswith(rule.prefix) and not rule.tags and not rule.sized
    ]
    if found:
        return _finding("P5", FindingStatus.PASS, resource, f"incomplete uploads are aborted after {min(found)} day(s)")
    if any(rule.unknown for rule in configuration.rules) or configuration.unknown:
        return _finding("P5", FindingStatus.CANNOT_PROVE, resource, "a rule was not understood, and no other aborts uploads")
    detail = f"parts of interrupted uploads under {prefix or '(the whole bucket)'} stay, and are billed, for ever"
    return _finding("P5", FindingStatus.FAIL, resource, detail, "run itemtrail setup, or add AbortIncompleteMultipartUpload.")


def durations(configuration: Configuration, resource: str) -> Finding:
    """P8, rule by rule: what one rule does to one object."""
    found = [(rule, what, fails) for rule in configuration.rules if rule.enabled for what, fails in _early(rule)]
    odd = [rule.id for rule in configuration.rules if rule.enabled and rule.unknown] or list(configuration.unknown)
    if odd and not any(fails for _, _, fails in found):
        return _finding("P8", FindingStatus.CANNOT_PROVE, resource, f"not understood: {', '.join(odd)}")
    if not found:
        return _finding("P8", FindingStatus.PASS, resource, "no rule leaves a class before its minimum duration")
    fails = any(fails for _, _, fails in found)
    said = "; ".join(f"an object {rule.prefix}… {what}, by rule {rule.id!r}" for rule, what, _ in found)
    status = FindingStatus.FAIL if fails else FindingStatus.NOTE
    return _finding("P8", status, resource, said, "move it later: S3 refuses that, or bills the rest of the duration.")


def locked(mode: str, lock_days: int, keep_days: int, resource: str, *, bucket_locked: bool | None = True) -> Finding:
    """P10. ``mode``: GOVERNANCE, COMPLIANCE or NONE, as objects are put; days of the lock, and days the evidence is to stay.

    ``bucket_locked``: whether the bucket has Object Lock; None where that is not known (a file is judged, not a bucket).
    """
    if mode == "NONE":
        return _finding("P10", FindingStatus.NOTE, resource, "no Object Lock: only permissions keep evidence from being deleted")
    if bucket_locked is False:
        detail = f"the bucket has no Object Lock, so an object put for {mode} of {lock_days} days can be deleted on day 0"
        return _finding("P10", FindingStatus.FAIL, resource, detail, "use a bucket made with Object Lock, or enable it.")
    if lock_days >= keep_days:
        return _finding("P10", FindingStatus.PASS, resource, f"locked ({mode}) for {lock_days} days, to be kept for {keep_days}")
    detail = f"locked ({mode}) for {lock_days} days, to be kept for {keep_days}: in between only permissions keep it"
    return _finding("P10", FindingStatus.NOTE, resource, detail, "raise archive.retention_days, or keep delete rights to nobody.")


def _early(rule: Rule) -> Iterator[tuple[str, bool]]:
    """What comes too early, and whether that is a failure."""
    steps = sorted((when.days, to) for when, to in rule.transitions if when.days is not None)
    for days, to in steps:
        if to in ("STANDARD_IA", "ONEZONE_IA") and days < WARM_DAYS:
            yield f"moves to {to} after {days} day(s), before day {WARM_DAYS}", True
    ends = [*steps, *([(rule.expiration.days, "")] if rule.expiration and rule.expiration.days is not None else [])]
    for (begin, held), (end, to) in zip(steps, ends[1:], strict=False):
        least = MINIMUM_DAYS.get(held, 0)
        if end - begin < least:
            what = f"moves on to {to}" if to else "expires"
            yield f"{what} after {end - begin} day(s) in {held}, whose minimum is {least}", bool(to)


def _finding(name: str, status: FindingStatus, resource: str, detail: str, advice: str = "") -> Finding:
    return Finding(f"lifecycle.{name}", status, resource, detail, advice)
