"""The workload on a sandbox: what it says it did is what CloudTrail's recorder and the tables' streams saw, call by call."""

import datetime as dt
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from cloudtrail_sandbox.client import Sandbox
from itemtrail_demo import actors, hrms, replay, truth
from itemtrail_demo.tables import TABLES

pytestmark = pytest.mark.sandbox

ACCOUNT = "111122223333"
DAYS = [dt.date(2026, 11, day) for day in (21, 22, 23)]
LOGGED_AS = {"AccessDeniedException": "AccessDenied"}  # what the caller gets, and what CloudTrail writes
Line = dict[str, Any]


@dataclass(frozen=True)
class Played:
    """A replayed workload: its plan, its truth, and what the sandbox knows of it."""

    plan: hrms.Plan
    lines: list[Line]
    events: list[Line]
    streamed: list[Line]
    differences: list[str]


@pytest.fixture(scope="module")
def played(new_sandbox: Callable[..., Sandbox], tmp_path_factory: pytest.TempPathFactory) -> Played:
    path = tmp_path_factory.mktemp("hrms") / "truth.ndjson"
    plan = hrms.plan(seed=20, calls=300, days=DAYS, account=ACCOUNT, trail="T", owner="owner")
    sandbox = new_sandbox(clock=dt.datetime(2026, 11, 20, 23, tzinfo=dt.UTC), tick=False)
    owner = boto3.Session(sandbox.access_key_id, sandbox.secret_access_key, region_name="us-east-1")
    replay.create_tables(owner, sandbox.endpoint_url)
    cast = actors.Cast(actors.create(owner, ACCOUNT, sandbox.endpoint_url), ACCOUNT, sandbox.endpoint_url)
    for call in plan.founding:
        replay.send(cast, call)
    switch_streams_on(owner, sandbox.endpoint_url)
    ledger, streamed = truth.Ledger(path), list[Line]()
    for _, happenings in plan.days:  # a stream keeps records for a day: read it every evening
        replay.Replay(cast, sandbox, ledger, lambda _second, _sent: None).play(happenings)
        streamed += [record for record in stream_records(owner, sandbox.endpoint_url) if record not in streamed]
    ledger.close()
    found = replay.differences(owner, sandbox.endpoint_url, plan.final)
    return Played(plan, list(truth.read(path)), sandbox.events(limit=100_000), streamed, found)


def switch_streams_on(owner: boto3.Session, endpoint_url: str) -> None:
    for table in TABLES:
        client = owner.client("dynamodb", region_name=table.region, endpoint_url=endpoint_url)
        client.update_table(
            TableName=table.name, StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
        )


def stream_records(owner: boto3.Session, endpoint_url: str) -> Iterator[Line]:
    for table in TABLES:
        client = owner.client("dynamodbstreams", region_name=table.region, endpoint_url=endpoint_url)
        for stream in client.list_streams(TableName=table.name)["Streams"]:
            arn = stream["StreamArn"]
            for shard in client.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
                iterator = client.get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")[
                    "ShardIterator"
                ]
                while True:
                    answer = client.get_records(ShardIterator=iterator)
                    yield from ({"region": table.region, "table": table.name, **record} for record in answer["Records"])
                    if not answer["Records"]:
                        break
                    iterator = answer["NextShardIterator"]


def test_every_planned_call_was_sent_and_answered_as_planned(played: Played) -> None:
    assert sum(line["operation"] != "TTL" for line in played.lines) == played.plan.calls
    assert [line["n"] for line in played.lines] == list(range(1, len(played.lines) + 1))


def test_the_tables_hold_what_the_plan_says(played: Played) -> None:
    assert played.differences == []


def test_every_call_of_the_truth_is_exactly_one_recorded_event_of_the_same_caller(played: Played) -> None:
    by_request = Counter(event["requestID"] for event in played.events)
    events = {event["requestID"]: event for event in played.events}
    for line in played.lines:
        if line["operation"] == "TTL":
            continue
        assert by_request[line["request_id"]] == 1, line
        event = events[line["request_id"]]
        assert event["eventName"] == line["operation"], line
        assert event["awsRegion"] == line["region"] or line["service"] == "iam", line
        assert event["userIdentity"]["arn"] == line["principal"], line
        assert event.get("errorCode", "") == LOGGED_AS.get(line["error"], line["error"]), line


def test_the_human_behind_a_role_is_in_the_event(played: Played) -> None:
    events = {event["requestID"]: event for event in played.events}
    of_roles = [line for line in played.lines if ":assumed-role/" in line["principal"]]
    assert of_roles
    for line in of_roles:
        context = events[line["request_id"]]["userIdentity"]["sessionContext"]
        assert context["sourceIdentity"] == line["source_identity"]


def test_events_are_of_the_moment_they_were_sent_at(played: Played) -> None:
    events = {event["requestID"]: event for event in played.events}
    for line in played.lines:
        if line["request_id"]:
            happened = dt.datetime.fromisoformat(events[line["request_id"]]["eventTime"])
            assert abs((happened - dt.datetime.fromisoformat(line["at"])).total_seconds()) <= replay.MINUTE


def test_the_streams_hold_exactly_the_changes_that_changed_something(played: Played) -> None:
    wanted = Counter(
        _image(line["region"], change["table"], change["key"], change["before"], change["after"])
        for line in played.lines
        for change in line["changes"]
        if not change["noop"]
    )
    found = Counter(
        _image(
            record["region"],
            record["table"],
            record["dynamodb"]["Keys"],
            record["dynamodb"].get("OldImage"),
            record["dynamodb"].get("NewImage"),
        )
        for record in played.streamed
    )
    assert wanted - found == Counter()
    assert found - wanted == Counter()


def test_ttl_removals_are_told_apart_from_deletes(played: Played) -> None:
    expired = {json.dumps(line["attempted"][0]["key"], sort_keys=True) for line in played.lines if line["operation"] == "TTL"}
    removed_by_service = {
        json.dumps(record["dynamodb"]["Keys"], sort_keys=True) for record in played.streamed if "userIdentity" in record
    }
    assert expired
    assert removed_by_service == expired


def _image(region: str, table: str, key: Any, before: Any, after: Any) -> str:
    return json.dumps([region, table, key, before, after], sort_keys=True)


def test_an_unplanned_answer_stops_the_replay(new_sandbox: Callable[..., Sandbox], tmp_path: Path) -> None:
    """Without the founding items, the first conditions fail where success was planned."""
    sandbox = new_sandbox(clock=dt.datetime(2026, 11, 20, 23, tzinfo=dt.UTC), tick=False)
    owner = boto3.Session(sandbox.access_key_id, sandbox.secret_access_key, region_name="us-east-1")
    replay.create_tables(owner, sandbox.endpoint_url)
    cast = actors.Cast(actors.create(owner, ACCOUNT, sandbox.endpoint_url), ACCOUNT, sandbox.endpoint_url)
    plan = hrms.plan(seed=20, calls=300, days=DAYS, account=ACCOUNT, trail="T", owner="owner")
    ledger = truth.Ledger(tmp_path / "truth.ndjson")
    with pytest.raises(replay.Unexpected, match="planned success"):
        for _, happenings in plan.days:
            replay.Replay(cast, sandbox, ledger, lambda _second, _sent: None).play(happenings)
    sandbox.stop()
