"""What the export needs of CloudTrail's event history. Adapter: ``itemtrail.aws.event_history``; tests have a fake service.

Every method raises only ``itemtrail.errors``: ``Throttled`` above two requests a second (per account and Region, shared with
everybody who asks), ``AccessDenied`` with the IAM action, ``SourceUnavailable`` for anything that may pass. Nothing here tries
again: whoever asks counts requests, and a hidden retry is a request too.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class EventPage:
    """One answer of LookupEvents: the events as JSON values (times as seconds since 1970), newest first.

    ``token`` asks for the older ones that follow, with the same times; None: there are none.
    """

    events: tuple[Mapping[str, Any], ...]
    token: str | None


class EventHistory(Protocol):
    """The event history of one account in one Region: management events of the last 90 days."""

    def page(self, start: dt.datetime, end: dt.datetime, token: str | None) -> EventPage:
        """LookupEvents, at most 50 events. ``start`` and ``end`` are whole seconds and both belong to the range."""
