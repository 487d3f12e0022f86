"""Gunzip that an attacker cannot use: one member, all input consumed, CRC and length right, size capped.

Refuses: anything after the first member. The bytes returned are the bytes to hash, parse and pack; nothing else may be read
from the object. CloudTrail's ``hashValue`` is over these bytes (CloudTrail user guide, digest file structure, read 2026-11-24).
isal rather than libdeflate: it reports what it left unread (docs/adr/0002).
"""

from itemtrail.errors import Undecodable

_GZIP_WINDOW = 31  # zlib's name for: gzip wrapper, 32 KiB window, CRC-32 and length checked


def inflate(body: bytes, *, max_bytes: int) -> bytes:
    """The content of a gzip object that is exactly one member of at most ``max_bytes`` inflated bytes.

    Raises:
        Undecodable: NOT_GZIP, TRUNCATED, CRC_MISMATCH, CORRUPT, APPENDED_MEMBER, TRAILING_DATA or TOO_LARGE.
    """
    from isal import isal_zlib

    if body[:2] != b"\x1f\x8b":
        raise Undecodable("NOT_GZIP", "the object does not begin as gzip.")
    machine = isal_zlib.decompressobj(_GZIP_WINDOW)
    try:
        content: bytes = machine.decompress(body, max_bytes + 1)
    except isal_zlib.error as error:  # type: ignore[misc]  # the stub types it as a plain variable
        reason = "CRC_MISMATCH" if "checksum" in str(error).lower() else "CORRUPT"
        raise Undecodable(reason, f"the gzip stream is damaged: {error}.") from error
    if len(content) > max_bytes:
        raise Undecodable("TOO_LARGE", f"the object inflates to more than {max_bytes} bytes.")
    if not machine.eof:
        raise Undecodable("TRUNCATED", "the gzip stream ends early.")
    if machine.unused_data:
        _refuse_rest(machine.unused_data)
    return content


def _refuse_rest(rest: bytes) -> None:
    if rest[:2] == b"\x1f\x8b":
        raise Undecodable("APPENDED_MEMBER", f"{len(rest)} bytes of another gzip member follow the first.")
    raise Undecodable("TRAILING_DATA", f"{len(rest)} bytes follow the gzip member.")
