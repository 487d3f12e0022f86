"""The calendar: what is late is decided when it is read, and what nobody looked at is never proven."""

import datetime as dt

import pytest

from itemtrail.core.coverage_book import Found, Mark, News, books
from itemtrail.core.coverage_calendar import State, is_stale, newest, row, worst_first
from itemtrail.model import Unit

ACCOUNT, REGION = "111122223333", "us-east-1"
FIRST = dt.date(2026, 11, 20)
NOW = dt.datetime(2026, 11, 24, 7, tzinfo=dt.UTC)
ONE = dt.timedelta(days=1)


def unit(day: dt.date) -> Unit:
    return Unit(ACCOUNT, REGION, day)


def book(marks: dict[int, Mark], made: dt.datetime = NOW):
    found = [Found(unit(dt.date(2026, 11, day)), mark, f"says {day}") for day, mark in marks.items()]
    return books(found, made=made, first=FIRST, basis="b")[0]


def states(of, news=(), *, now=NOW, year=2026, **more):
    made = row(ACCOUNT, REGION, year, of, newest(news), now=now, expiry_days=90, **more)
    days = map(made.at, range(len(made.states)))
    return {day.day: day.state for day in days if day.state is not State.NOT_DUE}


def test_a_mark_becomes_a_state():
    marks = {20: Mark.PROVEN, 21: Mark.QUARANTINED, 22: Mark.FINDINGS, 23: Mark.MISSING}
    assert list(states(book(marks), now=NOW + ONE).values()) == [
        State.PROVEN,
        State.QUARANTINED,
        State.FINDINGS,
        State.MISSING,
        State.UNSEEN,
    ]


def test_what_is_not_late_yet_is_pending_and_becomes_late_without_a_new_document():
    of = book({20: Mark.PROVEN, 21: Mark.PROVEN, 22: Mark.PROVEN, 23: Mark.MISSING})
    assert states(of)[dt.date(2026, 11, 23)] is State.PENDING
    assert states(of, now=NOW + ONE)[dt.date(2026, 11, 23)] is State.MISSING


def test_days_after_the_documents_last_are_not_proven_but_unseen():
    of = book({20: Mark.PROVEN, 21: Mark.PROVEN}, made=dt.datetime(2026, 11, 22, 6, tzinfo=dt.UTC))
    assert states(of)[dt.date(2026, 11, 22)] is State.UNSEEN
    assert states(of)[dt.date(2026, 11, 23)] is State.UNSEEN


def test_a_document_that_leaves_a_due_day_out_hides_nothing():
    of = book({20: Mark.PROVEN, 22: Mark.PROVEN, 23: Mark.PROVEN})
    assert states(of)[dt.date(2026, 11, 21)] is State.UNSEEN


def test_a_mark_beyond_the_documents_last_day_is_not_believed():
    of = book({20: Mark.PROVEN, 23: Mark.PROVEN}, made=dt.datetime(2026, 11, 22, 6, tzinfo=dt.UTC))
    assert states(of)[dt.date(2026, 11, 23)] is State.UNSEEN


def test_without_a_document_every_day_is_unseen_unless_another_year_says_that_nothing_was_due():
    assert set(states("could not look").values()) == {State.UNSEEN}
    assert len(states("could not look")) == 327  # up to yesterday
    assert states("no document", first=FIRST) == {FIRST + n * ONE: State.UNSEEN for n in range(4)}
    assert states("no document", year=2025, first=FIRST) == {}


def test_what_a_run_found_later_goes_before_the_document_and_what_it_found_earlier_does_not():
    of = book({20: Mark.MISSING, 21: Mark.PROVEN})
    later = News(NOW + ONE, (Found(unit(dt.date(2026, 11, 20)), Mark.PROVEN),))
    earlier = News(NOW - ONE, (Found(unit(dt.date(2026, 11, 21)), Mark.FINDINGS),))
    seen = states(of, [later, earlier])
    assert seen[dt.date(2026, 11, 20)] is State.PROVEN
    assert seen[dt.date(2026, 11, 21)] is State.PROVEN


def test_of_two_runs_the_newest_is_believed():
    day = dt.date(2026, 11, 22)
    news = [News(NOW + n * ONE, (Found(unit(day), mark),)) for n, mark in ((2, Mark.FINDINGS), (1, Mark.PROVEN))]
    assert states(book({20: Mark.PROVEN}), news, now=NOW + 3 * ONE)[day] is State.FINDINGS


def test_a_region_that_the_document_does_not_know_is_unseen_and_said():
    made = row(ACCOUNT, "eu-west-1", 2026, book({20: Mark.PROVEN}), {}, now=NOW, expiry_days=90)
    assert made.counts[State.UNSEEN] == 4
    assert "eu-west-1" in made.trouble


def test_days_left_count_from_now_and_the_nearest_to_the_expiry_is_first():
    made = row(ACCOUNT, REGION, 2026, book({20: Mark.FINDINGS, 21: Mark.MISSING}), {}, now=NOW + 80 * ONE, expiry_days=90)
    assert [(day.day.day, day.left, day.urgent) for _, day in worst_first([made], 8)] == [(20, 6, True), (21, 7, True)]
    assert len(worst_first([made], 1)) == 1


@pytest.mark.parametrize(("hours", "stale"), [(24, False), (31, True)])
def test_an_old_document_is_said_to_be_old(hours, stale):
    made = row(ACCOUNT, REGION, 2026, book({20: Mark.PROVEN}), {}, now=NOW + dt.timedelta(hours=hours), expiry_days=90)
    assert is_stale(made, NOW + dt.timedelta(hours=hours)) is stale


def test_a_leap_year_has_its_day():
    assert len(row(ACCOUNT, REGION, 2024, "none", {}, now=NOW, expiry_days=90).states) == 366
