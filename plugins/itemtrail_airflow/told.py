"""Who has been told: a small object below ``alerts/`` in the archive for each finding; no retry, clear or backfill repeats it.

Decides: a finding with a mark of its own is told once, from its first day to its end; one without is told once a UTC day, because
what comes back after it was mended must be heard. Marks are written after an alert arrived: told twice is better than never told.
For the same reason an archive that cannot be read or written never keeps an alert from going out.
"""

import datetime as dt
import hashlib
import json
import logging
from collections.abc import Callable, Iterable
from dataclasses import replace

from itemtrail.core.alert import Alert, Line
from itemtrail.ports.data import ArchiveStore

log = logging.getLogger("itemtrail.alert")


def marked(alert: Alert, today: dt.date) -> Alert:
    """``alert`` with a mark on every line; without lines, its headline is the one line to remember, and is not shown twice."""
    lines = alert.lines or (Line(""),)
    return replace(alert, lines=tuple(line if line.mark else replace(line, mark=_mark(alert, line, today)) for line in lines))


def news(store: ArchiveStore, lines: Iterable[Line]) -> tuple[Line, ...]:
    """The lines whose mark is not there yet."""
    given = tuple(lines)
    known = {info.key for prefix in {_below(line.mark) for line in given} for info in store.list(prefix)}
    return tuple(line for line in given if line.mark not in known)


def remember(open_store: Callable[[], ArchiveStore], alert: Alert) -> None:
    """Write the marks of an alert that arrived; one that cannot be written is logged: the alert comes again."""
    try:
        store = open_store()
        for line in alert.lines:
            body = json.dumps({"kind": alert.kind, "severity": alert.severity, "headline": alert.headline, "says": line.text})
            store.put_new(line.mark, body.encode(), locked=False, content_type="application/json")
    except Exception as error:  # noqa: BLE001 - it was told; that it is told again is the lesser evil
        log.warning("that it was told could not be remembered, so it may be told again: %s", error)


def _mark(alert: Alert, line: Line, today: dt.date) -> str:
    what = [alert.kind, alert.origin.dag_id, str(alert.where), line.text]
    if not line.text:
        what += [alert.origin.run_id, alert.origin.task_id, alert.headline, *alert.summary]
    return f"alerts/date={today}/kind={alert.kind}/{hashlib.sha256(json.dumps(what).encode()).hexdigest()[:32]}.json"


def _below(mark: str) -> str:
    """The prefix that is listed for a mark: two folders deep."""
    return "/".join(mark.split("/")[:2]) + "/"
