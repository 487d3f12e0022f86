"""A signed chain of two days in a bucket in memory, and an archive beside it: what tests of the archive flow share."""

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.chain_world import World, public_key
from tests.memory import MemoryKeys, MemoryStore
from tests.vectors.make_chain import Chain, Signer, hourly

from itemtrail.core.receipt import Receipt
from itemtrail.flows.archive import archive_unit, discover
from itemtrail.model import LoggingStatus, ObjectInfo, StoredObject, TrailRef, Unit
from itemtrail.ports.data import ArchiveStore, ObjectStore, ProvenTagger
from itemtrail.settings import Settings, parse

HOUR = dt.timedelta(hours=1)
BEGIN = dt.datetime(2026, 3, 9, 21, 1, 31, tzinfo=dt.UTC)
DAY = dt.date(2026, 3, 10)
LATER = dt.datetime(2026, 3, 12, tzinfo=dt.UTC)
SIGNER = Signer(7)
_SETTINGS = """
[trail]
name = "my_trail.one"
account = "111122223333"
home_region = "us-east-1"
bucket = "trail-bucket"
prefix = "audit"
[archive]
bucket = "archive"
region = "us-east-1"
accounts = ["111122223333"]
regions = ["us-east-1"]
part_bytes = {part_bytes}
[conversion]
max_object_bytes = {max_object_bytes}
"""


def a_chain(hours: int = 30, *, logs: int = 2) -> Chain:
    """From 21:01:31 the evening before on: the 24 slots of ``DAY`` and some around it."""
    return hourly(Chain(SIGNER), BEGIN, hours, logs=logs)


def settings(*, part_bytes: int = 256 << 20, max_object_bytes: int = 256 << 20) -> Settings:
    """Settings of the world."""
    return parse(_SETTINGS.format(part_bytes=part_bytes, max_object_bytes=max_object_bytes), file="test.toml")


def records(*names: str, at: dt.datetime = BEGIN) -> bytes:
    """A log file's content: a record for each name."""
    made = [{"eventVersion": "1.11", "eventTime": f"{at:%Y-%m-%dT%H:%M:%SZ}", "eventID": name} for name in names]
    return json.dumps({"Records": made}, separators=(",", ":")).encode()


@dataclass
class ArchiveWorld:
    """A trail bucket, an archive, and a day to bring from one to the other."""

    spool: Path
    chain: Chain = field(default_factory=a_chain)
    settings: Settings = field(default_factory=settings)
    archive: MemoryStore = field(default_factory=lambda: MemoryStore("s3://archive", clock=LATER))
    versioned: bool = False  # the trail bucket keeps versions

    def __post_init__(self) -> None:
        world = World.of(self.chain, versioned=self.versioned)
        self.source: MemoryStore = world.store
        self.keys: MemoryKeys = world.keys
        self.trail: TrailRef = world.trail
        self.unit = Unit(self.chain.account, self.chain.region, DAY)
        self.said: list[str] = []

    def run(
        self,
        *,
        unit: Unit | None = None,
        now: dt.datetime = LATER,
        archive: ArchiveStore | None = None,
        source: ObjectStore | None = None,
        tagger: ProvenTagger | None = None,
        status: LoggingStatus | None = None,
    ) -> Receipt:
        """Archive one unit."""
        return archive_unit(
            unit or self.unit,
            trail=self.trail,
            status=status,
            source=source or self.source,
            archive=archive or self.archive,
            public_keys=self.keys,
            tagger=tagger,
            settings=self.settings,
            now=now,
            spool=self.spool,
            progress=self.said.append,
        )

    def discover(self, day: dt.date = DAY, *, reopen_days: int = 30) -> tuple[Unit, ...]:
        """Units to look at."""
        return discover(
            self.trail,
            self.source,
            self.archive,
            day=day,
            accounts=(self.chain.account,),
            regions=(self.chain.region,),
            reopen_days=reopen_days,
        )

    def deliver(self, *keys: str) -> None:
        """Put what the chain has made since into the bucket."""
        for key in keys:
            item = self.chain.objects[key]
            self.source.put(key, item.body, metadata=item.metadata, at=item.modified)

    def sync(self) -> None:
        """Deliver everything of the chain that is not in the bucket."""
        self.deliver(*(key for key in self.chain.objects if key not in self.source.keys("")))

    def logs(self) -> list[str]:
        """Keys of the day's logs."""
        return self.source.keys(f"{self.chain.folder('CloudTrail')}{DAY:%Y/%m/%d}/")

    def contents(self) -> dict[str, bytes]:
        """The whole archive."""
        return {key: self.archive.body(key) for key in self.archive.keys("")}


class Killed(BaseException):
    """The process is gone: nothing may catch it."""


@dataclass
class MortalStore:
    """An archive whose user dies right before, or right after, its ``at``-th put or read."""

    inner: MemoryStore
    at: int
    after: bool = False
    count: int = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)

    def _live(self, action: Callable[[], Any]) -> Any:
        self.count += 1
        if self.count == self.at and not self.after:
            raise Killed
        count = self.count
        try:
            return action()
        finally:
            if count == self.at:
                raise Killed

    def put_new(self, key: str, body: bytes | Path, *, locked: bool, content_type: str = "") -> bool:
        return self._live(lambda: self.inner.put_new(key, body, locked=locked, content_type=content_type))

    def read(self, key: str, *, version_id: str | None = None) -> StoredObject:
        return self._live(lambda: self.inner.read(key, version_id=version_id))

    def download(self, key: str, to: Path, *, version_id: str | None = None) -> str:
        return self._live(lambda: self.inner.download(key, to, version_id=version_id))

    def head(self, key: str, *, version_id: str | None = None) -> ObjectInfo:
        return self._live(lambda: self.inner.head(key, version_id=version_id))


def another_signers_key() -> object:
    """A key that CloudTrail lists and nobody signed with."""
    return public_key(Signer(8))
