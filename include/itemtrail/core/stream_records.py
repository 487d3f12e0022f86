"""One record of a DynamoDB stream as a row of ``stream_records``, or as what could not be read.

Decides: images are canonical DynamoDB JSON text (names sorted, no spaces; sets as delivered), which attributes changed (compared
by value, before redaction: the names of redacted attributes are told, their values are not), what is a deletion by TTL, and that
members which the schema does not know are kept as ``extra``. Takes the record as the adapter gives it: JSON values, binary as
base64 text. Refuses nothing: what cannot be a row becomes ``Unreadable`` with a reason; where rules redact and cannot be applied
to it, its images are withheld. Source: DynamoDB Streams API reference, Record and StreamRecord; DynamoDB developer guide, "Time
to Live and DynamoDB Streams" (read 2026-11-24).
"""

import datetime as dt
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from itemtrail.core import item_key
from itemtrail.core.diff import same
from itemtrail.core.plan import canonical

Record = Mapping[str, Any]
Row = dict[str, Any]
Redact = Callable[[Record], tuple[dict[str, Any], tuple[str, ...]]]
_IMAGES = ("Keys", "OldImage", "NewImage")
_READ = frozenset({*_IMAGES, "ApproximateCreationDateTime", "SequenceNumber", "SizeBytes", "StreamViewType"})
_READ_ABOVE = frozenset({"eventID", "eventName", "eventVersion", "dynamodb", "userIdentity"})
_NO_TIME = dt.datetime.min.replace(tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a record was read."""

    table_arn: str
    stream_arn: str
    shard_id: str

    @property
    def implied(self) -> dict[str, str]:
        """Members that say nothing that the archive does not know already."""
        return {"eventSource": "aws:dynamodb", "awsRegion": self.table_arn.split(":")[3], "eventSourceARN": self.stream_arn}


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record that is no row. ``record`` is its canonical JSON text."""

    stream_arn: str
    shard_id: str
    sequence_number: str | None
    reason: str
    detail: str
    record: str


class _BadError(ValueError):
    """Why a record cannot be a row: a short upper-case code and words."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def sequence_of(record: object) -> str | None:
    """The record's sequence number as delivered, None where it has none; it orders by its integer."""
    inner = record.get("dynamodb") if isinstance(record, Mapping) else None
    found = inner.get("SequenceNumber") if isinstance(inner, Mapping) else None
    return found if isinstance(found, str) and found.isascii() and found.isdigit() else None


def created_of(record: object) -> dt.datetime | None:
    """When the record was created, None where it does not say or what it says is no time."""
    inner = record.get("dynamodb") if isinstance(record, Mapping) else None
    try:
        return _time(inner.get("ApproximateCreationDateTime")) if isinstance(inner, Mapping) else None
    except _BadError:
        return None


def read(record: object, origin: Origin, redact: Redact | None = None) -> Row | Unreadable:
    """The row of ``record``, or why it is none. ``redact`` is applied before anything is kept."""
    try:
        return _row(record, origin, redact)
    except _BadError as error:
        return _unreadable(record, origin, redact, error.reason, str(error))
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        return _unreadable(record, origin, redact, "MALFORMED", type(error).__name__)


def ordered(rows: Iterable[Row]) -> list[Row]:
    """Rows of one file in their order: item, time, sequence number as an integer."""
    return sorted(rows, key=lambda r: (r["item_key"], r["created"] or _NO_TIME, int(r["sequence_number"]), r["shard_id"]))


def quarantined(found: Iterable[Unreadable]) -> bytes:
    """Unreadable records as one canonical JSON document a line, in the order given."""
    return b"".join(canonical(one) + b"\n" for one in found)


def _row(record: object, origin: Origin, redact: Redact | None) -> Row:
    if not isinstance(record, Mapping) or not isinstance(record.get("dynamodb"), Mapping):
        raise _BadError("NOT_A_RECORD", "it is no object with a member `dynamodb`")
    inner = record["dynamodb"]
    number = sequence_of(record)
    if number is None:
        raise _BadError("NO_SEQUENCE_NUMBER", f"SequenceNumber is {inner.get('SequenceNumber')!r}"[:200])
    changed = _changed(_image(inner, "OldImage"), _image(inner, "NewImage"), _text(record, "eventName", needed=True))
    kept, redacted = redact(record) if redact else (record, ())
    shown = kept["dynamodb"]
    keys = _image(shown, "Keys")
    if keys is None:
        raise _BadError("NO_KEYS", "the member Keys is missing")
    return {
        "stream_arn": origin.stream_arn,
        "shard_id": origin.shard_id,
        "sequence_number": number,
        "event_id": _text(kept, "eventID"),
        "event_name": _text(kept, "eventName"),
        "event_version": _text(kept, "eventVersion"),
        "created": _time(shown.get("ApproximateCreationDateTime")),
        "size_bytes": _whole(shown, "SizeBytes"),
        "stream_view_type": _text(shown, "StreamViewType"),
        "keys": _json(keys),
        "old_image": _json(_image(shown, "OldImage")),
        "new_image": _json(_image(shown, "NewImage")),
        "user_identity": _json(kept.get("userIdentity")),
        "extra": _json(_extra(kept, shown, origin) or None),
        "table_arn": origin.table_arn,
        "item_key": _item_key(keys),
        "changed": changed,
        "ttl_delete": record["eventName"] == "REMOVE" and _is_ttl(record.get("userIdentity")),
        "redacted": sorted(redacted),
    }


def _item_key(keys: Record) -> str:
    try:
        return item_key.of_stream(keys)[0]
    except ValueError as error:
        raise _BadError("BAD_KEYS", str(error)) from error


def _image(inner: Record, name: str) -> dict[str, Any] | None:
    found = inner.get(name)
    if found is None:
        return None
    if not isinstance(found, dict) or not all(isinstance(value, dict) and len(value) == 1 for value in found.values()):
        raise _BadError("BAD_IMAGE", f"{name} is not attributes with one typed value each")
    return found


def _changed(old: dict[str, Any] | None, new: dict[str, Any] | None, event: str | None) -> list[str]:
    """Top-level names that differ; none where one side of a modification is not in the stream's view."""
    if event == "MODIFY" and (old is None or new is None):
        return []
    before, after = old or {}, new or {}
    names = before.keys() | after.keys()
    return sorted(n for n in names if n not in before or n not in after or not same(before[n], after[n]))


def _is_ttl(identity: object) -> bool:
    """Both spellings: the API's own, and that of the events that Lambda passes on."""
    if not isinstance(identity, Mapping):
        return False
    named = {str(name).lower(): value for name, value in identity.items()}
    return named.get("type") == "Service" and named.get("principalid") == "dynamodb.amazonaws.com"


def _time(value: object) -> dt.datetime | None:
    if value is None:
        return None
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        return value.astimezone(dt.UTC)
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return dt.datetime.fromtimestamp(value, dt.UTC)
        except (ValueError, OverflowError, OSError):
            pass
    raise _BadError("BAD_TIME", f"ApproximateCreationDateTime is {value!r}"[:200])


def _text(record: Record, name: str, *, needed: bool = False) -> str | None:
    value = record.get(name)
    if isinstance(value, str) and (value or not needed):
        return value
    if value is None and not needed:
        return None
    raise _BadError("BAD_FIELD", f"{name} is {value!r}"[:200])


def _whole(record: Record, name: str) -> int | None:
    value = record.get(name)
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 63):
        return value
    raise _BadError("BAD_FIELD", f"{name} is {value!r}"[:200])


