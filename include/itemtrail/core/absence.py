"""Negative evidence: that no successful write of one item was logged in a time, and when that may not be said.

Decides: ABSENT only where every unit that could hold such an event is proven and whole, the table's writes were being recorded,
and nothing in between can hide a write. PRESENT where a logged write names the item. Everything else is CANNOT_SAY, with every
reason: a call whose parameters are missing or masked, a call that fills or empties the table without naming items, a change of
the recording itself, a stream record that no event explains. Refuses to turn "nothing was found" into "nothing was there".
Source: CloudTrail user guide, "Logging data events"; DynamoDB developer guide, "Logging DynamoDB operations by using CloudTrail",
"Using time to live"; read 2026-11-24.
"""

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from itemtrail.core import item_key
from itemtrail.core.evidence_events import CLOUDTRAIL
from itemtrail.core.operations import DYNAMODB, Kind
from itemtrail.model import Conversion, Unit, Verdict

# They change items, or what a table's writes leave, without a data event of each item.
WITHOUT_ITEMS = frozenset(
    {
        "ImportTable", "StartBulkPutItems", "RestoreTableFromBackup", "RestoreTableToPointInTime", "RestoreTableFromAwsBackup",
        "CreateTable", "DeleteTable", "UpdateTimeToLive", "CreateGlobalTable", "UpdateGlobalTable", "CreateTableReplica",
    }
)  # fmt: skip


class Answer(StrEnum):
    """What can be said."""

    ABSENT = "ABSENT"
    PRESENT = "PRESENT"
    CANNOT_SAY = "CANNOT_SAY"


@dataclass(frozen=True, slots=True)
class Question:
    """Which item, and when: ``[first, last]``, aware UTC. ``types`` of its key's attributes; {} if not known."""

    table_arn: str
    item_key: str
    first: dt.datetime
    last: dt.datetime
    types: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class UnitSaid:
    """A unit that can hold an event of the time: what its last receipt says, None where it has none."""

    unit: Unit
    verdict: Verdict | None
    conversion: Conversion | None
    receipt: str = ""  # SHA-256 of the last receipt


@dataclass(frozen=True, slots=True)
class Streamed:
    """The item's stream records: (created, event name, by TTL). ``covered``: the stream is archived for all of the time."""

    covered: bool
    records: tuple[tuple[dt.datetime, str, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class Absence:
    """The answer, with all that it rests on. ``found``: eventID and time of writes that name the item."""

    answer: Answer
    question: Question
    units: tuple[UnitSaid, ...]
    data_events: int
    found: tuple[tuple[str, str, str], ...] = ()
    reasons: tuple[str, ...] = ()
    stream: bool = False

    @property
    def scope(self) -> tuple[str, ...]:
        """What the answer is about, and what it is not."""
        seen = "its archived stream shows no change of the item either" if self.stream else "its stream was not looked at"
        return (
            f"logged: DynamoDB data events of the table in {len(self.units)} units (account, Region, delivery day)",
            f"recorded: {self.data_events} calls on the table in the time",
            f"not in CloudTrail: deletions by time to live, writes that another Region's replica made; {seen}",
        )


def answer(question: Question, units: Sequence[UnitSaid], rows: Iterable[Mapping[str, Any]], stream: Streamed) -> Absence:
    """The answer from the units' last receipts and the rows of the time that concern the table or the trail.

    Args:
        question: what is asked.
        units: every unit that can hold an event of the time.
        rows: events of the table with ``event_ts`` in the time, and evidence-ending events of CloudTrail.
        stream: what the item's stream says.
    """
    reasons = [line for unit in units if (line := _lacks(unit))]
    found: list[tuple[str, str, str]] = []
    data_events = 0
    for row in rows:
        data_events += row["operation_kind"] in (Kind.READ, Kind.WRITE, Kind.UNKNOWN)
        if row["succeeded"] is False:
            continue
        at = f"{row['event_ts']:%Y-%m-%dT%H:%M:%SZ}" if row["event_ts"] else ""
        if at and row["succeeded"] and _names(row, question):
            found.append((at, str(row["eventName"]), str(row["eventID"])))
        elif reason := _hides(row, question):
            reasons.append(f"{reason}: {row['eventName']} at {at or 'a time that it does not say'}, eventID {row['eventID']}")
    if not data_events:
        reasons.append("no data event of the table is archived in the time: nothing shows that its writes were recorded")
    if not found:
        reasons += [_streamed(record) for record in stream.records]
    said = Answer.PRESENT if found else Answer.CANNOT_SAY if reasons else Answer.ABSENT
    return Absence(said, question, tuple(units), data_events, tuple(found), tuple(reasons), stream.covered)


def _lacks(said: UnitSaid) -> str:
    if said.verdict is None:
        return f"{said.unit} is not archived"
    if said.verdict is not Verdict.PROVEN:
        return f"{said.unit} is {said.verdict}"
    return "" if said.conversion is Conversion.COMPLETE else f"{said.unit} is {said.conversion}: something of it is in quarantine"


def _names(row: Mapping[str, Any], question: Question) -> bool:
    if row["operation_kind"] not in (Kind.WRITE, Kind.UNKNOWN):
        return False
    return any(
        pair["table_arn"] == question.table_arn and item_key.of_trail(pair["key"], question.types) == question.item_key
        for pair in row["item_keys"] or ()
    )


def _hides(row: Mapping[str, Any], question: Question) -> str:
    """Why a row that does not name the item may be a write of it all the same; ``""`` where it cannot be."""
    if row["eventSource"] == CLOUDTRAIL:
        return "what the trail records was changed"
    if row["eventSource"] == DYNAMODB and row["eventName"] in WITHOUT_ITEMS:
        return "it changes items without naming them"
    if row["operation_kind"] not in (Kind.WRITE, Kind.UNKNOWN):
        return ""
    if row["params_omitted"]:
        return "its parameters were omitted"
    pairs = [pair["key"] for pair in row["item_keys"] or () if pair["table_arn"] in (question.table_arn, None)]
    if not pairs:
        return "it names no item"
    if any(_may_be(key, question) for key in pairs):
        return "its key cannot be told from the item's"
    return "its outcome or its time is not known" if _names(row, question) else ""


def _may_be(key: str, question: Question) -> bool:
    """Whether a key that is not the item's text may be the item: it cannot be read, or only its numbers are spelt otherwise."""
    text = item_key.of_trail(key, question.types)
    if text is None:
        return True
    numbers = dict.fromkeys(json.loads(question.item_key), "N")
    return text != question.item_key and item_key.of_trail(key, numbers) == item_key.of_trail(question.item_key, numbers)


def _streamed(record: tuple[dt.datetime, str, bool]) -> str:
    created, name, by_ttl = record
    by = "by time to live, which CloudTrail does not log" if by_ttl else "which no logged write that names it explains"
    return f"the item's stream holds a {name} of {created:%Y-%m-%dT%H:%M:%SZ}, {by}"
