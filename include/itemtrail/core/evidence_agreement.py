"""Whether what an evidence pack says agrees: changes with question and calls, calls with their proofs, days with all of them.

Decides: which calls changes name, which days can hold them, and what contradicts. Pure: rows in, names of columns out. Refuses to
take a column on trust that a proven record tells: the actor is derived again.
"""

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from itemtrail.core import item_key, partiql, schema, timeline
from itemtrail.core.evidence import Question, Table
from itemtrail.core.identity import identity
from itemtrail.core.restore_question import units_of
from itemtrail.model import Unit

_DAY = dt.timedelta(days=1)


def pairs(rows: Iterable[Mapping[str, Any]]) -> list[tuple[str, int]]:
    """(log file, record) of every call that changes name, their makers and their candidates; sorted."""
    named = (one for row in rows for one in (row, *(row["candidates"] or ())))
    return sorted({(str(one["source_object"]), int(one["record_index"])) for one in named if one["source_object"]})


def units(tables: Iterable[Table], accounts: Iterable[str], calls: Iterable[tuple[str, int]]) -> tuple[Unit, ...]:
    """Units that can hold a call on the tables in the time (the last day's are delivered a day later too), and the calls' own.

    A call is logged in the table's Region, in the caller's and in the owner's account: every account of the archive.
    """
    found = {unit for name, _ in calls for unit in units_of([{"source_object": name}])}
    for table in tables:
        _, _, _, region, owner, _ = table.arn.split(":", 5)
        days = [table.first + n * _DAY for n in range((table.last - table.first).days + 2)]
        found |= {Unit(account, region, day) for account in {*accounts, owner} for day in days}
    return tuple(sorted(found))


def answers(question: Question, change: Mapping[str, Any]) -> bool:
    """Whether a change is one that was asked for."""
    at, arn = change["change_ts"], change["table_arn"]
    inside = (question.first is None or at >= question.first) and (question.last is None or at <= question.last)
    if not inside or question.table not in ("", arn, arn.rpartition("/")[2]):
        return False
    if question.by:
        near = [one["actor"] for one in change["candidates"] or ()]
        return any(
            _is(name, question.by) for name in (change["actor"], change["source_identity"], change["session_issuer"], *near)
        )
    if not question.key:
        return True
    words = timeline.typed_key(question.key)
    return change["item_key"] in (
        item_key.of_words(words, {}),
        item_key.of_words(words, dict.fromkeys(words, "N")),
        *_some(words),
    )


def contradictions(change: Mapping[str, Any], event: Mapping[str, Any]) -> list[str]:
    """Columns in which a change says something else of its call than the call's own row."""
    same = {
        "event_id": "eventID",
        "event_name": "eventName",
        "event_ts": "event_ts",
        "actor": "actor",
        "actor_source": "actor_source",
        "session_issuer": "session_issuer",
        "source_identity": "source_identity",
        "source_ip": "sourceIPAddress",
        "user_agent": "userAgent",
        "request_id": "requestID",
        "error_code": "errorCode",
    }
    return [name for name, column in same.items() if name in change and change[name] != event[column]]


def is_about(change: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Whether the call names the item that changed, or does not say of every item which one it is."""
    if not event["item_keys"] or not change["item_key"] or _hides_items(event):
        return True
    numbers = dict.fromkeys(json.loads(change["item_key"]), "N")
    wanted = {change["item_key"], item_key.of_trail(change["item_key"], numbers)}
    told = [one["key"] for one in event["item_keys"] if one["table_arn"] in (change["table_arn"], None)]
    return any(
        text in wanted for key in told for text in (key, item_key.of_trail(key, {}), item_key.of_trail(key, numbers)) if text
    )


def _hides_items(event: Mapping[str, Any]) -> bool:
    """Whether the call has a PartiQL write without its key: CloudTrail masks that of an INSERT, in a batch beside others too."""
    try:
        said = json.loads(event["requestParameters"] or "{}")
        statements = [said, *(said.get("requestItems") or said.get("transactStatements") or ())]
        texts = [one["statement"] for one in statements if isinstance(one.get("statement"), str)]
    except (ValueError, AttributeError, TypeError, RecursionError):
        return False
    read = [partiql.parse(text) for text in texts]
    return any(one.writes is not False and not one.key for one in read)


def differs(row: Mapping[str, Any], proof: Mapping[str, Any]) -> list[str]:
    """Columns of an event's row that are not what its proven record says."""
    said, proven = json.loads(proof["record"]), proof["row"]
    where = {
        "source_object": row["source_object"],
        "record_index": row["record_index"],
        "record_sha256": row["record_sha256"].hex(),
    }
    wrong = [name for name, value in where.items() if proven[name] != value]
    for name in schema.FIELDS:
        value, text = said.get(name), row[name]
        if name in schema.TEXT:
            wrong += [name] if (isinstance(value, str) and text != value) or (name not in said and text is not None) else []
        elif (None if text is None else json.loads(text)) != value:
            wrong.append(name)
    who = identity(row["userIdentity"])
    return wrong + [
        name for name in ("actor", "actor_source", "session_issuer", "source_identity") if getattr(who, name) != row[name]
    ]


def actors(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Who made changes, by number of changes: actor, how it is told, changes, first, last, addresses; candidates apart."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        named = [(row["actor"], row["actor_source"] or "", row["source_ip"])] if row["actor"] else []
        near = [(one["actor"], "candidate", None) for one in row["candidates"] or () if one["actor"]]
        for actor, source, address in dict.fromkeys(named + near):
            one = found.setdefault(
                (actor, source),
                {
                    "actor": actor,
                    "source": source,
                    "changes": 0,
                    "first": row["change_ts"],
                    "last": row["change_ts"],
                    "from": set(),
                },
            )
            one["changes"] += 1
            one["first"], one["last"] = min(one["first"], row["change_ts"]), max(one["last"], row["change_ts"])
            one["from"] |= {address} if address else set()
    ordered = sorted(found.values(), key=lambda one: (one["source"] == "candidate", -one["changes"], one["actor"]))
    return [one | {"from": sorted(one["from"])} for one in ordered]


def _is(name: str | None, principal: str) -> bool:
    return name == principal or bool(name and name.startswith("arn:") and name.endswith(f"/{principal}"))


def _some(words: Mapping[str, str]) -> list[str]:
    """The key's text with each choice of which of its attributes are numbers (at most two are there)."""
    return [item_key.of_words(words, {name: "N"}) for name in words]
