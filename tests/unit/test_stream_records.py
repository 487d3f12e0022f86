"""A stream record as a row: exact values, what changed, TTL, what is unknown, what cannot be read."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from itemtrail.core.stream_records import Origin, Unreadable, created_of, ordered, quarantined, read, sequence_of
from itemtrail.core.stream_schema import SCHEMA

TABLE = "arn:aws:dynamodb:eu-west-1:111122223333:table/Employee"
ORIGIN = Origin(TABLE, f"{TABLE}/stream/2026-11-24T00:00:00.000", "shardId-1")


def table(rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(ordered(rows), schema=SCHEMA)


def record(**changes: Any) -> dict[str, Any]:
    inner = {
        "ApproximateCreationDateTime": 1793697262,
        "Keys": {"EmpId": {"S": "E-1"}},
        "OldImage": {"Salary": {"N": "5000"}, "EmpId": {"S": "E-1"}},
        "NewImage": {"Salary": {"N": "5200"}, "EmpId": {"S": "E-1"}},
        "SequenceNumber": "111400000000000000000000",
        "SizeBytes": 64,
        "StreamViewType": "NEW_AND_OLD_IMAGES",
    } | changes
    inner = {name: value for name, value in inner.items() if value is not None}
    return {
        "eventID": "c81e",
        "eventName": "MODIFY",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-west-1",
        "dynamodb": inner,
    }


def row(found: Any) -> dict[str, Any]:
    assert isinstance(found, dict), found
    return found


def test_a_row_keeps_typed_values_as_canonical_text() -> None:
    found = row(read(record(), ORIGIN))
    assert found["new_image"] == '{"EmpId":{"S":"E-1"},"Salary":{"N":"5200"}}'
    assert (found["item_key"], found["changed"]) == ('{"EmpId":"E-1"}', ["Salary"])
    assert found["created"] == dt.datetime.fromtimestamp(1793697262, dt.UTC)
    assert (found["extra"], found["user_identity"], found["ttl_delete"], found["redacted"]) == (None, None, False, [])
    assert set(found) == set(SCHEMA.names)
    assert table([found]).to_pylist() == [found]


def test_digits_and_sets_stay_as_delivered() -> None:
    image = {"EmpId": {"S": "E-1"}, "N": {"N": "12345678901234567890123456789012345678"}, "S": {"NS": ["3", "1", "2.50"]}}
    found = row(read(record(NewImage=image), ORIGIN))
    assert json.loads(found["new_image"]) == image
    assert '"NS":["3","1","2.50"]' in found["new_image"]


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ({"N": "1"}, {"N": "1.0"}, False),
        ({"N": "1"}, {"S": "1"}, True),
        ({"SS": ["a", "b"]}, {"SS": ["b", "a"]}, False),
        ({"NS": ["1", "2"]}, {"NS": ["2.0", "1"]}, False),
        ({"L": [{"S": "a"}, {"S": "b"}]}, {"L": [{"S": "b"}, {"S": "a"}]}, True),
        ({"M": {"a": {"N": "1"}}}, {"M": {"a": {"N": "1.0"}}}, False),
        ({"NULL": True}, {"BOOL": True}, True),
    ],
)
def test_what_changed_is_compared_by_value(old: dict[str, Any], new: dict[str, Any], changed: bool) -> None:
    found = row(read(record(OldImage={"a": old}, NewImage={"a": new}), ORIGIN))
    assert found["changed"] == (["a"] if changed else [])


def test_every_attribute_of_a_new_or_removed_item_changed_and_nothing_is_guessed_of_half_a_view() -> None:
    new = record(OldImage=None) | {"eventName": "INSERT"}
    gone = record(NewImage=None) | {"eventName": "REMOVE"}
    assert row(read(new, ORIGIN))["changed"] == row(read(gone, ORIGIN))["changed"] == ["EmpId", "Salary"]
    assert row(read(record(OldImage=None), ORIGIN))["changed"] == []


@pytest.mark.parametrize("names", [("type", "principalId"), ("Type", "PrincipalId")])
def test_a_removal_by_ttl_is_told_in_both_spellings(names: tuple[str, str]) -> None:
    identity = dict(zip(names, ("Service", "dynamodb.amazonaws.com"), strict=True))
    assert row(read(record() | {"eventName": "REMOVE", "userIdentity": identity}, ORIGIN))["ttl_delete"]
    assert not row(read(record() | {"userIdentity": identity}, ORIGIN))["ttl_delete"]
    other = identity | {names[1]: "replication.dynamodb.amazonaws.com"}
    assert not row(read(record() | {"eventName": "REMOVE", "userIdentity": other}, ORIGIN))["ttl_delete"]


def test_members_that_nobody_knows_are_kept_and_implied_ones_are_not() -> None:
    unknown = record(NewThing={"a": 1}) | {"awsRegion": "us-east-1", "later": [1]}
    assert json.loads(row(read(unknown, ORIGIN))["extra"]) == {
        "awsRegion": "us-east-1",
        "later": [1],
        "dynamodb": {"NewThing": {"a": 1}},
    }


@pytest.mark.parametrize("value", [1793697262, 1793697262.5, dt.datetime.fromtimestamp(1793697262, dt.UTC)])
def test_a_time_may_be_integer_float_or_datetime(value: object) -> None:
    found = row(read(record(ApproximateCreationDateTime=value), ORIGIN))
    assert found["created"].replace(microsecond=0) == dt.datetime.fromtimestamp(1793697262, dt.UTC)


def test_a_time_may_be_absent() -> None:
    assert row(read(record(ApproximateCreationDateTime=None), ORIGIN))["created"] is None
    assert created_of({"dynamodb": {"ApproximateCreationDateTime": "soon"}}) is None


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ({"eventName": "MODIFY"}, "NOT_A_RECORD"),
        ("text", "NOT_A_RECORD"),
        (record(SequenceNumber="x"), "NO_SEQUENCE_NUMBER"),
        (record(SequenceNumber=12), "NO_SEQUENCE_NUMBER"),
        (record(Keys=None), "NO_KEYS"),
        (record(Keys={"a": {"BOOL": True}}), "BAD_KEYS"),
        (record(Keys={}), "BAD_KEYS"),
        (record(NewImage={"a": "b"}), "BAD_IMAGE"),
        (record(NewImage=[1]), "BAD_IMAGE"),
        (record(ApproximateCreationDateTime="today"), "BAD_TIME"),
        (record(ApproximateCreationDateTime=1e30), "BAD_TIME"),
        (record(SizeBytes="64"), "BAD_FIELD"),
        (record() | {"eventName": None}, "BAD_FIELD"),
        (record(NewImage={"a": {"S": "\ud800"}}), "MALFORMED"),
    ],
)
def test_what_cannot_be_read_says_why_and_keeps_its_content(bad: Any, reason: str) -> None:
    found = read(bad, ORIGIN)
    assert isinstance(found, Unreadable)
    assert found.reason == reason
    assert json.loads(found.record) == bad
    assert json.loads(quarantined([found]))["reason"] == reason


def test_redaction_comes_before_anything_is_kept_but_the_name_of_what_changed_is_told() -> None:
    def redact(given: Any) -> Any:
        inner = {**given["dynamodb"], "NewImage": {"EmpId": {"S": "E-1"}}, "OldImage": {"EmpId": {"S": "E-1"}}}
        return {**given, "dynamodb": inner}, ("Salary",)

    found = row(read(record(), ORIGIN, redact))
    assert (found["changed"], found["redacted"]) == (["Salary"], ["Salary"])
    assert "5200" not in json.dumps(found, default=str)


def test_what_can_be_neither_read_nor_redacted_withholds_its_images() -> None:
    def refuses(given: Any) -> Any:
        raise TypeError(given)

    found = read(record(Keys=None, NewImage={"a": "secret"}), ORIGIN, refuses)
    assert isinstance(found, Unreadable)
    assert "secret" not in found.record + found.detail
    assert found.sequence_number == "111400000000000000000000"


def test_rows_of_one_item_stand_in_the_order_of_their_numbers() -> None:
    rows = [row(read(record(SequenceNumber=n), ORIGIN)) for n in ("1000", "99", "100")]
    assert table(rows)["sequence_number"].to_pylist() == ["99", "100", "1000"]


SAMPLES = (
    "lambda_go/dynamodb-event.json",
    "lambda_go/dynamodb-time-window-event.json",
    "lambda_java/dynamo_event.json",
    "lambda_java/dynamo_event_roundtrip.json",
    "lambda_java/dynamo_time_window_event.json",
    "lambda_java/dynamo_ddb_stream_record.json",
    "powertools/dynamoStreamEvent.json",
)


@pytest.mark.parametrize("name", SAMPLES)
def test_published_samples_become_rows_and_keep_every_value(name: str, shared_data: Path) -> None:
    document = json.loads((shared_data / name).read_text(encoding="utf-8"))
    records = document.get("Records", [document])
    assert records
    for one in records:
        found = row(read(one, Origin(TABLE, one.get("eventSourceARN", ""), "s")))
        assert sequence_of(one) == found["sequence_number"]
        for column, member in (("new_image", "NewImage"), ("old_image", "OldImage"), ("keys", "Keys")):
            assert (json.loads(found[column]) if found[column] else None) == one["dynamodb"].get(member)
    assert table([row(read(one, ORIGIN)) for one in records]).num_rows == len(records)
