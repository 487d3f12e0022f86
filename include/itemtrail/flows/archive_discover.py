"""Which units a day's run must look at: the day's own, and earlier ones where something arrived late or is not finished.

Decides by listings of the trail bucket and by receipts, one listing a folder for the whole range. Refuses to read an original.
"""

import datetime as dt
from collections.abc import Iterator, Sequence

from itemtrail.core import keys, layout
from itemtrail.core.plan import identity
from itemtrail.core.receipt import covered
from itemtrail.errors import EvidenceError
from itemtrail.flows.archive_judge import is_original
from itemtrail.flows.receipts import load
from itemtrail.model import ObjectInfo, TrailRef, Unit, Verdict
from itemtrail.ports.data import ObjectStore

_DAY = dt.timedelta(days=1)


def discover(
    trail: TrailRef,
    source: ObjectStore,
    archive: ObjectStore,
    *,
    day: dt.date,
    accounts: Sequence[str],
    regions: Sequence[str],
    reopen_days: int,
) -> tuple[Unit, ...]:
    """The units that a run of ``day`` must look at: all expected ones of the day, and earlier ones that are not finished.

    Not finished: originals that no receipt holds, an open plan, or a last verdict INCOMPLETE or UNPROVABLE (look again).

    Raises:
        ConfigurationError, SourceUnavailable.
    """
    first = day - dt.timedelta(days=reopen_days)
    found: list[Unit] = []
    for account in sorted(set(accounts)):
        for region in sorted(set(regions)):
            delivered = _delivered(trail, source, account, region, first, day)
            begun = _begun(archive, account, region, first, day)
            for late in sorted({*delivered, *begun, day}):
                unit = Unit(account, region, late)
                if late == day or _unfinished(archive, unit, delivered.get(late, set())):
                    found.append(unit)
    return tuple(sorted(found, key=lambda u: (u.day, u.account, u.region)))


def _delivered(
    trail: TrailRef, source: ObjectStore, account: str, region: str, first: dt.date, last: dt.date
) -> dict[dt.date, set[tuple[str, str]]]:
    """Identities of the originals of each day, from one listing a folder."""
    found: dict[dt.date, set[tuple[str, str]]] = {}
    for folder in (keys.log_folder(trail, account, region), keys.digest_folder(trail, account, region)):
        for info in _between(source, folder, first, last):
            date = _folder_date(info.key[len(folder) :])
            if date and is_original(info, trail, account, region):
                found.setdefault(date, set()).add(identity(info.key, info.version_id, info.etag))
    return found


def _between(source: ObjectStore, folder: str, first: dt.date, last: dt.date) -> Iterator[ObjectInfo]:
    end = f"{folder}{last + _DAY:%Y/%m/%d}/"
    for info in source.list(folder, start_after=f"{folder}{first:%Y/%m/%d}/"):
        if info.key >= end:
            return
        yield info


def _folder_date(rest: str) -> dt.date | None:
    try:
        return dt.datetime.strptime(rest[:11], "%Y/%m/%d/").replace(tzinfo=dt.UTC).date()
    except ValueError:
        return None


def _begun(archive: ObjectStore, account: str, region: str, first: dt.date, last: dt.date) -> set[dt.date]:
    """Days with a plan or a receipt."""
    folder = f"{layout.RECEIPTS}{layout.account_region(account, region)}"
    start = f"{folder}delivery_date={first}"
    found = (layout.parse_commit(info.key) for info in archive.list(folder, start_after=start))
    return {name[0].day for name in found if name and first <= name[0].day <= last}


def _unfinished(archive: ObjectStore, unit: Unit, delivered: set[tuple[str, str]]) -> bool:
    try:
        history = load(archive, unit)
    except EvidenceError:
        return True  # the unit's own run fails with the reason
    if history.open_plan or not history.receipts:
        return True
    if history.receipts[-1].verdict in (Verdict.INCOMPLETE, Verdict.UNPROVABLE):
        return True
    return bool(delivered - covered(history.receipts).keys())
