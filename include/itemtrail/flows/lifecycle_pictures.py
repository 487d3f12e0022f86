"""What the two buckets' lifecycle does, as pictures: of the rules in a review's snapshot, beside what setting up would put.

Decides: which prefixes, tags, promises and deadlines a picture shows, and that P1 to P12 are asserted over the very rules that
are drawn. Refuses to draw rules that could not be read, and to call a bucket without rules, or no bucket, the same as that.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from itemtrail.core import lifecycle_drift, posture, retention
from itemtrail.core.lifecycle_drawing import Drawing, draw
from itemtrail.core.lifecycle_picture import Picture, Place, picture
from itemtrail.core.lifecycle_rules import Configuration, parse
from itemtrail.core.lifecycle_way import Promise
from itemtrail.core.posture import BucketPosture, Posture
from itemtrail.flows.lifecycle import archive_findings, archive_rules, drifted, trail_findings, trail_rules
from itemtrail.settings import Settings
from itemtrail.snapshot import BucketState, Document, Finding, FindingStatus

LIFECYCLE, VERSIONING = "s3:GetLifecycleConfiguration", "s3:GetBucketVersioning"
_PROVEN = frozenset({retention.PROVEN_TAG})
_SMALLEST_TAR = 20  # bytes; lifecycle_checks.Cold
_Deadlines = list[tuple[int, str]]


@dataclass(frozen=True, slots=True)
class BucketPicture:
    """One bucket. ``missing``: why there is nothing to draw; ``drifts``: whether our rules differ from setting up's."""

    role: str
    name: str
    drawing: Drawing | None
    picture: Picture | None
    findings: tuple[Finding, ...] = ()
    drift: tuple[Finding, ...] = ()
    drifts: bool = False
    missing: str = ""
    notes: tuple[str, ...] = ()

    @property
    def failing(self) -> tuple[Finding, ...]:
        """Properties that fail or cannot be proven, failing ones first."""
        bad = [one for one in self.findings if one.bad]
        return tuple(sorted(bad, key=lambda one: one.status is not FindingStatus.FAIL))


def pictures(taken: Posture, settings: Settings) -> tuple[BucketPicture, BucketPicture]:
    """The trail bucket's picture and the archive's, of the rules in the snapshot ``taken``."""

    def of_archive(rules: Configuration, bucket: BucketState) -> list[Finding]:
        return _judged(lambda: archive_findings(rules, bucket, settings, taken.taken_at), bucket)

    def of_trail(rules: Configuration, bucket: BucketState) -> list[Finding]:
        return _judged(lambda: trail_findings(rules, bucket, settings), bucket)

    trail, archive = trail_places(settings, _organization(taken)), archive_places(settings)
    return (
        _bucket(taken, "trail", settings.trail.bucket, trail, trail_rules(settings), of_trail, _trail_days(settings)),
        _bucket(taken, "archive", settings.archive.bucket, archive, archive_rules(settings), of_archive, _archive_days(settings)),
    )


def _judged(judge: Callable[[], list[Finding]], bucket: BucketState) -> list[Finding]:
    """The findings; days that no calendar has cannot be proven."""
    try:
        return judge()
    except OverflowError:
        detail = "a rule's days lie beyond the calendar: P1 to P12 cannot be proven"
        return [Finding("lifecycle.days", FindingStatus.CANNOT_PROVE, bucket.name, detail, "correct that rule.")]


def _organization(taken: Posture) -> str:
    """What stands before the account in the trail's keys: ``o-…/`` of an organization's trail."""
    found = posture.trail(taken)
    return f"{taken.organization}/" if found and found.state.organization and taken.organization else ""


