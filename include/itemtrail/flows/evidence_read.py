"""Reading an evidence pack that somebody handed over: a folder or a zip, file by file, into memory, never unpacked.

Decides: only plain files with allowed names count, each once; of a zip neither more files nor more bytes than a pack may have are
read, whatever it says of itself. Refuses links, names that lead elsewhere, files that are there twice, encrypted ones: a pack is
hostile until it is checked. Source: Python documentation, "zipfile: Decompression pitfalls", read 2026-11-24.
"""

import os
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from itemtrail.core.evidence import MOST_BYTES, MOST_FILES, allowed
from itemtrail.errors import ConfigurationError, EvidenceError

_MOST_OF_ONE = 1 << 30  # bytes of a file that is read at once


class Files(Protocol):
    """The files of a pack."""

    @property
    def sizes(self) -> dict[str, int]:
        """Names, and bytes that each says it has."""

    def read(self, name: str) -> bytes:
        """A file's bytes.

        Raises:
            EvidenceError: it cannot be read whole, or is not there.
        """


@contextmanager
def opened(path: Path) -> Iterator[Files]:
    """The pack at ``path``.

    Raises:
        ConfigurationError: there is nothing that can be read. EvidenceError: what is there is no pack.
    """
    if path.is_dir():
        yield _Folder(path)
        return
    try:
        with zipfile.ZipFile(path) as archive:
            yield _Zip(archive)
    except zipfile.BadZipFile as error:
        raise EvidenceError(f"{path} is not a zip: {error}.", advice="ask for the pack again.") from error
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}.", advice="name a pack's folder or zip.") from error


class _Folder:
    def __init__(self, root: Path) -> None:
        self._root = root
        self.sizes: dict[str, int] = {}
        for folder, folders, names in os.walk(root, followlinks=False):
            for name in (*folders, *names):
                self._add(Path(folder) / name)
        _bounded(self.sizes)

    def _add(self, path: Path) -> None:
        found, name = path.lstat(), path.relative_to(self._root).as_posix()
        if stat.S_ISDIR(found.st_mode):
            return
        if not stat.S_ISREG(found.st_mode) or not allowed(name):
            raise _no_pack(f"{name!r} is no plain file with a name that a pack has")
        self.sizes[name] = found.st_size

    def read(self, name: str) -> bytes:
        if name not in self.sizes:
            raise _no_pack(f"{name} is not there")
        with os.fdopen(os.open(self._root / name, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
            return _whole(name, file.read(_MOST_OF_ONE + 1))


class _Zip:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self.sizes: dict[str, int] = {}
        for entry in archive.infolist():
            kind = stat.S_IFMT(entry.external_attr >> 16)
            if entry.is_dir():
                continue
            if not allowed(entry.filename) or kind not in (0, stat.S_IFREG) or entry.flag_bits & 0x1:
                raise _no_pack(f"{entry.filename!r} is no plain file with a name that a pack has")
            if entry.filename in self.sizes:
                raise _no_pack(f"{entry.filename} is in it twice")
            self.sizes[entry.filename] = entry.file_size
        _bounded(self.sizes)

    def read(self, name: str) -> bytes:
        try:
            with self._archive.open(name) as file:
                return _whole(name, file.read(min(self.sizes[name], _MOST_OF_ONE) + 1))
        except (KeyError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
            raise _no_pack(f"{name} cannot be read: {error}") from error


def _bounded(sizes: dict[str, int]) -> None:
    if len(sizes) > MOST_FILES or sum(sizes.values()) > MOST_BYTES:
        raise _no_pack(f"{len(sizes):,} files of {sum(sizes.values()):,} bytes are more than a pack has")


def _whole(name: str, body: bytes) -> bytes:
    if len(body) > _MOST_OF_ONE:
        raise _no_pack(f"{name} is larger than {_MOST_OF_ONE:,} bytes")
    return body


def _no_pack(why: str) -> EvidenceError:
    return EvidenceError(f"not an evidence pack: {why}.", advice="ask for the pack again; open nothing of it.")
