"""Building a commit's outputs in a local room: originals tar, Parquet, quarantine tar, all from the one buffer that was read.

Decides: the order (key order, part by part), what goes into quarantine whole (bytes that do not inflate), and how a plan that was
left open is built again: from its tar where that is in the archive already, else from the same versions in the trail bucket. A
part is built from its own originals and nothing else, so that parts can be built apart (docs/adr/0117). Refuses to write to the
archive and to judge. Memory holds a few objects and the converter's batch, however many files there are.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from itemtrail.core import layout, tarball
from itemtrail.core.convert import ConversionResult, Converter
from itemtrail.core.inflate import inflate
from itemtrail.core.plan import Input, Kind, canonical
from itemtrail.core.receipt import Dropped, Packed, Quarantined, pack
from itemtrail.core.records import Limits
from itemtrail.core.seen import Seen
from itemtrail.errors import ItemtrailError, NotFound, Undecodable
from itemtrail.flows.archive_fetch import Fetched, Wanted, fetch_all
from itemtrail.model import StoredObject, Unit
from itemtrail.ports.data import ObjectStore
from itemtrail.settings import ConversionSettings

_TOO_LARGE = "TOO_LARGE"


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file in the room and the archive key that it is for."""

    key: str
    path: Path
    size: int
    sha256: str
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Whole:
    """An original that became no rows at all, and why."""

    source_object: str
    reason: str
    detail: str
    offset: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPart:
    """One part as read: what a plan says of it. ``unread`` are the wanted objects that could not be had, each with its error."""

    number: int
    inputs: tuple[Input, ...]
    unread: tuple[tuple[Wanted, ItemtrailError], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltPart(ReadPart):
    """One part, ready to be put."""

    packed: tuple[Packed, ...]
    tar: LocalFile
    events: tuple[LocalFile, ...]
    quarantine: LocalFile | None
    quarantined: tuple[Quarantined, ...]
    duplicates: tuple[Dropped, ...]
    records_in: int
    rows: int
    same_event_id: int


@dataclass(slots=True)
class Bench:
    """What every part of one commit is built with."""

    unit: Unit
    number: int
    source: ObjectStore
    room: Path
    settings: ConversionSettings

    @property
    def limits(self) -> Limits:
        """The converter's limits, from the settings."""
        s = self.settings
        return Limits(max_record_bytes=s.max_record_bytes, max_depth=s.max_depth, row_group_rows=s.row_group_rows)


def read_part(bench: Bench, part: int, wanted: Sequence[Wanted]) -> ReadPart:
    """Read and hash ``wanted`` (in key order), and keep nothing: the first look at a commit that several tasks will build."""
    inputs: list[Input] = []
    unread: list[tuple[Wanted, ItemtrailError]] = []
    for item, got in fetch_all(bench.source, wanted, room=bench.room, max_bytes=bench.settings.max_object_bytes):
        if isinstance(got, ItemtrailError):
            unread.append((item, got))
            continue
        inputs.append(_examine(item, got, part, bench.settings.max_inflated_bytes)[0])
        if got.path:
            got.path.unlink()
    return ReadPart(number=part, inputs=tuple(inputs), unread=tuple(unread))


def build_part(bench: Bench, part: int, wanted: Sequence[Wanted], *, existing: Path | None = None) -> BuiltPart:
    """Read, pack and convert ``wanted`` (in key order). ``existing``: the part's tar as found in the archive, checked before."""
    name = layout.commit_name(bench.number, part)
    folder = bench.room / name
    folder.mkdir(parents=True)
    maker = _PartMaker(bench, part, name, folder)
    limit = bench.settings.max_object_bytes
    if existing:
        found = _from_tar(existing, wanted, room=folder, max_bytes=limit)
    else:
        found = fetch_all(bench.source, wanted, room=folder, max_bytes=limit)
    try:
        with (folder / "originals.tar").open("wb") as file:
            maker.take(tarball.TarWriter(file), found)
        return maker.finish()
    finally:
        maker.close()


class _PartMaker:
    def __init__(self, bench: Bench, part: int, name: str, folder: Path) -> None:
        self._bench, self._part, self._name, self._folder = bench, part, name, folder
        self._inputs: list[Input] = []
        self._packed: list[Packed] = []
        self._whole: list[Whole] = []
        self._unread: list[tuple[Wanted, ItemtrailError]] = []
        self._seen = Seen(folder)
        self._converter: Converter | None = None

    def take(self, tar: tarball.TarWriter, found: Iterable[tuple[Wanted, Fetched | ItemtrailError]]) -> None:
        """Every object: hash, inflate, pack, convert."""
        for item, got in found:
            if isinstance(got, ItemtrailError):
                self._unread.append((item, got))
                continue
            original, content, detail = _examine(item, got, self._part, self._bench.settings.max_inflated_bytes)
            if item.planned is not None and not _same(item.planned, original):
                self._unread.append((item, _changed(item)))
                continue
            self._pack(tar, item.planned or original, got, content, detail)
        tar.close()

    def finish(self) -> BuiltPart:
        """Close the converter, write the quarantine, hash the files."""
        unit, number = self._bench.unit, self._bench.number
        result = self._converter.finish() if self._converter else None
        tar = _local(layout.tar_key(unit, number, self._part), self._folder / "originals.tar")
        noted, quarantine = self._quarantine(result)
        return BuiltPart(
            number=self._part,
            inputs=tuple(self._inputs),
            packed=tuple(self._packed),
            tar=tar,
            events=_events(unit, result),
            quarantine=quarantine,
            quarantined=noted,
            duplicates=_dropped(result),
            records_in=(result.records_in if result else 0) + len(self._whole),
            rows=result.rows if result else 0,
            same_event_id=result.same_event_id if result else 0,
            unread=tuple(self._unread),
        )

    def close(self) -> None:
        """Give up what is open."""
        if self._converter:
            self._converter.close()
        self._seen.close()

    def _pack(self, tar: tarball.TarWriter, original: Input, got: Fetched, content: bytes | None, detail: str) -> None:
        body = got.path or got.stored.body
        offset = tar.add(original.key, body, modified=original.last_modified, attributes=_attributes(original))
        key = layout.tar_key(self._bench.unit, self._bench.number, self._part)
        self._inputs.append(original)
        self._packed.append(pack(original, tar=key, offset=offset))
        if got.path:
            got.path.unlink()
        if original.kind is Kind.LOG and content is not None:
            self._convert().add(original.key, content)
        elif original.kind is Kind.LOG:
            self._whole.append(Whole(original.key, original.problem, detail, offset, original.size))

    def _convert(self) -> Converter:
        if self._converter is None:
            unit, bench = self._bench.unit, self._bench
            self._converter = Converter(
                self._folder / "events",
                account=unit.account,
                region=unit.region,
                delivery_date=unit.day,
                name=self._name,
                limits=bench.limits,
                seen=self._seen,
            )
        return self._converter

    def _quarantine(self, result: ConversionResult | None) -> tuple[tuple[Quarantined, ...], LocalFile | None]:
        """One tar: the bytes as ``000000.bin`` …, and ``index.ndjson`` that says what each is and why."""
        found = result.quarantined if result else ()
        if not found and not self._whole:
            return (), None
        key = layout.quarantine_key(self._bench.unit, self._bench.number, self._part)
        path, notes = self._folder / "quarantine.tar", list[Quarantined]()
        with path.open("wb") as file:
            tar = tarball.TarWriter(file)
            for whole in self._whole:
                packed = tarball.Member(whole.source_object, whole.offset, whole.size, "")
                body = tarball.extract(self._folder / "originals.tar", packed, self._folder / "whole")
                notes.append(_note(key, len(notes), whole.source_object, None, whole.reason, whole.detail, body))
                tar.add(notes[-1].member, body)
            for q in found:
                notes.append(_note(key, len(notes), q.source_object, q.record_index, q.reason, q.detail, q.path))
                tar.add(notes[-1].member, q.path)
            tar.add("index.ndjson", b"".join(canonical(note) + b"\n" for note in notes))
            tar.close()
        return tuple(notes), _local(key, path)


def _examine(item: Wanted, got: Fetched, part: int, max_inflated: int) -> tuple[Input, bytes | None, str]:
    """Hashes of an original, its inflated content (None where there is none), and what the inflater said."""
    stored, content, problem, detail = got.stored, None, "", ""
    size, digest = _measure(got)
    if got.path:
        problem, detail = _TOO_LARGE, f"{size} bytes: above conversion.max_object_bytes."
    else:
        try:
            content = inflate(stored.body, max_bytes=max_inflated)
        except Undecodable as error:
            problem, detail = error.reason, error.message
    original = Input(
        key=item.key,
        version_id=stored.version_id,
        etag=stored.etag,
        size=size,
        sha256=digest,
        content_sha256=hashlib.sha256(content).hexdigest() if content is not None else None,
        content_size=len(content or b""),
        problem=problem,
        kind=item.kind,
        part=part,
        last_modified=stored.last_modified,
        content_type=stored.content_type,
        content_encoding=stored.content_encoding,
        metadata=dict(sorted(stored.metadata.items())),
    )
    return original, content, detail


def _measure(got: Fetched) -> tuple[int, str]:
    if got.path is None:
        return len(got.stored.body), hashlib.sha256(got.stored.body).hexdigest()
    with got.path.open("rb") as file:
        return got.path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()


def _same(planned: Input, read: Input) -> bool:
    return (planned.size, planned.sha256, planned.content_sha256) == (read.size, read.sha256, read.content_sha256)


def _changed(item: Wanted) -> ItemtrailError:
    return NotFound(f"{item.key} is no longer the object that was planned.")


def _attributes(original: Input) -> dict[str, object]:
    return {
        "version_id": original.version_id,
        "etag": original.etag,
        "content_type": original.content_type,
        "content_encoding": original.content_encoding,
        "metadata": dict(original.metadata),
    }


def _from_tar(
    path: Path, wanted: Sequence[Wanted], *, room: Path, max_bytes: int
) -> Iterator[tuple[Wanted, Fetched | ItemtrailError]]:
    """The planned originals out of the part's own tar."""
    by_key = {member.name: member for member in tarball.members(path, name=str(path))}
    for item in wanted:
        member, planned = by_key.get(item.key), item.planned
        if member is None or planned is None:
            yield item, NotFound(f"{item.key} is not in its tar.")
            continue
        large = member.size > max_bytes
        stored = StoredObject(
            key=item.key,
            body=b"" if large else tarball.read_member(path, member),
            metadata=planned.metadata,
            content_type=planned.content_type,
            content_encoding=planned.content_encoding,
            last_modified=planned.last_modified,
            etag=planned.etag,
            version_id=planned.version_id,
        )
        yield item, Fetched(stored, tarball.extract(path, member, room / "large") if large else None)


def _events(unit: Unit, result: ConversionResult | None) -> tuple[LocalFile, ...]:
    files = result.files if result else ()
    return tuple(LocalFile(layout.events_key(unit, f.relative_key), f.path, f.size, f.sha256, f.rows) for f in files)


def _dropped(result: ConversionResult | None) -> tuple[Dropped, ...]:
    found = result.duplicates if result else ()
    return tuple(Dropped(d.source_object, d.record_index, d.survivor_object, d.survivor_index) for d in found)


def _note(tar: str, number: int, source: str, index: int | None, reason: str, detail: str, body: Path) -> Quarantined:
    clean = detail.encode("utf-8", "backslashreplace").decode()
    return Quarantined(source, index, reason, clean, tar, f"{number:06d}.bin", body.stat().st_size, _hash(body))


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _local(key: str, path: Path) -> LocalFile:
    return LocalFile(key, path, path.stat().st_size, _hash(path))
