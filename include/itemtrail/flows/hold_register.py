"""The register of legal holds: their records in ``holds/``, read and added to.

Decides: of each record its oldest version counts, so that what is put over it or hides it later changes nothing; a hold whose
records cannot be trusted stops no other hold, and is told. Refuses to overwrite, and to go on where somebody else wrote first.
"""

from collections import defaultdict
from dataclasses import dataclass

from itemtrail.core import hold as core
from itemtrail.core import layout
from itemtrail.core.hold import Hold, HoldRecord
from itemtrail.errors import EvidenceError, SourceUnavailable
from itemtrail.flows.changes_store import each
from itemtrail.flows.hold_versions import Bucket
from itemtrail.ports.data import ArchiveStore
from itemtrail.ports.holds import ObjectVersion


@dataclass(frozen=True, slots=True)
class Register:
    """Every hold, by name. ``broken``: those whose records cannot be trusted; ``notes``: records put over or hidden since."""

    holds: tuple[Hold, ...]
    broken: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def load_all(bucket: Bucket) -> Register:
    """Every hold, by the oldest version of each of its records: what was put over or hidden later changes nothing."""
    versions: dict[str, list[ObjectVersion]] = defaultdict(list)
    for one in bucket.holds.versions(layout.HOLDS):
        if layout.parse_hold(one.key):
            versions[one.key].append(one)
    bodies = each(lambda key: bucket.oldest(key, versions[key]), list(versions))
    by_name: dict[str, list[tuple[int, bytes]]] = defaultdict(list)
    for key, body in zip(versions, bodies, strict=True):
        parsed = layout.parse_hold(key)
        if parsed and body is not None:
            by_name[parsed[0]].append((parsed[1], body))
    holds, broken = [], []
    for name, documents in sorted(by_name.items()):
        try:
            holds.append(core.fold(name, sorted(documents)))
        except EvidenceError as error:
            broken.append(f"{name}: {error}")
    changed = sorted(key for key, found in versions.items() if len(found) > 1 or not found[0].latest)
    notes = [f"{key} was put over or hidden since it was written; its first version counts" for key in changed]
    return Register(tuple(holds), tuple(broken), tuple(notes))


def trusted(register: Register) -> Register:
    """``register``, if every hold of it can be trusted.

    Raises:
        EvidenceError
    """
    if register.broken:
        raise EvidenceError(
            f"what {len(register.broken)} hold(s) name cannot be read ({register.broken[0]})",
            advice="nothing was let go; clear that up first.",
        )
    return register


def put_record(store: ArchiveStore, hold: Hold | None, record: HoldRecord) -> Hold:
    """The hold with ``record`` added; what the archive then holds is read back.

    Raises:
        SourceUnavailable: somebody else added a record meanwhile.
    """
    key, body = layout.hold_key(record.id, record.number), record.to_json()
    store.put_new(key, body, locked=True, content_type="application/json")
    if store.read(key).body != body:
        raise SourceUnavailable(f"{key}: somebody else changed this hold meanwhile.", advice="run again.")
    documents = [(one.number, one.to_json()) for one in (hold.records if hold else ())]
    return core.fold(record.id, [*documents, (record.number, body)])
