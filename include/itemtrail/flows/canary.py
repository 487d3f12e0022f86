"""The canary: one marked write, followed until a signed digest proves the log file that holds it.

Decides: delivered, found, validated, with latencies by the services' own clocks. Steps: (1) remember which log files there are;
(2) write an item whose key is the marker (CloudTrail logs key values, not attributes); (3) read new log files of the table's
Region until one holds that PutItem; (4) wait for the digest that lists the file, and judge it: the chain's verdict on the digest,
and the file's hash against what the digest claims. Refuses to say that something is absent before its deadline, and to take what
the selectors should do for what they did: they only explain a failure. Waiting is polling through the injected clock.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

from itemtrail.core.chain import Claim
from itemtrail.core.keys import log_folder
from itemtrail.core.reasons import RECOVERED
from itemtrail.core.selectors import records, table_event, why_not
from itemtrail.core.setup_plan import CANARY_KEY, Wanted
from itemtrail.errors import ConfigurationError, SourceUnavailable
from itemtrail.flows.canary_logs import Found, NewLogs
from itemtrail.flows.setup import wanted_of
from itemtrail.flows.validate import read_chain
from itemtrail.model import TrailRef, Verdict
from itemtrail.ports.control import Clock, Control
from itemtrail.ports.data import ObjectStore, PublicKeys, TrailApi
from itemtrail.settings import Settings

Progress = Callable[[str], None]
_Answer = TypeVar("_Answer")
_DIGEST_REACH = dt.timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class CanaryResult:
    """What became of the write. Latencies are seconds after the write, None where that step was not reached.

    ``delivered``: a log file came after the write; ``found``: it holds the write; ``validated``: a good digest lists its hash.
    ``reason`` is OK, NOT_LOGGING, NOT_SELECTED, DELIVERY_FAILED, NOT_DELIVERED, NOT_RECORDED, DIGEST_ABSENT, HASH_MISMATCH, or
    the reason of the digest's own verdict.
    """

    marker: str
    found: bool
    delivered: bool
    validated: bool
    reason: str
    detail: str = ""
    object: str | None = None
    digest: str | None = None
    delivery_seconds: float | None = None
    digest_seconds: float | None = None

    @property
    def good(self) -> bool:
        """Delivered, found and proven."""
        return self.found and self.delivered and self.validated

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def run(
    control: Control,
    store: ObjectStore,
    public_keys: PublicKeys,
    trail_api: TrailApi,
    settings: Settings,
    clock: Clock,
    *,
    marker: str,
    delivery_minutes: int = 30,
    digest_minutes: int = 150,
    poll_seconds: float = 30,
    progress: Progress = lambda _: None,
) -> CanaryResult:
    """Write one item whose key is ``marker`` and follow it. ``store`` is the trail bucket.

    Raises:
        ConfigurationError: the trail or the canary's table does not exist, or the write was refused.
        SourceUnavailable: could not look.
    """
    wanted = wanted_of(settings, control.identity().partition)
    trail = trail_api.describe(wanted.trail_arn)
    if control.table(wanted.canary_arn) is None:
        raise ConfigurationError(f"there is no table {wanted.canary_arn}.", advice="run itemtrail setup --apply first.")
    chase = _Chase(control, store, public_keys, trail_api, settings, clock, wanted, trail, marker, poll_seconds, progress)
    latest = trail_api.status(trail).latest_delivery
    logs = NewLogs(store, log_folder(trail, wanted.account, wanted.home_region), latest, settings.conversion.max_inflated_bytes)
    item = {CANARY_KEY: {"S": marker}}
    request = control.put_item(wanted.canary_arn, item)
    progress(f"wrote {marker} to {wanted.canary_arn} (request {request}); waiting for the log file")
    found = chase.until(delivery_minutes, lambda: logs.find(marker))
    if found is None:
        return chase.unfound(logs.seen)
    progress(f"found in {found.key} after {found.seconds:.0f} s; waiting for the digest")
    result = CanaryResult(
        marker, found=True, delivered=True, validated=False, reason="", object=found.key, delivery_seconds=found.seconds
    )
    claim = chase.until(digest_minutes, lambda: chase.claim(found))
    return chase.undigested(result) if claim is None else _judged(result, found, claim, store)


@dataclass(frozen=True, slots=True)
class _Chase:
    """What the steps share."""

    control: Control
    store: ObjectStore
    public_keys: PublicKeys
    trail_api: TrailApi
    settings: Settings
    clock: Clock
    wanted: Wanted
    trail: TrailRef
    marker: str
    poll_seconds: float
    progress: Progress

    def until(self, minutes: int, look: Callable[[], _Answer | None]) -> _Answer | None:
        """What ``look`` answers first, or None after ``minutes``; it looks once more when they are over.

        Raises:
            SourceUnavailable: at the end it could not look, which is not the same as having seen nothing.
        """
        deadline = self.clock.now() + dt.timedelta(minutes=minutes)
        while True:
            try:
                answer = look()
            except SourceUnavailable as error:
                if self.clock.now() >= deadline:
                    raise
                answer = None
                self.progress(f"could not look, trying again: {error.message}")
            if answer is not None or self.clock.now() >= deadline:
                return answer
            self.clock.sleep(self.poll_seconds)

    def claim(self, found: Found) -> Claim | None:
        """What a digest says of the log file, once one says anything."""
        report = read_chain(
            self.store,
            self.public_keys,
            self.trail,
            None,
            account=self.wanted.account,
            region=self.wanted.home_region,
            start=found.delivered,
            end=found.delivered + _DIGEST_REACH,
            now=self.clock.now(),
            rules=self.settings.validation,
            max_bytes=self.settings.conversion.max_inflated_bytes,
            keep_digests=False,
        )
        return report.claims.get(found.key)

    def unfound(self, seen: int) -> CanaryResult:
        """Why no log file holds the write, as far as CloudTrail tells."""
        reason, detail = self._explain(seen)
        return CanaryResult(self.marker, found=False, delivered=seen > 0, validated=False, reason=reason, detail=detail)

    def undigested(self, result: CanaryResult) -> CanaryResult:
        """No digest lists the log file though one was due."""
        error = self.trail_api.status(self.trail).latest_digest_delivery_error
        detail = f"no digest lists it; CloudTrail's last digest delivery says {error or 'nothing'}"
        return replace(
            result, reason="DIGEST_ABSENT", detail=f"{detail}. Next: is log file validation on, may digests be written?"
        )

    def _explain(self, seen: int) -> tuple[str, str]:
        status = self.trail_api.status(self.trail)
        if not status.is_logging:
            return "NOT_LOGGING", "the trail does not log. Next: itemtrail setup --apply."
        event = table_event("PutItem", self.wanted.canary_arn)
        trails = self.control.trails(self.wanted.home_region)
        selectors = next((one.selectors for one in trails if one.arn == self.trail.arn), None)
        if selectors is not None and records(selectors, event) is not True:
            return "NOT_SELECTED", f"the trail does not record it: {why_not(selectors, event)}. Next: itemtrail setup --apply."
        if status.latest_delivery_error:
            where = f"s3://{self.trail.bucket}"
            detail = f"CloudTrail could not deliver to {where}: {status.latest_delivery_error}"
            return "DELIVERY_FAILED", f"{detail}. Next: mend the bucket policy; CloudTrail tries again for 30 days."
        if seen == 0:
            return "NOT_DELIVERED", "no log file came. Next: wait, and run the canary again."
        return (
            "NOT_RECORDED",
            f"{seen} log file(s) came, none holds it, though the selectors record it. Next: run the canary again.",
        )


def _judged(result: CanaryResult, found: Found, claim: Claim, store: ObjectStore) -> CanaryResult:
    """The claim against the file."""
    since = (store.head(claim.digest_key).last_modified - found.written).total_seconds()
    result = replace(result, digest=claim.digest_key, digest_seconds=since)
    if claim.verdict is not Verdict.PROVEN:
        return replace(result, reason=str(claim.reason), detail=f"the digest {claim.digest_key} is {claim.verdict}")
    if claim.reason in RECOVERED:
        return replace(result, reason=str(claim.reason), detail=f"{claim.digest_key} holds only in an older version")
    if claim.sha256 != found.sha256:
        return replace(result, reason="HASH_MISMATCH", detail=f"{found.key} does not hash to what {claim.digest_key} says")
    return replace(result, validated=True, reason="OK")
