"""Where objects really are: both buckets' listings against their rules, and what receipts name against what is listed.

Decides: a sample is some archived units (drawn by the day, so that every day looks at others) with everything that they have in
both buckets, and some hours of each stream; the whole is everything. An output that a receipt names and no listing shows is gone,
whatever the rules say; one of another size is another object. Refuses to conclude from what it could not read: a receipt that
cannot be read is CANNOT_PROVE. No body is read but receipts.
"""

import contextlib
import datetime as dt
import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from itemtrail.core import keys, layout, retention
from itemtrail.core.lifecycle_placement import Rules, Tags
from itemtrail.core.lifecycle_rules import parse
from itemtrail.errors import ColdStorage, ConfigurationError, EvidenceError, NotFound, SourceUnavailable
from itemtrail.flows import archive_stream_state, receipts
from itemtrail.flows.placement_bucket import Bucket
from itemtrail.model import TrailRef, Unit
from itemtrail.ports.cold import ColdStore
from itemtrail.ports.control import Control
from itemtrail.ports.data import ObjectStore
from itemtrail.settings import Settings
from itemtrail.snapshot import Finding, FindingStatus

_THREADS = 16
_HOURS = 24  # of each stream, in a sample
_EXAMPLES = 5
_BY_UNIT = (layout.ORIGINALS, layout.QUARANTINE, layout.RECEIPTS)


@dataclass(frozen=True, slots=True)
class Ends:
    """What is looked at: listings of both buckets, receipts, and the tags of one object of the trail bucket."""

    control: Control
    archive: ColdStore
    store: ObjectStore
    source: ColdStore
    trail: TrailRef
    tags: Callable[[str], Tags]


@dataclass(frozen=True, slots=True)
class Places:
    """The findings; and the sizes (bytes) of everything that exists, where everything was looked at."""

    findings: tuple[Finding, ...]
    original_sizes: tuple[int, ...] = ()
    delivered_sizes: tuple[int, ...] = ()


def places(open_ends: Callable[[], Ends], settings: Settings, most: int | None, *, now: dt.datetime, day: dt.date) -> Places:
    """``look`` over about ``most`` units drawn by ``day`` (None: everything); what could not be looked at is CANNOT_PROVE."""
    wanted = settings.archive
    try:
        ends = open_ends()
        units = None if most is None else sample(ends.store, wanted.accounts, wanted.regions, most, day)
        return look(ends, settings, units, now=now)
    except (ConfigurationError, SourceUnavailable) as error:
        finding = Finding("lifecycle.placement", FindingStatus.CANNOT_PROVE, wanted.bucket, error.message, error.advice)
        return Places((finding,))


def sample(store: ObjectStore, accounts: Sequence[str], regions: Sequence[str], most: int, day: dt.date) -> tuple[Unit, ...]:
    """About ``most`` archived units, drawn by ``day``: some accounts and Regions, and some days of each.

    Raises:
        AccessDenied, SourceUnavailable.
    """
    drawn = random.Random(day.toordinal())  # noqa: S311 - which units are looked at is no secret
    pairs = sorted({(account, region) for account in accounts for region in regions})
    chosen = drawn.sample(pairs, min(most, len(pairs)))
    units: list[Unit] = []
    for account, region in chosen:
        days = _archived(store, account, region)
        units += [Unit(account, region, one) for one in drawn.sample(days, min(math.ceil(most / len(chosen)), len(days)))]
    return tuple(sorted(units))


def look(ends: Ends, settings: Settings, units: Sequence[Unit] | None, *, now: dt.datetime) -> Places:
    """What lies where. ``units`` None: everything in both buckets.

    Raises:
        AccessDenied, SourceUnavailable: a listing was not answered; nothing is concluded.
    """
    archive = _bucket(ends, settings, settings.archive.bucket, now)
    trail = _bucket(ends, settings, settings.trail.bucket, now)
    if archive is None or trail is None:
        return Places(())  # the assertion of its rules tells that a bucket is not there
    seen = _Look(ends, archive, trail)
    if units is None:
        seen.everything(settings)
        extent = "everything"
    else:
        seen.sampled(units, settings, now)
        extent = f"a sample of {len(units)} unit(s)"
    days = settings.archive.lifecycle_lag_days
    findings = (
        *archive.tally.findings(settings.archive.bucket, extent, days),
        *seen.outputs(settings.archive.bucket, extent),
        *trail.tally.findings(settings.trail.bucket, extent, days),
    )
    if units is not None:
        return Places(findings)
    originals, delivered = archive.tally.sizes.get("originals", set()), set().union(*trail.tally.sizes.values())
    return Places(findings, tuple(sorted(originals)), tuple(sorted(delivered)))


def _archived(store: ObjectStore, account: str, region: str) -> list[dt.date]:
    """Days of which something was committed."""
    found = []
    for name in store.list_prefixes(layout.RECEIPTS + layout.account_region(account, region)):
        with contextlib.suppress(ValueError):
            found.append(dt.date.fromisoformat(name.removeprefix("delivery_date=")))
    return found


def _bucket(ends: Ends, settings: Settings, name: str, now: dt.datetime) -> Bucket | None:
    state = ends.control.bucket(name)
    if state is None:
        return None
    archive = name == settings.archive.bucket
    rules = Rules(
        parse(state.lifecycle),
        now,
        dt.timedelta(days=settings.archive.lifecycle_lag_days),
        versioned=state.versioning == "Enabled",
        root=retention.archive_root(settings.archive.prefix) if archive else "",
    )
    return Bucket(rules, ends.archive) if archive else Bucket(rules, ends.source, ends.tags)


