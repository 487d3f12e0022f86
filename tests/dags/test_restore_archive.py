"""`restore_archive`, run by Airflow in this process against a sandbox: cold objects asked back, waited for; who must approve."""

import asyncio
import datetime as dt
import threading
import time

import pytest
from tests.capture import Capture

from itemtrail.errors import AccessDenied, SourceUnavailable
from itemtrail_airflow import local_run
from itemtrail_airflow.delivery import Outcome

pytestmark = [pytest.mark.airflow]
DAY = dt.date(2023, 3, 14)
TAR = f"originals/account=111122223333/region=us-east-1/delivery_date={DAY}/000-000.tar"
QUESTION = {
    "what": ["originals"],
    "first": str(DAY),
    "last": str(DAY),
    "units": [],
    "tables": [],
    "tier": "Standard",
    "copy_days": 7,
    "extend": False,
}


@pytest.fixture(scope="module")
def capture(new_sandbox, tmp_path_factory):
    """An account whose archive holds two cold days."""
    sandbox = new_sandbox()
    made = Capture(sandbox, tmp_path_factory.mktemp("capture"), sandbox.environment())
    s3 = made.client("s3")
    s3.create_bucket(Bucket=made.archive_bucket)
    for day in (DAY, DAY + dt.timedelta(days=1)):
        s3.put_object(Bucket=made.archive_bucket, Key=TAR.replace(str(DAY), str(day)), Body=b"tar", StorageClass="GLACIER")
    return made


def restored(capture: Capture, first: dt.date = DAY, **more: object) -> local_run.LocalRun:
    with capture.seen_by_airflow():
        return local_run.run_dag("restore_archive", {"first": first.isoformat(), **more})


def hours_pass(capture: Capture, key: str, hours: float) -> threading.Thread:
    """Let ``hours`` pass in the sandbox as soon as ``key`` is being restored."""
    s3 = capture.client("s3")

    def watch() -> None:
        give_up = time.monotonic() + 600
        while time.monotonic() < give_up:
            if "true" in s3.head_object(Bucket=capture.archive_bucket, Key=key).get("Restore", ""):
                capture.sandbox.advance(hours * 3600)
                return
            time.sleep(0.1)

    thread = threading.Thread(target=watch)
    thread.start()
    return thread


@pytest.mark.sandbox
def test_within_the_budget_it_asks_and_waits_until_all_can_be_read(capture, bag):
    passing = hours_pass(capture, TAR, 5.1)
    run = restored(capture)
    passing.join()
    assert (run.state, run.tasks) == (
        "success",
        {"plan": "success", "route": "success", "approval": "skipped", "request": "success", "wait": "success"},
    )
    assert capture.client("s3").get_object(Bucket=capture.archive_bucket, Key=TAR)["Body"].read() == b"tar"
    cold = TAR.replace(str(DAY), str(DAY + dt.timedelta(days=1)))
    assert "Restore" not in capture.client("s3").head_object(Bucket=capture.archive_bucket, Key=cold)
    again = restored(capture)
    assert again.state == "success"


@pytest.mark.sandbox
def test_a_day_that_is_not_archived_is_no_success(capture):
    run = restored(capture, dt.date(2022, 1, 1))
    assert (run.state, run.tasks["plan"], run.tasks["request"]) == ("failed", "failed", "upstream_failed")


@pytest.mark.sandbox
def test_a_price_above_the_budget_goes_to_a_person(capture, bag, monkeypatch):
    from itemtrail_airflow import restore_tasks

    params = QUESTION | {"first": str(DAY + dt.timedelta(days=1)), "last": None}
    monkeypatch.setattr(restore_tasks, "get_current_context", lambda: {"params": params})
    with capture.seen_by_airflow(budget=0.0):
        planned = restore_tasks.plan.function()
    assert planned["question"]["last"] == params["first"]
    assert planned["approve"].endswith("is above the budget of $0.00")
    assert restore_tasks.route.function(planned) == "approval"
    assert restore_tasks.route.function(planned | {"approve": ""}) == "request"


