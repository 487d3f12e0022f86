"""S3's daily lifecycle run, which the emulator never makes though it keeps the rules; the control API asks for it.

Decides, for each current version: a rule applies by status, prefix, tags and sizes; days count from creation to the next midnight
UTC; an expiration that is due goes before a move (a delete marker where the bucket keeps versions); of moves that are due the
coldest wins, and none goes back up. Objects below 128 KB move only by a rule with a size filter of its own, or into GLACIER and
DEEP_ARCHIVE where the configuration says `varies_by_storage_class`. Leaves alone: noncurrent versions, delete markers and
incomplete uploads. S3 may be late by days: when a run is made is the test's choice.
Source: Amazon S3 user guide, "Lifecycle configuration elements" and "Lifecycle rules conflicts", read 2026-11-24.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

CLASSES = ("STANDARD", "STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE")
SMALL = 128 * 1024
_VARIES = "varies_by_storage_class"
_DAY = dt.timedelta(days=1)
Rule = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Thing:
    """One current object as rules see it."""

    key: str
    size: int
    created: dt.datetime
    storage_class: str
    tags: frozenset[tuple[str, str]]


def run_now(now: dt.datetime) -> dict[str, int]:
    """Make one run over every bucket; how many objects were ``moved`` and ``expired``. Call it from the event loop's thread."""
    from ministack.core.responses import request_scope
    from ministack.services import s3

    done = {"moved": 0, "expired": 0}
    for (account, bucket), rules in list(s3._bucket_lifecycle._data.items()):
        if not isinstance(rules, list):
            continue  # the emulator could not read it
        with request_scope(account, "us-east-1"):
            held = s3._ensure_bucket(bucket)
            for key, one in list(held["objects"].items()) if held else ():
                thing = _thing(s3, bucket, key, one)
                match due(thing, rules, now, smallest=_smallest(s3, bucket)):
                    case "":
                        continue
                    case "expire":
                        s3._delete_object(bucket, key)
                        done["expired"] += 1
                    case storage_class:
                        _move(s3, bucket, key, one, storage_class)
                        done["moved"] += 1
    return done


def due(thing: Thing, rules: list[Rule], now: dt.datetime, *, smallest: str) -> str:
    """``expire``, the class to move to, or ``""``."""
    applying = [rule for rule in rules if rule.get("Status") == "Enabled" and _matches(thing, rule)]
    if any(_is_due(thing, rule["Expiration"], now) for rule in applying if rule.get("Expiration")):
        return "expire"
    moves = {move["StorageClass"] for rule in applying for move in _moves(thing, rule, smallest) if _is_due(thing, move, now)}
    return max((to for to in moves if _can_move(thing.storage_class, to)), key=CLASSES.index, default="")


def _can_move(now: str, to: str) -> bool:
    """The waterfall; One Zone-IA leads only to Flexible Retrieval and Deep Archive."""
    return CLASSES.index(to) > CLASSES.index(now) and (now, to) != ("ONEZONE_IA", "GLACIER_IR")


def _moves(thing: Thing, rule: Rule, smallest: str) -> Iterator[Rule]:
    filters = rule.get("Filter") or {}
    own_size = any(name.startswith("ObjectSize") for part in (filters, filters.get("And") or {}) for name in part)
    for move in rule.get("Transitions") or ():
        deep = move["StorageClass"] in ("GLACIER", "DEEP_ARCHIVE")
        if thing.size >= SMALL or own_size or (smallest == _VARIES and deep):
            yield move


def _matches(thing: Thing, rule: Rule) -> bool:
    filters = rule.get("Filter") or {}
    parts = filters.get("And") or filters
    tags = {(tag["Key"], tag["Value"]) for tag in [*parts.get("Tags", ()), *([parts["Tag"]] if "Tag" in parts else [])]}
    prefix = parts.get("Prefix") or rule.get("Prefix") or ""
    larger, smaller = int(parts.get("ObjectSizeGreaterThan", -1)), int(parts.get("ObjectSizeLessThan", 1 << 62))
    return thing.key.startswith(str(prefix)) and tags <= thing.tags and larger < thing.size < smaller


def _is_due(thing: Thing, when: Rule, now: dt.datetime) -> bool:
    if "Days" in when:
        at = thing.created + int(when["Days"]) * _DAY
        midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
        return now >= midnight if at == midnight else now >= midnight + _DAY
    return "Date" in when and now >= dt.datetime.fromisoformat(str(when["Date"])).astimezone(dt.UTC)


def _thing(s3: Any, bucket: str, key: str, one: Mapping[str, Any]) -> Thing:
    tags = s3._object_tags.get((bucket, key, one.get("version_id"))) or {}
    created = dt.datetime.fromisoformat(one["last_modified"]).astimezone(dt.UTC)
    return Thing(key, one["size"], created, one.get("storage_class") or "STANDARD", frozenset(tags.items()))


def _smallest(s3: Any, bucket: str) -> str:
    from cloudtrail_sandbox.ministack_patches import SMALLEST_MOVED

    _, headers, _ = s3._dispatch("GET", bucket, "", {}, b"", {"lifecycle": [""]})
    return str(headers.get(SMALLEST_MOVED, ""))


def _move(s3: Any, bucket: str, key: str, one: dict[str, Any], storage_class: str) -> None:
    one["storage_class"] = storage_class
    for version in s3._object_versions.get((bucket, key)) or ():
        if version["version_id"] == one.get("version_id"):
            version["storage_class"] = storage_class
