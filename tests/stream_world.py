"""A table's streams and an archive in memory, hours that pass, and processes that die: for tests of the stream archive."""

import datetime as dt
import io
import json
from collections.abc import Iterator
from typing import Any

import pyarrow.parquet as pq
import pytest
from tests.archive_world import settings
from tests.memory import MemoryStore
from tests.streams_fake import TABLE, FakeStreams, Killed

from itemtrail.core import layout
from itemtrail.core.stream_plan import StreamReceipt
from itemtrail.flows.archive_stream import archive_table
from itemtrail.flows.archive_stream_read import Limits
from itemtrail.flows.archive_stream_state import load, read_receipt
from itemtrail.settings import Redaction, Settings

HOUR = dt.timedelta(hours=1)
KEY = b"k" * 32


class World:
    """A table's streams, an archive, and hours that pass."""

    def __init__(self) -> None:
        self.streams, self.archive = FakeStreams(), MemoryStore()
        self.limits, self.settings, self.key = Limits(records=5), settings(), b""
        self.first_look = dt.datetime.max.replace(tzinfo=dt.UTC)

    def run(self, archive: Any = None, streams: Any = None) -> StreamReceipt:
        self.first_look = min(self.first_look, self.streams.now)
        return archive_table(
            TABLE,
            streams=streams or self.streams,
            archive=archive or self.archive,
            settings=self.settings,
            key=self.key or None,
            now=self.streams.now,
            limits=self.limits,
        )

    def later(self, by: dt.timedelta = HOUR) -> None:
        self.streams.now += by

    def redacted(self, *rules: Redaction) -> None:
        chosen: Settings = self.settings
        self.settings = chosen.model_copy(update={"streams": chosen.streams.model_copy(update={"redact": rules})})

    def rows(self) -> list[dict[str, Any]]:
        found = []
        for key in self.archive.keys(layout.STREAM_RECORDS):
            found += pq.read_table(io.BytesIO(self.archive.body(key))).to_pylist()
        return found

    def identities(self) -> list[tuple[str, str, str]]:
        return [(r["stream_arn"], r["shard_id"], r["sequence_number"]) for r in self.rows()]

    def unreadable(self) -> set[str]:
        """Numbers of the records in quarantine."""
        lines = [line for key in self.archive.keys(layout.QUARANTINE) for line in self.archive.body(key).splitlines()]
        return {json.loads(line)["sequence_number"] for line in lines}

    def receipts(self) -> Iterator[StreamReceipt]:
        last = load(self.archive, TABLE).last
        return (read_receipt(self.archive, TABLE, n) for n in range(last.number + 1 if last else 0))


class MortalArchive:
    """The archive, with the access that is the process's last: before or after it is done."""

    def __init__(self, inner: MemoryStore, at: int, *, after: bool) -> None:
        self._inner, self._left, self._after = inner, at, after

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        return self._mortal(found) if name in ("read", "put_new", "list") else found

    def _mortal(self, call: Any) -> Any:
        def act(*given: Any, **named: Any) -> Any:
            self._left -= 1
            if self._left == 0 and not self._after:
                raise Killed
            result = call(*given, **named)
            if self._left == 0:
                raise Killed
            return result

        return act


def a_busy_hour() -> World:
    """A world two commits long, with a split, a bad record, and an earlier run."""
    world = World()
    world.streams.put("E-0")
    world.later()
    world.run()
    for n in range(6):
        world.streams.put(f"E-{n}", n)
    world.streams.put("E-9", Keys={"EmpId": {"BOOL": True}})
    world.streams.split(world.streams.open()[0])
    world.streams.put("E-1", 7)
    world.later()
    return world


def everything(world: World) -> dict[str, bytes]:
    return {key: world.archive.body(key) for key in world.archive.keys("")}


def killed_after_the_plan(world: World, number: int) -> None:
    class Dies(MortalArchive):
        def __getattr__(self, name: str) -> Any:
            found = getattr(self._inner, name)
            if name != "put_new":
                return found

            def put_new(key: str, *given: Any, **named: Any) -> Any:
                result = found(key, *given, **named)
                if key == layout.stream_plan_key(TABLE, number):
                    raise Killed
                return result

            return put_new

    with pytest.raises(Killed):
        world.run(archive=Dies(world.archive, -1, after=True))
