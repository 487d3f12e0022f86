"""The ledger as its last checkpoint leaves it: that checkpoint, and local copies of the Parquet files that it names.

Decides: the last checkpoint is the one with the highest number, and a file counts only with the SHA-256 that a checkpoint names.
Refuses to go on from a checkpoint that does not follow the one before it. A checkpoint that is missing in between is told.
"""

import json
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from itemtrail.core import layout
from itemtrail.core import ledger_rows as rows
from itemtrail.core.ledger import Checkpoint, RowsFile
from itemtrail.core.ledger_rows import Row
from itemtrail.core.plan import sha256
from itemtrail.errors import EvidenceError, NotFound
from itemtrail.ports.data import ObjectStore

_THREADS = 8
_MOST_MISSING = 100


@dataclass(frozen=True, slots=True)
class Book:
    """The ledger. ``paths``: copies of the last checkpoint's files, in their order; ``missing``: numbers without a checkpoint.

    ``begun``: the Parquet file of the next checkpoint is there, and the checkpoint is not.
    """

    last: Checkpoint | None = None
    paths: tuple[Path, ...] = ()
    missing: tuple[int, ...] = ()
    begun: bool = False

    @property
    def next_number(self) -> int:
        """The number of the checkpoint that comes next."""
        return self.last.number + 1 if self.last else 1

    @property
    def leaves(self) -> int:
        """How many receipts it holds."""
        return self.last.leaves if self.last else 0

    def table(self, columns: Collection[str]) -> pa.Table:
        """Some columns of every row, in leaf order; what repeats is dictionary-encoded."""
        parts = [rows.read(path, list(columns)) for path in self.paths]
        empty = rows.SCHEMA.empty_table().select(list(columns))
        return pa.concat_tables(parts).unify_dictionaries() if parts else empty

    def rows_with(self, keys: Collection[str]) -> dict[str, Row]:
        """The rows of some receipts, by key; what is not in the ledger is left out."""
        wanted = pa.array(sorted(keys), pa.string())
        found = (row for path in self.paths for row in _rows_with(path, wanted)) if keys else ()
        return {row.key: row for row in found}


def numbers(archive: ObjectStore) -> tuple[int, ...]:
    """The numbers of the checkpoints that are there, ascending. Their names sort before those of the Parquet files."""
    found = []
    for info in archive.list(layout.LEDGER):
        if info.key >= f"{layout.LEDGER}:":
            break
        number = layout.parse_checkpoint(info.key)
        found += [number] if number else []
    return tuple(sorted(found))


def missing_in(found: Sequence[int]) -> tuple[int, ...]:
    """The first numbers below the last of ``found`` (ascending) that are not among them."""
    gaps = (range(before + 1, number) for before, number in zip((0, *found), found, strict=False))
    return tuple(islice((number for gap in gaps for number in gap), _MOST_MISSING))


def read_checkpoint(archive: ObjectStore, number: int) -> Checkpoint:
    """One checkpoint.

    Raises:
        NotFound; EvidenceError: it is not one.
    """
    key = layout.checkpoint_key(number)
    return Checkpoint.from_json(archive.read(key).body, key=key)


def last_checkpoint(archive: ObjectStore) -> Checkpoint | None:
    """The last checkpoint, None where the archive has no ledger."""
    found = numbers(archive)
    return read_checkpoint(archive, found[-1]) if found else None


def open_book(archive: ObjectStore, room: Path) -> Book:
    """The ledger, its files copied into ``room``.

    Raises:
        EvidenceError: the last checkpoint does not follow the one before, or a file is not the one that it names.
        AccessDenied, SourceUnavailable.
    """
    found = numbers(archive)
    last = read_checkpoint(archive, found[-1]) if found else None
    if last and last.number > 1 and last.number - 1 in found:
        _must_follow(archive, last)
    paths = copy_files(archive, last.files, room) if last else ()
    begun = next(iter(archive.list(layout.ledger_rows_key(last.number + 1 if last else 1))), None) is not None
    return Book(last, paths, missing_in(found), begun)


def copy_files(archive: ObjectStore, files: Collection[RowsFile], room: Path) -> tuple[Path, ...]:
    """Local copies of Parquet files of the ledger, in order.

    Raises:
        EvidenceError: one is missing or not the one named.
    """
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="ledger") as pool:
        return tuple(pool.map(lambda file: _copy(archive, file, room), files))


def trail_of(archive: ObjectStore) -> str:
    """The ARN of the trail whose archive it is, empty where nothing of a trail was archived."""
    try:
        return str(json.loads(archive.read(layout.ARCHIVE_KEY).body)["trail"]["arn"])
    except NotFound:
        return ""
    except (ValueError, KeyError, TypeError) as error:
        raise EvidenceError(
            f"{layout.ARCHIVE_KEY} cannot be read.", advice="look at its versions and at who wrote it."
        ) from error


def _must_follow(archive: ObjectStore, last: Checkpoint) -> None:
    key = layout.checkpoint_key(last.number - 1)
    if sha256(archive.read(key).body) != last.previous:
        raise EvidenceError(
            f"checkpoint {last.number} does not follow the checkpoint at {key}.",
            advice="one of them is not what was written; look at the versions of both, and compare with the copy kept elsewhere.",
        )


def _copy(archive: ObjectStore, file: RowsFile, room: Path) -> Path:
    path = room / f"receipts-{file.number:06d}.parquet"
    try:
        digest = archive.download(file.key, path)
    except NotFound as error:
        raise _not_named(file, "is not there") from error
    if digest != file.sha256:
        raise _not_named(file, f"has SHA-256 {digest}, not {file.sha256}")
    return path


def _not_named(file: RowsFile, why: str) -> EvidenceError:
    return EvidenceError(
        f"{file.key} {why}, and the last checkpoint names it.",
        advice="look at its versions and restore the one that was named; itemtrail coverage --receipts does without the ledger.",
    )


def _rows_with(path: Path, wanted: pa.Array) -> Iterator[Row]:
    for group in rows.groups(path):
        hit = pc.is_in(group.keys(), value_set=wanted)
        if pc.any(hit).as_py():
            yield from rows.rows_of(group.whole().filter(hit))
