"""Legal holds over a bucket in memory: every version, a hold on each, and no way to delete one that is held."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.memory import MemoryStore

from itemtrail.errors import NotFound
from itemtrail.ports.holds import ObjectVersion


@dataclass
class MemoryHolds:
    """``LegalHolds`` of ``store``. ``calls``: every set, in order."""

    store: MemoryStore
    on: set[tuple[str, str]] = field(default_factory=set)
    calls: list[tuple[str, str, bool]] = field(default_factory=list)
    deaf: set[str] = field(default_factory=set)  # keys whose hold does not take

    def versions(self, prefix: str) -> Iterator[ObjectVersion]:
        for key in self.store.keys(prefix):
            versions = self.store._objects[key]
            for one in reversed(versions):
                yield ObjectVersion(key, str(one.version_id), one is versions[-1])

    def folders(self, prefix: str) -> tuple[str, ...]:
        return self.store.list_prefixes(prefix)

    def held(self, key: str, version_id: str) -> bool:
        if not any(one.version_id == version_id for one in self.store._objects.get(key, [])):
            raise NotFound(f"{key} does not exist.")
        return (key, version_id) in self.on

    def hold(self, key: str, version_id: str, *, on: bool) -> None:
        self.calls.append((key, version_id, on))
        if key in self.deaf:
            return
        (self.on.add if on else self.on.discard)((key, version_id))
