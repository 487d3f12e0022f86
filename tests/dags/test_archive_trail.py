"""`setup_trail` and `archive_trail`, run by Airflow in this process against a sandbox whose CloudTrail delivers."""

import datetime as dt
import gzip
import json

import pytest
from tests.capture import REGIONS, Alerts, Capture

from itemtrail.model import Conversion, Verdict
from itemtrail_airflow import local_run

pytestmark = [pytest.mark.airflow, pytest.mark.sandbox]
TODAY = dt.datetime.now(dt.UTC).date()
FIRST, SECOND, THIRD, FOURTH = (TODAY - dt.timedelta(days=back) for back in (5, 4, 3, 2))
WEST, EAST = 0, 1  # map indexes: units in order of Region


def midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), dt.UTC)


def archived(day: dt.date) -> local_run.LocalRun:
    return local_run.run_dag("archive_trail", {"day": day.isoformat()})


@pytest.fixture(scope="module")
def world(new_sandbox, tmp_path_factory):
    """An account where `setup_trail` ran before FIRST; its run, and the queue that hears alerts."""
    sandbox = new_sandbox(clock=midnight(FIRST) - dt.timedelta(hours=6))
    capture = Capture(sandbox, tmp_path_factory.mktemp("capture"), sandbox.environment())
    alerts = Alerts(capture.client)
    capture = Capture(sandbox, capture.folder, capture.environment, alerts.topic)
    with capture.seen_by_airflow(), sandbox.passing_time(midnight(FIRST) - dt.timedelta(minutes=30)):
        run = local_run.run_dag("setup_trail", {"apply": True, "require_approval": False})
    yield capture, run, alerts
    print(f"sandbox at {sandbox.now()}")


def busy_day(capture: Capture, day: dt.date) -> None:
    """Some writes in both Regions at noon, then time until all of the day is delivered."""
    capture.sandbox.advance_to(midnight(day) + dt.timedelta(hours=12))
    for region in REGIONS:
        dynamodb = capture.client("dynamodb", region)
        if "Employees" not in dynamodb.list_tables()["TableNames"]:
            dynamodb.create_table(
                TableName="Employees",
                KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                BillingMode="PAY_PER_REQUEST",
            )
        for number in range(3):
            dynamodb.put_item(TableName="Employees", Item={"id": {"S": f"{day}-{number}"}, "salary": {"N": "1"}})
    capture.sandbox.advance_to(midnight(day) + dt.timedelta(hours=26))


@pytest.fixture(scope="module")
def first_day(world):
    """FIRST, archived."""
    capture, _, alerts = world
    busy_day(capture, FIRST)
    with capture.seen_by_airflow():
        run = archived(FIRST)
    return capture, run, alerts


def test_set_up_runs_without_a_person_where_told_so_and_its_canary_is_proven(world):
    _, run, _ = world
    assert (run.state, run.tasks) == (
        "success",
        {"plan": "success", "route": "success", "approval": "skipped", "apply": "success", "canary": "success"},
    )


def test_without_apply_a_plan_is_shown_and_nothing_follows(world):
    capture, _, _ = world
    with capture.seen_by_airflow():
        run = local_run.run_dag("setup_trail", {"apply": False})
    assert (run.state, set(run.tasks.values())) == ("success", {"success", "skipped"})
    assert {name for name, state in run.tasks.items() if state == "skipped"} == {"approval", "apply", "canary"}


def test_a_day_is_archived_and_proven(first_day):
    capture, run, alerts = first_day
    mapped = {f"unit.{task}[{index}]" for task in ("wait", "archive", "verdict") for index in (WEST, EAST)}
    unneeded = dict.fromkeys(("shard", "sharded.finish", "sharded.verdict"), "skipped")
    assert run.tasks == dict.fromkeys({"discover", "split", "gate", "lifecycle", *mapped}, "success") | unneeded
    assert run.state == "success"
    for region in REGIONS:
        receipt = capture.latest(region, FIRST)
        assert (receipt.verdict, receipt.conversion, len(receipt.slots)) == (Verdict.PROVEN, Conversion.COMPLETE, 24)
        assert receipt.counts.records_in == receipt.counts.rows >= 3
    assert alerts.heard() == []


