"""Real calls by three people, the trail's archive and the stream's archive, joined: every change has the right actor."""

import datetime as dt
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError
from tests.sandbox.setup_world import SetupWorld
from tests.sandbox.test_setup import as_user

from cloudtrail_sandbox.client import Sandbox
from itemtrail.aws.policies import roles_of
from itemtrail.cli.main import main
from itemtrail.core.change_schema import Match
from itemtrail.core.evidence import Question
from itemtrail.errors import AccessDenied
from itemtrail.flows import evidence, history, ledger, legal_hold, setup
from itemtrail.flows.archive import archive_unit
from itemtrail.flows.archive_stream import archive_table
from itemtrail.flows.evidence_store import store as store_pack
from itemtrail.flows.evidence_verify import verify
from itemtrail.model import Unit

pytestmark = pytest.mark.sandbox
DAY = dt.date(2026, 11, 21)
TABLE = "arn:aws:dynamodb:us-east-1:111122223333:table/Payroll"
PEOPLE = ("ana", "ben", "eve")
REFERENCE = "f00dfeedf00dfeedf00dfeed"


@dataclass
class Told:
    """A sandbox's world, what its people did, and the day's rows."""

    world: SetupWorld
    done: list[tuple[str, str]] = field(default_factory=list)  # person, request id
    receipt: history.HistoryReceipt | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)

    def build(self, spool: Path) -> history.HistoryReceipt:
        archive = self.world.connection.archive(self.world.settings.archive)
        return history.build_day(
            TABLE, DAY, archive=archive, settings=self.world.settings, spool=spool, progress=lambda line: None
        )


@pytest.fixture(scope="module")
def told(new_sandbox: Callable[..., Sandbox], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """A day of calls, two days of archive."""
    with new_sandbox(clock=dt.datetime(2026, 11, 21, tzinfo=dt.UTC), tick=False) as sandbox:
        made = SetupWorld.of(sandbox).named("history")
        archive_settings = made.settings.archive.model_copy(update={"regions": ("us-east-1",)})
        made = made.having(archive=archive_settings)
        made.create_tables()
        control = made.connection.control()
        setup.apply(control, made.settings, setup.plan(control, made.settings).hash)
        told = Told(made)
        sandbox.advance(dt.timedelta(hours=1))
        work(told)
        sandbox.advance_to(dt.datetime(2026, 11, 22, 0, 30, tzinfo=dt.UTC))
        archive_table(
            TABLE,
            streams=made.connection.streams(TABLE),
            archive=made.connection.archive(made.settings.archive),
            settings=made.settings,
            key=None,
            now=made.now(),
        )
        sandbox.advance_to(dt.datetime(2026, 11, 23, 3, tzinfo=dt.UTC))
        for day in (DAY, DAY + dt.timedelta(days=1)):
            archive_day(made, day, tmp_path_factory.mktemp("spool"))
        spool = tmp_path_factory.mktemp("history")
        told.receipt = told.build(spool)
        body = made.connection.archive(made.settings.archive).read(told.receipt.changes_key).body
        told.rows = pq.read_table(io.BytesIO(body)).to_pylist()
        yield told


def arn(person: str) -> str:
    """Who an IAM user is to CloudTrail."""
    return f"arn:aws:iam::111122223333:user/{person}"


def archive_day(world: SetupWorld, day: dt.date, spool: Path) -> None:
    """What `archive_trail` does for one unit."""
    connection = world.connection
    trail = connection.trail(world.settings.trail)
    archive_unit(
        Unit("111122223333", "us-east-1", day),
        trail=trail,
        status=connection.trail_api().status(trail, region="us-east-1"),
        source=connection.store(trail.bucket),
        archive=connection.archive(world.settings.archive),
        public_keys=connection.public_keys(),
        tagger=None,
        settings=world.settings,
        now=world.now(),
        spool=spool,
        progress=lambda line: None,
    )


def people(world: SetupWorld) -> dict[str, Any]:
    """A DynamoDB client of each person, an IAM user of their own."""
    iam, found = world.client("iam"), {}
    allowed = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"}]}
    for name in PEOPLE:
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="may", PolicyDocument=json.dumps(allowed))
        found[name] = world.acting_as(iam.create_access_key(UserName=name)["AccessKey"]).client("dynamodb")
    return found


