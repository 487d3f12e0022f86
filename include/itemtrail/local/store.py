"""``ObjectStore`` over a folder: a synced trail bucket, or a copy of an archive.

Decides: a key is a file's path below the folder, ``/`` between its parts; metadata is what ``tar xf --xattrs`` restored from an
originals tar (the extended attribute ``user.itemtrail``), and nothing where a copy lost it, as ``aws s3 sync`` does. Refuses to
follow a symbolic link and to read anything but plain files: a folder from somebody else is hostile.
"""

import datetime as dt
import hashlib
import json
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from itemtrail.errors import AccessDenied, ConfigurationError, NotFound, SourceUnavailable
from itemtrail.model import KeptVersion, ObjectInfo, StoredObject

_ATTRIBUTE = "user.itemtrail"
_CHUNK = 1 << 20


class FolderStore:
    """One folder. ``root`` stands before every key: what the copy left out of the bucket's keys."""

    def __init__(self, folder: Path, *, root: str = "") -> None:
        """Raises ConfigurationError: there is no such folder."""
        if not folder.is_dir():
            raise ConfigurationError(f"{folder} is not a folder.", advice="name the folder that holds AWSLogs/.")
        self._folder = folder.resolve()
        self._root = root

    @property
    def name(self) -> str:
        """The folder's path."""
        return f"{self._folder}/"

    def list(self, prefix: str, *, start_after: str = "") -> Iterator[ObjectInfo]:
        """Plain files whose key begins with ``prefix``, in key order."""
        yield from self._below(self._folder, self._root, prefix, start_after)

    def _below(self, folder: Path, head: str, prefix: str, after: str) -> Iterator[ObjectInfo]:
        for entry, is_folder in _entries(folder):
            key = f"{head}{entry.name}{'/' if is_folder else ''}"
            if is_folder and (key.startswith(prefix) or prefix.startswith(key)):
                if not after.startswith(key) and key <= after:
                    continue
                yield from self._below(Path(entry.path), key, prefix, after)
            elif not is_folder and key.startswith(prefix) and key > after:
                yield self._info(key, Path(entry.path))

    def list_versions(self, prefix: str, *, start_after: str = "") -> Iterator[KeptVersion]:
        """The plain files: a folder keeps no older versions."""
        for info in self.list(prefix, start_after=start_after):
            yield KeptVersion(info.key, info.size, info.last_modified)

    def list_prefixes(self, prefix: str) -> tuple[str, ...]:
        """Names of the folders directly below ``prefix``, which ends in ``/`` or is empty."""
        if self._root.startswith(prefix) and prefix != self._root:
            return (self._root[len(prefix) :].split("/")[0],)
        folder = self._folder / prefix.removeprefix(self._root)
        if not folder.is_dir():
            return ()
        return tuple(entry.name for entry, is_folder in _entries(folder) if is_folder)

    def read(self, key: str, *, version_id: str | None = None) -> StoredObject:
        """The whole file; ``version_id`` is not known here."""
        path = self._path(key)
        with _translated(key):
            body = path.read_bytes()
        metadata, kind, encoding = _attributes(path)
        info = self._info(key, path)
        return StoredObject(key, body, metadata, kind, encoding, info.last_modified, "", version_id)

    def read_range(self, key: str, start: int, length: int, *, version_id: str | None = None) -> bytes:  # noqa: ARG002
        """Exactly ``length`` bytes from ``start``."""
        with _translated(key), self._path(key).open("rb") as file:
            file.seek(start)
            data = file.read(length)
        if len(data) != length:
            raise SourceUnavailable(f"{key} ends before byte {start + length}.", advice="copy the file again: it is cut off.")
        return data

    def download(self, key: str, to: Path, *, version_id: str | None = None) -> str:  # noqa: ARG002
        """Copy the file to ``to``; its SHA-256."""
        digest = hashlib.sha256()
        with _translated(key), self._path(key).open("rb") as source, to.open("wb") as target:
            while chunk := source.read(_CHUNK):
                digest.update(chunk)
                target.write(chunk)
        return digest.hexdigest()

    def head(self, key: str, *, version_id: str | None = None) -> ObjectInfo:  # noqa: ARG002
        """Size and time of a file."""
        return self._info(key, self._path(key))

    def _path(self, key: str) -> Path:
        """The file of ``key``.

        Raises:
            NotFound: there is none, or the key leads out of the folder or through a link.
        """
        relative = key.removeprefix(self._root)
        path = self._folder.joinpath(relative)
        inside = key.startswith(self._root) and not relative.startswith("/") and ".." not in relative.split("/")
        if not inside or path.resolve() != path or not path.is_file():
            raise NotFound(f"{key} is not a file in {self._folder}.", advice="copy it again, or name another folder.")
        return path

    def _info(self, key: str, path: Path) -> ObjectInfo:
        with _translated(key):
            found = path.lstat()
        if not stat.S_ISREG(found.st_mode):
            raise NotFound(f"{key} is not a plain file.", advice="copy it again.")
        return ObjectInfo(key, found.st_size, dt.datetime.fromtimestamp(found.st_mtime, dt.UTC))


def _entries(folder: Path) -> list[tuple["os.DirEntry[str]", bool]]:
    """Folders and plain files, in the order that their keys have (a folder sorts as if it ended in ``/``)."""
    with _translated(str(folder)), os.scandir(folder) as found:
        plain = [(one, one.is_dir(follow_symlinks=False)) for one in found if not one.is_symlink()]
        kept = [(one, is_folder) for one, is_folder in plain if is_folder or one.is_file(follow_symlinks=False)]
    return sorted(kept, key=lambda pair: os.fsencode(pair[0].name + ("/" if pair[1] else "")))


def _attributes(path: Path) -> tuple[Mapping[str, str], str, str]:
    """Metadata, content type, content encoding; empty where the copy did not keep them."""
    try:
        said = json.loads(os.getxattr(path, _ATTRIBUTE, follow_symlinks=False))
        metadata = {str(name): str(value) for name, value in dict(said.get("metadata", {})).items()}
        return metadata, str(said.get("content_type", "")), str(said.get("content_encoding", ""))
    except (OSError, ValueError, AttributeError, TypeError):
        return {}, "", ""


@contextmanager
def _translated(what: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise NotFound(f"{what} is gone.", advice="copy it again.") from error
    except PermissionError as error:
        raise AccessDenied("reading", what, advice="give yourself permission to read it.") from error
    except OSError as error:
        raise SourceUnavailable(
            f"{what} cannot be read: {error.strerror}.", advice="look at the disk, then run again."
        ) from error
