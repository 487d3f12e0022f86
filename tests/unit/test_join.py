"""The join's rules one by one, on small hand-made records and events."""

import datetime as dt
import json
from typing import Any

import pyarrow as pa
import pytest

from itemtrail.core import schema, stream_schema
from itemtrail.core.change_schema import Match
from itemtrail.core.join import join
from itemtrail.core.reconcile import reconcile

TABLE = "arn:aws:dynamodb:eu-west-1:111122223333:table/Employee"
NOON = dt.datetime(2026, 3, 10, 12, tzinfo=dt.UTC)
REFERENCE = "0123456789abcdef0123456789abcdef"


def item(number: int = 1, **attributes: str) -> dict[str, Any]:
    return {"EmpId": {"N": str(number)}} | {name: {"S": value} for name, value in attributes.items()}


def record(at: float, old: dict[str, Any] | None, new: dict[str, Any] | None, **more: Any) -> dict[str, Any]:
    """A stream record ``at`` seconds after noon."""
    key = {"EmpId": (new or old or {})["EmpId"]}
    names = (old or {}).keys() | (new or {}).keys()
    return {
        "stream_arn": f"{TABLE}/stream/x",
        "shard_id": "shardId-1",
        "sequence_number": str(10**21 + int(at * 1000)),
        "event_name": "INSERT" if old is None else "REMOVE" if new is None else "MODIFY",
        "created": NOON + dt.timedelta(seconds=int(at)),
        "keys": json.dumps(key),
        "old_image": old and json.dumps(old),
        "new_image": new and json.dumps(new),
        "table_arn": TABLE,
        "item_key": json.dumps({"EmpId": key["EmpId"]["N"]}, separators=(",", ":")),
        "changed": sorted(name for name in names if (old or {}).get(name) != (new or {}).get(name)),
        "ttl_delete": False,
        "redacted": [],
    } | more


def event(at: float, name: str, number: str | int = 1, *, actor: str = "ana", **more: Any) -> dict[str, Any]:
    """A logged call that ended ``at`` seconds after noon; members of ``shown`` are request parameters."""
    shown = more.pop("shown", {})
    return {
        "eventID": f"{name}-{actor}-{at}",
        "eventName": name,
        "requestParameters": json.dumps({"tableName": "Employee", "key": {"EmpId": number}, **shown}),
        "record_sha256": b"0" * 32,
        "event_ts": NOON + dt.timedelta(seconds=int(at)),
        "actor": actor,
        "table_arn": TABLE,
        "item_keys": [{"table_arn": TABLE, "key": json.dumps({"EmpId": number}, separators=(",", ":"))}],
        "operation_kind": "write",
        "succeeded": "errorCode" not in more,
        "source_object": "log",
        "record_index": 0,
    } | more


def joined(records: list[dict[str, Any]], events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return _join(records, events).to_pylist()


def _join(records: list[dict[str, Any]], events: list[dict[str, Any]]) -> pa.Table:
    tables = [
        pa.table({f.name: pa.array([row.get(f.name) for row in rows], f.type) for f in shape}, schema=shape)
        for rows, shape in ((records, stream_schema.SCHEMA), (events, schema.SCHEMA))
    ]
    return join(*tables, table_arn=TABLE)


def matches(records: list[dict[str, Any]], events: list[dict[str, Any]]) -> list[str]:
    return [row["match_confidence"] for row in joined(records, events)]


def test_one_record_and_one_event_alone_are_unique() -> None:
    (row,) = joined([record(0, None, item(Name="a"))], [event(1, "PutItem", shown={"item": ["EmpId", "Name"]})])
    assert (row["match_confidence"], row["actor"], row["operation"]) == (Match.UNIQUE, "ana", "INSERT")


@pytest.mark.parametrize("spelled", ["1", 1, "1.0", 1.0, "01"])
def test_a_number_is_one_key_however_the_client_spelled_it(spelled: Any) -> None:
    assert matches([record(0, None, item())], [event(0, "PutItem", spelled)]) == [Match.UNIQUE]


def test_outside_the_window_nothing_is_joined() -> None:
    assert matches([record(0, None, item())], [event(3, "PutItem")]) == [Match.STREAM_ONLY_UNEXPLAINED, Match.TRAIL_ONLY_LOST]


def test_a_neighbour_within_ten_seconds_makes_a_pair_ordered_instead_of_unique() -> None:
    records = [record(0, None, item(Name="a")), record(9, item(Name="a"), item(Name="b"))]
    events = [event(0, "PutItem"), event(9, "PutItem", actor="ben")]
    assert matches(records, events) == [Match.ORDERED, Match.ORDERED]
    assert matches(records[:1], [events[0], event(11, "DeleteItem")])[0] == Match.UNIQUE


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [("PutItem", item(), None), ("UpdateItem", item(), None), ("DeleteItem", None, item()), ("DeleteItem", item(), item(A="b"))],
)
def test_an_operation_that_cannot_leave_such_a_record_is_no_candidate(name: str, old: Any, new: Any) -> None:
    assert Match.STREAM_ONLY_UNEXPLAINED in matches([record(0, old, new)], [event(0, name)])


