"""Older versions of digests: which of them stands for a digest that was deleted or overwritten.

Decides: the newest older version whose own signature holds takes the place of a current one that is gone or was looked at and
does not hold; the reading says so (``note``). A current digest that could not be looked at keeps its place: nobody knows that
it is bad. Refuses to judge anything else of a chain. Decided in docs/adr/0027.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from itemtrail.core import digest
from itemtrail.core.chain import Scope
from itemtrail.core.digest import Reading
from itemtrail.core.keys import parse_digest
from itemtrail.core.reasons import COULD_NOT_LOOK, Reason
from itemtrail.core.signature import check
from itemtrail.flows.older_versions import History, older_objects
from itemtrail.flows.side_by_side import each
from itemtrail.model import KeptVersion, PublicKey, StoredObject
from itemtrail.ports.data import ObjectStore

Pair = tuple[Reading, StoredObject | None]
Older = tuple[Reading, StoredObject, KeptVersion]


@dataclass(frozen=True, slots=True)
class DigestVersions:
    """Older versions of one chain's digests, by key."""

    store: ObjectStore
    scope: Scope
    kept: Mapping[str, History]
    max_bytes: int

    def older(self) -> Iterator[Older]:
        """Every older version as read, newest first of each key."""
        for found in each(sorted(self.kept), self._of):
            yield from found

    def best(self, read: Sequence[Pair], older: Sequence[Older], keys: Mapping[str, PublicKey]) -> list[Pair]:
        """``read`` with older versions in place of what is gone or does not hold, and notes where bytes differ."""
        if not older:
            return list(read)
        chosen = {pair[0].key.key: pair for pair in read}
        proven = {key for key, pair in chosen.items() if _is_genuine(pair[0], keys)}
        settled = proven | {key for key, pair in chosen.items() if pair[0].problem in COULD_NOT_LOOK}
        current = {key: chosen[key] for key in proven}
        for reading, stored, version in older:
            key = reading.key.key
            if key in current:
                chosen[key] = _compared(current[key], stored, version) or chosen[key]
            elif key not in settled and _is_genuine(reading, keys):
                problem = chosen[key][0].problem if key in chosen else Reason.OK
                history = self.kept[key]
                told = history.told(version, "" if problem is Reason.OK else problem)
                chosen[key] = replace(reading, note=history.recovered, note_detail=told), stored
                settled.add(key)
        return list(chosen.values())

    def _of(self, key: str) -> list[Older]:
        digest_key = parse_digest(key, self.scope.trail, self.scope.account, self.scope.region)
        if digest_key is None:
            return []
        read = older_objects(self.store, self.kept[key], max_bytes=self.max_bytes)
        trail, most = self.scope.trail, self.max_bytes
        return [(digest.read(stored, digest_key, trail, max_bytes=most), stored, version) for version, stored in read]


def _compared(current: Pair, older: StoredObject, version: KeptVersion) -> Pair | None:
    """The genuine current digest with a note, if an older version has other bytes."""
    reading, stored = current
    if stored is None or stored.body == older.body:
        return None
    detail = f"version {version.version_id} of {version.last_modified:%Y-%m-%dT%H:%M:%SZ} has other bytes"
    return replace(reading, note=Reason.BYTES_DIFFER, note_detail=detail), stored


def _is_genuine(reading: Reading, keys: Mapping[str, PublicKey]) -> bool:
    return reading.problem is Reason.OK and check(reading, keys, no_keys=None)[0] is Reason.OK
