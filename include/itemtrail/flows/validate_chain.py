"""Read the digests of one account and Region, each once, in parallel, and have them judged.

Decides: what has to be read (enough before the range to link its first digest, enough after it for the digest that lists its
last log), which keys are asked for, and that an object which could not be looked at is a verdict of its own. Refuses to
conclude absence from a refusal: only a listing or the service's own 404 does. Source: "Validating CloudTrail log file
integrity" and ListPublicKeys, CloudTrail documentation, read 2026-11-24.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from itemtrail.core import digest
from itemtrail.core.backfill import named_before
from itemtrail.core.chain import ChainReport, Scope, judge, with_other_trails
from itemtrail.core.completeness import HOUR, Rules, Span
from itemtrail.core.digest import Reading
from itemtrail.core.keys import DigestKey, digest_folder, parse_any_digest, parse_digest
from itemtrail.core.logs import judge_foreign
from itemtrail.core.reasons import Reason
from itemtrail.core.signature import SIGNING_DELAY
from itemtrail.errors import AccessDenied, ColdStorage, ConfigurationError, ItemtrailError, NotFound, SourceUnavailable
from itemtrail.flows.digest_versions import DigestVersions, Pair
from itemtrail.flows.older_versions import History, histories
from itemtrail.flows.side_by_side import each
from itemtrail.model import LoggingStatus, ObjectInfo, PublicKey, StoredObject, TrailRef
from itemtrail.ports.data import ObjectStore, PublicKeys

# A predecessor ends where the range's first window begins; a log's digest comes within the next window.
LOOK_AROUND = 2 * HOUR
# CloudTrail tries for 30 days to deliver; user guide, "Getting and viewing your CloudTrail log files" (read 2026-11-24).
REDELIVERED = dt.timedelta(days=31)


def read_chain(
    store: ObjectStore,
    public_keys: PublicKeys,
    trail: TrailRef,
    status: LoggingStatus | None,
    *,
    account: str,
    region: str,
    start: dt.datetime,
    end: dt.datetime,
    now: dt.datetime,
    rules: Rules,
    max_bytes: int,
    keep_digests: bool = True,
) -> ChainReport:
    """The judged chain: slots whose window ends in ``[start, end]``, and what the digests say of logs.

    Digests up to two hours outside the range are read too, to link the first and to find the logs of the last.
    ``keep_digests`` keeps all digest objects of the trail as read in the report, for packing.

    Raises:
        AccessDenied, SourceUnavailable: the digests could not be listed. A single digest that cannot be read is a verdict.
        ConfigurationError: the bucket does not exist, or the credentials are wrong.
    """
    scope = Scope(trail, account, region)
    listed = _list(store, scope, start - LOOK_AROUND, end + LOOK_AROUND)
    oldest = _oldest(store, scope, now)
    own = listed.own if listed.own or oldest is None or oldest.key.end < start else [oldest]
    versions = DigestVersions(store, scope, listed.kept, max_bytes)
    read = [pair for pair in each(own, lambda entry: _read(store, entry, trail, max_bytes)) if pair]
    others = [pair[0] for pair in each(listed.others, lambda entry: _read(store, entry, trail, max_bytes)) if pair]
    older = list(versions.older())
    readings = [reading for reading, _ in read]
    keys, no_keys = _keys(public_keys, region, [*readings, *others, *(one[0] for one in older)])
    read = versions.best(read, older, keys)
    earlier, gone = _backfill_before(store, scope, [reading for reading, _ in read], max_bytes)
    unknown = [r for r, _ in earlier if r.document and r.document.fingerprint not in keys]
    keys |= _keys(public_keys, region, unknown)[0]
    readings = [reading for reading, _ in [*read, *earlier]]
    first = min((reading.key.end for reading in readings if not reading.key.backfill), default=None)
    is_older = oldest is not None and (first is None or oldest.key.end < first)
    span = Span(start, end, now, status, older=is_older, offset=oldest.key.end if oldest else None)
    report = judge(readings, keys, scope, span, rules, no_keys=no_keys, gone=gone)
    strangers = tuple(judge_foreign(info, now, rules) for info in listed.foreign)
    kept = tuple(stored for _, stored in read if stored) if keep_digests else ()
    return replace(with_other_trails(report, others, keys), others=(*report.others, *strangers), digests=kept)


def look(store: ObjectStore, key: str) -> StoredObject | tuple[Reason, str]:
    """The object, or why it could not be looked at (``MISSING`` is the service's own 404)."""
    try:
        return store.read(key)
    except (NotFound, SourceUnavailable, ConfigurationError) as error:
        return not_seen(error)


def not_seen(error: ItemtrailError) -> tuple[Reason, str]:
    """Reason and detail of an error met instead of an object or a listing."""
    match error:
        case NotFound():
            return Reason.MISSING, error.message
        case ColdStorage():
            return Reason.COLD, error.message
        case AccessDenied():
            return Reason.DENIED, error.message
        case ConfigurationError():
            return Reason.REFUSED, error.message
        case _:
            return Reason.UNAVAILABLE, error.message


@dataclass(frozen=True, slots=True)
class _Entry:
    key: DigestKey
    size: int


@dataclass(frozen=True, slots=True)
class _Listed:
    own: list[_Entry]
    others: list[_Entry]
    foreign: list[ObjectInfo]
    kept: dict[str, History]


def _list(store: ObjectStore, scope: Scope, lower: dt.datetime, upper: dt.datetime) -> _Listed:
    """This trail's digests with an end in ``[lower, upper]``, other trails', and what is no digest in those folders."""
    folder = digest_folder(scope.trail, scope.account, scope.region)
    listed = _Listed([], [], [], {})
    for history in histories(store.list_versions(folder, start_after=f"{folder}{lower:%Y/%m/%d}/")):
        if history.key[len(folder) :][:10] > f"{upper:%Y/%m/%d}":
            break
        own = parse_digest(history.key, scope.trail, scope.account, scope.region)
        if own and history.older and lower <= own.end <= upper:
            listed.kept[history.key] = history
        info = history.info
        if info is None:
            continue
        other = parse_any_digest(info.key, scope.trail, scope.account, scope.region)
        if own:
            if lower <= own.end <= upper:
                listed.own.append(_Entry(own, info.size))
        elif other:
            if lower <= other[2].end <= upper:
                listed.others.append(_Entry(other[2], info.size))
        elif info.size or not info.key.endswith("/"):
            listed.foreign.append(info)
    return listed


def _oldest(store: ObjectStore, scope: Scope, now: dt.datetime) -> _Entry | None:
    """The first digest of the trail that exists: folders are dates, so it comes first among the trail's own."""
    for info in store.list(digest_folder(scope.trail, scope.account, scope.region)):
        key = parse_digest(info.key, scope.trail, scope.account, scope.region)
        if key and not key.backfill:
            return _Entry(key, info.size) if key.end <= now else None
    return None


def _read(store: ObjectStore, entry: _Entry, trail: TrailRef, max_bytes: int) -> Pair | None:
    """The digest as read; None if it was listed and is gone."""
    key = entry.key
    if entry.size > max_bytes:
        return digest.unread(key, Reason.TOO_LARGE, f"{entry.size} bytes"), None
    found = look(store, key.key)
    if isinstance(found, StoredObject):
        return digest.read(found, key, trail, max_bytes=max_bytes), found
    return None if found[0] is Reason.MISSING else (digest.unread(key, *found), None)


def _backfill_before(
    store: ObjectStore, scope: Scope, readings: Sequence[Reading], max_bytes: int
) -> tuple[list[Pair], list[str]]:
    """The backfill digests that the range's name as predecessors and that lie before it, and those that are not there.

    One step back is enough: it links the range's first; what lies further back belongs to another range.
    """
    found: list[Pair] = []
    gone: list[str] = []
    for key in sorted(named_before(readings, scope.trail, scope.account, scope.region)):
        digest_key = parse_digest(key, scope.trail, scope.account, scope.region)
        pair = _read(store, _Entry(digest_key, 0), scope.trail, max_bytes) if digest_key else None
        if pair:
            found.append(pair)
        else:
            gone.append(key)
    return found, gone


def _keys(public_keys: PublicKeys, region: str, readings: Sequence[Reading]) -> tuple[dict[str, PublicKey], Reason | None]:
    """Keys by fingerprint: first for the time in which digests are normally signed, then for those that were signed late."""
    found: dict[str, PublicKey] = {}
    documents = [(r, r.document.fingerprint) for r in readings if r.document and r.problem is Reason.OK]
    for late in (False, True):
        lacking = [r for r, fingerprint in documents if fingerprint not in found]
        if not lacking:
            break
        signed = [r.generated or r.key.end for r in lacking]
        latest = max(signed) + SIGNING_DELAY
        if late:
            latest = max([latest, *(r.modified for r in lacking if r.modified)])
        try:
            found |= {key.fingerprint.lower(): key for key in public_keys.keys(region, min(signed), latest)}
        except AccessDenied:
            return found, Reason.KEYS_DENIED
        except SourceUnavailable:
            return found, Reason.KEYS_UNAVAILABLE
    return found, None
