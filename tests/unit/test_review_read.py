"""A saved report read back: the same results, the same page, and refusals; what one page shows of it."""

import dataclasses
import datetime as dt
import json

import pytest
from tests import review_world

from itemtrail.core.check import Severity, Status
from itemtrail.core.review_html import html
from itemtrail.core.review_read import read, tally
from itemtrail.core.review_trend import Point, trend
from itemtrail.core.review_view import PAGE, Filter, exceptions, mark, view
from itemtrail.errors import EvidenceError


def saved(**fields):
    return review_world.report(against=review_world.a_week_ago(), **fields)


def test_what_was_written_is_read_back_equal():
    report = saved(changes=("a → b",), notes=("n",))
    found = read(report.to_bytes(), where="here")
    assert found.review == report.review
    assert not found.contradictions
    assert found.snapshot == report.snapshot
    assert found.wanted == report.wanted
    assert found.changes == report.changes


def test_the_page_made_anew_is_the_page_that_was_saved_byte_for_byte():
    report = saved(changes=(review_world.HOSTILE,), notes=(review_world.HOSTILE,))
    assert html(read(report.to_bytes(), where="here").report(report.posture)) == html(report)


def test_a_check_that_was_read_back_is_never_asked_again():
    report = saved()
    with pytest.raises(RuntimeError):
        read(report.to_bytes(), where="here").report(report.posture).checks[0].decide(None, report.posture, report.wanted)


@pytest.mark.parametrize(
    ("change", "says", "advice"),
    [
        ({"schema_version": 2}, "schema 2", "update the itemtrail"),
        ({"schema_version": 0}, "schema 0", "who wrote it"),
        ({"kind": "x"}, "is x schema 1", "who wrote it"),
        ({"results": [{}]}, "missing required field", "who wrote it"),
        ({"gone": None}, "got `null`", "who wrote it"),
        ({"taken_at": "2026-11-23T06:00:00"}, "timezone", "who wrote it"),
        ({"id": "20261123T060001Z"}, "of another time", "who wrote it"),
        ({"taken_at": "0001-01-01T00:00:00+23:00"}, "no calendar has", "who wrote it"),
    ],
)
def test_what_is_not_understood_is_refused_by_name(change, says, advice):
    body = json.dumps({**json.loads(saved().to_bytes()), **change}).encode()
    with pytest.raises(EvidenceError, match=says) as caught:
        read(body, where="s3://archive/reviews/x/report.json")
    assert "s3://archive/reviews/x/report.json" in caught.value.message
    assert advice in caught.value.advice


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b"[" * 100_000, b"\xff\xfe", b'{"kind": "itemtrail.review", "schema_version": "1"}']
)
def test_rubbish_is_refused_and_breaks_nothing(body):
    for reader in (read, tally):
        with pytest.raises(EvidenceError, match="is not a review's report"):
            reader(body, where="here")


@pytest.mark.parametrize("change", [{"verdict": "CLEAN"}, {"counts": {}}, {"results": []}])
def test_numbers_that_the_results_do_not_bear_out_are_told(change):
    body = json.dumps({**json.loads(saved().to_bytes()), **change}).encode()
    assert read(body, where="here").contradictions


def test_the_history_counts_results_and_not_what_a_report_says_of_itself():
    body = json.dumps({**json.loads(saved().to_bytes()), "counts": {"open": 0}}).encode()
    found = tally(body, where="here")
    assert found.opened[Severity.CRITICAL] == 1
    assert found.blind == 1


def test_bars_of_the_history_are_as_tall_as_their_numbers_and_a_gap_has_none():
    one, two = (tally(saved().to_bytes(), where="x") for _ in range(2))
    two = dataclasses.replace(two, opened={**two.opened, Severity.CRITICAL: 4})
    drawn = trend([Point("a", one), Point("b", None, "denied"), Point("c", two)])
    critical = next(row for row in drawn.rows if row.name == "CRITICAL")
    assert [bar.number for bar in critical.bars] == [1, None, 4]
    assert critical.bars[0].height * 4 == critical.bars[2].height
    assert critical.bars[1].height == 0
    assert all(bar.y + bar.height == critical.y for bar in critical.bars)


def many(count):
    one = review_world.results()[0]
    return read(
        review_world.report([dataclasses.replace(one, resource=f"r{n:04}") for n in range(count)]).to_bytes(), where="here"
    )


def test_every_result_is_on_exactly_one_page():
    report = many(2 * PAGE + 1)
    seen = [one.mark for number in (1, 2, 3) for one in view(report, Filter(page=number)).shown]
    assert len(seen) == len(set(seen)) == 2 * PAGE + 1
    assert view(report, Filter(page=99)).page == 3
    assert view(report, Filter(opened=seen[-1])).page == 3


def test_a_result_keeps_its_mark_from_review_to_review():
    first, second = (review_world.report(), review_world.report(review_world.results(Status.PASS)))
    assert {mark(line) for line in first.review.lines} == {mark(line) for line in second.review.lines}


def test_exceptions_in_force_come_first_and_their_days_are_counted_from_today():
    report = read(saved().to_bytes(), where="here")
    found = exceptions(report, dt.datetime(2027, 3, 30, tzinfo=dt.UTC))
    assert [(one.use.acceptance.owner, one.days, one.soon, one.over) for one in found[:1]] == [("security@", 1, True, False)]
    assert exceptions(report, dt.datetime(2027, 4, 1, tzinfo=dt.UTC))[0].over
