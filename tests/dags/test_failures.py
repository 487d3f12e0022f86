"""What itemtrail's errors become in Airflow, and what a missing connection does."""

import logging
from types import SimpleNamespace

import pytest

from itemtrail.core.alert import Kind
from itemtrail.errors import (
    AccessDenied,
    ColdStorage,
    ConfigurationError,
    EvidenceError,
    NotFound,
    PlanChanged,
    SourceUnavailable,
    Undecodable,
)

pytestmark = pytest.mark.airflow


def raising(error):
    from itemtrail_airflow.failures import translated

    @translated
    def work():
        raise error

    return work


def test_a_service_that_did_not_answer_is_left_to_airflows_retries():
    with pytest.raises(SourceUnavailable):
        raising(SourceUnavailable("throttled"))()


@pytest.mark.parametrize(
    "error",
    [
        EvidenceError("the archive contradicts itself", advice="look"),
        Undecodable("NOT_GZIP", "not gzip", advice="look"),
        ConfigurationError("wrong bucket", advice="look"),
        AccessDenied("s3:GetObject", "s3://b/k", advice="look"),
        PlanChanged("other plan", advice="look"),
        NotFound("no such key", advice="look"),
        ColdStorage("lies in a Glacier class", advice="look"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_a_retry_cannot_mend_fails_at_once_with_its_advice(error):
    from airflow.sdk.exceptions import AirflowFailException

    with pytest.raises(AirflowFailException, match="Next: look") as caught:
        raising(error)()
    assert caught.value.__cause__ is error


def test_a_defect_of_ours_is_not_retried_and_says_so():
    from airflow.sdk.exceptions import AirflowFailException

    with pytest.raises(AirflowFailException, match=r"KeyError: 'x' \(a defect, not retried\)"):
        raising(KeyError("x"))()


def test_airflows_own_control_exceptions_pass():
    from airflow.sdk.exceptions import AirflowSkipException, TaskDeferred

    from itemtrail_airflow.trigger import DeliveryTrigger

    for error in (AirflowSkipException("skip"), TaskDeferred(trigger=DeliveryTrigger({}), method_name="resume")):
        with pytest.raises(type(error)):
            raising(error)()


def test_a_connection_that_is_named_and_missing_is_refused():
    from itemtrail_airflow.hook import ItemtrailHook

    with pytest.raises(ConfigurationError, match="no connection 'itemtrail_nowhere'"):
        ItemtrailHook("itemtrail_nowhere", region="us-east-1").connection()


def test_an_empty_connection_in_the_environment_is_a_missing_one(monkeypatch):
    from itemtrail_airflow.hook import ItemtrailHook

    monkeypatch.setenv("AIRFLOW_CONN_ITEMTRAIL_EMPTY", "")
    with pytest.raises(ConfigurationError, match="no connection"):
        ItemtrailHook("itemtrail_empty", region="us-east-1").connection()


def test_a_connection_gives_its_credentials_region_and_endpoint():
    from itemtrail_airflow.hook import ItemtrailHook

    made = ItemtrailHook("itemtrail_archive_writer", region="eu-west-1").connection()
    keys = made.session.get_credentials().get_frozen_credentials()
    assert (keys.access_key, made.endpoint_url, made.region) == ("nobody", "http://127.0.0.1:9", "eu-west-1")


def context(error=None):
    instance = SimpleNamespace(dag_id="archive_trail", task_id="gate", run_id="scheduled__1")
    return {"ti": instance, "exception": error, "dag_run": SimpleNamespace(partition_key="2026-11-20"), "params": {}}


def test_an_alert_names_dag_day_and_task_and_says_what_the_task_said(caplog):
    from itemtrail_airflow.notifier import AlertNotifier, Found

    with caplog.at_level(logging.ERROR, "itemtrail.alert"):
        AlertNotifier(Kind.EVIDENCE).notify(context(Found("not proven", ["A: DISPROVEN"])))
    assert "ALERT HIGH not proven 2026-11-20 - itemtrail archive_trail gate" in caplog.text
    assert "- A: DISPROVEN" in caplog.text
    assert "next: itemtrail receipts --day 2026-11-20" in caplog.text
    assert "run: archive_trail gate scheduled__1" in caplog.text


def test_an_alert_without_an_exception_says_that_the_task_was_killed(caplog):
    from itemtrail_airflow.notifier import AlertNotifier

    with caplog.at_level(logging.ERROR, "itemtrail.alert"):
        AlertNotifier().notify(context())
    assert "ended without a message" in caplog.text


def test_an_alert_that_cannot_be_delivered_stands_in_the_log_with_the_reason(caplog, tmp_path, monkeypatch):
    from itemtrail.settings import DEFAULT_PATH
    from itemtrail_airflow.notifier import AlertNotifier

    file = tmp_path / "itemtrail.toml"
    topic = 'sns_topic_arn = "arn:aws:sns:us-east-1:111122223333:alerts"'
    file.write_text(f"{DEFAULT_PATH.read_text(encoding='utf-8')}\n[alerts]\n{topic}\n", encoding="utf-8")
    monkeypatch.setenv("ITEMTRAIL_CONFIG", str(file))
    monkeypatch.delenv("AIRFLOW_CONN_ITEMTRAIL_ARCHIVE_WRITER")
    with caplog.at_level(logging.ERROR, "itemtrail.alert"):
        AlertNotifier().notify(context(NotFound("the words")))
    assert "NotFound: the words" in caplog.text
    assert "was not delivered to sns: Airflow has no connection" in caplog.text
    assert "was NOT DELIVERED to anybody" in caplog.text
    assert "no connection 'itemtrail_archive_writer'" in caplog.text
