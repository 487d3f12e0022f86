"""After the receipt: the tag that lets the trail bucket expire what is archived and proven.

Decides: an original is tagged only where its unit's receipt says PROVEN of the object and of the digest that lists it, and a
digest only when every day that it speaks of has it in the archive (it may be the last witness of an earlier day). Refuses to tag
a key of which versions with different content are archived. A missing permission is told, not fatal: the bucket keeps all then.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from itemtrail.core.plan import DigestFinding
from itemtrail.core.receipt import Packed, Receipt, covered
from itemtrail.errors import ConfigurationError, EvidenceError, NotFound
from itemtrail.flows.receipts import load
from itemtrail.model import Unit, Verdict
from itemtrail.ports.data import ObjectStore, ProvenTagger

_THREADS = 8


def tag(
    archive: ObjectStore, tagger: ProvenTagger, unit: Unit, receipts: Sequence[Receipt], progress: Callable[[str], None]
) -> int:
    """Tag what ``receipts`` (the unit's, in order) prove; returns how many versions carry the tag now.

    Raises:
        SourceUnavailable: run the unit again; the receipt stands.
    """
    proven = expirable(archive, unit, receipts)
    try:
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="tag") as threads:
            return sum(threads.map(lambda original: _tag_one(tagger, original), proven))
    except ConfigurationError as error:
        progress(f"{unit}: nothing may expire in the trail bucket, because tags cannot be set: {error}")
        return 0


def expirable(archive: ObjectStore, unit: Unit, receipts: Sequence[Receipt]) -> tuple[Packed, ...]:
    """The originals of ``receipts`` that may expire in the trail bucket, in key order."""
    last = receipts[-1]
    whole = {d.key for d in last.digests if d.verdict is Verdict.PROVEN}
    logs = {o.key for o in last.objects if o.verdict is Verdict.PROVEN and last.listed_by.get(o.key) in whole}
    held = _Held(archive, unit)
    digests = {d.key for d in last.digests if d.key in whole and held.everywhere(d)}
    by_key: dict[str, list[Packed]] = {}
    for original in covered(receipts).values():
        by_key.setdefault(original.key, []).append(original)
    chosen = [found for key, found in sorted(by_key.items()) if key in logs | digests]
    return tuple(p for found in chosen if len({f.content_sha256 for f in found}) == 1 for p in found)


class _Held:
    """Which digests the other days' receipts hold; each unit is read once."""

    def __init__(self, archive: ObjectStore, unit: Unit) -> None:
        self._archive, self._unit = archive, unit
        self._keys: dict[Unit, frozenset[str]] = {}

    def everywhere(self, digest: DigestFinding) -> bool:
        """Whether every other day that the digest speaks of has it in the archive."""
        others = (Unit(self._unit.account, self._unit.region, day) for day in digest.days if day != self._unit.day)
        return all(digest.key in self._of(other) for other in others)

    def _of(self, unit: Unit) -> frozenset[str]:
        if unit not in self._keys:
            try:
                receipts = load(self._archive, unit).receipts
            except EvidenceError:  # that unit's own run tells it
                receipts = ()
            self._keys[unit] = frozenset(p.key for p in covered(receipts).values())
        return self._keys[unit]


def _tag_one(tagger: ProvenTagger, original: Packed) -> bool:
    try:
        tagger.tag_proven(original.key, version_id=original.version_id)
    except NotFound:  # expired already
        return False
    return True
