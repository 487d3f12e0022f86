"""The stream archive in the local AWS: every way to write, hour by hour, by flow and by command line; a pause is a gap."""

import datetime as dt
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from tests.sandbox.setup_world import SetupWorld

from cloudtrail_sandbox.client import Sandbox
from itemtrail.cli.main import main
from itemtrail.core import layout
from itemtrail.errors import AccessDenied
from itemtrail.flows.archive_stream import archive_table
from itemtrail.flows.archive_stream_state import covered_until, findings, gaps, records_files
from itemtrail.settings import Redaction, StreamSettings

pytestmark = pytest.mark.sandbox
BEGIN = dt.datetime(2026, 11, 21, 8, tzinfo=dt.UTC)
KEY = b"a key of thirty-two bytes or more"
REGION = "eu-west-1"


class World(SetupWorld):
    """Tables with streams, and an archive bucket."""

    def table(self, name: str) -> str:
        answer = self.client("dynamodb", REGION).create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "EmpId", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "EmpId", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )
        return str(answer["TableDescription"]["TableArn"])

    @property
    def archive(self) -> Any:
        return self.connection.archive(self.settings.archive)

    def hour(self, table: str) -> Any:
        """Time passes, then a run."""
        self.sandbox.advance(dt.timedelta(hours=1))
        return self.run(table)

    def run(self, table: str, **settings: Any) -> Any:
        chosen = self.having(**settings).settings if settings else self.settings
        return archive_table(
            table,
            streams=self.connection.streams(table),
            archive=self.archive,
            settings=chosen,
            key=KEY,
            now=self.sandbox.now(),
        )

    def rows(self, table: str) -> list[dict[str, Any]]:
        keys = [key for day in range(3) for key in records_files(self.archive, table, (BEGIN + dt.timedelta(days=day)).date())]
        found = [row for key in keys for row in pq.read_table(io.BytesIO(self.archive.read(key).body)).to_pylist()]
        return sorted(found, key=lambda row: int(row["sequence_number"]))


@pytest.fixture(scope="module")
def world(new_sandbox: Callable[..., Sandbox]) -> Iterator[World]:
    with new_sandbox(clock=BEGIN, tick=False) as sandbox:
        made = World.of(sandbox)
        archive = made.settings.archive.model_copy(update={"bucket": "streams-archive", "prefix": "", "retention_mode": "NONE"})
        world = made.having(archive=archive)
        world.client("s3").create_bucket(Bucket="streams-archive")
        yield world


def writes(world: World, name: str) -> None:
    """One of each kind: put, update, delete, a batch, a transaction, PartiQL, binary and sets, an expiry."""
    dynamodb = world.client("dynamodb", REGION)
    put = {"EmpId": {"S": "E-1"}, "Salary": {"N": "5000"}}
    dynamodb.put_item(TableName=name, Item=put)
    dynamodb.put_item(TableName=name, Item=put)  # changes nothing
    dynamodb.update_item(
        TableName=name,
        Key={"EmpId": {"S": "E-1"}},
        UpdateExpression="SET Salary = :s",
        ExpressionAttributeValues={":s": {"N": "12345678901234567890123456789012345678"}},
    )
    every = {
        "EmpId": {"S": "E-2"},
        "Photo": {"B": b"\x00\x01\xfe"},
        "Tags": {"SS": ["b", "a"]},
        "Marks": {"NS": ["2", "1.5"]},
        "Keys": {"BS": [b"\x01", b"\x02"]},
        "On": {"BOOL": True},
        "Left": {"NULL": True},
        "Bank": {"M": {"Iban": {"S": "DE00"}, "Old": {"L": [{"N": "1"}]}}},
    }
    dynamodb.batch_write_item(
        RequestItems={name: [{"PutRequest": {"Item": every}}, {"PutRequest": {"Item": put | {"EmpId": {"S": "E-3"}}}}]}
    )
    dynamodb.transact_write_items(
        TransactItems=[
            {"Put": {"TableName": name, "Item": put | {"EmpId": {"S": "E-4"}}}},
            {"Delete": {"TableName": name, "Key": {"EmpId": {"S": "E-3"}}}},
        ]
    )
    dynamodb.execute_statement(Statement=f"INSERT INTO \"{name}\" VALUE {{'EmpId': 'E-5', 'Salary': 1}}")
    dynamodb.delete_item(TableName=name, Key={"EmpId": {"S": "E-4"}})
    dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": "until"})
    past = str(int(world.sandbox.now().timestamp()) - 10)
    dynamodb.put_item(TableName=name, Item={"EmpId": {"S": "E-6"}, "until": {"N": past}})
    assert world.sandbox.expire_ttl() == 1


