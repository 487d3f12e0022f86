"""From the parts of a commit to Parquet: the same columns as ``events/``, through the same converter, in a folder of their own.

Decides: every ``CloudTrailEvent`` string becomes the bytes of one record, whose source is its part and whose index is its place
in it; a string that is no record is set aside, named in the receipt, and stays where it was answered. What is in the archive is
converted, not what is in memory. The files' metadata says that they are no proven source. Refuses a file that exists already
with other records. Memory: one part and one row group.
"""

import hashlib
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path

from itemtrail.core import event_history, layout, records
from itemtrail.core.convert import ConversionResult, Converter
from itemtrail.core.event_history_plan import Converted, EventHistoryCounts, EventHistoryPlan, SetAside, StoredFile, StoredPart
from itemtrail.core.parquet import ParquetFile
from itemtrail.core.plan import sha256
from itemtrail.core.rebuild import records as rebuilt
from itemtrail.core.receipt import Dropped
from itemtrail.core.records import Limits
from itemtrail.core.seen import Seen
from itemtrail.errors import EvidenceError
from itemtrail.ports.data import ArchiveStore
from itemtrail.settings import ConversionSettings

MARKS = {"itemtrail.source": event_history.SOURCE, "itemtrail.proof": event_history.PROOF}
_TYPE = "application/vnd.apache.parquet"


def convert(
    archive: ArchiveStore, plan: EventHistoryPlan, parts: Sequence[StoredPart], *, limits: ConversionSettings, room: Path
) -> Converted:
    """Convert, put create-only and read back the files of a commit.

    Raises:
        EvidenceError: a part is not what it was, or a file exists with other records.
    """
    allowed = Limits(max_record_bytes=limits.max_record_bytes, max_depth=limits.max_depth, row_group_rows=limits.row_group_rows)
    with Seen(room) as seen:
        made = _made(archive, plan, parts, allowed, room / "made", seen)
    return Converted(
        _counts(made),
        tuple(_put(archive, plan, file, room / "back") for file in made.files),
        tuple(Dropped(d.source_object, d.record_index, d.survivor_object, d.survivor_index) for d in made.duplicates),
        tuple(
            SetAside(q.source_object, q.record_index or 0, q.reason, _clean(q.detail), q.size, q.sha256) for q in made.quarantined
        ),
    )


def _made(
    archive: ArchiveStore, plan: EventHistoryPlan, parts: Sequence[StoredPart], limits: Limits, room: Path, seen: Seen
) -> ConversionResult:
    unit = plan.unit
    with Converter(
        room,
        account=unit.account,
        region=unit.region,
        delivery_date=unit.day,
        name=layout.commit_name(plan.number, 0),
        limits=limits,
        seen=seen,
        marks=MARKS,
    ) as converter:
        for part in parts:
            _add(converter, part.key, _events(archive, part), limits)
        return converter.finish()


def _events(archive: ArchiveStore, part: StoredPart) -> list[bytes]:
    """The records of a part, as it is in the archive."""
    body = archive.read(part.key).body
    if sha256(body) != part.sha256:
        raise EvidenceError(f"{part.key} is no longer what it was.", advice="look at the object's versions and at who wrote it.")
    return [event_history.record(event) for event in event_history.decode(body, key=part.key).events]


def _add(converter: Converter, source: str, texts: list[bytes], limits: Limits) -> None:
    sound, aside = [], []
    for index, text in enumerate(texts):
        if problem := records.check(index, text, limits):
            aside.append(problem)
        else:
            sound.append((index, text))
    converter.add_records(source, sound, aside, bytes_in=sum(map(len, texts)))


def _counts(made: ConversionResult) -> EventHistoryCounts:
    return EventHistoryCounts(
        records_in=made.records_in,
        rows=made.rows,
        duplicates=len(made.duplicates),
        quarantined=len(made.quarantined),
        same_event_id=made.same_event_id,
        bytes_in=made.bytes_in,
    )


def _put(archive: ArchiveStore, plan: EventHistoryPlan, file: ParquetFile, back: Path) -> StoredFile:
    """Put and read back; what the archive holds afterwards."""
    key = layout.event_history_key(plan.unit, file.relative_key)
    created = archive.put_new(key, file.path, locked=True, content_type=_TYPE)
    if archive.download(key, back) == file.sha256:
        return StoredFile(key, file.rows, file.size, file.sha256)
    same = not created and all(a == b for a, b in zip_longest(rebuilt([back]), rebuilt([file.path])))
    if not same:
        raise EvidenceError(
            f"{key} is in the archive with other records than were answered.",
            advice="nothing was overwritten and no receipt was written; look at the object's versions and at who wrote it.",
        )
    return StoredFile(key, file.rows, back.stat().st_size, _hash(back))


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _clean(detail: str) -> str:
    return detail.encode("utf-8", "backslashreplace").decode()
