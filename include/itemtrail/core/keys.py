"""The grammar of a trail bucket's keys: parse, format, prefixes.

Decides: which key is a log file, which a digest of *this* trail, which neither. Refuses to split a digest name on ``_``: trail
names may hold it, so a name is read from both ends with the known account, Region and trail (aws-cli's ``.+`` takes one trail's
digests for another's). Source: CloudTrail user guide, "Getting and viewing your CloudTrail log files" and "CloudTrail digest file
structure", read 2026-11-24.
"""

import datetime as dt
import re
from dataclasses import dataclass

from itemtrail.model import ObjectInfo, TrailRef, Unit

_DIGEST_NAME = re.compile(
    r"(?P<account>\d{12})_CloudTrail-Digest_(?P<region>[a-z0-9-]+)_(?P<trail>[A-Za-z0-9._-]{3,128})_(?P<home>[a-z]{2}(-[a-z]+)+-\d)_"
    r"(?P<end>\d{8}T\d{6})Z(?P<backfill>_backfill)?\.json\.gz"
)
_LOG_NAME = re.compile(
    r"(?P<account>\d{12})_CloudTrail_(?P<region>[a-z0-9-]+)_(?P<minute>\d{8}T\d{4})Z_?(?P<unique>[A-Za-z0-9]+)\.json(\.gz)?"
)


@dataclass(frozen=True, slots=True)
class LogKey:
    """A log file's key, taken apart. ``delivered`` is the minute in its name (UTC): neither bound of its events' times."""

    key: str
    account: str
    region: str
    day: dt.date
    delivered: dt.datetime


@dataclass(frozen=True, slots=True)
class DigestKey:
    """A digest's key, taken apart. ``end`` is the time in its name: the end of its window, to the second."""

    key: str
    account: str
    region: str
    end: dt.datetime
    backfill: bool


def root(trail: TrailRef) -> str:
    """``[prefix/]AWSLogs/[o-…/]``."""
    head = f"{trail.prefix}/" if trail.prefix else ""
    organization = f"{trail.organization_id}/" if trail.organization_id else ""
    return f"{head}AWSLogs/{organization}"


def log_folder(trail: TrailRef, account: str, region: str) -> str:
    """Where an account's and Region's log files lie, with a slash at its end."""
    return f"{root(trail)}{account}/CloudTrail/{region}/"


def digest_folder(trail: TrailRef, account: str, region: str) -> str:
    """Where an account's and Region's digests lie, with a slash at its end."""
    return f"{root(trail)}{account}/CloudTrail-Digest/{region}/"


def log_day(trail: TrailRef, unit: Unit) -> str:
    """Prefix of a unit's log files."""
    return f"{log_folder(trail, unit.account, unit.region)}{unit.day:%Y/%m/%d}/"


def digest_day(trail: TrailRef, unit: Unit) -> str:
    """Prefix of the digests whose window ends on the unit's day."""
    return f"{digest_folder(trail, unit.account, unit.region)}{unit.day:%Y/%m/%d}/"


def parse_log(key: str, trail: TrailRef, account: str, region: str) -> LogKey | None:
    """``key`` as a log file of this account and Region, or None. The folder's date must be the name's date."""
    folder = log_folder(trail, account, region)
    if not key.startswith(folder):
        return None
    date, _, name = key[len(folder) :].rpartition("/")
    match = _LOG_NAME.fullmatch(name)
    if match is None or match["account"] != account or match["region"] != region:
        return None
    delivered = _time(match["minute"], "%Y%m%dT%H%M")
    if delivered is None or f"{delivered:%Y/%m/%d}" != date:
        return None
    return LogKey(key=key, account=account, region=region, day=delivered.date(), delivered=delivered)


def parse_log_name(name: str) -> LogKey | None:
    """A log file's bare name, taken apart, or None; ``key`` is the name."""
    match = _LOG_NAME.fullmatch(name)
    delivered = _time(match["minute"], "%Y%m%dT%H%M") if match else None
    if match is None or delivered is None:
        return None
    return LogKey(key=name, account=match["account"], region=match["region"], day=delivered.date(), delivered=delivered)


def parse_digest(key: str, trail: TrailRef, account: str, region: str) -> DigestKey | None:
    """``key`` as a digest of exactly this trail, account and Region, or None."""
    folder = digest_folder(trail, account, region)
    if not key.startswith(folder):
        return None
    date, _, name = key[len(folder) :].rpartition("/")
    head = f"{account}_CloudTrail-Digest_{region}_{trail.name}_{trail.home_region}_"
    match = re.fullmatch(re.escape(head) + r"(?P<end>\d{8}T\d{6})Z(?P<backfill>_backfill)?\.json\.gz", name)
    if match is None:
        return None
    end = _time(match["end"], "%Y%m%dT%H%M%S")
    if end is None or f"{end:%Y/%m/%d}" != date:
        return None
    return DigestKey(key=key, account=account, region=region, end=end, backfill=match["backfill"] is not None)


def parse_any_digest(key: str, trail: TrailRef, account: str, region: str) -> tuple[str, str, DigestKey] | None:
    """(trail name, home Region, digest) of a key in this account's and Region's digest folder, whatever trail it is of, or None.

    Only ``trail``'s bucket layout matters (prefix, organization). The home Region is the last part of the name before its time:
    Regions hold no ``_``, so the trail's name is all that stands before it.
    """
    folder = digest_folder(trail, account, region)
    if not key.startswith(folder):
        return None
    date, _, name = key[len(folder) :].rpartition("/")
    match = _DIGEST_NAME.fullmatch(name)
    if match is None or match["account"] != account or match["region"] != region:
        return None
    end = _time(match["end"], "%Y%m%dT%H%M%S")
    if end is None or f"{end:%Y/%m/%d}" != date:
        return None
    digest = DigestKey(key=key, account=account, region=region, end=end, backfill=match["backfill"] is not None)
    return match["trail"], match["home"], digest


def format_digest(trail: TrailRef, account: str, region: str, end: dt.datetime) -> str:
    """The key a standard digest ending at ``end`` has."""
    name = f"{account}_CloudTrail-Digest_{region}_{trail.name}_{trail.home_region}_{end:%Y%m%dT%H%M%SZ}.json.gz"
    return f"{digest_folder(trail, account, region)}{end:%Y/%m/%d}/{name}"


def is_folder(info: ObjectInfo) -> bool:
    """Whether it is what consoles make as a folder: no bytes, and a name that ends in a slash."""
    return info.size == 0 and info.key.endswith("/")


def _time(text: str, form: str) -> dt.datetime | None:
    try:
        return dt.datetime.strptime(text, form).replace(tzinfo=dt.UTC)
    except ValueError:
        return None
