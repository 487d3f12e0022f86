"""The event history exported by identities with the documented permissions, beside a trail that logged the same day."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from tests.permissions import policies
from tests.sandbox.setup_world import SetupWorld
from tests.sandbox.test_setup import as_user

from itemtrail.cli import main
from itemtrail.core import layout
from itemtrail.errors import AccessDenied, ConfigurationError, Throttled
from itemtrail.flows import setup
from itemtrail.flows.archive import archive_unit
from itemtrail.flows.event_history import Exported, Pacer, export_unit
from itemtrail.flows.event_history_state import State
from itemtrail.flows.query import Scope, ask, copy_events
from itemtrail.model import Unit

pytestmark = pytest.mark.sandbox
DAY = dt.date(2026, 11, 21)
UNIT = Unit("111122223333", "us-east-1", DAY)
PACER = Pacer()


@pytest.fixture(scope="module")
def world(new_sandbox: Any) -> SetupWorld:
    """A trail that logs from 21:00, was off from 22:00 to 23:00, and a day that is over."""
    made = SetupWorld.of(new_sandbox(clock=dt.datetime(2026, 11, 21, 21, tzinfo=dt.UTC), tick=False))
    made.create_tables()
    control = made.connection.control()
    setup.apply(control, made.settings, setup.plan(control, made.settings).hash)
    trails, name = made.client("cloudtrail"), made.settings.trail.name
    made.sandbox.advance_to(dt.datetime(2026, 11, 21, 21, 30, tzinfo=dt.UTC))
    made.client("sqs").create_queue(QueueName="logged")
    made.client("dynamodb").put_item(TableName="Employees", Item={"id": {"S": "E-1"}})
    made.sandbox.advance_to(dt.datetime(2026, 11, 21, 22, tzinfo=dt.UTC))
    trails.stop_logging(Name=name)
    made.client("sqs").create_queue(QueueName="unlogged-gehälter")
    made.sandbox.advance_to(dt.datetime(2026, 11, 21, 23, tzinfo=dt.UTC))
    trails.start_logging(Name=name)
    made.sandbox.advance_to(dt.datetime(2026, 11, 22, 1, tzinfo=dt.UTC))
    return made


@pytest.fixture(scope="module")
def exported(world: SetupWorld, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    return export(world, as_user(world, "history-reader", policies()["Event history"]), tmp_path_factory)


def export(world: SetupWorld, reader: SetupWorld, folders: pytest.TempPathFactory, unit: Unit = UNIT) -> Exported:
    writer = as_user(world, f"writer-{reader.session.get_credentials().access_key[-4:]}", policies()["Archive writer"])
    return export_unit(
        unit,
        source=reader.connection.event_history(unit.account, unit.region),
        archive=writer.connection.archive(world.settings.archive),
        settings=world.settings,
        pacer=PACER,
        now=world.now,
        spool=Path(folders.mktemp("spool")),
    )


def rows(world: SetupWorld, sql: str, folder: Path) -> list[tuple[Any, ...]]:
    archive = world.connection.archive(world.settings.archive)
    copied = [
        copy_events(archive, folder, Scope(DAY, DAY), limit=1 << 30, progress=print, folder=each)
        for each in (layout.EVENTS, layout.EVENT_HISTORY)
    ]
    return list(ask(sql, events=copied[0], root=folder, receipts=(), memory="512MB", event_history=copied[1]).rows)


def test_a_day_is_exported_with_the_documented_permissions(exported: Exported) -> None:
    assert (exported.state, exported.proof, exported.quarantined) == (State.COVERED, "UNPROVEN", 0)
    assert exported.rows >= 4


def test_a_denial_names_the_action(world: SetupWorld, tmp_path_factory: pytest.TempPathFactory) -> None:
    nobody = as_user(world, "history-nobody", policies()["Stream reader"])
    with pytest.raises(AccessDenied, match="cloudtrail:LookupEvents on the event history of 111122223333 in us-east-1"):
        export(world, nobody, tmp_path_factory, Unit(UNIT.account, UNIT.region, DAY + dt.timedelta(days=1)))


def test_another_account_s_history_is_not_asked_for(world: SetupWorld) -> None:
    with pytest.raises(ConfigurationError, match="credentials are of account 111122223333"):
        world.connection.event_history("999988887777", "us-east-1")


def test_a_throttled_request_is_told_at_once_because_a_hidden_retry_counts_too(world: SetupWorld) -> None:
    source = world.connection.event_history(UNIT.account, "eu-west-1")
    start = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
    asked = 0
    with pytest.raises(Throttled, match="two requests a second"):
        while True:
            asked += 1
            source.page(start, start, None)
    lookups = [event for event in world.sandbox.events() if event["eventName"] == "LookupEvents"]
    assert len([event for event in lookups if event["awsRegion"] == "eu-west-1"]) == asked


def test_a_region_that_is_not_enabled_is_said_to_be_that(world: SetupWorld) -> None:
    source = world.connection.event_history(UNIT.account, "ap-south-1")
    start = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
    with pytest.raises(ConfigurationError, match="ap-south-1: the Region does not know these credentials"):
        source.page(start, start, None)


def test_trail_and_event_history_join_into_one_view_without_doubles(
    world: SetupWorld, exported: Exported, tmp_path: Path
) -> None:
    connection = world.connection
    trail = connection.trail(world.settings.trail)
    archive_unit(
        UNIT,
        trail=trail,
        status=connection.trail_api().status(trail, region=UNIT.region),
        source=connection.store(trail.bucket),
        archive=connection.archive(world.settings.archive),
        public_keys=connection.public_keys(),
        tagger=None,
        settings=world.settings,
        now=world.now(),
        spool=tmp_path,
    )
    queue = "json_extract_string(requestParameters, '$.queueName')"
    queues = f"SELECT source, {queue} FROM events_all WHERE eventName = 'CreateQueue' AND {queue} LIKE '%logged%'"
    cache = tmp_path / "cache"
    assert sorted(rows(world, queues, cache)) == [("event_history", "unlogged-gehälter"), ("trail", "logged")]
    doubles = rows(world, "SELECT eventID FROM events_all GROUP BY ALL HAVING count(*) > 1", cache)
    assert doubles == []
    same = "SELECT count(*) > 0, bool_and(e.record_sha256 = t.record_sha256) FROM event_history e JOIN events t USING (eventID)"
    assert rows(world, same, cache) == [(True, True)], "the answer is the delivered record byte for byte"
    assert rows(world, "SELECT count(*) FROM events_all WHERE eventName = 'PutItem' AND source = 'event_history'", cache) == [
        (0,)
    ]


def test_the_command_says_what_is_there_what_is_open_and_what_is_lost(
    world: SetupWorld, sandbox_env: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world.sandbox.catch_up()
    sandbox_env(world.sandbox)
    today = world.now().date()
    lost = today - dt.timedelta(days=100)
    common = ["export-event-history", "--region", "us-east-1", "--json"]
    assert main.main([*common, "--from", str(today), "--to", str(today)]) == 0
    (said,) = json.loads(capsys.readouterr().out)
    assert (said["state"], said["proof"], said["open"][0]["to"][-9:]) == ("OPEN", "UNPROVEN", "00:00:00Z")
    assert main.main([*common, "--from", str(lost), "--to", str(lost)]) == 1
    (said,) = json.loads(capsys.readouterr().out)
    assert (said["state"], said["rows"], len(said["missing"])) == ("PAST_HORIZON", 0, 1)
    assert main.main([*common, "--account", "999988887777", "--from", str(today), "--to", str(today)]) == 2
    assert "use credentials of 999988887777" in capsys.readouterr().err
    assert main.main(["query", "SELECT DISTINCT source, proof FROM event_history", "--cache", str(tmp_path), "--csv"]) == 0
    assert capsys.readouterr().out == "source,proof\nevent_history,UNPROVEN\n"