def _bucket(
    taken: Posture,
    role: str,
    name: str,
    places: Sequence[Place],
    wanted: Sequence[Document],
    judge: Callable[[Configuration, BucketState], list[Finding]],
    deadlines: _Deadlines,
) -> BucketPicture:
    found = posture.bucket(taken, role)
    missing = _missing(taken, found, name)
    if missing or found is None or found.state is None:
        return BucketPicture(role, name, None, None, missing=missing)
    bucket, rules = found.state, parse(found.state.lifecycle)
    unread = posture.unread(taken, VERSIONING, found.arn)
    drift = lifecycle_drift.drift(bucket.lifecycle, wanted)
    planned = None if drift.none and not drift.others else parse({"Rules": [*wanted]})
    made = picture(rules, places, born=taken.taken_at.date(), planned=planned, versioned=bucket.versioning == "Enabled")
    notes = [f"whether the bucket keeps versions could not be read ({unread.why}): drawn as if it kept none"] if unread else []
    notes += ["it has no lifecycle rules: nothing gets cold and nothing expires"] if bucket.lifecycle is None else []
    return BucketPicture(
        role, name, draw(made, deadlines), made, tuple(judge(rules, bucket)), tuple(drifted(bucket, wanted, judge)),
        not drift.none, notes=(*notes, *made.reasons),
    )  # fmt: skip


def _missing(taken: Posture, found: BucketPosture | None, name: str) -> str:
    """Why nothing of a bucket can be drawn; "" where it can."""
    if found is None:
        return "the review did not look at this bucket"
    if found.arn.rpartition(":")[2] != name:
        return f"the review looked at {found.arn.rpartition(':')[2]}: the configuration names another bucket since. Review again."
    if unread := posture.unread(taken, LIFECYCLE, found.arn):
        return f"could not look: {unread.why} for {unread.action}. Its rules are not known; that is not the same as having none."
    if found.state is None:
        return "there is no such bucket. Next: itemtrail setup"
    return ""


def trail_places(settings: Settings, organization: str = "") -> tuple[Place, ...]:
    """Logs and digests of the trail's account, with and without the tag."""
    days = settings.archive.reopen_days
    root = f"{retention.trail_root(settings.trail.prefix)}{organization}{settings.trail.account}/"
    promises = [
        Promise("P7", None, kept=True, unless=_PROVEN),
        Promise("P7", days, kept=True, tags=_PROVEN),
        Promise("P4", None, warmest="GLACIER_IR", unless=_PROVEN),
        Promise("P4", days, warmest="GLACIER_IR", tags=_PROVEN),
    ]
    if settings.archive.tag_proven:
        promises.append(Promise("expiry", settings.trail.expiry_days, goes=True, tags=_PROVEN))
    plain: frozenset[tuple[str, str]] = frozenset()
    return tuple(Place(f"{root}{name}/", tuple(promises), (plain, _PROVEN)) for name in ("CloudTrail", "CloudTrail-Digest"))


def archive_places(settings: Settings) -> tuple[Place, ...]:
    """Every folder of the archive."""
    archive, root = settings.archive, retention.archive_root(settings.archive.prefix)
    cold = retention.originals_cold(
        archive.prefix,
        archive.accounts,
        archive.regions,
        storage_class=archive.originals_class,
        days=archive.originals_after_days,
    )
    kept = Promise("P2", archive.keep_days, kept=True)
    originals = (
        kept,
        Promise("P11", archive.reopen_days, warmest="GLACIER_IR"),
        Promise("P1", archive.originals_after_days, coldest=archive.originals_class, under=cold.prefixes),
    )
    hot = Promise("P3", archive.events_after_days, warmest="STANDARD")
    queried, standard = Promise("P12", None, warmest="GLACIER_IR"), Promise("P12", None, warmest="STANDARD")
    made = [Place(f"{root}originals/", originals, split=cold.prefixes, smallest=_SMALLEST_TAR)]
    for name in (*retention.QUERIED, *retention.STANDARD):
        promises = [standard if name in retention.STANDARD else queried]
        promises += [kept] if name in retention.EVIDENCE else []
        promises += [hot] if name in retention.HOT else []
        made.append(Place(root + name, tuple(promises)))
    return (*made, Place(root + retention.SPILL))


def _trail_days(settings: Settings) -> _Deadlines:
    days = [(settings.archive.reopen_days, "days may be re-opened until then")]
    proven = [(settings.trail.expiry_days, "what is proven expires")] if settings.archive.tag_proven else []
    return [*days, *proven]


def _archive_days(settings: Settings) -> _Deadlines:
    archive = settings.archive
    return [
        (archive.reopen_days, "days may be re-opened until then"),
        (archive.originals_after_days, f"originals to {archive.originals_class}"),
        (archive.events_after_days, f"events to {archive.events_class}"),
        (archive.keep_days, "evidence is kept until then"),
    ]