def test_a_put_of_other_attributes_is_no_candidate() -> None:
    changed = [record(0, item(Name="a"), item(Name="b"))]
    assert matches(changed, [event(0, "PutItem", shown={"item": ["EmpId", "Name"]})]) == [Match.UNIQUE]
    assert Match.STREAM_ONLY_UNEXPLAINED in matches(changed, [event(0, "PutItem", shown={"item": ["EmpId", "Grade"]})])


def test_an_update_that_does_not_name_what_changed_is_no_candidate() -> None:
    changed = [record(0, item(Name="a"), item(Name="b"))]
    named = {"updateExpression": "SET #n = :v", "expressionAttributeNames": {"#n": "Name"}}
    assert matches(changed, [event(0, "UpdateItem", shown=named)]) == [Match.UNIQUE]
    assert matches(changed, [event(0, "UpdateItem", shown={"updateExpression": "SET Name = :v, Grade = :g"})]) == [Match.UNIQUE]
    assert matches(changed, [event(0, "UpdateItem", shown={"attributeUpdates": ["Name"]})]) == [Match.UNIQUE]
    assert matches(changed, [event(0, "UpdateItem", shown={"updateExpression": "SET #n = :v"})]) == [Match.UNIQUE]
    assert Match.STREAM_ONLY_UNEXPLAINED in matches(
        changed, [event(0, "UpdateItem", shown={"updateExpression": "SET Grade = :g"})]
    )


def test_names_tell_two_events_of_one_second_apart() -> None:
    a, b = item(Name="a", Grade="1"), item(Name="b", Grade="1")
    records = [record(0.1, a, b), record(0.2, b, item(Name="b", Grade="2"))]
    events = [
        event(0, "UpdateItem", actor="ben", shown={"updateExpression": "SET Grade = :g"}),
        event(0, "UpdateItem", actor="ana", shown={"updateExpression": "SET Name = :n"}),
    ]
    assert [(r["match_confidence"], r["actor"]) for r in joined(records, events)] == [("ORDERED", "ana"), ("ORDERED", "ben")]


def test_a_dropped_attribute_contradicts_nobody() -> None:
    seen = record(0, item(Name="a"), item(Name="b"), redacted=["Salary"])
    assert matches([seen], [event(0, "PutItem", shown={"item": ["EmpId", "Name", "Salary"]})]) == [Match.UNIQUE]


def test_two_equal_events_of_one_second_are_ambiguous_and_nobody_is_named() -> None:
    records = [record(0.1, item(Name="a"), item(Name="b")), record(0.2, item(Name="b"), item(Name="c"))]
    found = joined(records, [event(0, "PutItem", actor="ana"), event(0, "PutItem", actor="ben")])
    assert [r["match_confidence"] for r in found] == [Match.AMBIGUOUS, Match.AMBIGUOUS]
    assert all(r["actor"] is None and {c["actor"] for c in r["candidates"]} == {"ana", "ben"} for r in found)


