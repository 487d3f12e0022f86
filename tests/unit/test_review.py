"""A review against the one before it, and against exceptions: what is new, open, resolved, gone, accepted, unseen."""

import datetime as dt

import pytest

from itemtrail.core.acceptance import Acceptance, Use
from itemtrail.core.check import Result, Severity, Status
from itemtrail.core.review import Change, Standing, Verdict, before, review

MONDAY = dt.datetime(2026, 11, 23, 6, tzinfo=dt.UTC)
WEEK = dt.timedelta(days=7)
TODAY = MONDAY.date()
CHECK = "bucket.versioning"
BUCKET = "arn:aws:s3:::hrms-archive"


def result(status=Status.FAIL, *, check=CHECK, resource=BUCKET, severity=Severity.HIGH):
    return Result(check, severity, resource, "us-east-1", status, f"says {status}.", "mend it")


def accepted(*, check=CHECK, resource=BUCKET, expires=TODAY, owner="ops"):
    return Acceptance(check, resource, "a sandbox", owner, expires)


def reviews(*weeks, acceptances=()):
    """One review a week, each compared with the one before; each week is a status or a list of results."""
    last, done = None, []
    for number, week in enumerate(weeks):
        results = [result(week)] if isinstance(week, Status) else week
        one = review(results, taken_at=MONDAY + number * WEEK, acceptances=acceptances, checks=[CHECK], before=last)
        last = before(one.lines)
        done.append(one)
    return done


def line(one):
    (only,) = one.lines
    return only


def test_what_fails_for_the_first_time_is_new_and_then_still_open_since_that_day():
    first, second, third = reviews(Status.FAIL, Status.FAIL, Status.FAIL)
    assert [line(one).change for one in (first, second, third)] == [Change.NEW, Change.STILL_OPEN, Change.STILL_OPEN]
    assert {line(one).since for one in (first, second, third)} == {MONDAY}
    assert (first.compared, second.compared) == (False, True)


def test_a_finding_that_is_mended_is_resolved_once_and_new_when_it_returns():
    changes = [line(one).change for one in reviews(Status.PASS, Status.FAIL, Status.PASS, Status.PASS, Status.FAIL)]
    assert changes == [Change.NONE, Change.NEW, Change.RESOLVED, Change.NONE, Change.NEW]


def test_a_review_that_could_not_look_neither_resolves_nor_renews_a_finding():
    _, blind, blinder, again = reviews(Status.FAIL, Status.CANNOT_LOOK, Status.CANNOT_LOOK, Status.FAIL)
    assert (line(blind).standing, line(blind).change, line(blind).open_since) == (Standing.COULD_NOT_LOOK, Change.BLIND, MONDAY)
    assert "open since 2026-11-23" in line(blinder).note
    assert (line(again).change, line(again).since) == (Change.STILL_OPEN, MONDAY)


def test_what_is_good_after_a_review_that_could_not_look_is_resolved_or_seen_again():
    assert line(reviews(Status.FAIL, Status.CANNOT_LOOK, Status.PASS)[-1]).change is Change.RESOLVED
    assert line(reviews(Status.PASS, Status.CANNOT_LOOK, Status.PASS)[-1]).change is Change.SEEN_AGAIN


def test_a_finding_whose_resource_is_gone_is_gone_and_not_resolved():
    other = [result(Status.PASS, resource="arn:aws:s3:::other")]
    _, second, third = reviews(Status.FAIL, other, other)
    assert [(one.resource, one.was, one.open_since) for one in second.gone] == [(BUCKET, Standing.OPEN, MONDAY)]
    assert not second.changed(Change.RESOLVED)
    assert third.gone == ()


def test_what_does_not_apply_any_more_is_told_apart_from_resolved():
    assert line(reviews(Status.FAIL, Status.NOT_APPLICABLE)[-1]).change is Change.NO_LONGER_APPLIES


@pytest.mark.parametrize(
    ("statuses", "verdict"),
    [
        ([], Verdict.COULD_NOT_LOOK),
        ([Status.NOT_APPLICABLE], Verdict.COULD_NOT_LOOK),
        ([Status.PASS], Verdict.CLEAN),
        ([Status.PASS, Status.NOT_APPLICABLE], Verdict.CLEAN),
        ([Status.PASS, Status.CANNOT_LOOK], Verdict.COULD_NOT_LOOK),
        ([Status.PASS, Status.CANNOT_LOOK, Status.FAIL], Verdict.FINDINGS),
    ],
)
def test_the_verdict_says_bad_before_unseen_and_never_calls_nothing_clean(statuses, verdict):
    results = [result(status, resource=f"arn:{number}") for number, status in enumerate(statuses)]
    assert review(results, taken_at=MONDAY, checks=[CHECK]).verdict is verdict


