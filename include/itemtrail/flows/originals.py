"""The delivered files back from the archive: range reads out of the originals tars, each verified, the AWSLogs tree rebuilt.

Decides: which originals a unit's receipts hold, and where a key may be written. Refuses a key that would leave the folder, a
place outside ``originals/``, bytes with another SHA-256, and to overwrite a file with other content: each is told, the others are
written. A tar in a Glacier class is told too.
"""

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from itemtrail.core import layout
from itemtrail.core.receipt import Packed, covered
from itemtrail.errors import ColdStorage, EvidenceError, ItemtrailError
from itemtrail.flows.receipts import load
from itemtrail.model import Unit
from itemtrail.ports.data import ObjectStore

_THREADS = 8
_RANGE = 32 << 20


@dataclass(frozen=True, slots=True)
class Restored:
    """What was written, and a line for each original that was not: refused, or in a tar that lies in a Glacier class."""

    files: int
    size: int
    refused: tuple[str, ...]
    cold: tuple[str, ...] = ()


def restore(archive: ObjectStore, units: Sequence[Unit], to: Path, progress: Callable[[str], None]) -> Restored:
    """Write every original of ``units`` below ``to``.

    A key of which several versions are archived gives the newest commit's under its own name, earlier ones with ``.version-ID``.

    Raises:
        EvidenceError: a unit's receipts are broken. AccessDenied, SourceUnavailable.
    """
    to.mkdir(parents=True, exist_ok=True)
    root, files, size, refused, cold = to.resolve(), 0, 0, list[str](), dict[str, str]()
    for unit in units:
        wanted = named(tuple(covered(load(archive, unit).receipts).values()))
        progress(f"{unit}: {len(wanted)} originals")
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="restore") as threads:
            for original, problem in threads.map(lambda pair: _write(archive, root, *pair), wanted):
                files += not problem
                size += 0 if problem else original.size
                if isinstance(problem, ColdStorage):
                    cold.setdefault(original.tar, str(problem))
                elif problem:
                    refused.append(problem)
    return Restored(files, size, tuple(refused), tuple(cold.values()))


def named(originals: Sequence[Packed]) -> tuple[tuple[str, Packed], ...]:
    """Each original with the relative name it gets; ``originals`` in the order of their commits."""
    newest = {original.key: original for original in originals}
    names = [(o.key if newest[o.key] is o else f"{o.key}.version-{o.version_id or o.etag}", o) for o in originals]
    return tuple(sorted(names, key=lambda pair: pair[0]))


def is_safe(name: str) -> bool:
    """Whether ``name`` stays below the folder it is joined to, on any system."""
    parts = name.split("/")
    plain = all(part and part not in (".", "..") and len(part.encode()) <= 255 for part in parts)
    return plain and not any(c == "\\" or c == ":" or ord(c) < 32 for c in name)


def _write(archive: ObjectStore, root: Path, name: str, original: Packed) -> tuple[Packed, str | ColdStorage]:
    """The original and why it was refused or could not be read, ``""`` if it was written."""
    if not is_safe(name):
        return original, f"{name!r} would not stay below the folder; read it with `tar` from {original.tar}"
    if not original.tar.startswith(layout.ORIGINALS):
        return original, f"{name}: its receipt points to {original.tar}, which is no originals tar"
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.parent.resolve().is_relative_to(root):
        return original, f"{name}: a symbolic link leads out of {root}"
    if path.is_symlink() or (path.exists() and _digest(path) != original.sha256):
        return original, f"{name}: something else is there already; give an empty folder"
    try:
        _copy(archive, original, path)
    except EvidenceError as error:
        return original, str(error)
    except ColdStorage as error:
        return original, error
    return original, ""


def _copy(archive: ObjectStore, original: Packed, path: Path) -> None:
    part = path.with_name(f".{path.name[:200]}.part")
    digest, position = hashlib.sha256(), 0
    try:
        with part.open("wb") as file:
            while position < original.size:
                length = min(_RANGE, original.size - position)
                data = archive.read_range(original.tar, original.offset + position, length)
                digest.update(data)
                position += file.write(data)
        if digest.hexdigest() != original.sha256:
            raise EvidenceError(
                f"{original.key}: the bytes in {original.tar} are not those of its receipt.", advice="verify the archive."
            )
        part.replace(path)
    except ItemtrailError:
        part.unlink(missing_ok=True)
        raise


def _digest(path: Path) -> str:
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