def test_only_keys_and_counts_go_between_tasks(first_day):
    from airflow import settings
    from airflow.models.xcom import XComModel
    from sqlalchemy import select

    _, run, _ = first_day
    values = settings.Session().execute(select(XComModel.task_id, XComModel.value).where(XComModel.run_id == run.run_id)).all()
    assert len(values) >= 5
    assert max(len(json.dumps(value)) for _, value in values) < 600
    assert not [task for task, value in values if any(word in json.dumps(value) for word in ("salary", "AKIA", "secret"))]


def test_the_same_day_again_adds_nothing(first_day):
    capture, _, _ = first_day
    before = evidence(capture)
    with capture.seen_by_airflow():
        assert archived(FIRST).state == "success"
    assert evidence(capture) == before


def evidence(capture) -> list[tuple[str, str, str]]:
    """All but what runs tell the coverage page."""
    return [one for one in capture.versions(capture.archive_bucket) if not one[0].startswith("coverage/")]


def test_a_crashed_plan_fails_the_run_although_every_receipt_says_proven(first_day):
    capture, _, alerts = first_day
    with capture.seen_by_airflow(trail="no-such-trail"):
        run = archived(FIRST)
    assert (run.state, run.tasks["discover"], run.tasks["gate"]) == ("failed", "failed", "failed")
    ((subject, message),) = [alert for alert in alerts.heard() if alert[0].endswith(" gate")]
    assert subject == f"HIGH not proven {FIRST} - itemtrail archive_trail gate"
    assert "the plan did not finish" in message


def test_an_empty_plan_fails_the_run(first_day):
    capture, _, alerts = first_day
    with capture.seen_by_airflow(accounts=[]):
        run = archived(FIRST)
    assert (run.state, run.tasks["discover"], run.tasks["gate"]) == ("failed", "success", "failed")
    assert "nothing is expected" in alerts.heard()[0][1]


def test_a_run_without_a_day_fails_and_guesses_none(first_day):
    capture, _, alerts = first_day
    before = capture.versions(capture.archive_bucket)
    with capture.seen_by_airflow():
        run = local_run.run_dag("archive_trail")
    assert (run.state, run.tasks["discover"], run.tasks["gate"]) == ("failed", "failed", "failed")
    assert "has no day" in alerts.heard()[0][1]
    assert [one for one in capture.versions(capture.archive_bucket) if not one[0].startswith("alerts/")] == [
        one for one in before if not one[0].startswith("alerts/")
    ]


def test_one_bad_unit_of_two_then_mended_and_cleared(first_day):
    """The other unit commits, one alert, and clearing the unit alone turns the day green."""
    capture, _, alerts = first_day
    busy_day(capture, SECOND)
    s3 = capture.client("s3")
    logs = f"AWSLogs/{capture.account}/CloudTrail/us-east-1/{SECOND:%Y/%m/%d}/"
    key = s3.list_objects_v2(Bucket=capture.trail_bucket, Prefix=logs)["Contents"][0]["Key"]
    forged = gzip.compress(json.dumps({"Records": []}).encode())
    version = s3.put_object(Bucket=capture.trail_bucket, Key=key, Body=forged)["VersionId"]
    with capture.seen_by_airflow():
        run = archived(SECOND)
        told = alerts.heard()
        local_run.rerun(run, [("unit.archive", EAST)])
        repeated = alerts.heard()
        s3.delete_object(Bucket=capture.trail_bucket, Key=key, VersionId=version)
        mended = local_run.rerun(run, [("unit.archive", EAST)])

    assert run.state == "failed"
    assert {name for name, state in run.tasks.items() if state not in ("success", "skipped")} == {
        f"unit.verdict[{EAST}]",
        "gate",
    }
    assert capture.latest("eu-west-1", SECOND).verdict is Verdict.PROVEN
    assert repeated == [], "a cleared task that finds the same is not told again"
    ((subject, message),) = told
    assert subject == f"CRITICAL not proven {SECOND} - itemtrail archive_trail gate"
    assert [line for line in message.splitlines() if line.startswith("- ")] == [
        line for line in message.splitlines() if line.startswith(f"- {capture.account}/us-east-1/{SECOND}: DISPROVEN")
    ]
    assert f"next: itemtrail receipts --day {SECOND}" in message
    assert "runbook: docs/runbook.md#verdict-reasons" in message

    assert mended.state == "success"
    assert {name for name in mended.tasks if mended.tries[name] > run.tries[name]} == {
        f"unit.archive[{EAST}]",
        f"unit.verdict[{EAST}]",
        "split",
        "gate",
        "lifecycle",
    }
    assert alerts.heard() == []
    assert capture.latest("us-east-1", SECOND).verdict is Verdict.PROVEN
    assert capture.latest("us-east-1", SECOND).number == 1, "the forged file's commit stays"


