"""Making a commit: outputs create-only, read back, then the receipt. Nothing is ever rewritten.

Decides: what an output that exists already must hold to be accepted (the same bytes, or for a tar the planned members, for
Parquet the same records rebuilt), and that the receipt is put last. Refuses anything else: an ``EvidenceError`` names the key.
Commit protocol: docs/design.md, "The archive"; docs/adr/0041.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path

from itemtrail.core import layout, tarball
from itemtrail.core.plan import Input, Plan, Versions
from itemtrail.core.rebuild import records
from itemtrail.core.receipt import Made, Output, OutputKind, Packed, Receipt, content_bytes, joined, make
from itemtrail.errors import EvidenceError, SourceUnavailable
from itemtrail.flows.archive_build import BuiltPart, LocalFile
from itemtrail.model import Conversion
from itemtrail.ports.data import ArchiveStore

Progress = Callable[[str], None]
_TYPES = {
    OutputKind.ORIGINALS: "application/x-tar",
    OutputKind.EVENTS: "application/vnd.apache.parquet",
    OutputKind.QUARANTINE: "application/x-tar",
}


def put_part(archive: ArchiveStore, plan: Plan, part: BuiltPart, *, room: Path) -> Made:
    """Put and read back the outputs of one part of ``plan``.

    Raises:
        EvidenceError: an output exists with other content, or does not read back as it was written.
        AccessDenied, SourceUnavailable, ConfigurationError.
    """
    packed, outputs = _Putter(archive, plan, room).part(part)
    return Made(
        packed=packed,
        outputs=outputs,
        duplicates=part.duplicates,
        quarantined=part.quarantined,
        records_in=part.records_in,
        rows=part.rows,
        same_event_id=part.same_event_id,
        bytes_in=content_bytes(packed),
    )


def commit(
    archive: ArchiveStore,
    plan: Plan,
    made: Sequence[Made],
    *,
    finished_by: Versions,
    earlier: Conversion,
    progress: Progress,
) -> Receipt:
    """Put the receipt of ``plan``, whose parts were ``made``, each put and read back.

    Raises:
        EvidenceError: a receipt exists and says something else, or the numbers do not add up.
        AccessDenied, SourceUnavailable, ConfigurationError.
    """
    receipt = make(plan, joined(made), finished_by=finished_by, earlier=earlier)
    body, key = receipt.to_json(), layout.receipt_key(plan.unit, plan.number)
    if archive.put_new(key, body, locked=True, content_type="application/json"):
        progress(f"{plan.unit}: commit {plan.number} {receipt.verdict}, {receipt.counts.rows} rows")
    found = Receipt.from_json(archive.read(key).body, key=key)
    if replace(found, finished_by=receipt.finished_by) != receipt and not _same_commit(found, receipt):
        raise EvidenceError(f"{key} exists and says something else.", advice="look at its versions and at who wrote it.")
    return found


class _Putter:
    """Puts the files of one part and looks at each again."""

    def __init__(self, archive: ArchiveStore, plan: Plan, room: Path) -> None:
        self._archive, self._plan, self._room = archive, plan, room

    def part(self, part: BuiltPart) -> tuple[tuple[Packed, ...], tuple[Output, ...]]:
        """Tar first: from then on the part can be finished without the trail bucket."""
        tar, packed = self._tar(part)
        outputs = [tar] if part.packed else []
        outputs += [self._events(part, file) for file in part.events]
        if part.quarantine:
            outputs.append(self._exact(part, part.quarantine))
        return packed, tuple(outputs)

    def _tar(self, part: BuiltPart) -> tuple[Output, tuple[Packed, ...]]:
        output, packed = _output(OutputKind.ORIGINALS, part, part.tar), part.packed
        if not part.packed:
            return output, packed
        found = self._put(part.tar, OutputKind.ORIGINALS)
        if found is None:
            return output, packed
        places = {m.name: m for m in check_tar(found, part.packed, name=part.tar.key)}
        if len(places) != len(packed):
            raise SourceUnavailable(f"{part.tar.key}: another writer had other originals.", advice="run the unit again.")
        packed = tuple(replace(p, offset=places[p.key].offset) for p in packed)
        return replace(output, size=found.stat().st_size, sha256=_remove(found)), packed

    def _events(self, part: BuiltPart, file: LocalFile) -> Output:
        output = _output(OutputKind.EVENTS, part, file)
        found = self._put(file, OutputKind.EVENTS)
        if found is None:
            return output
        if not _same_records(found, file.path):
            raise _other(file.key, "its records are not the planned ones")
        return replace(output, size=found.stat().st_size, sha256=_remove(found))

    def _exact(self, part: BuiltPart, file: LocalFile) -> Output:
        output = _output(OutputKind.QUARANTINE, part, file)
        found = self._put(file, OutputKind.QUARANTINE)
        if found is None:
            return output
        ours = [(m.name, m.size, m.sha256) for m in tarball.members(file.path, name=file.key) if m.name.endswith(".bin")]
        theirs = [(m.name, m.size, m.sha256) for m in tarball.members(found, name=file.key) if m.name.endswith(".bin")]
        if ours != theirs:
            raise _other(file.key, "its members are not the planned ones")
        return replace(output, size=found.stat().st_size, sha256=_remove(found))

    def _put(self, file: LocalFile, kind: OutputKind) -> Path | None:
        """Put and read back. None where the archive holds exactly our bytes; else what it holds, as a file."""
        created = self._archive.put_new(file.key, file.path, locked=True, content_type=_TYPES[kind])
        back = self._room / "back"
        digest = self._archive.download(file.key, back)
        if digest == file.sha256:
            back.unlink()
            return None
        if created:
            raise EvidenceError(
                f"{file.key} does not read back as it was written.",
                advice="no receipt was written; look at the bucket's versions and at what changes objects there.",
            )
        return back


def check_tar(path: Path, planned: Sequence[Input], *, name: str) -> tuple[tarball.Member, ...]:
    """The members of the tar at ``path``: planned originals in order; one that was gone before it was packed may be absent.

    Raises:
        EvidenceError: it holds anything else.
    """
    found = tuple(tarball.members(path, name=name))
    order = iter((p.key, p.size, p.sha256) for p in planned)
    if not all((m.name, m.size, m.sha256) in order for m in found):
        raise _other(name, "its members are not the planned originals")
    return found


def _same_records(one: Path, other: Path) -> bool:
    return all(a == b for a, b in _pairs(records([one]), records([other])))


def _pairs(one: Iterable[object], other: Iterable[object]) -> Iterable[tuple[object, object]]:
    return zip_longest(one, other, fillvalue=None)


def _same_commit(found: Receipt, ours: Receipt) -> bool:
    """Another writer's receipt of the same plan: outputs were checked against ours already, engines may differ."""
    same = (found.plan, found.previous, found.unit, found.number) == (ours.plan, ours.previous, ours.unit, ours.number)
    return same and [o.key for o in found.outputs] == [o.key for o in ours.outputs]


def _output(kind: OutputKind, part: BuiltPart, file: LocalFile) -> Output:
    return Output(file.key, kind, part.number, file.size, file.sha256, file.rows)


def _remove(path: Path) -> str:
    """The file's SHA-256; the file is removed."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    path.unlink()
    return digest


def _other(key: str, why: str) -> EvidenceError:
    return EvidenceError(
        f"{key} exists in the archive, and {why}.",
        advice="nothing was overwritten and no receipt was written; look at the object's versions and at who wrote it.",
    )
