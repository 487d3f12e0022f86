"""Waiting for a day's digests: how it ends, and that faults alone never end it early."""

import datetime as dt

import pytest

from itemtrail.errors import AccessDenied, SourceUnavailable
from itemtrail.model import Unit
from itemtrail_airflow.delivery import Outcome, Watch, deadline

UNIT = Unit("111122223333", "us-east-1", dt.date(2026, 11, 20))
END = dt.datetime(2026, 11, 21, 3, tzinfo=dt.UTC)
BEFORE = END - dt.timedelta(hours=1)


class Looks:
    def __init__(self, *answers):
        self.answers = list(answers)

    def __call__(self, now):
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def watch(*answers, budget=2):
    return Watch(Looks(*answers), END, budget)


def test_the_deadline_is_a_fact_of_the_day():
    assert deadline(UNIT, 180) == END
    assert deadline(UNIT, 0) == dt.datetime(2026, 11, 21, tzinfo=dt.UTC)


def test_delivered_ends_the_waiting():
    assert watch(Outcome.DELIVERED).outcome(BEFORE) is Outcome.DELIVERED


def test_not_there_yet_goes_on():
    assert watch(None).outcome(BEFORE) is None


def test_a_day_delivered_after_the_deadline_is_delivered():
    assert watch(Outcome.DELIVERED).outcome(END) is Outcome.DELIVERED


def test_the_deadline_ends_it_as_absent():
    assert watch(None).outcome(END) is Outcome.ABSENT


def test_useless_waiting_ends_before_the_deadline():
    assert watch(Outcome.ABSENT).outcome(BEFORE) is Outcome.ABSENT


def test_passing_faults_are_tolerated_up_to_the_budget():
    fault = SourceUnavailable("throttled")
    watched = watch(fault, fault, None, fault, fault, fault)
    assert [watched.outcome(BEFORE) for _ in range(6)] == [None, None, None, None, None, Outcome.UNSEEN]


def test_a_fault_at_the_deadline_is_unseen_not_absent():
    assert watch(SourceUnavailable("throttled")).outcome(END) is Outcome.UNSEEN


def test_a_missing_permission_is_not_waited_for():
    with pytest.raises(AccessDenied, match="s3:ListBucket"):
        watch(AccessDenied("s3:ListBucket", "s3://b")).outcome(BEFORE)
