"""``PublicKeys`` out of files: what ``aws cloudtrail list-public-keys`` printed, or the ``keys/`` folder of an archive.

Decides: both forms, one document a file; times as numbers, as numbers in text (as AWS's own sample has them) or in ISO 8601.
A key without a Region is of every Region. Refuses to judge a key (``core.signature`` does, by its fingerprint).
Source: CloudTrail API reference, ListPublicKeys; AWS CLI reference, ``cli_timestamp_format``, read 2026-11-24.
"""

import base64
import binascii
import datetime as dt
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from itemtrail.errors import ConfigurationError
from itemtrail.model import PublicKey

_LISTS = ("PublicKeyList", "publicKeyList")


class FileKeys:
    """Keys of a file, or of every ``.json`` below a folder."""

    def __init__(self, path: Path) -> None:
        """Read them all. Raises ConfigurationError: nothing there, or not a document of keys."""
        paths = sorted(path.rglob("*.json")) if path.is_dir() else [path]
        self._keys = tuple(key for one in paths for key in _read(one))
        if not self._keys:
            raise ConfigurationError(f"{path} holds no public key.", advice=_ADVICE)

    def keys(self, region: str, start: dt.datetime, end: dt.datetime) -> tuple[PublicKey, ...]:
        """Keys of ``region`` whose validity overlaps ``[start, end]``."""
        ours = (key for key in self._keys if key.region in ("", region))
        return tuple(replace(key, region=region) for key in ours if key.valid_from <= end and key.valid_to >= start)


_ADVICE = (
    "save what `aws cloudtrail list-public-keys --start-time … --end-time …` prints in the trail's Region, and name that file."
)


def _read(path: Path) -> Iterator[PublicKey]:
    try:
        document = json.loads(path.read_bytes())
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}.", advice=_ADVICE) from error
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path} is not JSON: {error}.", advice=_ADVICE) from error
    try:
        found = next((document[name] for name in _LISTS if name in document), [document])
        for item in found:
            yield _listed(item) if "Value" in item else _archived(item)
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError, binascii.Error) as error:
        raise ConfigurationError(f"{path} is not a list of public keys: {error!r}.", advice=_ADVICE) from error


def _listed(item: Mapping[str, Any]) -> PublicKey:
    return PublicKey(
        fingerprint=str(item["Fingerprint"]),
        value=base64.b64decode(item["Value"], validate=True),
        region="",
        valid_from=_time(item["ValidityStartTime"]),
        valid_to=_time(item["ValidityEndTime"]),
    )


def _archived(item: Mapping[str, Any]) -> PublicKey:
    return PublicKey(
        fingerprint=str(item["fingerprint"]),
        value=base64.b64decode(item["value"], validate=True),
        region=str(item["region"]),
        valid_from=_time(item["valid_from"]),
        valid_to=_time(item["valid_to"]),
    )


def _time(value: object) -> dt.datetime:
    text = str(value)
    try:
        return dt.datetime.fromtimestamp(float(text), dt.UTC)
    except ValueError:
        found = dt.datetime.fromisoformat(text)
        return found.astimezone(dt.UTC) if found.tzinfo else found.replace(tzinfo=dt.UTC)