def test_a_call_that_hides_its_key_makes_what_it_could_have_written_ambiguous() -> None:
    hidden = event(0, "ExecuteStatement", actor="eve", item_keys=None)
    hidden["requestParameters"] = json.dumps({"statement": "INSERT INTO \"Employee\" VALUE {'EmpId': ***(Redacted)}"})
    (row,) = joined([record(0, None, item())], [hidden])
    assert (row["match_confidence"], [c["actor"] for c in row["candidates"]]) == (Match.AMBIGUOUS, ["eve"])
    assert matches([record(0, item(), item(A="b"))], [event(0, "PutItem"), hidden]) == [Match.TRAIL_ONLY_LOST, Match.UNIQUE]
    assert matches([record(0, None, item())], [event(0, "PutItem"), hidden]) == [Match.AMBIGUOUS]


def test_every_key_of_a_transaction_is_a_pair_of_its_own_with_its_own_verb() -> None:
    call = event(0, "TransactWriteItems")
    actions = [
        {"operation": "Put", "tableName": "Employee", "key": {"EmpId": 1}, "items": ["EmpId"]},
        {"operation": "Delete", "TableName": "Employee", "key": {"EmpId": 2}},
        {"operation": "ConditionCheck", "TableName": "Employee", "Key": {"EmpId": 3}},
    ]
    call["requestParameters"] = json.dumps({"requestItems": actions})
    call["item_keys"] = [{"table_arn": TABLE, "key": json.dumps({"EmpId": n}, separators=(",", ":"))} for n in (1, 2)]
    assert matches([record(0, None, item(1)), record(0, item(2), None)], [call]) == [Match.UNIQUE, Match.UNIQUE]
    assert Match.STREAM_ONLY_UNEXPLAINED in matches([record(0, None, item(2))], [call])


def test_time_to_live_and_replication_explain_themselves() -> None:
    marks = {"aws:rep:updatetime": {"N": "1"}, "aws:rep:updateregion": {"S": "us-east-1"}}
    records = [record(0, item(1), None, ttl_delete=True), record(0, item(2), {**item(2), **marks})]
    assert matches(records, []) == [Match.STREAM_ONLY_TTL, Match.STREAM_ONLY_REPLICATION]


def test_a_failed_call_wrote_nothing_but_a_call_without_an_answer_may_have() -> None:
    refused = event(0, "PutItem", errorCode="ConditionalCheckFailedException")
    assert matches([record(0, None, item())], [refused]) == [Match.TRAIL_ONLY_FAILED, Match.STREAM_ONLY_UNEXPLAINED]
    broken = event(0, "PutItem", errorCode="InternalServerError")
    assert matches([record(0, None, item())], [broken]) == [Match.UNIQUE]
    assert matches([], [broken]) == [Match.TRAIL_ONLY_FAILED]


def test_a_write_without_a_record_changed_nothing_only_where_the_images_show_it() -> None:
    before, after = record(-60, None, item(Name="a")), record(60, item(Name="a"), item(Name="b"))
    again = event(0, "PutItem", shown={"item": ["EmpId", "Name"]})
    around = [event(-60, "PutItem"), event(60, "PutItem")]
    assert Match.TRAIL_ONLY_NOOP in matches([before, after], [again, *around])
    assert Match.TRAIL_ONLY_LOST in matches([before], [again, *around[:1]]), "nothing after it shows that nothing changed"
    other = event(0, "PutItem", shown={"item": ["EmpId", "Grade"]})
    assert Match.TRAIL_ONLY_LOST in matches([before, after], [other, *around]), "it would have changed the names"
    torn = record(60, item(Name="x"), item(Name="b"))
    assert Match.TRAIL_ONLY_LOST in matches([before, torn], [again, *around]), "a record is missing between the two"


