"""Negative evidence: ABSENT only where nothing can hide a write of the item; everything else with its reason."""

import datetime as dt
import json
from typing import Any

import pytest
from tests.archive_world import LATER
from tests.history_archive import add_stream
from tests.proof_world import TABLE, ProofWorld, a_chain

from itemtrail.core import stream_schema
from itemtrail.core.absence import Absence, Answer
from itemtrail.errors import ConfigurationError
from itemtrail.flows.absent import absent

FIRST, LAST = dt.datetime(2026, 3, 10, tzinfo=dt.UTC), dt.datetime(2026, 3, 10, 23, 59, 59, tzinfo=dt.UTC)
NOON = dt.datetime(2026, 3, 10, 12, 1, 31, tzinfo=dt.UTC)
HOUR_OF_NOON = 15


def event(name: str, *, source: str = "dynamodb.amazonaws.com", parameters: object = "absent", **more: Any) -> bytes:
    """A log file with one record beside the usual."""
    record = {
        "eventVersion": "1.11",
        "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/eve"},
        "eventTime": f"{NOON:%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": source,
        "eventName": name,
        "awsRegion": "us-east-1",
        "recipientAccountId": "111122223333",
        "readOnly": False,
        "eventID": "the-one",
        "resources": [{"type": "AWS::DynamoDB::Table", "ARN": TABLE}],
    } | more
    if parameters != "absent":
        record["requestParameters"] = parameters
    return json.dumps({"Records": [record]}).encode()


def ask(
    tmp_path, *, key: str = "EmpId=E-2000", log: bytes | None = None, world: ProofWorld | None = None, **more: Any
) -> Absence:
    found = world or ProofWorld(tmp_path / "world", a_chain(54, {HOUR_OF_NOON: log} if log else {}))
    room = tmp_path / "room"
    room.mkdir()
    asked = {"table_arn": TABLE, "key": [key], "first": FIRST, "last": LAST, "now": LATER, "room": room} | more
    return absent(found.world.archive, found.world.settings.trail, found.world.settings.archive, **asked)


@pytest.fixture(autouse=True)
def folders(tmp_path):
    (tmp_path / "world").mkdir()


def test_an_item_that_nobody_wrote_is_absent_with_the_scope_said(tmp_path):
    said = ask(tmp_path)
    assert (said.answer, said.reasons, said.found) == (Answer.ABSENT, (), ())
    assert [str(one.unit.day) for one in said.units] == ["2026-03-10", "2026-03-11"]
    assert said.data_events > 60
    assert "its stream was not looked at" in said.scope[2]


def test_a_write_of_the_item_is_present_by_its_event(tmp_path):
    said = ask(tmp_path, key="EmpId=E-1017")
    assert said.answer is Answer.PRESENT
    assert len(said.found) == said.data_events
    assert said.found[0][1:] == ("UpdateItem", "event-03-0")


def test_outside_its_time_a_write_is_not_present(tmp_path):
    log = event("PutItem", parameters={"tableName": "Payroll", "key": {"EmpId": "E-2000"}, "item": ["EmpId"]})
    before, after = NOON - dt.timedelta(seconds=1), NOON + dt.timedelta(seconds=1)
    world = ProofWorld(tmp_path / "world", a_chain(54, {HOUR_OF_NOON: log}))
    (tmp_path / "a").mkdir(), (tmp_path / "b").mkdir(), (tmp_path / "c").mkdir()
    assert ask(tmp_path / "a", world=world, last=before).answer is Answer.ABSENT
    assert ask(tmp_path / "b", world=world, first=after).answer is Answer.ABSENT
    assert ask(tmp_path / "c", world=world).found == ((f"{NOON:%Y-%m-%dT%H:%M:%SZ}", "PutItem", "the-one"),)


def test_a_write_that_failed_is_no_write(tmp_path):
    parameters = {"tableName": "Payroll", "key": {"EmpId": "E-2000"}}
    said = ask(tmp_path, log=event("PutItem", parameters=parameters, errorCode="AccessDenied"))
    assert said.answer is Answer.ABSENT