def test_every_kind_of_write_is_archived_once_over_the_hours(world: World) -> None:
    table = world.table("Everything")
    first = world.run(table)
    assert (first.number, first.counts.rows, first.whole) == (0, 0, True)
    writes(world, "Everything")
    second = world.hour(table)
    world.client("dynamodb", REGION).put_item(TableName="Everything", Item={"EmpId": {"S": "E-7"}})
    third, fourth = world.hour(table), world.hour(table)
    rows = world.rows(table)
    assert [r["event_name"] for r in rows] == [
        *("INSERT", "MODIFY", "INSERT", "INSERT", "INSERT", "REMOVE", "INSERT", "REMOVE", "INSERT", "REMOVE", "INSERT"),
    ]
    assert [second.counts.rows, third.counts.rows, fourth.counts.rows] == [10, 1, 0]
    assert len({r["sequence_number"] for r in rows}) == len(rows)
    assert covered_until(world.archive, table) == fourth.observed - dt.timedelta(minutes=1)
    assert not findings(world.archive, table, known=0)
    (ttl,) = [r for r in rows if r["ttl_delete"]]
    assert ttl["item_key"] == '{"EmpId":"E-6"}'
    every = next(json.loads(r["new_image"]) for r in rows if r["item_key"] == '{"EmpId":"E-2"}')
    assert (every["Photo"], every["Keys"]) == ({"B": "AAH+"}, {"BS": ["AQ==", "Ag=="]})
    assert sorted(every["Tags"]["SS"]) == ["a", "b"]
    assert next(r for r in rows if r["event_name"] == "MODIFY")["changed"] == ["Salary"]
    assert "12345678901234567890123456789012345678" in next(r["new_image"] for r in rows if r["event_name"] == "MODIFY")
    assert all(BEGIN <= r["created"] <= world.sandbox.now() for r in rows)


def test_duckdb_reads_what_was_written_with_its_partitions(world: World, tmp_path: Path) -> None:
    table = world.table("Read")
    writes(world, "Read")
    world.hour(table)
    for key in records_files(world.archive, table, BEGIN.date()):
        path = tmp_path / key
        path.parent.mkdir(parents=True)
        path.write_bytes(world.archive.read(key).body)
    counted = duckdb.sql(
        "SELECT table_name, event_date::VARCHAR, count(*), count(*) FILTER (ttl_delete), "
        "max(new_image->'$.Salary'->>'$.N') FILTER (item_key = '{\"EmpId\":\"E-5\"}') "
        f"FROM read_parquet('{tmp_path}/stream_records/**/*.parquet', hive_partitioning = true) GROUP BY ALL"
    ).fetchall()
    assert counted == [("Read", "2026-11-21", 10, 1, "1")]


def test_a_pause_of_more_than_a_day_is_a_recorded_gap(world: World) -> None:
    table = world.table("Paused")
    dynamodb = world.client("dynamodb", REGION)
    dynamodb.put_item(TableName="Paused", Item={"EmpId": {"S": "E-1"}})
    before = world.hour(table)
    dynamodb.put_item(TableName="Paused", Item={"EmpId": {"S": "E-1"}, "n": {"N": "1"}})  # nobody reads it in time
    for _ in range(26):
        world.sandbox.advance(dt.timedelta(hours=1))
    dynamodb.put_item(TableName="Paused", Item={"EmpId": {"S": "E-1"}, "n": {"N": "2"}})
    there = world.sandbox.now()
    receipt = world.run(table)
    (gap,) = gaps(world.archive, table)
    assert (gap.from_ts, receipt.gaps) == (before.covered_until, (gap,))
    assert gap.to_ts is not None
    assert abs(gap.to_ts - there) <= dt.timedelta(seconds=1)
    assert [json.loads(r["new_image"]).get("n") for r in world.rows(table)] == [None, {"N": "2"}]
    assert "may be lost" in findings(world.archive, table, known=receipt.number)[0]
    assert world.hour(table).gaps == ()


def test_a_stream_switched_off_and_on_goes_on_under_its_new_label(world: World) -> None:
    table = world.table("Switched")
    dynamodb = world.client("dynamodb", REGION)
    dynamodb.put_item(TableName="Switched", Item={"EmpId": {"S": "E-1"}})
    world.hour(table)
    dynamodb.put_item(TableName="Switched", Item={"EmpId": {"S": "E-2"}})
    dynamodb.update_table(TableName="Switched", StreamSpecification={"StreamEnabled": False})
    on = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    dynamodb.update_table(TableName="Switched", StreamSpecification=on)
    dynamodb.put_item(TableName="Switched", Item={"EmpId": {"S": "E-3"}})
    receipt = world.hour(table)
    found = {r["item_key"]: r["stream_arn"] for r in world.rows(table)}
    assert set(found) == {f'{{"EmpId":"E-{n}"}}' for n in (1, 2, 3)}
    assert len(set(found.values())) == 2
    assert [c.closed for c in receipt.checkpoints] == [True, False]
    assert not gaps(world.archive, table)


