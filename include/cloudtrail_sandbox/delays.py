"""What CloudTrail does when it is behind: digests that come late or out of order, and backfill digests.

Decides: while ``digests`` is on, digests are made when they are due and not delivered; while ``logs`` is on, log files arrive and
their hour's digest does not name them. When ``logs`` is switched off, a backfill digest is made for every closed hour that lacks
some, oldest first; when ``digests`` is, what waits is delivered: at once, or the newest now and the others at the next delivery.
Refuses: to change what is signed, or to leave a file in no digest: files of the hour that is still open go into its ordinary
digest. Source: CloudTrail user guide "CloudTrail digest file structure" (backfill digests), read 2026-11-24; where it is silent
(the windows of backfill digests, whether they name each other) this follows what aws-cli accepts.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field

from cloudtrail_sandbox.digests import HOUR, DeliveredLog


@dataclass(slots=True)
class Delays:
    """One channel's delays."""

    digests: bool = False
    logs: bool = False
    late: list[DeliveredLog] = field(default_factory=list)

    def take_closed(self, open_since: dt.datetime) -> list[tuple[dt.datetime, list[DeliveredLog]]]:
        """The late files of windows that have closed, by the end of their window; what is left belongs to the open one."""
        hours = by_hour(self.late, open_since)
        self.late = [log for log in self.late if log.at > open_since]
        return hours


def by_hour(logs: Iterable[DeliveredLog], open_since: dt.datetime) -> list[tuple[dt.datetime, list[DeliveredLog]]]:
    """Files that arrived up to ``open_since`` (the end of the newest window), by the end of the hour of their arrival."""
    found: dict[dt.datetime, list[DeliveredLog]] = {}
    for log in logs:
        if log.at <= open_since:
            back = (open_since - log.at) // HOUR
            found.setdefault(open_since - back * HOUR, []).append(log)
    return sorted(found.items())