def test_a_file_planted_into_an_earlier_day_fails_the_run_that_finds_it_and_only_that_one(first_day):
    capture, _, alerts = first_day
    busy_day(capture, THIRD)
    planted = f"{capture.account}_CloudTrail_eu-west-1_{FIRST:%Y%m%d}T1200Z_plantedPlanted00.json.gz"
    folder = f"AWSLogs/{capture.account}/CloudTrail/eu-west-1/{FIRST:%Y/%m/%d}/"
    body = gzip.compress(b'{"Records":[]}')
    capture.client("s3").put_object(Bucket=capture.trail_bucket, Key=folder + planted, Body=body)
    with capture.seen_by_airflow():
        run = archived(THIRD)
        told = alerts.heard()
        again = archived(THIRD)
    assert (run.state, run.tasks["gate"]) == ("failed", "failed")
    assert len(told) == 1
    assert f"{capture.account}/eu-west-1/{FIRST}: DISPROVEN" in told[0][1]
    assert [capture.latest(region, THIRD).verdict for region in REGIONS] == [Verdict.PROVEN] * 2
    assert again.state == "success"
    assert alerts.heard() == []


def test_a_signed_file_that_is_no_json_and_a_deleted_digest_are_told_without_failing_the_day(first_day):
    capture, _, alerts = first_day
    sandbox = capture.sandbox
    sandbox.advance_to(midnight(FOURTH) + dt.timedelta(hours=10))
    at = sandbox.now()
    name = f"{capture.account}_CloudTrail_us-east-1_{at:%Y%m%dT%H%M}Z_notJsonAtAll0000.json.gz"
    key = f"AWSLogs/{capture.account}/CloudTrail/us-east-1/{FOURTH:%Y/%m/%d}/{name}"
    sandbox.import_log(f"{capture.trail_bucket}/{key}", gzip.compress(b"not JSON at all"), at)
    sandbox.advance_to(midnight(FOURTH) + dt.timedelta(hours=26))
    folder = f"AWSLogs/{capture.account}/CloudTrail-Digest/eu-west-1/{FOURTH:%Y/%m/%d}/"
    deleted = sorted(key for key, *_ in capture.versions(capture.trail_bucket, folder))[3]
    capture.client("s3").delete_object(Bucket=capture.trail_bucket, Key=deleted)
    with capture.seen_by_airflow():
        run = archived(FOURTH)
    receipt = capture.latest("us-east-1", FOURTH)
    assert (receipt.verdict, receipt.conversion) == (Verdict.PROVEN, Conversion.PARTIAL)
    assert receipt.counts.quarantined_objects == 1
    assert run.state == "success"
    (deed, told), (subject, message) = alerts.heard()
    assert deed == f"HIGH proven from older versions {FOURTH} - itemtrail archive_trail gate"
    assert f"RECOVERED_DELETED {deleted} (deleted {FOURTH + dt.timedelta(days=1)}T" in told
    assert subject == f"MEDIUM records in quarantine {FOURTH} - itemtrail archive_trail gate"
    assert f"{capture.account}/us-east-1/{FOURTH}" in message