@pytest.mark.sandbox
def test_units_with_a_day_are_asked_for_alone(capture):
    from itemtrail.model import Unit
    from itemtrail_airflow import restore_tasks

    exact = QUESTION | {"first": None, "last": None, "units": [f"111122223333/us-east-1/{DAY}"]}
    with capture.seen_by_airflow():
        assert restore_tasks.opened(exact).question.units == (Unit("111122223333", "us-east-1", DAY),)


@pytest.mark.parametrize("answer", [None, {"chosen_options": ["Reject"]}, {"chosen_options": []}])
def test_what_needs_approval_and_has_none_is_not_requested(answer):
    from airflow.sdk.exceptions import AirflowFailException

    from itemtrail_airflow import restore_tasks

    planned = {"question": QUESTION, "hash": "h", "approve": "$12.00 is above the budget of $10.00"}
    with pytest.raises(AirflowFailException, match="nobody approved this plan"):
        restore_tasks.request.function(planned, answer)


def fired(monkeypatch, until, *answers):
    """What the trigger fires when its looks end in ``answers``, and how many looks it took."""
    from itemtrail_airflow import restore_wait

    left = list(answers)

    def look(now):
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def first():
        return await anext(restore_wait.RestoreTrigger(QUESTION, until).run())

    async def at_once(seconds):
        assert seconds == 600

    monkeypatch.setattr(restore_wait, "look_at", lambda question: look)
    monkeypatch.setattr(restore_wait.asyncio, "sleep", at_once)
    return asyncio.run(first()).payload, len(answers) - len(left)


FAR, PAST = "2999-01-01T00:00:00+00:00", "2020-01-01T00:00:00+00:00"


def test_the_trigger_waits_through_passing_faults_until_its_own_deadline(monkeypatch):
    busy = SourceUnavailable("503")
    assert fired(monkeypatch, FAR, None, busy, None, Outcome.DELIVERED) == ({"outcome": "delivered"}, 4)
    assert fired(monkeypatch, PAST, None) == ({"outcome": "absent"}, 1)
    assert fired(monkeypatch, FAR, *[busy] * 11) == ({"outcome": "unseen"}, 11)
    event, _ = fired(monkeypatch, FAR, AccessDenied("s3:ListBucket", "s3://archive"))
    assert "allow s3:ListBucket" in event["error"]


def test_the_trigger_is_stored_as_its_class_its_question_and_its_deadline():
    from airflow.sdk._shared.module_loading import import_string

    from itemtrail_airflow.restore_wait import RestoreTrigger

    path, values = RestoreTrigger(QUESTION, FAR).serialize()
    assert import_string(path)(**values).serialize() == (path, {"question": QUESTION, "until": FAR})


@pytest.mark.sandbox
def test_a_restore_that_never_comes_fails_with_what_is_not_readable(capture):
    from airflow.sdk.exceptions import AirflowFailException

    from itemtrail_airflow.restore_wait import WaitForRestore

    cold = str(DAY + dt.timedelta(days=1))
    planned = {"question": QUESTION | {"first": cold, "last": cold}}
    with capture.seen_by_airflow(), pytest.raises(AirflowFailException, match="not everything can be read yet"):
        WaitForRestore(task_id="wait", planned=planned).resume({}, event={"outcome": "absent"})


@pytest.mark.parametrize(
    "wrong", [{"first": "yesterday"}, {"what": ["salaries"]}, {"what": []}, {"tier": "Soon"}, {"copy_days": 0}]
)
def test_a_question_that_is_none_is_refused_when_the_run_is_asked_for(bag, wrong):
    from airflow.sdk.exceptions import ParamValidationError

    ((name, value),) = wrong.items()
    with pytest.raises(ParamValidationError):
        bag.dags["restore_archive"].params.get_param(name).resolve(value)
