"""Answers of the Timeline page, from an archive: versions, a state, a principal's changes, a table's key, a proof.

Decides what of an answer is on a page. Runs in ``timeline_child``; needs no Airflow. Raises what the flows raise.
"""

import base64
import datetime as dt
import io
import itertools
import json
import tempfile
import zipfile
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from itemtrail.core import layout
from itemtrail.core.timeline import Built, typed_key
from itemtrail.core.visible import visible
from itemtrail.errors import EvidenceError, NotFound
from itemtrail.flows import prove, query, timeline
from itemtrail.ports.data import ObjectStore
from itemtrail.proof import check_proof
from itemtrail_airflow.web import timeline_view as view
from itemtrail_airflow.web.timeline_question import PER_PAGE, Question, of_json

MOST_COPIED = 256 << 20  # bytes of Parquet that a proof may read
_CHECKERS = ("check_proof.py", "proof.html")
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)


def answer(store: ObjectStore, asked: Mapping[str, Any], *, most_inflated: int) -> dict[str, Any]:
    """``asked``: ``{"question": …, "page": N}``, ``{"table": …}`` or ``{"proof": …}``."""
    if "table" in asked:
        arn, types = timeline.key_attributes(store, str(asked["table"]))
        return {"table_arn": arn, "types": types}
    if "proof" in asked:
        return {"zip": base64.b64encode(proof(store, asked["proof"], most_inflated)).decode()}
    question, page = of_json(asked["question"]), int(asked["page"])
    by_kind = {"item": _versions, "principal": _changes, "state": _state}
    return by_kind[question.kind](store, question, page)


def _versions(store: ObjectStore, question: Question, page: int) -> dict[str, Any]:
    first, last = _bounds(question)
    found = timeline.history(store, question.table, question.words(), first, last)
    rows = found.rows[::-1] if question.newest else found.rows
    budget = view.Budget()
    return {
        "table_arn": found.table_arn,
        "item_key": view.key_text(found.item_key),
        "count": len(rows),
        "rows": [view.version(row, budget) for row in rows[(page - 1) * PER_PAGE : page * PER_PAGE]],
        "more": len(rows) > page * PER_PAGE,
        "reach": {found.table_arn: view.reach(found.built, first and first.date(), last and last.date())},
        "notes": [*map(visible, found.notes), *([] if rows else _hints(store, question, hashed=found.hashed_keys))],
    }


def _state(store: ObjectStore, question: Question, _: int) -> dict[str, Any]:
    at = _end(question.at)
    found, whole = timeline.as_of(store, question.table, question.words(), at)
    hints = [] if found.by else _hints(store, question, hashed=whole.hashed_keys)
    return {
        "table_arn": whole.table_arn,
        "item_key": view.key_text(whole.item_key),
        "count": len(whole.rows),
        "state": view.state(found, view.Budget()),
        "reach": {whole.table_arn: view.reach(whole.built, at.date(), at.date())},
        "notes": [*map(visible, whole.notes), *hints],
    }


def _changes(store: ObjectStore, question: Question, page: int) -> dict[str, Any]:
    first, last = _bounds(question)
    wanted = timeline.Wanted(question.by, None, question.table or None, first, last)
    built = timeline.built(store, question.table or None)
    start = (page - 1) * PER_PAGE
    found = timeline.changes(store, wanted, newest_first=question.newest)
    rows = list(itertools.islice(found, start, start + PER_PAGE + 1))
    budget = view.Budget()
    return {
        "table_arn": next(iter(built)) if question.table else "",
        "item_key": "",
        "count": start + len(rows),
        "rows": [view.version(row, budget) for row in rows[:PER_PAGE]],
        "more": len(rows) > PER_PAGE,
        "reach": {arn: _reach(days, first, last) for arn, days in built.items()},
        "notes": [],
    }


def _reach(built: Built, first: dt.datetime | None, last: dt.datetime | None) -> dict[str, Any]:
    return view.reach(built, first and first.date(), last and last.date())


def _hints(store: ObjectStore, question: Question, *, hashed: bool) -> list[str]:
    """Why nothing may have been found, where the key looks mistyped."""
    words, (_, types) = typed_key(question.words()), timeline.key_attributes(store, question.table)
    hints = [
        f"{name} is a number in this table, and what was asked for is none."
        for name, text in words.items()
        if types.get(name) == "N" and not _is_number(text)
    ]
    hints += [f"The value of {name} begins or ends with a space." for name, text in words.items() if text != text.strip()]
    if hashed and not any("hmac-sha256:" in text for text in words.values()):
        hints.append("This table's keys are stored as keyed hashes: ask with the hash.")
    return hints


def _is_number(text: str) -> bool:
    try:
        return Decimal(text.strip()).is_finite()
    except InvalidOperation:
        return False


def _bounds(question: Question) -> tuple[dt.datetime | None, dt.datetime | None]:
    return _moment(question.first) if question.first else None, _end(question.last) if question.last else None


def _moment(text: str) -> dt.datetime:
    found = dt.datetime.fromisoformat(text)
    return found.replace(tzinfo=dt.UTC) if found.tzinfo is None else found.astimezone(dt.UTC)


def _end(text: str) -> dt.datetime:
    """A day's last moment, or the last of the second."""
    span = dt.timedelta(days=1) if len(text) == len("2026-11-21") else dt.timedelta(seconds=1)
    return _moment(text) + span - dt.timedelta(microseconds=1)


def proof(store: ObjectStore, asked: Mapping[str, str], most_inflated: int) -> bytes:
    """A ZIP with the proof of an event and the two checkers, as ``itemtrail prove --checkers`` writes them.

    Raises:
        NotFound, EvidenceError, ConfigurationError (no checkpoint holds it yet, or too much to read), ColdStorage.
    """
    date = dt.date.fromisoformat(asked["date"])
    folder = f"{layout.EVENTS}{layout.account_region(asked['account'], asked['region'])}event_date={date}/"
    with tempfile.TemporaryDirectory(prefix="itemtrail-proof-") as room:
        scope = query.Scope(date, date)
        paths = query.copy_events(store, Path(room), scope, limit=MOST_COPIED, progress=lambda _: None, folder=folder)
        found = list(prove.find(paths, asked["event_id"]))
        if not found:
            raise NotFound("no such event is archived.", advice="look whether its unit is archived, on Coverage.")
        made = prove.prove(store, found, room=Path(room), max_bytes=most_inflated)
    steps, _ = check_proof.check(json.loads(made))
    if not all(holds for _, holds in steps):
        raise EvidenceError("the proof that was made does not hold.", advice="verify the archive: itemtrail verify-archive.")
    return _zip({"proof.json": made, **{name: Path(check_proof.__file__).with_name(name).read_bytes() for name in _CHECKERS}})


def _zip(files: Mapping[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in files.items():
            archive.writestr(zipfile.ZipInfo(name, _ZIP_TIME), body, zipfile.ZIP_DEFLATED)
    return made.getvalue()
