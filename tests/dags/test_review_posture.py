"""`review_posture`, run by Airflow in this process: what is saved, who is told, how often, and what the run says."""

import datetime as dt
import json

import pytest
from tests.capture import Alerts, Capture

from itemtrail_airflow import local_run

pytestmark = [pytest.mark.airflow, pytest.mark.sandbox]
NOW = dt.datetime.now(dt.UTC)


@pytest.fixture(scope="module")
def world(new_sandbox, tmp_path_factory):
    """An account whose trail has logged since yesterday evening; its archive holds nothing yet."""
    midnight = dt.datetime.combine(NOW.date(), dt.time(), dt.UTC)
    sandbox = new_sandbox(clock=midnight - dt.timedelta(hours=2), tick=False)
    capture = Capture(sandbox, tmp_path_factory.mktemp("capture"), sandbox.environment())
    alerts = Alerts(capture.client)
    capture = Capture(sandbox, capture.folder, capture.environment, alerts.topic)
    capture.set_up()
    sandbox.advance_to(NOW)
    return capture, alerts


def run(capture: Capture) -> local_run.LocalRun:
    with capture.seen_by_airflow():
        return local_run.run_dag("review_posture", {})


def reviews(capture: Capture) -> list[dict]:
    keys = [info.key for info in capture.archive().list("reviews/") if info.key.endswith("report.json")]
    return [json.loads(capture.archive().read(key).body) for key in sorted(keys)]


def test_findings_are_saved_told_once_and_fail_the_run_as_long_as_they_are_open(world):
    capture, alerts = world
    capture.client("cloudtrail").stop_logging(Name="capture")
    first = run(capture)
    assert first.tasks == {"review": "success", "alert": "success", "verdict": "failed"}
    (saved,) = reviews(capture)
    assert saved["verdict"] == "FINDINGS"
    ((subject, message),) = alerts.heard()
    assert "review_posture alert" in subject
    assert subject.startswith("CRITICAL new findings: ")
    assert "trail_logging" in message
    assert f"reviews/{saved['id']}/report.html" in message
    assert "could not look events_looked_at" in message
    assert run(capture).state == "failed"
    assert alerts.heard() == []
    assert len(reviews(capture)) == 2
    assert reviews(capture)[-1]["counts"]["new"] == 0


def test_a_review_by_hand_in_between_swallows_no_alert(world):
    from itemtrail.flows.review import take
    from itemtrail.settings import load

    capture, alerts = world
    alerts.heard()
    capture.client("s3").put_bucket_versioning(Bucket=capture.trail_bucket, VersioningConfiguration={"Status": "Suspended"})
    settings = load(capture.configuration())
    take(capture.connection().posture(), capture.archive(), settings, now=dt.datetime.now(dt.UTC), save=True)
    assert run(capture).state == "failed"
    ((subject, message),) = alerts.heard()
    assert " new findings: 1 - " in subject
    assert "bucket_versioned" in message


def test_an_archive_or_account_that_cannot_be_asked_is_an_alert_and_no_verdict(world):
    capture, alerts = world
    alerts.heard()
    with capture.seen_by_airflow():
        before = capture.environment | {"AWS_ACCESS_KEY_ID": "AKIANOBODY", "AWS_SECRET_ACCESS_KEY": "nothing"}
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AIRFLOW_CONN_ITEMTRAIL_POSTURE", local_run.connection(before))
            done = local_run.run_dag("review_posture", {})
    assert done.tasks == {"review": "failed", "alert": "upstream_failed", "verdict": "failed"}
    ((subject, _),) = alerts.heard()
    assert "review failed" in subject


def test_a_review_with_nothing_grave_is_a_green_run():
    from itemtrail_airflow.review_tasks import verdict

    assert verdict.function({"failing": [], "summary": "", "where": ""}) is None
