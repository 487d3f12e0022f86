"""Logs that were deleted in the trail bucket before they were archived, and of which a proven version is still there.

Decides: such a version is archived under its own version id, as any original, and the deletion is told (``RECOVERED_DELETED``).
Not touched: a log that was archived before (its expiry is as it should be), and one that was overwritten: what is there now is
archived as evidence, and judged (docs/adr/0027). Refuses a version whose content is not what a proven digest records.
"""

import hashlib
from collections.abc import Container
from dataclasses import replace

from itemtrail.core import keys
from itemtrail.core.inflate import inflate
from itemtrail.core.plan import identity
from itemtrail.errors import Undecodable
from itemtrail.flows.archive_judge import Observed
from itemtrail.flows.older_versions import History, as_info, first_proven, histories
from itemtrail.flows.side_by_side import each
from itemtrail.model import KeptVersion, ObjectInfo, StoredObject, Verdict
from itemtrail.ports.data import ObjectStore


def with_deleted_logs(seen: Observed, source: ObjectStore, have: Container[tuple[str, str]], *, max_bytes: int) -> Observed:
    """``seen`` with the proven version of each log that is deleted and not archived.

    Args:
        seen: the unit as listed.
        source: the trail bucket.
        have: identities of the originals that the unit's commits hold.
        max_bytes: larger versions are left alone.

    Raises:
        AccessDenied, SourceUnavailable: the versions could not be listed.
    """
    claims = seen.report.claims
    absent = {key for key in seen.claimed if claims[key].verdict is Verdict.PROVEN} - {log.key for log in seen.logs}
    if not absent:
        return seen
    listed = histories(source.list_versions(keys.log_day(seen.trail, seen.unit)))
    deleted = [h for h in listed if h.key in absent and h.current is None and not any(_identity(v) in have for v in h.older)]

    def proven(history: History) -> tuple[ObjectInfo, str] | None:
        sha256 = claims[history.key].sha256
        found = first_proven(source, history, lambda stored: _content_sha256(stored, max_bytes) == sha256, max_bytes=max_bytes)
        return (as_info(found[0]), history.told(found[0])) if found else None

    found = [pair for pair in each(deleted, proven) if pair]
    logs = sorted([*seen.logs, *(info for info, _ in found)], key=lambda info: info.key)
    return replace(seen, logs=tuple(logs), recovered={info.key: told for info, told in found})


def _identity(version: KeptVersion) -> tuple[str, str]:
    return identity(version.key, as_info(version).version_id, version.etag)


def _content_sha256(stored: StoredObject, max_bytes: int) -> str:
    try:
        return hashlib.sha256(inflate(stored.body, max_bytes=max_bytes)).hexdigest()
    except Undecodable:
        return ""
