"""The originals tar: the same members in the same order give the same bytes, and every member's offset is known.

Decides: POSIX pax; member name = the original's key; mtime = the object's last modified second; owner, group and mode fixed; the
S3 metadata (version, type, user metadata with the digest's signature) as one JSON text in the extended attribute
``user.itemtrail``, which ``tar xf`` passes over in silence and ``tar --xattrs`` restores. Refuses compression: a member must be
readable by range. Source: POSIX.1-2001 pax interchange format; GNU tar manual, "Extended File Attributes", read 2026-11-24.
"""

import datetime as dt
import hashlib
import shutil
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from itemtrail.core.plan import canonical
from itemtrail.errors import EvidenceError

_ATTRIBUTE = "SCHILY.xattr.user.itemtrail"
_MODE = 0o444
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Member:
    """A member as found: ``size`` bytes at ``offset`` of the tar, and their SHA-256."""

    name: str
    offset: int
    size: int
    sha256: str


class TarWriter:
    """Writes one tar into ``file``, member by member."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._position = 0

    def add(
        self,
        name: str,
        body: bytes | Path,
        *,
        modified: dt.datetime | None = None,
        attributes: Mapping[str, object] | None = None,
    ) -> int:
        """Append a member; returns the offset of its first byte. A Path is copied without being held in memory."""
        size = body.stat().st_size if isinstance(body, Path) else len(body)
        header = _info(name, size, modified, attributes).tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
        self._write(header)
        offset = self._position
        if isinstance(body, Path):
            with body.open("rb") as source:
                shutil.copyfileobj(source, self._file, _CHUNK)
            self._position += size
        else:
            self._write(body)
        self._write(b"\0" * (-size % tarfile.BLOCKSIZE))
        return offset

    def close(self) -> int:
        """Write the end of the archive; returns the tar's size. The file itself stays open."""
        self._write(b"\0" * (2 * tarfile.BLOCKSIZE))
        self._write(b"\0" * (-self._position % tarfile.RECORDSIZE))
        return self._position

    def _write(self, data: bytes) -> None:
        self._file.write(data)
        self._position += len(data)


def members(path: Path, *, name: str) -> Iterator[Member]:
    """Every member of the tar at ``path``, in order; ``name`` is what errors call it.

    Raises:
        EvidenceError: not a tar, cut off, or a member that is not a plain file.
    """
    try:
        with tarfile.open(path, "r:", encoding="utf-8", errors="surrogateescape") as tar, path.open("rb") as raw:
            for info in tar:
                if not info.isreg():
                    raise _damaged(name, f"{info.name!r} is not a plain file")
                yield Member(info.name, info.offset_data, info.size, _hash(raw, info.offset_data, info.size, name))
    except tarfile.TarError as error:
        raise _damaged(name, str(error)) from error


def read_member(path: Path, member: Member) -> bytes:
    """The bytes of ``member``."""
    with path.open("rb") as file:
        file.seek(member.offset)
        return file.read(member.size)


def extract(path: Path, member: Member, to: Path) -> Path:
    """Copy the bytes of ``member`` into the file ``to``, without holding them in memory; returns ``to``."""
    left = member.size
    with path.open("rb") as source, to.open("wb") as target:
        source.seek(member.offset)
        while left and (chunk := source.read(min(left, _CHUNK))):
            left -= target.write(chunk)
    return to


def _info(name: str, size: int, modified: dt.datetime | None, attributes: Mapping[str, object] | None) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.type = size, _MODE, tarfile.REGTYPE
    info.mtime = max(0, int(modified.timestamp())) if modified else 0
    if attributes:
        info.pax_headers = {_ATTRIBUTE: canonical(attributes).decode()}
    return info


def _hash(file: BinaryIO, offset: int, size: int, name: str) -> str:
    file.seek(offset)
    digest, left = hashlib.sha256(), size
    while left:
        chunk = file.read(min(left, _CHUNK))
        if not chunk:
            raise _damaged(name, "it ends inside a member")
        digest.update(chunk)
        left -= len(chunk)
    return digest.hexdigest()


def _damaged(name: str, why: str) -> EvidenceError:
    return EvidenceError(f"{name} is not the tar it should be: {why}.", advice="look at the object's versions and who wrote it.")
