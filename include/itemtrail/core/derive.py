"""The derived columns of a batch of records: who, which table and keys, what kind, whether it succeeded, what it hides.

Decides nothing by itself: ``identity``, ``dynamodb`` and ``operations`` do, once per distinct value where that saves work.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from itemtrail.core import dynamodb, evidence_events, operations
from itemtrail.core.identity import Identity, identity
from itemtrail.core.schema import ITEM_KEY, ITEM_KEYS, TIME
from itemtrail.core.shapes import Record

_identity = lru_cache(maxsize=4096)(identity)


@dataclass(slots=True)
class _Events:
    """What the loop over a batch gathers: a kind, a table and an alarm per row, and the item keys of all rows."""

    kinds: list[str]
    tables: list[str | None]
    alarms: list[bool]
    omitted: list[bool]
    offsets: list[int | None]
    key_tables: list[str | None]
    keys: list[str]


def derive(
    values: Sequence[Record], times: Sequence[int | None], columns: dict[str, Any], outcomes: Mapping[int, bool | None]
) -> dict[str, Any]:
    """Arrow arrays by name. ``columns`` are the source columns (userIdentity, resources as dictionaries), JSON null as null.

    ``outcomes`` is the success of rows whose text columns do not show it; None where nobody knows.
    """
    people = [_identity(document) for document in columns["userIdentity"].dictionary.to_pylist()]
    events = _events(values, columns)
    return {
        "event_ts": pa.array(times, TIME),
        **{name: _of_people(columns["userIdentity"], people, name) for name in _IDENTITY},
        "table_arn": pa.array(events.tables, pa.string()).dictionary_encode(),
        "item_keys": _item_keys(events),
        "operation_kind": pa.array(events.kinds, pa.string()).dictionary_encode(),
        "succeeded": _succeeded(columns, outcomes),
        "params_omitted": pa.array(events.omitted, pa.bool_()),
        "evidence_alarm": pa.array(events.alarms, pa.bool_()),
    }


_IDENTITY = ("actor", "actor_source", "session_issuer", "source_identity")


def _of_people(documents: Any, people: Sequence[Identity], name: str) -> Any:
    """One attribute of the identities, for each row, as a dictionary of its own."""
    few = pa.array([getattr(person, name) for person in people], pa.string()).dictionary_encode()
    return pa.DictionaryArray.from_arrays(few.indices.take(documents.indices), few.dictionary)


def _succeeded(columns: dict[str, Any], outcomes: Mapping[int, bool | None]) -> Any:
    """No errorCode and no errorMessage: a failed console sign-in has the message alone."""
    good = pc.and_(columns["errorCode"].is_null(), columns["errorMessage"].is_null())
    if not outcomes:
        return good
    flags = good.to_pylist()
    for row, outcome in outcomes.items():
        flags[row] = outcome
    return pa.array(flags, pa.bool_())


def _events(values: Sequence[Record], columns: dict[str, Any]) -> _Events:
    resources = columns["resources"]
    arns = [dynamodb.tables_in(text) for text in resources.dictionary.to_pylist()]
    codes = resources.indices.to_pylist()
    events = _Events([], [], [], _marked_omitted(columns["requestParameters"]), [], [], [])
    contexts: dict[tuple[int | None, str | None, str | None], dynamodb.Tables] = {}
    kinds: dict[tuple[str | None, str | None], tuple[operations.Kind, bool]] = {}
    for row, (record, code) in enumerate(zip(values, codes, strict=True)):
        source, name = record.eventSource, record.eventName
        known = kinds.get((source, name))
        if known is None:
            known = kinds[source, name] = (operations.kind(source, name), evidence_events.alarms(source, name))
        kind, alarm = known
        if source != operations.DYNAMODB or name is None:
            found = arns[code] if code is not None else ()
            events.kinds.append(kind)
            events.tables.append(found[0] if found else None)
            events.alarms.append(alarm)
            events.offsets.append(None)
            continue
        place = (code, record.awsRegion, record.recipientAccountId)
        tables = contexts.get(place)
        if tables is None:
            listed = arns[code] if code is not None else ()
            tables = contexts[place] = dynamodb.Tables(listed, record.awsRegion or "", record.recipientAccountId or "")
        _dynamodb(events, record, row, tables, kind, alarm)
    return events


def _dynamodb(events: _Events, record: Record, row: int, tables: dynamodb.Tables, kind: operations.Kind, alarm: bool) -> None:
    parameters = _unless_null(record.requestParameters)
    keys, kind, table = dynamodb.touched(record.eventName, kind, parameters, tables)
    if tables.arns:
        table = tables.arns[0]
    elif table is None:
        table = dynamodb.table_in_response(_unless_null(record.responseElements), tables)
    if alarm and record.eventName in evidence_events.CONDITIONAL:
        alarm = dynamodb.weakens(record.eventName, parameters)
    if parameters is None and kind is not operations.Kind.CONTROL:
        events.omitted[row] = True
    events.kinds.append(kind)
    events.tables.append(table)
    events.alarms.append(alarm)
    if not keys:
        events.offsets.append(None)
        return
    events.offsets.append(len(events.keys))
    for arn, key in keys:
        events.key_tables.append(arn)
        events.keys.append(key)


def _unless_null(raw: msgspec.Raw) -> msgspec.Raw | None:
    """A JSON value from the record; None for absent and for null."""
    length = len(raw)
    return None if not length or (length == len(b"null") and bytes(raw) == b"null") else raw


def _marked_omitted(parameters: Any) -> list[bool]:
    flags = [False] * len(parameters)
    for row in pc.indices_nonzero(pc.match_substring(parameters, '"omitted"')).to_pylist():
        flags[row] = dynamodb.omitted(msgspec.Raw(parameters[row].as_py()))
    return flags


def _item_keys(events: _Events) -> Any:
    """A null offset is a null list; the lists lie one behind the other."""
    offsets = pa.array([*events.offsets, len(events.keys)], pa.int32())
    children = [pa.array(events.key_tables, pa.string()), pa.array(events.keys, pa.string())]
    pairs = pa.StructArray.from_arrays(children, fields=list(ITEM_KEY))
    return pa.ListArray.from_arrays(offsets, pairs, type=ITEM_KEYS)
