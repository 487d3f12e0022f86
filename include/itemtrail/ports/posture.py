"""Reading the whole set-up, without changing anything."""

import datetime as dt
from typing import Protocol

from itemtrail.posture import Posture, PostureScope


class PostureReader(Protocol):
    """One account, read-only."""

    def read(self, scope: PostureScope, *, now: dt.datetime) -> Posture:
        """The snapshot, taken at ``now``. What could not be read is in ``unread``, and the rest goes on.

        Raises:
            ConfigurationError: the credentials were refused, or are of another account than the trail's.
            SourceUnavailable: not even the caller could be asked for.
        """
