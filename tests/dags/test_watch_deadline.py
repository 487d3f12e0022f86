"""`watch_deadline`, run by Airflow in this process: who is told, how often, and what the run says."""

import contextlib
import datetime as dt
import hashlib
import json

import pytest
from tests.capture import ACCOUNT, REGIONS, Alerts, Capture

from itemtrail.core import layout
from itemtrail.model import Unit
from itemtrail_airflow import local_run

pytestmark = [pytest.mark.airflow, pytest.mark.sandbox]
TODAY = dt.datetime.now(dt.UTC).date()
DAY = TODAY - dt.timedelta(days=3)


@pytest.fixture(scope="module")
def world(new_sandbox, tmp_path_factory):
    """An account whose trail logs since the evening before DAY, and whose archive stands still."""
    midnight = dt.datetime.combine(DAY, dt.time(), dt.UTC)
    sandbox = new_sandbox(clock=midnight - dt.timedelta(hours=2))
    capture = Capture(sandbox, tmp_path_factory.mktemp("capture"), sandbox.environment())
    alerts = Alerts(capture.client)
    capture = Capture(sandbox, capture.folder, capture.environment, alerts.topic)
    capture.set_up()
    sandbox.advance_to(midnight + dt.timedelta(hours=26))
    return capture, alerts


def watch(capture: Capture, **conf: object) -> local_run.LocalRun:
    with capture.seen_by_airflow():
        return local_run.run_dag("watch_deadline", conf)


def test_late_days_are_told_once_a_day_and_the_run_is_red(world):
    capture, alerts = world
    run = watch(capture, max_age_hours=48)
    assert run.state == "failed"
    assert {name: state for name, state in run.tasks.items() if state != "success"} == {"backfill": "skipped", "late": "failed"}
    ((subject, message),) = alerts.heard()
    late_days = {DAY - dt.timedelta(days=1), DAY}
    assert "watch_deadline" in subject
    assert subject.startswith(f"HIGH units late: {len(late_days) * len(REGIONS)} {DAY - dt.timedelta(days=1)}")
    assert all(f"{region}/{day}" in message for region in REGIONS for day in late_days)
    again = watch(capture, max_age_hours=48)
    assert again.state == "failed"
    assert alerts.heard() == []


def test_a_day_that_is_archived_is_not_late(world):
    capture, alerts = world
    alerts.heard()
    with capture.seen_by_airflow():
        for day in (DAY - dt.timedelta(days=1), DAY):
            local_run.run_dag("archive_trail", {"day": day.isoformat()})
    alerts.heard()
    run = watch(capture, max_age_hours=48)
    assert run.state == "success"
    assert alerts.heard() == []


def test_the_ledger_is_published_once_and_tells_a_receipt_that_vanished(world):
    capture, alerts = world
    with capture.seen_by_airflow():
        first = local_run.run_dag("checkpoint_ledger", {})
        again = local_run.run_dag("checkpoint_ledger", {})
    assert (first.state, again.state) == ("success", "success")
    ((subject, message),) = alerts.heard()
    said = json.loads(message)
    assert (subject, said["number"]) == ("itemtrail: ledger checkpoint 1", 1)
    archive, bucket = capture.client("s3"), f"capture-archive-{ACCOUNT}"
    body = archive.get_object(Bucket=bucket, Key="ledger/000001.json")["Body"].read()
    assert hashlib.sha256(body).hexdigest() == said["sha256"]
    key = layout.receipt_key(Unit(ACCOUNT, REGIONS[0], DAY), 0)
    archive.delete_object(Bucket=bucket, Key=key)
    with capture.seen_by_airflow():
        found = local_run.run_dag("checkpoint_ledger", {})
    assert found.tasks == {"append": "success", "publish": "success", "gate": "failed"}
    alerted = [message for subject, message in alerts.heard() if subject.endswith("checkpoint_ledger gate")]
    assert len(alerted) == 1
    assert f"{key} is leaf" in alerted[0]
    assert watch(capture, max_age_hours=48).state == "failed"


def test_a_trail_that_cannot_deliver_is_named_as_the_cause(world):
    capture, alerts = world
    s3, bucket = capture.client("s3"), capture.trail_bucket
    policy = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    s3.delete_bucket_policy(Bucket=bucket)
    capture.sandbox.advance(dt.timedelta(hours=2))
    assert watch(capture, max_age_hours=2).state == "failed"
    s3.put_bucket_policy(Bucket=bucket, Policy=policy)
    ((_, message),) = alerts.heard()
    assert f"{DAY + dt.timedelta(days=1)}: nothing is archived" in message
    assert "days to the bucket's configured expiry; CloudTrail cannot deliver: AccessDenied (GetTrailStatus)]" in message


@pytest.mark.parametrize(
    ("appended", "published", "says"),
    [
        (None, None, "was not brought up to date"),
        ({"checkpoint": 1, "found": [], "unread": []}, None, "was not published"),
        ({"checkpoint": 1, "found": [], "unread": ["a receipt"]}, False, "could not look: a receipt"),
        ({"checkpoint": 1, "found": [], "unread": []}, False, None),
    ],
)
def test_the_ledgers_gate_passes_only_what_was_appended_published_and_read(appended, published, says):
    from airflow.sdk.exceptions import AirflowFailException

    from itemtrail_airflow import ledger_tasks

    expected = pytest.raises(AirflowFailException, match=says) if says else contextlib.nullcontext()
    with expected:
        ledger_tasks.gate.function(appended, published)


def test_the_missed_days_are_what_is_run_again(world, monkeypatch):
    from itemtrail_airflow import deadline_tasks

    found = [
        {"account": "1", "region": region, "day": day, "says": ""} for day in ("2026-03-05", "2026-03-04") for region in "ab"
    ]
    for wanted, days in ((True, [{"day": "2026-03-04"}, {"day": "2026-03-05"}]), (False, [])):
        monkeypatch.setattr(deadline_tasks, "get_current_context", lambda wanted=wanted: {"params": {"backfill": wanted}})
        assert deadline_tasks.missed.function(found) == days