def _extra(record: Record, inner: Record, origin: Origin) -> dict[str, Any]:
    implied = origin.implied
    extra = {n: v for n, v in record.items() if n not in _READ_ABOVE and implied.get(n) != v}
    below = {n: v for n, v in inner.items() if n not in _READ}
    return extra | ({"dynamodb": below} if below else {})


def _json(value: object) -> str | None:
    return None if value is None else canonical(value).decode()


def _unreadable(record: object, origin: Origin, redact: Redact | None, reason: str, detail: str) -> Unreadable:
    kept, said = record, detail
    if redact:
        try:
            kept = redact(record)[0]  # type: ignore[arg-type]
        except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
            kept, said = _withheld(record), "its images are withheld, because they could not be redacted"
    try:
        text = json.dumps(kept, sort_keys=True, separators=(",", ":"), default=str)
    except (ValueError, TypeError, RecursionError) as error:
        text = json.dumps({"unreadable": type(error).__name__})
    said = said.encode("utf-8", "backslashreplace").decode()
    return Unreadable(origin.stream_arn, origin.shard_id, sequence_of(record), reason, said, text)


def _withheld(record: object) -> object:
    """What can be told of a record without any item's values."""
    inner = record.get("dynamodb") if isinstance(record, Mapping) else None
    told = {n: inner[n] for n in ("SequenceNumber", "SizeBytes") if n in inner} if isinstance(inner, Mapping) else {}
    name = record.get("eventName") if isinstance(record, Mapping) else None
    return {"eventName": name if isinstance(name, str) else None, "dynamodb": told}
