"""Local files through the converter into a folder that is replaced as a whole.

Decides: which files are taken, the name each has as ``source_object`` (its path as given), whose account, Region and day it is
(by its name; else by each record's recipientAccountId and awsRegion, without a day), and that a folder's old output is replaced
only after the new one is complete. Refuses to write into a folder whose ``events/`` it did not make.
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

from itemtrail import __version__
from itemtrail.core import exact
from itemtrail.core import records as cutting
from itemtrail.core.convert import ConversionResult, Converter, Duplicate, Limits, ParquetFile, SameEventId, Seen
from itemtrail.core.inflate import inflate
from itemtrail.core.keys import parse_log_name
from itemtrail.core.schema import METADATA
from itemtrail.errors import ConfigurationError, Undecodable
from itemtrail.settings import ConversionSettings

MANIFEST = "conversion.json"
_UNKNOWN = "unknown"
_NOT_LOGS = ("CloudTrail-Digest", "CloudTrail-Insight", "CloudTrail-Aggregated")
_OPEN_CONVERTERS = 4
_ACCOUNT = re.compile(r"\d{12}", re.ASCII)
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d", re.ASCII)


@dataclass(frozen=True, slots=True)
class Found:
    """Files to convert, by ``source_object``; and folders of other CloudTrail files with how many were passed over."""

    sources: tuple[tuple[str, Path], ...]
    passed_over: dict[str, int]


@dataclass(frozen=True, slots=True)
class Summary:
    """The document of ``convert --json``: records_in = rows + duplicates + quarantined."""

    files: int
    records_in: int
    rows: int
    duplicates: int
    quarantined: int
    bytes_in: int


@dataclass(frozen=True, slots=True)
class SetAside:
    """One thing in ``quarantine/``. ``file`` is its name there."""

    source_object: str
    record_index: int | None
    reason: str
    detail: str
    file: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Conversion:
    """What a run made."""

    summary: Summary
    files: tuple[dict[str, Any], ...]
    duplicates: tuple[Duplicate, ...]
    same_event_ids: tuple[SameEventId, ...]
    quarantined: tuple[SetAside, ...]

    @property
    def bytes_out(self) -> int:
        """Size of all Parquet files."""
        return sum(file["size"] for file in self.files)

    @property
    def same_event_id(self) -> int:
        """How many rows share their eventID with an earlier, different record."""
        return len(self.same_event_ids)


def find(paths: Iterable[Path]) -> Found:
    """Files given, and ``.json`` and ``.json.gz`` files below folders given; sorted by name, each once.

    Raises:
        ConfigurationError: a path does not exist, or nothing is found.
    """
    found: dict[str, Path] = {}
    passed: Counter[str] = Counter()
    for path in paths:
        if path.is_dir():
            for file in path.rglob("*"):
                other = next((name for name in _NOT_LOGS if name in file.parts), None)
                if other and file.is_file():
                    passed[other] += 1
                elif file.name.endswith((".json", ".json.gz")) and file.is_file():
                    found[_name(file)] = file
        elif path.exists():
            found[_name(path)] = path
        else:
            raise ConfigurationError(f"{path} does not exist.", advice="give log files or folders of them.")
    if not found:
        raise ConfigurationError("no .json or .json.gz file was found.", advice="give log files or folders of them.")
    return Found(tuple(sorted(found.items())), dict(passed))


def _name(path: Path) -> str:
    """The path as text that UTF-8 can hold, whatever bytes the file system has in it."""
    return os.fsencode(path.as_posix()).decode("utf-8", "backslashreplace")


def convert(
    sources: Sequence[tuple[str, Path]], out: Path, settings: ConversionSettings, progress: Callable[[int, int], None]
) -> Conversion:
    """Convert ``sources`` (in order of their names) into ``out``.

    Raises:
        ConfigurationError: ``out`` holds events that a conversion did not write, or another run is writing there.
    """
    with _room(out) as room:
        run = _Run(room, settings)
        try:
            for number, (name, path) in enumerate(sources, 1):
                run.take(name, path)
                progress(number, run.bytes_in)
            made = run.finish(len(sources))
        finally:
            run.close()
        document = {"schema": METADATA["itemtrail.schema"], "itemtrail": __version__, **asdict(made)}
        (room / MANIFEST).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return made


@contextmanager
def _room(out: Path) -> Iterator[Path]:
    """A folder beside the old output; on leaving without an error it takes the old one's place."""
    names = ("events", "quarantine", MANIFEST)
    if not (out / MANIFEST).exists() and any((out / name).exists() for name in names):
        raise ConfigurationError(f"{out} holds events that `itemtrail convert` did not write.", advice="choose another --out.")
    out.mkdir(parents=True, exist_ok=True)
    with (out / ".convert.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ConfigurationError(f"another conversion is writing to {out}.", advice="wait for it to end.") from error
        room, old = out / ".convert.new", out / ".convert.old"
        for stale in (room, old):
            shutil.rmtree(stale, ignore_errors=True)
        room.mkdir()
        old.mkdir()
        try:
            yield room
            for name in names:  # the manifest last: until it is there, the folder is one that a conversion left
                if (out / name).exists() and name != MANIFEST:
                    (out / name).rename(old / name)
                if (room / name).exists():
                    (room / name).rename(out / name)
        finally:
            for used in (room, old):
                shutil.rmtree(used, ignore_errors=True)


Unit = tuple[str, str, date | None]


@dataclass(slots=True)
class _Run:
    """One run: converters by unit, a few open at a time, and what they made."""

    room: Path
    settings: ConversionSettings
    bytes_in: int = 0
    _seen: Seen = field(init=False)
    _open: "OrderedDict[Unit, Converter]" = field(default_factory=OrderedDict)
    _parts: Counter[Unit] = field(default_factory=Counter)
    _results: list[tuple[Unit, ConversionResult]] = field(default_factory=list)
    _aside: list[SetAside] = field(default_factory=list)

    def __post_init__(self) -> None:
        (self.room / "quarantine").mkdir()
        self._seen = Seen(self.room)

    def take(self, name: str, path: Path) -> None:
        """One file: inflate, cut, convert; what cannot be read is set aside whole."""
        unit = _unit(path.name)
        stored = self._read(name, path)
        if stored is None:
            return
        try:
            content = inflate(stored, max_bytes=self.settings.max_inflated_bytes) if _is_gzip(path, stored) else stored
        except Undecodable as error:
            self._set_aside(name, error.reason, error.message, stored)
            return
        self.bytes_in += len(content)
        if unit is not None:
            self._converter(unit).add(name, content)
        else:
            self._by_record(name, content)

    def finish(self, files: int) -> Conversion:
        """Close all converters and add up."""
        while self._open:
            self._finish_oldest()
        results = [result for _, result in self._results]
        quarantined = sorted([*self._aside, *_aside(results)], key=lambda one: (one.source_object, one.file))
        for one in quarantined:
            (self.room / "quarantine" / f"{one.file}.json").write_text(json.dumps(asdict(one), indent=1) + "\n", encoding="utf-8")
        summary = Summary(
            files=files,
            records_in=sum(r.records_in for r in results) + len(self._aside),
            rows=sum(r.rows for r in results),
            duplicates=sum(len(r.duplicates) for r in results),
            quarantined=len(quarantined),
            bytes_in=self.bytes_in,
        )
        written = [_file(unit, file) for unit, result in self._results for file in result.files]
        return Conversion(
            summary,
            tuple(sorted(written, key=lambda file: str(file["key"]))),
            tuple(sorted((d for r in results for d in r.duplicates), key=lambda d: (d.source_object, d.record_index))),
            tuple(sorted((s for r in results for s in r.same_event_ids), key=lambda s: (s.source_object, s.record_index))),
            tuple(quarantined),
        )

    def close(self) -> None:
        """Give up what is open."""
        for converter in self._open.values():
            converter.close()
        self._seen.close()

    def _read(self, name: str, path: Path) -> bytes | None:
        try:
            size = path.stat().st_size
            if size <= self.settings.max_object_bytes:
                return path.read_bytes()
        except OSError as error:
            raise ConfigurationError(f"cannot read {path}: {error.strerror}.", advice="mend its permissions.") from error
        self._set_aside(name, "TOO_LARGE", f"{size} bytes, more than {self.settings.max_object_bytes}.", path)
        return None

    def _by_record(self, name: str, content: bytes) -> None:
        """A file whose name says nothing: its records tell whose they are."""
        split = cutting.split(content, self._limits())
        groups: dict[Unit, list[tuple[int, bytes]]] = {}
        for index, record in split.records:
            groups.setdefault(_owner(record), []).append((index, record))
        aside = split.set_aside
        for unit in sorted(groups, key=str) or [(_UNKNOWN, _UNKNOWN, None)]:
            self._converter(unit).add_records(name, groups.get(unit, []), aside, bytes_in=0)
            aside = ()

    def _limits(self) -> Limits:
        s = self.settings
        return Limits(max_record_bytes=s.max_record_bytes, max_depth=s.max_depth, row_group_rows=s.row_group_rows)

    def _converter(self, unit: Unit) -> Converter:
        if unit in self._open:
            self._open.move_to_end(unit)
            return self._open[unit]
        if len(self._open) >= _OPEN_CONVERTERS:
            self._finish_oldest()
        account, region, day = unit
        converter = self._open[unit] = Converter(
            self.room / "events" / f"account={account}" / f"region={region}",
            account=account,
            region=region,
            delivery_date=day,
            name=f"000-{self._parts[unit]:03d}",
            limits=self._limits(),
            seen=self._seen,
            quarantine=self.room / "quarantine",
        )
        self._parts[unit] += 1
        return converter

    def _finish_oldest(self) -> None:
        unit, converter = self._open.popitem(last=False)
        self._results.append((unit, converter.finish()))

    def _set_aside(self, name: str, reason: str, detail: str, body: bytes | Path) -> None:
        target = self.room / "quarantine" / f"{hashlib.sha256(name.encode()).hexdigest()[:16]}-object-{reason}"
        if isinstance(body, bytes):
            target.write_bytes(body)
        else:
            shutil.copyfile(body, target)
        with target.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        self._aside.append(SetAside(name, None, reason, detail, target.name, target.stat().st_size, digest))


def _is_gzip(path: Path, stored: bytes) -> bool:
    return path.name.endswith(".gz") or stored[:2] == b"\x1f\x8b"


def _unit(name: str) -> Unit | None:
    log = parse_log_name(name)
    return (log.account, log.region, log.day) if log else None


def _owner(record: bytes) -> Unit:
    """Account and Region as the record says; ``unknown`` for what is no account or Region: they become folder names."""
    said = {name: value for name, value in islice(exact.members(record), _MEMBERS_READ) if name in _OWNER}
    account, region = (said.get(name, b"")[1:-1].decode() for name in _OWNER)
    return account if _ACCOUNT.fullmatch(account) else _UNKNOWN, region if _REGION.fullmatch(region) else _UNKNOWN, None


_OWNER = (b'"recipientAccountId"', b'"awsRegion"')
_MEMBERS_READ = 1000


def _file(unit: Unit, file: ParquetFile) -> dict[str, Any]:
    key = f"events/account={unit[0]}/region={unit[1]}/{file.relative_key}"
    return {"key": key, "rows": file.rows, "size": file.size, "sha256": file.sha256}


def _aside(results: Iterable[ConversionResult]) -> Iterator[SetAside]:
    for result in results:
        for q in result.quarantined:
            yield SetAside(q.source_object, q.record_index, q.reason, q.detail, q.path.name, q.size, q.sha256)
