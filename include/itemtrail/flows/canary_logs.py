"""New log files of one account and Region, searched for one put.

Decides: which file holds the canary's PutItem. Refuses to compare two clocks, to read a file twice, and to trip over a file that
is no log file or a record that is no record: such a file cannot be the one. Source: shape of PutItem, DynamoDB developer guide,
"Logging DynamoDB operations by using AWS CloudTrail", read 2026-11-24.
"""

import datetime as dt
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from itemtrail.core.inflate import inflate
from itemtrail.core.records import Limits, split
from itemtrail.core.setup_plan import CANARY_KEY
from itemtrail.errors import Undecodable
from itemtrail.ports.data import ObjectStore


@dataclass(frozen=True, slots=True)
class Found:
    """The write in a log file. ``written`` is the event's time, ``delivered`` the object's, both by AWS's clocks."""

    key: str
    sha256: str
    written: dt.datetime
    delivered: dt.datetime

    @property
    def seconds(self) -> float:
        """From the write to the delivery."""
        return (self.delivered - self.written).total_seconds()


class NewLogs:
    """Log files that came after this was made; each is read once.

    New is what an earlier listing did not show, so that no two clocks are compared; ``latest`` (GetTrailStatus) only saves
    listing what is older.
    """

    def __init__(self, store: ObjectStore, folder: str, latest: dt.datetime | None, max_bytes: int) -> None:
        self._store, self._folder, self._max_bytes = store, folder, max_bytes
        self._from = f"{folder}{latest - dt.timedelta(days=1):%Y/%m/%d/}" if latest else ""
        self._known = {info.key for info in store.list(folder, start_after=self._from)}
        self.seen = 0

    def find(self, marker: str) -> Found | None:
        """The log file that holds the PutItem of ``marker``, if it is there now."""
        for info in self._store.list(self._folder, start_after=self._from):
            if info.key in self._known:
                continue
            self._known.add(info.key)
            self.seen += 1
            try:
                content = inflate(self._store.read(info.key).body, max_bytes=self._max_bytes)
            except Undecodable:
                continue  # the archive flow quarantines it and says so; it cannot hold the proof
            if written := _written(content, marker):
                return Found(info.key, hashlib.sha256(content).hexdigest(), written, info.last_modified)
        return None


def _written(content: bytes, marker: str) -> dt.datetime | None:
    """When ``content`` says that the item ``marker`` was put; None where it does not."""
    wanted = marker.encode()
    if wanted not in content:
        return None
    times = (_time_of_put(json.loads(raw), marker) for _, raw in split(content, Limits()).records if wanted in raw)
    return next((time for time in times if time is not None), None)


def _time_of_put(record: Any, marker: str) -> dt.datetime | None:
    try:
        put = record["eventName"] == "PutItem" and not record.get("errorCode")
        if not put or record["requestParameters"]["key"][CANARY_KEY] != marker:
            return None
        written = dt.datetime.fromisoformat(record["eventTime"])
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
    return written if written.tzinfo else None
