"""Evidence packs in the archive: ``evidence/<case>/<hash>.zip``, derived and not locked.

Decides: the key is the manifest's hash, so that the same pack is stored once. Refuses to replace one, and to take other bytes
under its name for it.
"""

from pathlib import Path

from itemtrail.core import layout
from itemtrail.core.plan import sha256
from itemtrail.errors import EvidenceError
from itemtrail.flows.evidence import Pack, write_zip
from itemtrail.ports.data import ArchiveStore


def key_of(case: str, pack: Pack) -> str:
    """Where the pack of a case lies."""
    return layout.evidence_key(case, pack.manifest)


def store(archive: ArchiveStore, pack: Pack, case: str, *, room: Path) -> str:
    """Put the pack as a zip, create-only; its key. ``room`` is a folder for the zip.

    Raises:
        EvidenceError: something else lies there. AccessDenied, SourceUnavailable, ConfigurationError.
    """
    key, zipped = key_of(case, pack), room / "pack.zip"
    zipped.unlink(missing_ok=True)
    write_zip(pack, zipped)
    if archive.put_new(key, zipped, locked=False, content_type="application/zip"):
        return key
    if archive.download(key, room / "there.zip") != sha256(zipped.read_bytes()):
        raise EvidenceError(f"{key} holds something else than this pack.", advice="look at its versions and at who wrote it.")
    return key