HIDING = {
    "parameters_absent": (event("PutItem"), "parameters were omitted"),
    "parameters_null": (event("UpdateItem", parameters=None), "parameters were omitted"),
    "parameters_marked_omitted": (event("BatchWriteItem", parameters={"omitted": True}), "parameters were omitted"),
    "partiql_insert_masked": (
        event("ExecuteStatement", parameters={"statement": 'INSERT INTO "Payroll" VALUE ***(Redacted)'}),
        "it names no item",
    ),
    "statement_nobody_reads": (event("ExecuteStatement", parameters={"statement": "MERGE INTO Payroll"}), "it names no item"),
    "import": (event("ImportTable", parameters={"tableCreationParameters": {"tableName": "Payroll"}}), "changes items"),
    "bulk": (event("StartBulkPutItems", parameters={"tableName": "Payroll"}), "changes items"),
    "restore": (event("RestoreTableToPointInTime", parameters={"targetTableName": "Payroll"}), "changes items"),
    "table_deleted": (event("DeleteTable", parameters={"tableName": "Payroll"}), "changes items"),
    "time_to_live_switched": (event("UpdateTimeToLive", parameters={"tableName": "Payroll"}), "changes items"),
    "trail_stopped": (
        event("StopLogging", source="cloudtrail.amazonaws.com", parameters={"name": "t"}, resources=[]),
        "what the trail records was changed",
    ),
    "selectors_changed": (
        event("PutEventSelectors", source="cloudtrail.amazonaws.com", parameters={"trailName": "t"}, resources=[]),
        "what the trail records was changed",
    ),
}


@pytest.mark.parametrize("name", HIDING)
def test_what_can_hide_a_write_is_refused_with_its_event(tmp_path, name):
    log, reason = HIDING[name]
    said = ask(tmp_path, log=log)
    assert said.answer is Answer.CANNOT_SAY
    assert len(said.reasons) == 1
    assert reason in said.reasons[0]
    assert "the-one" in said.reasons[0]


def test_a_write_that_does_not_say_when_is_refused(tmp_path):
    log = event("PutItem", parameters={"tableName": "Payroll", "key": {"EmpId": "E-2000"}}, eventTime=None)
    said = ask(tmp_path, log=log)
    assert said.answer is Answer.CANNOT_SAY
    assert "a time that it does not say" in said.reasons[0]


def test_a_transaction_on_other_items_hides_nothing(tmp_path):
    actions = [{"operation": "Put", "tableName": "Payroll", "key": {"EmpId": "E-3000"}, "items": ["EmpId"]}]
    said = ask(tmp_path, log=event("TransactWriteItems", parameters={"requestItems": actions}))
    assert said.answer is Answer.ABSENT


def test_a_number_spelt_otherwise_is_not_told_apart_without_its_type(tmp_path):
    log = event("PutItem", parameters={"tableName": "Payroll", "key": {"EmpId": "7.0"}})
    said = ask(tmp_path, key="EmpId=7", log=log)
    assert said.answer is Answer.CANNOT_SAY
    assert "cannot be told from the item's" in said.reasons[0]


def test_a_unit_that_is_not_proven_or_not_there_is_named(tmp_path):
    said = ask(tmp_path, world=ProofWorld(tmp_path / "world", a_chain(30)))
    assert said.answer is Answer.CANNOT_SAY
    assert said.reasons == ("111122223333/us-east-1/2026-03-11 is DISPROVEN",)
    (tmp_path / "b").mkdir()
    later = ask(tmp_path / "b", world=ProofWorld(tmp_path / "b", a_chain(54)), first=FIRST - dt.timedelta(days=3))
    assert "111122223333/us-east-1/2026-03-07 is not archived" in later.reasons


def test_a_table_of_which_nothing_was_recorded_shows_nothing(tmp_path):
    said = ask(tmp_path, table_arn=TABLE.replace("Payroll", "Other"))
    assert said.answer is Answer.CANNOT_SAY
    assert "nothing shows that its writes were recorded" in said.reasons[0]


@pytest.mark.parametrize(("ttl", "word"), [(True, "by time to live"), (False, "no logged write")])
def test_a_change_that_only_the_stream_shows_is_told(tmp_path, ttl, word):
    world = ProofWorld(tmp_path / "world", a_chain(54))
    row = dict.fromkeys(stream_schema.SCHEMA.names) | {
        "stream_arn": "s",
        "shard_id": "1",
        "sequence_number": "1",
        "event_name": "REMOVE",
        "created": NOON,
        "keys": '{"EmpId":{"S":"E-2000"}}',
        "table_arn": TABLE,
        "item_key": '{"EmpId":"E-2000"}',
        "changed": [],
        "ttl_delete": ttl,
        "redacted": [],
    }
    import pyarrow as pa

    records = pa.Table.from_pylist([row], stream_schema.SCHEMA)
    add_stream(world.world.archive, records, LATER, table_arn=TABLE)
    said = ask(tmp_path, world=world)
    assert said.answer is Answer.CANNOT_SAY
    assert word in said.reasons[0]
    (tmp_path / "b").mkdir()
    other = ask(tmp_path / "b", world=world, key="EmpId=E-2001")
    assert other.answer is Answer.ABSENT
    assert "shows no change of the item either" in other.scope[2]


def test_a_time_that_is_not_over_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="not over"):
        ask(tmp_path, last=LATER + dt.timedelta(days=1))


def test_an_account_that_the_archive_does_not_hold_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="does not hold"):
        ask(tmp_path, table_arn=TABLE.replace("111122223333", "444455556666"))
