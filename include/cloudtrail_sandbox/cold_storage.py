"""Patch 17: restores from Glacier classes take the hours that AWS states, by the sandbox's clock.

The emulator restores in two seconds whatever the tier, takes Expedited for DEEP_ARCHIVE and any word as a tier, refuses to
restore a readable object by a code that AWS uses for Intelligent-Tiering only, and tells nothing of restores in listings. Here
a restore ends after the longest time of its tier; its copy expires at the midnight after its days; a refused tier is
InvalidArgument (with AWS's message; its code is not documented). No notification tells of the end or the expiry.
Sources: Amazon S3 user guide, "Understanding archive retrieval options"; S3 API reference, RestoreObject, RestoreStatus and
ListObjectsV2 (read 2026-11-24).
"""

import datetime as dt
import re
from typing import Any
from urllib.parse import unquote_plus
from xml.etree import ElementTree as ET

HOURS = {
    ("GLACIER", "Expedited"): 5 / 60,
    ("GLACIER", "Standard"): 5.0,
    ("GLACIER", "Bulk"): 12.0,
    ("DEEP_ARCHIVE", "Standard"): 12.0,
    ("DEEP_ARCHIVE", "Bulk"): 48.0,
}
_TIERS = {tier for _, tier in HOURS}
_TIER = re.compile(rb"<(?:\w+:)?Tier>\s*(\w+)\s*</")
_DAYS = re.compile(rb"<(?:\w+:)?Days>\s*(-?\d+)\s*</")
_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
_ASKED = "x-amz-optional-object-attributes"


def patch() -> None:
    """Restores by the clock; listings that tell of them."""
    from ministack.services import s3

    restore, dispatch = s3._restore_object, s3._dispatch

    def restore_object(bucket: str, key: str, body: bytes) -> Any:
        one = _object(s3, bucket, key)
        storage_class = (one or {}).get("storage_class") or "STANDARD"
        tier = _word(_TIER, body, "Standard")
        if refused := one and _refusal(s3, storage_class, tier, body, f"/{bucket}/{key}"):
            return refused
        status, answered, text = restore(bucket, key, body)
        if status == 202 and one:
            begun = one["restore"]["requested_at"]
            ready = begun + HOURS[storage_class, tier] * 3600
            expires = s3._restore_expiry_epoch(ready, int(_word(_DAYS, body, "1")))
            one["restore"] |= {"available_at": ready, "expires_at": expires}
        return status, answered, text

    def dispatch_request(method: str, bucket: str, key: str, headers: Any, body: bytes, query: Any) -> Any:
        status, answered, text = dispatch(method, bucket, key, headers, body, query)
        listing = method == "GET" and bucket and not key and "list-type" in query
        if listing and status == 200 and "RestoreStatus" in str((headers or {}).get(_ASKED, "")):
            text = _with_restores(s3, bucket, text)
        return status, answered, text

    s3._restore_object, s3._dispatch = restore_object, dispatch_request
    s3._schedule_restore_completed = s3._schedule_restore_expiry = lambda *_: None


def _object(s3: Any, bucket: str, key: str) -> dict[str, Any] | None:
    held = s3._ensure_bucket(bucket)
    found: dict[str, Any] | None = held["objects"].get(key) if held else None
    return found


def _refusal(s3: Any, storage_class: str, tier: str, body: bytes, resource: str) -> Any:
    if storage_class not in s3._ARCHIVE_STORAGE_CLASSES and storage_class != "INTELLIGENT_TIERING":
        message = "Restore is not allowed for the object's current storage class"
        return s3._error("InvalidObjectState", message, 403, resource)
    if tier not in _TIERS or int(_word(_DAYS, body, "1")) < 1:
        message = "The XML you provided was not well-formed or did not validate against our published schema"
        return s3._error("MalformedXML", message, 400, resource)
    if storage_class == "DEEP_ARCHIVE" and tier == "Expedited":
        return s3._error("InvalidArgument", "Retrieval option is not supported by this storage class", 400, resource)
    return None


def _with_restores(s3: Any, bucket: str, text: Any) -> bytes:
    """A listing with ``RestoreStatus`` for each object that is, or was, asked back."""
    ET.register_namespace("", _NAMESPACE)
    root = ET.fromstring(text)  # noqa: S314 - the emulator's own answer
    space = f"{{{_NAMESPACE}}}" if root.tag.startswith("{") else ""
    encoded = root.findtext(f"{space}EncodingType") == "url"
    for line in root.findall(f"{space}Contents"):
        name = line.findtext(f"{space}Key") or ""
        key = unquote_plus(name) if encoded else name
        one = _object(s3, bucket, key)
        phase = s3._sync_restore(bucket, key, one)
        if one is None or phase is None:
            continue
        status = ET.SubElement(line, f"{space}RestoreStatus")
        ET.SubElement(status, f"{space}IsRestoreInProgress").text = "true" if phase == "in_progress" else "false"
        if phase == "restored":
            expires = dt.datetime.fromtimestamp(one["restore"]["expires_at"], dt.UTC)
            ET.SubElement(status, f"{space}RestoreExpiryDate").text = f"{expires:%Y-%m-%dT%H:%M:%S.000Z}"
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root)


def _word(pattern: re.Pattern[bytes], body: bytes, default: str) -> str:
    found = pattern.search(body or b"")
    return found[1].decode() if found else default
