"""The hours after the last archived day, as CloudTrail itself answers: what counts, what was covered, what was not."""

import datetime as dt

import pytest
from tests.event_history_world import Clock, FakeHistory

from itemtrail.errors import AccessDenied, SourceUnavailable
from itemtrail.flows.event_history_ask import Pacer
from itemtrail.flows.review_lookup import recent

MINUTE, HOUR = dt.timedelta(minutes=1), dt.timedelta(hours=1)
TRAIL = {"eventSource": "cloudtrail.amazonaws.com", "requestParameters": {"name": "HRMS"}}


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def history(clock):
    return FakeHistory(clock)


def ask(clock, history, *, back=6 * HOUR, requests=600, more=None):
    return recent(
        {"eu-west-1": history, **(more or {})},
        since=clock.now - back,
        now=clock.now,
        pacer=lambda: Pacer(lambda: clock.seconds, clock.sleep),
        requests=requests,
    )


def test_what_ends_evidence_is_found_and_the_rest_is_left(clock, history):
    user = {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/eve"}
    history.add(clock.now - HOUR, "stop", eventName="StopLogging", userIdentity=user, **TRAIL)
    history.add(clock.now - 2 * HOUR, "try", eventName="DeleteTrail", errorCode="AccessDenied", **TRAIL)
    history.add(clock.now - 3 * HOUR, "look", eventName="DescribeTrails", **TRAIL)
    off = {"pointInTimeRecoverySpecification": {"pointInTimeRecoveryEnabled": False}}
    backups = {"eventSource": "dynamodb.amazonaws.com", "eventName": "UpdateContinuousBackups"}
    history.add(clock.now - 4 * HOUR, "off", requestParameters={"tableName": "Payroll", **off}, **backups)
    on = {"pointInTimeRecoverySpecification": {"pointInTimeRecoveryEnabled": True}}
    history.add(clock.now - 4 * HOUR, "on", requestParameters={"tableName": "Payroll", **on}, **backups)
    history.add(clock.now - 7 * HOUR, "old", eventName="StopLogging", **TRAIL)
    events, notes = ask(clock, history)
    assert [(one.event_id, one.succeeded, one.resource) for one in events] == [
        ("off", True, "Payroll"),
        ("try", False, "HRMS"),
        ("stop", True, "HRMS"),
    ]
    assert events[-1].actor == "arn:aws:iam::111122223333:user/eve"
    assert notes[0].startswith("The event history of eu-west-1 was looked at from")
    assert "unproven" in notes[0]


def test_a_record_that_cannot_be_read_counts_by_what_the_service_says_of_it(clock, history):
    history.add(clock.now - HOUR, "torn", text='{"eventName": ')
    history.events[-1] |= {"EventName": "StopLogging", "EventSource": "cloudtrail.amazonaws.com", "Username": "eve"}
    ((event,), _) = ask(clock, history)
    assert (event.name, event.actor, event.event_id) == ("StopLogging", "eve", "torn")


def test_what_could_not_be_asked_is_told_and_the_other_regions_answer(clock, history):
    refused = FakeHistory(clock, faults=iter([AccessDenied("cloudtrail:LookupEvents", "the event history")]))
    history.add(clock.now - HOUR, "stop", eventName="StopLogging", **TRAIL)
    events, notes = ask(clock, history, more={"us-east-1": refused})
    assert [one.event_id for one in events] == ["stop"]
    assert "could not be looked at" in notes[1]
    assert "cloudtrail:LookupEvents" in notes[1]


def test_requests_are_bounded_and_what_they_did_not_reach_is_told(clock, history):
    for number in range(3000):
        history.add(clock.now - 20 * MINUTE - number * dt.timedelta(seconds=5), eventName="CreateRole")
    events, notes = ask(clock, history, requests=12)
    assert len(history.begun) <= 12
    assert events == ()
    assert "more than 12 requests" in notes[0]


def test_a_service_that_never_answers_ends_the_asking(clock, history):
    history.faults = iter([SourceUnavailable("503")] * 100)
    assert "could not be looked at" in ask(clock, history)[1][0]


def test_with_nothing_old_enough_nothing_is_asked(clock, history):
    assert ask(clock, history, back=MINUTE)[0] == ()
    assert history.begun == []
