"""What an archive root holds beside its units: whose it is, and the public keys that verdicts lean on.

Decides: one archive root belongs to one trail, and a key is stored under the SHA-256 of its DER bytes. Refuses another trail.
"""

import base64
import datetime as dt
import json

from itemtrail import __version__
from itemtrail.core import layout
from itemtrail.core.plan import Versions, canonical, sha256
from itemtrail.core.schema import SCHEMA_VERSION
from itemtrail.errors import ConfigurationError, EvidenceError
from itemtrail.model import PublicKey, TrailRef
from itemtrail.ports.data import ArchiveStore, PublicKeys
from itemtrail.settings import Settings


def claim_root(archive: ArchiveStore, trail: TrailRef) -> None:
    """Make the archive root this trail's, or refuse.

    Raises:
        ConfigurationError: it is another trail's.
    """
    mine = canonical({"kind": "archive", "layout": layout.VERSION, "trail": trail})
    if archive.put_new(layout.ARCHIVE_KEY, mine, locked=False, content_type="application/json"):
        return
    found = archive.read(layout.ARCHIVE_KEY).body
    if found != mine:
        raise ConfigurationError(
            f"{archive.name} belongs to another trail: {_owner(found)}; this is {trail.arn} in {trail.bucket}.",
            advice="give this trail an archive of its own: another `archive.bucket` or `archive.prefix`.",
        )


def _owner(document: bytes) -> str:
    try:
        owner = json.loads(document)["trail"]
        return f"{owner['arn']} in {owner['bucket']}"
    except (ValueError, KeyError, TypeError):
        return "archive.json cannot be read"


class KeyRecorder:
    """Public keys as asked for, remembered: what a verdict leaned on goes into the archive."""

    def __init__(self, inner: PublicKeys) -> None:
        self._inner = inner
        self.found: dict[tuple[str, bytes], PublicKey] = {}

    def keys(self, region: str, start: dt.datetime, end: dt.datetime) -> tuple[PublicKey, ...]:
        """As the port behind it."""
        found = self._inner.keys(region, start, end)
        self.found |= {(key.region, key.value): key for key in found}
        return found


def store_keys(archive: ArchiveStore, found: dict[tuple[str, bytes], PublicKey]) -> tuple[str, ...]:
    """Put each public key create-only; returns their archive keys, sorted.

    Raises:
        EvidenceError: the archive holds another key under that name.
    """
    stored = []
    for (region, value), key in sorted(found.items()):
        name = layout.public_key_key(region, sha256(value))
        document = {
            "fingerprint": key.fingerprint,
            "region": region,
            "valid_from": key.valid_from,
            "valid_to": key.valid_to,
            "value": base64.b64encode(value).decode(),
        }
        created = archive.put_new(name, canonical(document), locked=True, content_type="application/json")
        if not created and json.loads(archive.read(name).body).get("value") != document["value"]:
            raise EvidenceError(f"{name} holds another key.", advice="look at its versions and at who wrote it.")
        stored.append(name)
    return tuple(stored)


def versions(settings: Settings) -> Versions:
    """What makes a commit now."""
    import pyarrow as pa

    shaping = {
        "conversion": settings.conversion.model_dump(exclude={"workers"}),
        "part_bytes": settings.archive.part_bytes,
        "validation": settings.validation.model_dump(),
    }
    return Versions(__version__, SCHEMA_VERSION, sha256(canonical(shaping)), pa.__version__)
