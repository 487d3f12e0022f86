"""Reviews in the archive: ``reviews/<time>/`` with snapshot.json, report.html and, last, report.json, which makes it a review.

Decides: which review is the last one (the newest that is whole and not later than now). Refuses to replace anything: a review
that is there already must be the same bytes, and to take a snapshot for the last review's that is not the one its report names.
"""

import datetime as dt
import hashlib
import re

from itemtrail.core import layout, posture_json
from itemtrail.core.posture import Posture
from itemtrail.core.review_html import html
from itemtrail.core.review_report import Last, Report, last, review_id
from itemtrail.errors import EvidenceError, NotFound
from itemtrail.ports.data import ArchiveStore, ObjectStore

SNAPSHOT, PAGE, DOCUMENT = "snapshot.json", "report.html", "report.json"
_ID = re.compile(r"\d{8}T\d{6}Z")


def newest(archive: ObjectStore, *, before: dt.datetime) -> Last | None:
    """The last whole review before a time; None where there is none.

    Raises:
        EvidenceError: its report cannot be understood. AccessDenied, SourceUnavailable.
    """
    limit = review_id(before)
    for name in sorted(archive.list_prefixes(layout.REVIEWS), reverse=True):
        if not _ID.fullmatch(name) or name >= limit:
            continue
        key = layout.review_key(name, DOCUMENT)
        try:
            body = archive.read(key).body
        except NotFound:
            continue  # its writer did not come to the end
        found = last(body, where=f"{archive.name}/{key}")
        if found.id != name:
            raise EvidenceError(f"{archive.name}/{key} is the review {found.id}.", advice="look at who wrote it.")
        return found
    return None


def snapshot_of(archive: ObjectStore, of: Last) -> Posture:
    """The snapshot that a review was made of.

    Raises:
        EvidenceError: it is not the one its report names, or cannot be understood. NotFound, AccessDenied, SourceUnavailable.
    """
    key = layout.review_key(of.id, SNAPSHOT)
    body = archive.read(key).body
    found = hashlib.sha256(body).hexdigest()
    if found != of.snapshot.sha256:
        raise EvidenceError(
            f"{archive.name}/{key} has SHA-256 {found}, its report names {of.snapshot.sha256}.",
            advice="look at its older versions and at who wrote it.",
        )
    return posture_json.load(body, name=f"{archive.name}/{key}")


def save(archive: ArchiveStore, report: Report, snapshot: bytes) -> bool:
    """Write the review, the report's document last; False where the same review was there already.

    Raises:
        EvidenceError: another review of the same second is there. AccessDenied, SourceUnavailable.
    """
    made = [
        (SNAPSHOT, snapshot, "application/json"),
        (PAGE, html(report).encode("utf-8", "backslashreplace"), "text/html; charset=utf-8"),
        (DOCUMENT, report.to_bytes(), "application/json"),
    ]
    return [_put(archive, layout.review_key(report.id, name), body, kind) for name, body, kind in made][-1]


def _put(archive: ArchiveStore, key: str, body: bytes, content_type: str) -> bool:
    if archive.put_new(key, body, locked=False, content_type=content_type):
        return True
    if archive.read(key).body != body:
        raise EvidenceError(f"{archive.name}/{key} is there already and says something else.", advice="review again, later.")
    return False