def work(told: Told) -> None:
    """Calls of every kind; what each left is known by its request id."""
    clients, sandbox = people(told.world), told.world.sandbox
    clients["eve"].meta.events.register_last("request-created.dynamodb", name_the_request)

    def call(person: str, operation: str, wait: float = 30, **parameters: Any) -> None:
        client = clients[person]
        try:
            answer = getattr(client, operation)(**parameters)
            told.done.append((person, answer["ResponseMetadata"]["RequestId"]))
        except client.exceptions.ConditionalCheckFailedException:
            pass
        sandbox.advance(wait)

    def item(number: int, **more: Any) -> dict[str, Any]:
        return {"id": {"S": f"E-{number}"}, "salary": {"N": "5000"}} | more

    def raised(number: int, to: int) -> dict[str, Any]:
        return {
            "TableName": "Payroll",
            "Key": {"id": {"S": f"E-{number}"}},
            "UpdateExpression": "SET salary = :s",
            "ExpressionAttributeValues": {":s": {"N": str(to)}},
        }

    for number in range(6):
        call("ana", "put_item", TableName="Payroll", Item=item(number, grade={"S": "a"}))
    call("ben", "update_item", **raised(1, 5200))
    call("ana", "update_item", **raised(1, 9000), ConditionExpression="attribute_not_exists(id)")
    call("ben", "delete_item", TableName="Payroll", Key={"id": {"S": "E-2"}})
    call("ana", "batch_write_item", RequestItems={"Payroll": [{"PutRequest": {"Item": item(n)}} for n in (20, 21)]})
    puts = [{"Put": {"TableName": "Payroll", "Item": item(30)}}, {"Update": raised(3, 5300)}]
    call("ben", "transact_write_items", TransactItems=puts)
    call("ana", "update_item", wait=0, **raised(4, 5100))
    call("eve", "put_item", TableName="Payroll", Item=item(4, _request={"S": REFERENCE}))


def name_the_request(request: Any, **_: Any) -> None:
    """The application contract: the call's user agent names the request. What earlier hooks append botocore overwrites."""
    request.headers.replace_header("User-Agent", f"{request.headers['User-Agent']} request/{REFERENCE}")


def test_every_change_has_the_actor_and_the_request_that_made_it(told: Told) -> None:
    requests = {request: person for person, request in told.done}
    changes = [row for row in told.rows if row["sequence_number"]]
    assert len(changes) == 6 + 1 + 1 + 2 + 2 + 2
    for row in changes:
        assert row["match_confidence"] in (Match.EXACT, Match.UNIQUE, Match.ORDERED), row
        assert row["actor"] == arn(requests[row["request_id"]])
    assert {row["request_id"] for row in changes} == set(requests)


def test_the_request_that_the_application_wrote_is_exact(told: Told) -> None:
    (row,) = [row for row in told.rows if row["match_confidence"] == Match.EXACT]
    assert (row["actor"], row["item_key"]) == (arn("eve"), '{"id":"E-4"}')


def test_a_raise_shows_who_made_it_and_what_it_was_before(told: Told) -> None:
    (row,) = [row for row in told.rows if row["item_key"] == '{"id":"E-1"}' and row["operation"] == "MODIFY"]
    assert row["actor"] == arn("ben")
    assert json.loads(row["diff"]) == [{"path": "salary", "old": {"N": "5000"}, "new": {"N": "5200"}}]


def test_a_refused_call_stands_beside_the_changes(told: Told) -> None:
    (row,) = [row for row in told.rows if row["match_confidence"] == Match.TRAIL_ONLY_FAILED]
    assert (row["actor"], row["error_code"]) == (arn("ana"), "ConditionalCheckFailedException")


def test_the_day_is_explained_and_built_alike_again(told: Told, tmp_path: Path) -> None:
    assert told.receipt is not None
    assert told.receipt.alarms == ()
    archive = told.world.connection.archive(told.world.settings.archive)
    keys = (told.receipt.changes_key, told.receipt.report_key)
    before = [archive.read(key).body for key in keys]
    told.build(tmp_path)
    assert [archive.read(key).body for key in keys] == before


