"""A bucket's classes and restores in memory, for tests of restoring: time passes where a test says so."""

import dataclasses
import datetime as dt
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from itemtrail.errors import ItemtrailError
from itemtrail.model import Archived

NOW = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
GB = 1 << 30


@dataclass
class MemoryCold:
    """``ColdStore``. ``faults``: what a request for a key raises; ``requests``: (key, days, tier) of each."""

    name: str = "s3://archive"
    region: str = "us-east-1"
    objects: dict[str, Archived] = field(default_factory=dict)
    faults: dict[str, ItemtrailError] = field(default_factory=dict)
    requests: list[tuple[str, int, str]] = field(default_factory=list)
    listings: list[str] = field(default_factory=list)
    interrupt: str = ""  # the request for this key meets Ctrl-C

    def put(self, key: str, storage_class: str, size: int = GB, **more: object) -> None:
        """Put one object."""
        self.objects[key] = Archived(key, size, "etag", storage_class, **more)  # type: ignore[arg-type]

    def arrive(self, until: dt.datetime) -> None:
        """Every restore that is under way is done."""
        for key, one in self.objects.items():
            if one.restoring:
                self.objects[key] = dataclasses.replace(one, restoring=False, readable_until=until)

    def list(self, prefix: str, *, start_after: str) -> Iterator[Archived]:
        """In key order."""
        self.listings.append(prefix)
        for key in sorted(self.objects):
            if key.startswith(prefix) and key > start_after:
                yield self.objects[key]

    def request(self, key: str, *, days: int, tier: str) -> bool:
        """False where it is under way already."""
        if key == self.interrupt:
            raise KeyboardInterrupt
        time.sleep(0.0005)
        if fault := self.faults.get(key):
            raise fault
        self.requests.append((key, days, tier))
        if self.objects[key].restoring:
            return False
        self.objects[key] = dataclasses.replace(self.objects[key], restoring=True)
        return True
