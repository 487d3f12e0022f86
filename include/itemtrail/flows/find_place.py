"""What a folder of delivered files was copied from: read from the digests that lie in it, since nobody says.

Decides: bucket and key prefix from the first digest that can be read (it names its own place), accounts and Regions from the
folders, and the range: from the first digest's window to the end of the last one's. Refuses to choose among folders of several
trails. None of this is believed: every digest's own place is checked again when it is judged.
Source: "CloudTrail digest file structure", CloudTrail user guide, read 2026-11-24.
"""

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from itemtrail.core.digest import parse
from itemtrail.core.inflate import inflate
from itemtrail.errors import ConfigurationError, Undecodable
from itemtrail.ports.data import ObjectStore

_DIGEST = re.compile(
    r"(?P<head>(?:.*/)?)AWSLogs/(?:o-[a-z0-9]{10,32}/)?(?P<account>\d{12})/CloudTrail-Digest/(?P<region>[a-z0-9-]+)/"
    r"\d{4}/\d\d/\d\d/\d{12}_CloudTrail-Digest_.+_(?P<end>\d{8}T\d{6})Z(?:_backfill)?\.json\.gz"
)
_HOUR = dt.timedelta(hours=1)
_MOST_TRIED = 100


@dataclass(frozen=True, slots=True)
class Chain:
    """Digests of one account and Region, and the time that they speak of."""

    account: str
    region: str
    start: dt.datetime
    end: dt.datetime


@dataclass(frozen=True, slots=True)
class Place:
    """``root`` is what a key has before its path in the folder; ``prefix`` the trail's S3 key prefix."""

    bucket: str
    prefix: str
    root: str
    chains: tuple[Chain, ...]


def find_place(store: ObjectStore, *, max_bytes: int) -> Place:
    """The place that ``store``, a folder, is a copy of.

    Raises:
        ConfigurationError: no digest lies there or none can be read, or they are of several trails.
        AccessDenied, SourceUnavailable.
    """
    names = [(info.key, match) for info in store.list("") if (match := _DIGEST.fullmatch(info.key))]
    if not names:
        raise ConfigurationError(
            f"no digest lies in {store.name}: nothing can be proven.",
            advice="copy CloudTrail-Digest/ too, and name the folder that holds AWSLogs/ (or the trail's prefix).",
        )
    heads = sorted({match["head"] for _, match in names})
    if len(heads) > 1:
        raise ConfigurationError(
            f"{store.name} holds the folders of several trails: {', '.join(heads)}.", advice="name one of these folders."
        )
    bucket, root = _said(store, [key for key, _ in names[:_MOST_TRIED]], max_bytes)
    return Place(bucket, f"{root}{heads[0]}".strip("/"), root, tuple(_chains(match for _, match in names)))


def _chains(names: Iterable[re.Match[str]]) -> Iterator[Chain]:
    found: dict[tuple[str, str], list[dt.datetime]] = {}
    for name in names:
        try:
            end = dt.datetime.strptime(name["end"], "%Y%m%dT%H%M%S").replace(tzinfo=dt.UTC)
        except ValueError:
            continue
        found.setdefault((name["account"], name["region"]), []).append(end)
    for (account, region), ends in sorted(found.items()):
        yield Chain(account, region, min(ends) - _HOUR, max(ends))


def _said(store: ObjectStore, keys: Sequence[str], max_bytes: int) -> tuple[str, str]:
    """(bucket, what the real keys have before a path in the folder), as the first digest that can be read says."""
    for key in keys:
        try:
            digest = parse(inflate(store.read(key).body, max_bytes=max_bytes))
        except Undecodable:
            continue
        if digest.key == key or digest.key.endswith(f"/{key}"):
            return digest.bucket, digest.key[: -len(key)]
    raise ConfigurationError(
        f"none of the first {len(keys)} digests in {store.name} can be read and lies where it says.",
        advice="copy them again, with their folders from AWSLogs/ (or the trail's prefix) on.",
    )