def test_an_exception_holds_to_the_end_of_its_last_day_and_then_the_finding_is_new_and_says_why():
    first, second = reviews(Status.FAIL, Status.FAIL, acceptances=[accepted()])
    assert (line(first).standing, line(first).acceptance, first.verdict) == (Standing.ACCEPTED, accepted(), Verdict.CLEAN)
    assert (line(second).standing, line(second).change) == (Standing.OPEN, Change.NEW)
    assert "accepted by ops until 2026-11-23" in line(second).note
    assert [use.use for use in (*first.acceptances, *second.acceptances)] == [Use.IN_FORCE, Use.EXPIRED]


def test_an_accepted_finding_that_is_mended_is_resolved():
    assert line(reviews(Status.FAIL, Status.PASS, acceptances=[accepted()])[-1]).change is Change.RESOLVED


def test_an_exception_never_hides_that_nobody_could_look():
    (one,) = reviews(Status.CANNOT_LOOK, acceptances=[accepted(resource="*")])
    assert (line(one).standing, one.verdict) == (Standing.COULD_NOT_LOOK, Verdict.COULD_NOT_LOOK)
    (use,) = one.acceptances
    assert (use.use, use.matched) == (Use.MATCHES_NOTHING, 0)
    assert "1 that could not be looked at are not accepted" in use.note


def test_exceptions_that_do_nothing_are_told():
    useless = [accepted(resource="arn:aws:s3:::another"), accepted(check="bucket.versionning")]
    (one,) = reviews(Status.FAIL, acceptances=useless)
    assert line(one).standing is Standing.OPEN
    assert [use.use for use in one.acceptances] == [Use.MATCHES_NOTHING, Use.UNKNOWN_CHECK]
    assert "no check 'bucket.versionning'" in one.acceptances[1].note


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("arn:aws:s3:::hrms-*", True),
        ("arn:aws:s3:::hrms-archiv?", True),
        ("*", True),
        ("hrms-archive", False),
        ("arn:aws:s3:::hrms", False),
        ("arn.aws.s3...hrms-archive", False),
        ("arn:aws:s3:::[a-z-]*", False),
        ("ARN:AWS:S3:::hrms-archive", False),
    ],
)
def test_a_pattern_knows_two_wildcards_and_the_whole_name(pattern, matches):
    assert accepted(resource=pattern).matches(result()) is matches


def test_of_several_exceptions_the_first_in_force_answers():
    yesterday, tomorrow = MONDAY.date() - dt.timedelta(days=1), MONDAY.date() + dt.timedelta(days=1)
    several = [accepted(expires=yesterday, owner="a"), accepted(expires=tomorrow, owner="b"), accepted(owner="c")]
    (one,) = reviews(Status.FAIL, acceptances=several)
    assert line(one).acceptance.owner == "b"


def test_lines_are_worst_first():
    results = [
        result(Status.PASS, resource="a"),
        result(Status.FAIL, resource="b", severity=Severity.LOW),
        result(Status.CANNOT_LOOK, resource="c", severity=Severity.CRITICAL),
        result(Status.FAIL, resource="d", severity=Severity.CRITICAL),
    ]
    one = review(results, taken_at=MONDAY, checks=[CHECK])
    assert [line.result.resource for line in one.lines] == ["d", "b", "c", "a"]
    assert [line.result.resource for line in one.at_least(Severity.HIGH, Standing.OPEN)] == ["d"]


def test_what_speaks_of_the_time_since_the_last_review_is_new_each_time_and_never_resolved():
    last, changes = None, []
    for number, status in enumerate([Status.FAIL, Status.FAIL, Status.PASS]):
        now = MONDAY + number * WEEK
        one = review([result(status)], taken_at=now, checks=[CHECK], momentary=[CHECK], before=last)
        last = before(one.lines)
        changes.append((line(one).change, line(one).since))
    assert changes == [(Change.NEW, MONDAY), (Change.NEW, MONDAY + WEEK), (Change.NONE, MONDAY + 2 * WEEK)]
    assert review([], taken_at=MONDAY, checks=[CHECK], momentary=[CHECK], before=last).gone == ()
