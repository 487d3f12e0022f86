"""Which trail delivers into a bucket: read from the names of the digests that lie there, where nobody says.

Decides: candidates for one account and Region, and the organization folder an account's files lie in. Refuses to choose among
several: two trails have two chains. Source: "CloudTrail digest file structure", CloudTrail user guide, read 2026-11-24.
"""

import datetime as dt

from itemtrail.core.keys import digest_folder, parse_any_digest, root
from itemtrail.errors import AccessDenied, ConfigurationError
from itemtrail.model import TrailRef
from itemtrail.ports.data import ObjectStore

UNKNOWN = "unknown-trail"
_AROUND = dt.timedelta(days=1)


def organization(store: ObjectStore, prefix: str, account: str) -> str:
    """Id of the organization whose folder holds the account's files; ``""`` for a trail of one account."""
    head = f"{prefix}/AWSLogs/" if prefix else "AWSLogs/"
    try:
        names = store.list_prefixes(head)
        if account in names:
            return ""
        return next((n for n in names if n.startswith("o-") and account in store.list_prefixes(f"{head}{n}/")), "")
    except AccessDenied:
        return ""  # a role may list the account's own folder only; what is missing there is said by the verdicts


def unknown_trail(bucket: str, prefix: str, account: str, region: str, organization_id: str = "") -> TrailRef:
    """A place whose trail nobody knows."""
    return TrailRef(_arn(UNKNOWN, region, account), bucket, prefix, organization_id)


def find_trail(
    store: ObjectStore, bucket: str, prefix: str, account: str, region: str, *, start: dt.datetime, end: dt.datetime
) -> TrailRef:
    """The one trail whose digests lie here, in the range or else at any time.

    Where files of the account exist and no digest at all, the trail's name does not matter: it is ``UNKNOWN``.

    Raises:
        ConfigurationError: several trails deliver here, or nothing does.
        AccessDenied, SourceUnavailable: the folder could not be listed.
    """
    place = unknown_trail(bucket, prefix, account, region, organization(store, prefix, account))
    found = _names(store, place, account, region, start - _AROUND, end + _AROUND)
    found = found or _names(store, place, account, region, None, None)
    if len(found) > 1:
        arns = ", ".join(_arn(name, home, account) for name, home in sorted(found))
        raise ConfigurationError(f"{len(found)} trails deliver here: {arns}.", advice="name one with --trail-arn.")
    if not found and not store.list_prefixes(f"{root(place)}{account}/"):
        raise ConfigurationError(
            f"nothing lies under {store.name}/{root(place)}{account}/.",
            advice="check bucket, prefix, account and Region, or name the trail with --trail-arn.",
        )
    name, home = found.pop() if found else (UNKNOWN, region)
    return TrailRef(_arn(name, home, account), bucket, prefix, place.organization_id)


def _names(
    store: ObjectStore, place: TrailRef, account: str, region: str, start: dt.datetime | None, end: dt.datetime | None
) -> set[tuple[str, str]]:
    """(trail name, home Region) of the digests in a range of days, or of all."""
    folder = digest_folder(place, account, region)
    names: set[tuple[str, str]] = set()
    for info in store.list(folder, start_after=f"{folder}{start:%Y/%m/%d}/" if start else ""):
        if end and info.key[len(folder) :][:10] > f"{end:%Y/%m/%d}":
            break
        digest = parse_any_digest(info.key, place, account, region)
        if digest:
            names.add(digest[:2])
    return names


def _arn(name: str, home: str, account: str) -> str:
    partition = "aws-cn" if home.startswith("cn-") else "aws-us-gov" if home.startswith("us-gov-") else "aws"
    return f"arn:{partition}:cloudtrail:{home}:{account}:trail/{name}"
