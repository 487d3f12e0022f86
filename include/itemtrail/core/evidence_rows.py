"""Rows of ``events/``, and answers of LookupEvents, as events that end evidence: which they are, and what a snapshot keeps.

Decides: a row counts where its ``evidence_alarm`` says so, or its name is on today's list (the list was shorter when older rows
were written). Refuses to keep request parameters: only the name of what was called on, and the error or the address.
"""

import json
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Raw

from itemtrail.core import evidence_events
from itemtrail.core.dynamodb import partition, weakens
from itemtrail.core.event_history import second
from itemtrail.core.identity import identity
from itemtrail.core.posture import EvidenceEvent

DECIDING = ("eventName", "evidence_alarm")
"""Columns that tell whether a row may count."""
COLUMNS = (
    "eventID", "eventSource", "eventName", "awsRegion", "sourceIPAddress", "errorCode", "requestParameters", "event_ts", "actor",
    "table_arn", "succeeded", "evidence_alarm",
)  # fmt: skip
"""What ``events`` needs."""
_NAMES = (
    "bucketName", "name", "trailName", "trailARN", "keyId", "logGroupName", "tableName", "functionName", "uUID", "topicArn",
    "roleName", "policyArn", "userName", "filterName", "alarmName", "resourceArn", "resourceARN", "alarmNames",
)  # fmt: skip


def may_count(table: pa.Table) -> pa.ChunkedArray:
    """A flag for each row of a table with the columns ``DECIDING``: false where the row surely does not count.

    Looks at each distinct name once: an archive has millions of rows and some hundred names.
    """
    listed = [name for name in pc.unique(table.column("eventName")).to_pylist() if _is_listed(name)]
    named = pc.is_in(table.column("eventName"), pa.array(listed, pa.string()))
    return pc.or_(pc.fill_null(table.column("evidence_alarm"), False), named)


def events(table: pa.Table) -> list[EvidenceEvent]:
    """The rows that count, of a table with ``COLUMNS``. A row without a time is left out: nobody can say when it was."""
    rows = table.filter(may_count(table)).to_pylist()
    return [_event(row) for row in rows if row["event_ts"] is not None and _counts(row)]


def of_answer(answer: Mapping[str, Any]) -> EvidenceEvent | None:
    """An event as LookupEvents answers it; None where it does not count.

    Where its record cannot be read, the service's own index of it is what there is: name, source, user, time.
    """
    record = _record(answer)
    source = record.get("eventSource") or answer.get("EventSource")
    name = record.get("eventName") or answer.get("EventName")
    parameters = json.dumps(record.get("requestParameters"))
    alarm = evidence_events.alarms(source, name)
    if alarm and name in evidence_events.CONDITIONAL:
        alarm = weakens(str(name), Raw(parameters.encode()))
    if not alarm:
        return None
    user = record.get("userIdentity")
    return _event(
        {
            "eventID": record.get("eventID") or answer.get("EventId"),
            "eventName": name,
            "eventSource": source,
            "awsRegion": record.get("awsRegion"),
            "sourceIPAddress": record.get("sourceIPAddress"),
            "errorCode": record.get("errorCode") or record.get("errorMessage"),
            "requestParameters": parameters,
            "event_ts": second(answer),
            "actor": identity(json.dumps(user)).actor if isinstance(user, dict) else answer.get("Username"),
            "table_arn": None,
            "succeeded": not (record.get("errorCode") or record.get("errorMessage")),
        }
    )


def _record(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        found = json.loads(answer.get("CloudTrailEvent") or "null")
    except (ValueError, TypeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _is_listed(name: str | None) -> bool:
    """Whether an event of this name ends evidence, of some service; where only some requests do, the flag tells."""
    return name not in evidence_events.CONDITIONAL and any(
        evidence_events.alarms(source, name) for source in evidence_events.EVENTS
    )


def _counts(row: Mapping[str, Any]) -> bool:
    return bool(row["evidence_alarm"]) or (
        _is_listed(row["eventName"]) and evidence_events.alarms(row["eventSource"], row["eventName"])
    )


def _event(row: Mapping[str, Any]) -> EvidenceEvent:
    succeeded = bool(row["succeeded"])
    address = f"from {row['sourceIPAddress']}" if row["sourceIPAddress"] else ""
    return EvidenceEvent(
        event_id=row["eventID"] or "",
        name=row["eventName"] or "",
        source=row["eventSource"] or "",
        time=row["event_ts"],
        region=row["awsRegion"] or "",
        actor=row["actor"] or "",
        succeeded=succeeded,
        resource=_resource(row),
        detail=address if succeeded else " ".join(part for part in (row["errorCode"] or "failed", address) if part),
    )


def _resource(row: Mapping[str, Any]) -> str:
    """An ARN where it can be told, else the name that was called on, else ""."""
    if row["table_arn"]:
        return str(row["table_arn"])
    try:
        parameters = json.loads(row["requestParameters"] or "null")
    except ValueError:
        return ""
    if not isinstance(parameters, dict):
        return ""
    name = next((parameters[key] for key in _NAMES if isinstance(parameters.get(key), str)), "")
    if name and "bucketName" in parameters:
        return f"arn:{partition(row['awsRegion'] or '')}:s3:::{name}"
    return str(name)