def test_a_delete_after_a_remove_changed_nothing() -> None:
    assert matches([record(-60, item(), None)], [event(-60, "DeleteItem"), event(0, "DeleteItem")]) == [
        Match.UNIQUE,
        Match.TRAIL_ONLY_NOOP,
    ]
    assert matches([], [event(0, "DeleteItem")]) == [Match.TRAIL_ONLY_LOST]


def test_a_statement_that_may_be_a_read_is_not_lost() -> None:
    unread = event(0, "ExecuteStatement", item_keys=None, operation_kind="unknown", requestParameters=None)
    assert matches([], [unread]) == [Match.TRAIL_ONLY_NOOP]


def referenced(at: float, old: Any, reference: str = REFERENCE) -> dict[str, Any]:
    return record(at, old, item(Name=str(at), _request=reference))


@pytest.mark.parametrize(
    "carried",
    [
        {"userAgent": f"Boto3/1.44.5 md/x request/{REFERENCE}"},
        {"userAgent": f"[Boto3/1.44.5 request/{REFERENCE}]"},
        {"shown": {"updateExpression": "SET …", "expressionAttributeNames": {f"#{REFERENCE}": "_request", "#n": "Name"}}},
    ],
)
def test_a_reference_in_item_and_event_is_exact_among_equals(carried: dict[str, Any]) -> None:
    events = [event(0, "UpdateItem", actor="ana"), event(0, "UpdateItem", actor="ben", **carried)]
    first = [r for r in joined([referenced(0.1, item())], events) if r["sequence_number"]]
    assert [(r["match_confidence"], r["actor"]) for r in first] == [(Match.EXACT, "ben")]


@pytest.mark.parametrize(
    "agent", [f"request/{REFERENCE}x", f"xrequest/{REFERENCE}", "request/short", f"request/{REFERENCE[::-1]}", None]
)
def test_another_reference_is_not_exact(agent: str | None) -> None:
    assert Match.EXACT not in matches([referenced(0, item())], [event(0, "PutItem", userAgent=agent)])


def test_a_reference_that_an_earlier_write_left_in_the_item_is_not_exact() -> None:
    stale = record(0, item(Name="a", _request=REFERENCE), item(Name="b", _request=REFERENCE))
    assert Match.EXACT not in matches([stale], [event(0, "PutItem", userAgent=f"x request/{REFERENCE}")])


def test_a_reference_that_two_calls_carry_is_not_exact() -> None:
    agent = f"x request/{REFERENCE}"
    events = [event(0, "PutItem", actor="ana", userAgent=agent), event(1, "PutItem", actor="ben", userAgent=agent)]
    assert Match.EXACT not in matches([referenced(0, item())], events)


def test_shares_and_findings_of_a_day() -> None:
    records = [record(0, None, item(1, Name="a")), record(0, None, item(2, Name="a")), record(60, item(2, Name="x"), item(2))]
    found = reconcile(_join(records, [event(0, "PutItem", 1), event(0, "PutItem", 9)]))
    assert (found.records.explained, found.records.all) == (1, 3)
    assert (found.events.explained, found.events.all) == (1, 2)
    assert [(f.code, f.count) for f in found.findings] == [
        ("STREAM_ONLY_UNEXPLAINED", 2),
        ("TRAIL_ONLY_LOST", 1),
        ("IMAGES_DO_NOT_FOLLOW", 1),
    ]
    assert len(found.alarms(0.999)) == 5
    assert len(found.alarms(0.0)) == 3, "images that do not follow each other are an alarm whatever the shares"


def test_a_day_without_anything_is_explained() -> None:
    found = reconcile(_join([], []))
    assert found.alarms(1.0) == ()
    assert found.records.rate == found.events.rate == 1.0


def test_a_gap_of_the_stream_archive_is_an_alarm() -> None:
    found = reconcile(_join([record(0, None, item())], [event(0, "PutItem")]), ["shardId-1 after 7"])
    assert found.alarms(0.5) == ("STREAM_GAP: 1 (shardId-1 after 7)",)