def test_the_command_line_builds_the_same(
    told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], sandbox_env: Any
) -> None:
    config = tmp_path / "itemtrail.toml"
    sections = ("trail", "archive", "streams")
    values = {name: getattr(told.world.settings, name).model_dump(mode="json", exclude={"data_events"}) for name in sections}
    lines = [f"[{name}]\n" + "\n".join(f"{k} = {json.dumps(v)}" for k, v in values[name].items()) for name in sections]
    config.write_text("\n".join(lines))
    sandbox_env(told.world.sandbox)
    asked = ["build-history", "--config", str(config), "--day", str(DAY), "--table"]
    assert main([*asked, "Payroll", "--json"]) == 0
    built = json.loads(capsys.readouterr().out)
    assert told.receipt is not None
    assert (built["rows"], built["report"], built["alarms"]) == (told.receipt.rows, told.receipt.report_key, [])
    assert main([*asked, "Nobodys"]) == 2
    assert "none of `streams.tables`" in capsys.readouterr().err
    assert main(["build-history", "--config", str(config), "--day", "2026-11-24", "--table", "Payroll"]) == 3
    assert "is not archived" in capsys.readouterr().err


def test_a_legal_hold_on_one_item_holds_what_proves_its_changes_and_no_other_day(told: Told) -> None:
    """By its history: the unit that has its events, the stream commit that has its records; they cannot be deleted any more."""
    connection, settings = told.world.connection, told.world.settings.archive
    store, holds = connection.archive(settings), connection.legal_holds(settings)
    ends = legal_hold.Ends(store, holds, "arn", dt.datetime(2026, 11, 24, tzinfo=dt.UTC))
    row = next(row for row in told.rows if row["stream_object"] and row["source_object"])
    scope = legal_hold.scope_of(store, first=DAY, last=DAY, places=(), table="Payroll", key=(row["item_key"],))
    outcome = legal_hold.set_hold(ends, "Doe v. Acme", "a letter", scope)
    assert outcome.good, outcome
    keys = {held.key for held in outcome.hold.objects}
    assert row["stream_object"] in keys
    assert any(key.startswith(f"originals/account=111122223333/region=us-east-1/delivery_date={DAY}/") for key in keys)
    assert not any("delivery_date=2026-11-22" in key for key in keys)
    s3 = told.world.client("s3")
    for held in outcome.hold.objects:
        with pytest.raises(ClientError, match="AccessDenied"):
            where = {"Bucket": settings.bucket, "Key": held.key, "VersionId": held.version_id}
            s3.delete_object(**where, BypassGovernanceRetention=True)
    assert legal_hold.release(ends, outcome.hold, "settled").good


def test_the_evidence_role_makes_a_pack_that_holds_and_adds_nowhere_else(told: Told, tmp_path: Path) -> None:
    """Real digests, signatures and streams; as the role that `itemtrail permissions` prints."""
    (tmp_path / "ledger").mkdir()
    writer = told.world.connection.archive(told.world.settings.archive)
    ledger.append(writer, until=told.world.now(), room=tmp_path / "ledger")
    policy = next(role.policy() for role in roles_of(told.world.settings) if role.kind == "evidence")
    exporter = as_user(told.world, "evidence", policy)
    archive = exporter.connection.archive(exporter.settings.archive)
    asked = Question(
        "Payroll", first=dt.datetime.combine(DAY, dt.time(), dt.UTC), last=dt.datetime(2026, 11, 21, 23, tzinfo=dt.UTC)
    )
    (tmp_path / "room").mkdir()
    made = evidence.make(archive, ["111122223333"], asked, room=tmp_path / "room", limits=evidence.Limits())
    assert made.index.unproven == ()
    found = verify(made.folder, checkpoint=made.index.checkpoint)
    assert (found.problems, found.anchored) == ((), True)
    key = store_pack(archive, made, "audit-7", room=tmp_path)
    assert archive.head(key).size > made.size
    with pytest.raises(AccessDenied, match="s3:PutObject"):
        archive.put_new("receipts/x", b"x", locked=False)
