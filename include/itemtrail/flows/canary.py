"""The canary: one marked write, followed until a signed digest proves the log file that holds it.

Decides: found, delivered, validated, with latencies by the services' own clocks. Steps: (1) write an item whose key is the marker
(CloudTrail logs key values, not attributes); (2) read new log files of the table's Region until one holds that PutItem; (3) wait
for the digest whose window covers the delivery, and validate the chain; the log must hash to what the digest claims.
Refuses to say that something is absent before the deadline. Waiting is polling through the injected clock.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from itemtrail.ports.control import Clock, Control
from itemtrail.ports.data import ObjectStore, PublicKeys, TrailApi
from itemtrail.settings import Settings


@dataclass(frozen=True, slots=True)
class CanaryResult:
    """What became of the write. Latencies are seconds from the write, None where that step was not reached."""

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
        """Found, delivered and proven."""
        return self.found and self.delivered and self.validated

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {name: getattr(self, name) for name in self.__slots__}


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
    progress: Callable[[str], None] = lambda _: None,
) -> CanaryResult:
    """Write one item named ``marker`` and follow it. ``store`` is the trail bucket.

    Raises:
        ConfigurationError: the trail or the canary table does not exist, or the write was refused.
        SourceUnavailable: could not look.
    """
    raise NotImplementedError