@dataclass(slots=True)
class _Look:
    """One look. ``lost``: what receipts name and is not there as named; ``unread``: receipts that could not be read."""

    ends: Ends
    archive: Bucket
    trail: Bucket
    named: int = 0
    lost: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)

    def sampled(self, units: Sequence[Unit], settings: Settings, now: dt.datetime) -> None:
        """Each of ``units``, some hours of each stream, and the public keys."""
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="placement") as threads:
            for wanted, listed in threads.map(self._unit, units):
                self._compare(wanted, listed)
        for name in (layout.ARCHIVE_KEY, "keys/"):
            self.archive.list(name)
        drawn = random.Random(now.date().toordinal())  # noqa: S311
        for table in settings.streams.tables:
            count = self._stream_commits(table)
            for number in drawn.sample(range(count), min(_HOURS, count)):
                wanted = self._of_stream(table, number)
                self._compare(wanted, {name: size for key in wanted for name, size in self.archive.list(key).items()})

    def everything(self, settings: Settings) -> None:
        """Folder by folder; the keys of one account and Region are held at a time, and those of all streams."""
        by_unit = {*_BY_UNIT, layout.EVENTS}
        streams: dict[str, int] = {}
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="placement") as threads:
            for pair in sorted({pair for folder in by_unit for pair in self._pairs(folder)}):
                listed = {key: size for folder in sorted(by_unit) for key, size in self.archive.list(folder + pair).items()}
                commits = {found[0] for key in listed if (found := layout.parse_commit(key))}
                for wanted in threads.map(self._of_unit, sorted(commits)):
                    self._compare(wanted, listed)
                streams |= {key: size for key, size in listed.items() if "/table_name=" in key}
        for top in self.ends.store.list_prefixes(""):
            if f"{top}/" not in by_unit:
                listed = self.archive.list(f"{top}/")
                streams |= listed if f"{top}/" == layout.STREAM_RECORDS else {}
        self.archive.list(layout.ARCHIVE_KEY)
        self.trail.list(retention.trail_root(settings.trail.prefix))
        for table in settings.streams.tables:
            for number in range(self._stream_commits(table)):
                self._compare(self._of_stream(table, number), streams)

    def outputs(self, resource: str, extent: str) -> Iterator[Finding]:
        """What receipts name against what is there."""
        if self.lost:
            shown = "; ".join(self.lost[:_EXAMPLES])
            text = f"{len(self.lost):,} of {self.named:,} outputs that receipts name are not there as named: {shown}"
            advice = "look for a delete marker or an older version of each, and at who deleted it."
            yield Finding("lifecycle.outputs", FindingStatus.FAIL, resource, text, advice)
        if self.unread:
            text = f"{len(self.unread):,} receipts could not be read: {'; '.join(self.unread[:_EXAMPLES])}"
            yield Finding("lifecycle.outputs", FindingStatus.CANNOT_PROVE, resource, text, "itemtrail receipts names each.")
        if not self.lost and not self.unread:
            text = f"all {self.named:,} outputs that receipts name are there, in their size ({extent})"
            yield Finding("lifecycle.outputs", FindingStatus.PASS, resource, text)

    def _unit(self, unit: Unit) -> tuple[dict[str, int], dict[str, int]]:
        """What the unit's receipts name, and what is listed of it; called in threads."""
        wanted = self._of_unit(unit)
        prefixes = [folder + layout.unit_folder(unit) for folder in _BY_UNIT]
        prefixes += sorted({f"{key.rpartition('/')[0]}/{unit.day}." for key in wanted if key.startswith(layout.EVENTS)})
        listed = {key: size for prefix in prefixes for key, size in self.archive.list(prefix).items()}
        for folder in (keys.log_day(self.ends.trail, unit), keys.digest_day(self.ends.trail, unit)):
            self.trail.list(folder)
        return wanted, listed

    def _pairs(self, folder: str) -> Iterator[str]:
        """``account=A/region=R/`` below a folder."""
        for account in self.ends.store.list_prefixes(folder):
            for region in self.ends.store.list_prefixes(f"{folder}{account}/"):
                yield f"{account}/{region}/"

    def _of_unit(self, unit: Unit) -> dict[str, int]:
        """Key → bytes of everything that the unit's receipts name."""
        try:
            return {output.key: output.size for receipt in receipts.history(self.ends.store, unit) for output in receipt.outputs}
        except (EvidenceError, ColdStorage, NotFound) as error:
            self.unread.append(str(error))
            return {}

    def _of_stream(self, table: str, number: int) -> dict[str, int]:
        try:
            receipt = archive_stream_state.read_receipt(self.ends.store, table, number)
        except (EvidenceError, ColdStorage, NotFound) as error:
            self.unread.append(str(error))
            return {}
        return {output.key: output.size for output in receipt.outputs}

    def _stream_commits(self, table: str) -> int:
        try:
            return archive_stream_state.load(self.ends.store, table).next_number
        except (EvidenceError, ColdStorage, NotFound) as error:
            self.unread.append(str(error))
            return 0

    def _compare(self, wanted: Mapping[str, int], listed: Mapping[str, int]) -> None:
        self.named += len(wanted)
        for key, size in wanted.items():
            if key not in listed:
                self.lost.append(f"{key} is not there")
            elif listed[key] != size:
                self.lost.append(f"{key} has {listed[key]} bytes, its receipt says {size}")
