"""The trigger's own part of waiting: what it stores, what it fires, what the task makes of it."""

import asyncio

import pytest

from itemtrail.errors import AccessDenied, SourceUnavailable
from itemtrail_airflow.delivery import Outcome

pytestmark = pytest.mark.airflow
UNIT = {"account": "111122223333", "region": "us-east-1", "day": "2999-01-01", "known": 0}


def fired(monkeypatch, *answers):
    """What the trigger fires when its looks end in ``answers``, and how many looks it took."""
    from itemtrail_airflow import trigger

    left = list(answers)

    def look(now):
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def first():
        return await anext(trigger.DeliveryTrigger(UNIT).run())

    async def at_once(seconds):
        assert seconds == 60

    monkeypatch.setattr(trigger, "look_at", lambda values: look)
    monkeypatch.setattr(trigger.asyncio, "sleep", at_once)
    return asyncio.run(first()).payload, len(answers) - len(left)


def test_it_is_stored_as_its_class_and_its_unit():
    from airflow.sdk._shared.module_loading import import_string

    from itemtrail_airflow.trigger import DeliveryTrigger

    path, values = DeliveryTrigger(UNIT).serialize()
    assert import_string(path)(**values).serialize() == (path, {"unit": UNIT})


def test_it_looks_until_the_day_is_delivered(monkeypatch):
    assert fired(monkeypatch, None, None, Outcome.DELIVERED) == ({"outcome": "delivered"}, 3)


def test_passing_faults_do_not_end_it(monkeypatch):
    faults = [SourceUnavailable("503")] * 10
    assert fired(monkeypatch, *faults, None, *faults, Outcome.DELIVERED) == ({"outcome": "delivered"}, 22)


def test_faults_without_end_end_it_unseen(monkeypatch):
    assert fired(monkeypatch, *[SourceUnavailable("503")] * 11) == ({"outcome": "unseen"}, 11)


def test_what_waiting_cannot_mend_is_handed_to_the_task_in_words(monkeypatch):
    from airflow.sdk.exceptions import AirflowFailException

    from itemtrail_airflow.wait import WaitForDelivery

    event, looks = fired(monkeypatch, AccessDenied("s3:ListBucket", "s3://trail"))
    assert looks == 1
    with pytest.raises(AirflowFailException, match="allow s3:ListBucket on s3://trail"):
        WaitForDelivery(task_id="wait", unit=UNIT).resume({}, event=event)


def test_an_absent_digest_is_no_failure():
    from itemtrail_airflow.wait import WaitForDelivery

    assert WaitForDelivery(task_id="wait", unit=UNIT).resume({}, event={"outcome": "absent"}) == "absent"


def test_a_first_look_that_finds_the_day_undelivered_defers(monkeypatch):
    from airflow.sdk.exceptions import TaskDeferred

    from itemtrail_airflow import trigger
    from itemtrail_airflow.wait import WaitForDelivery

    monkeypatch.setattr(trigger, "look_at", lambda values: lambda now: None)
    with pytest.raises(TaskDeferred) as caught:
        WaitForDelivery(task_id="wait", unit=UNIT).execute({})
    assert caught.value.trigger.serialize()[1] == {"unit": UNIT}
    assert caught.value.timeout is None, "the deadline is the trigger's own"