def test_hashed_and_dropped_attributes_never_reach_the_archive(world: World) -> None:
    table = world.table("Private")
    redact = (
        Redaction(table=table, attribute="Salary", action="hash"),
        Redaction(table=table, attribute="Bank.Iban", action="drop"),
    )
    writes(world, "Private")
    world.sandbox.advance(60)
    world.run(table, streams=StreamSettings(tables=(table,), redact=redact, redaction_key_parameter="key"))
    bodies = [world.archive.read(i.key).body for i in world.archive.list("") if "table_name=Private" in i.key]
    assert not [body for body in bodies if KEY in body or b"DE00" in body or b"1234567890123456789" in body]
    hashes = {json.loads(r["new_image"])["Salary"]["S"] for r in world.rows(table) if "Salary" in (r["new_image"] or "")}
    assert len(hashes) == 3
    assert all(one.startswith("hmac-sha256:") for one in hashes)
    assert {"Bank.Iban", "Salary"} == {name for r in world.rows(table) for name in r["redacted"]}


def test_the_command_line_does_the_same(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], sandbox_env: Any
) -> None:
    table = world.table("Typed")
    writes(world, "Typed")
    world.sandbox.advance(60)
    file = tmp_path / "itemtrail.toml"
    file.write_text(
        f'[trail]\nname = "t-x"\naccount = "111122223333"\nhome_region = "us-east-1"\nbucket = "t-x"\n\n'
        f'[archive]\nbucket = "streams-archive"\nregion = "us-east-1"\naccounts = ["111122223333"]\nregions = ["{REGION}"]\n'
        f'retention_mode = "NONE"\n\n[streams]\ntables = ["{table}", "{table}Missing"]\n',
        encoding="utf-8",
    )
    sandbox_env(world.sandbox)
    monkeypatch.setenv("ITEMTRAIL_CONFIG", str(file))
    assert main(["stream", "--table", table, "--json"]) == 0
    (said,) = json.loads(capsys.readouterr().out)
    assert (said["records"], said["gaps"], said["findings"]) == (10, 0, [])
    assert main(["stream"]) == 2  # the other table has no stream; this one is archived all the same
    output = capsys.readouterr()
    assert f"{table}: 0 records, complete until" in output.out
    assert "has no stream" in output.err


def test_four_permissions_are_enough_and_a_missing_one_is_named(world: World) -> None:
    table = world.table("Permitted")
    writes(world, "Permitted")
    world.sandbox.advance(60)
    stream_actions = ["dynamodb:DescribeStream", "dynamodb:GetShardIterator", "dynamodb:GetRecords"]
    with pytest.raises(AccessDenied, match="dynamodb:GetRecords") as denied:
        read_as(world, table, stream_actions[:2])
    assert denied.value.action == "dynamodb:GetRecords"
    assert read_as(world, table, stream_actions).counts.rows == 10


def read_as(world: World, table: str, actions: list[str]) -> Any:
    """A run whose stream reader may list streams, and ``actions`` on this table's."""
    iam, name = world.client("iam"), f"reader-{len(actions)}"
    iam.create_user(UserName=name)
    statements = [
        {"Effect": "Allow", "Action": "dynamodb:ListStreams", "Resource": "*"},
        {"Effect": "Allow", "Action": actions, "Resource": f"{table}/stream/*"},
    ]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_user_policy(UserName=name, PolicyName="may", PolicyDocument=policy)
    reader = world.acting_as(iam.create_access_key(UserName=name)["AccessKey"])
    return archive_table(
        table,
        streams=reader.connection.streams(table),
        archive=world.archive,
        settings=world.settings,
        key=None,
        now=world.sandbox.now(),
    )


def test_receipts_of_a_table_are_named_by_it(world: World) -> None:
    table = world.table("Named")
    world.run(table)
    names = [info.key for info in world.archive.list(layout.STREAM_RECEIPTS) if "table_name=Named" in info.key]
    folder = f"stream_receipts/account=111122223333/region={REGION}/table_name=Named/"
    assert names == [f"{folder}000000.plan.json", f"{folder}000000.receipt.json"]
