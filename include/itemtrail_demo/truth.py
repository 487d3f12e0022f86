"""The ground truth: one line of NDJSON a call, and one a TTL removal: who called what when, and what it changed.

A line is what the application knows, gathered without CloudTrail and without streams, so that what those two yield can be
measured against it. Images are DynamoDB JSON, as in stream records.

::

    {"n": 17, "at": "2026-11-21T09:14:22Z", "happening": "pay_rise", "seat": "a.moreno", "principal": "arn:…",
     "source_identity": "a.moreno", "region": "us-east-1", "service": "dynamodb", "operation": "UpdateItem",
     "request_id": "…", "error": "", "attempted": [{"table","key"}], "changes": [{"table","key","before","after","noop"}]}

``at`` is when the sandbox's clock stood at the happening; a TTL line has ``"operation": "TTL"``, no request id, and
``at`` as the last moment at which the item may still have been there.
"""

import datetime as dt
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from itemtrail_demo.calls import Call, typed
from itemtrail_demo.world import Change, Ref


def call_line(call: Call, *, second: int, happening: str, principal: str, human: str, request_id: str) -> dict[str, Any]:
    """The line of one call that was answered as planned; ``human`` is the SourceIdentity, "" for none."""
    return {
        "at": _iso(second),
        "happening": happening,
        "seat": call.seat,
        "principal": principal,
        "source_identity": human,
        "region": call.region,
        "service": call.service,
        "operation": call.operation,
        "request_id": request_id,
        "error": call.expect,
        "attempted": [_item(ref) for ref in call.attempted],
        "changes": [_change(change) for change in call.changes],
    }


def ttl_line(change: Change, *, second: int) -> dict[str, Any]:
    """The line of one item that TTL removed, at ``second`` at the latest."""
    return {
        "at": _iso(second),
        "happening": "ttl",
        "seat": "",
        "principal": "dynamodb.amazonaws.com",
        "source_identity": "",
        "region": change.ref.region,
        "service": "dynamodb",
        "operation": "TTL",
        "request_id": "",
        "error": "",
        "attempted": [_item(change.ref)],
        "changes": [_change(change)],
    }


class Ledger:
    """Writes lines in the order in which answers came, numbered; safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("w", encoding="utf-8")
        self._lock = threading.Lock()
        self._next = 0

    def add(self, line: dict[str, Any]) -> None:
        """Append one line."""
        with self._lock:
            self._next += 1
            self._file.write(json.dumps({"n": self._next, **line}, separators=(",", ":"), ensure_ascii=False) + "\n")

    def close(self) -> None:
        """Everything is on disk."""
        self._file.close()


def read(path: Path) -> Iterator[dict[str, Any]]:
    """The lines, in order."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def _item(ref: Ref) -> dict[str, Any]:
    return {"table": ref.table, "key": typed(ref.key_record)}


def _change(change: Change) -> dict[str, Any]:
    return {
        **_item(change.ref),
        "before": typed(change.before) if change.before is not None else None,
        "after": typed(change.after) if change.after is not None else None,
        "noop": change.noop,
    }


def _iso(second: int) -> str:
    return dt.datetime.fromtimestamp(second, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
