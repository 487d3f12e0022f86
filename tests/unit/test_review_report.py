"""The report: its document, its text, its page; what a hostile name can do to them."""

import dataclasses
import json
import re
from html.parser import HTMLParser

import pytest
from tests import review_world
from tests.review_world import HOSTILE

from itemtrail.core.check import Status
from itemtrail.core.posture import Unread
from itemtrail.core.review import Change, Standing
from itemtrail.core.review_html import html
from itemtrail.core.review_report import last
from itemtrail.core.review_text import markdown, text
from itemtrail.errors import EvidenceError


@pytest.fixture(scope="module")
def report():
    return review_world.report(
        against=review_world.a_week_ago(), changes=("trail …: logging was true, is false",), notes=("a note",)
    )


class Page(HTMLParser):
    """Every element with its attributes, and the text."""

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.text = [], [], ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text += data


def test_the_document_is_read_back_as_what_the_next_review_is_compared_with(report):
    read = last(report.to_bytes(), where="here")
    assert read.results[report.review.lines[0].key].standing is report.review.lines[0].standing
    assert len(read.results) == len(report.review.lines)
    assert (read.id, read.taken_at, read.events_until) == (report.id, report.posture.taken_at, report.posture.events_until)
    assert read.events_read_at == report.posture.taken_at


def test_a_review_that_could_not_look_at_events_leaves_them_to_the_next_one(report):
    blind = dataclasses.replace(report, posture=dataclasses.replace(report.posture, events_since=None, events_until=None))
    read = last(blind.to_bytes(), where="here")
    before = review_world.a_week_ago()
    assert (read.events_until, read.events_read_at) == (before.events_until, before.events_read_at)


@pytest.mark.parametrize("field", ["complete_until", "read_at"])
def test_a_report_that_says_to_have_looked_into_the_future_is_refused(report, field):
    document = report.to_json()
    document["events"][field] = "2099-01-01T00:00:00Z"
    with pytest.raises(EvidenceError, match="contradict each other"):
        last(json.dumps(document).encode(), where="here")


def test_the_same_in_gives_the_same_bytes(report):
    again = review_world.report(against=review_world.a_week_ago(), changes=report.changes, notes=report.notes)
    assert again.to_bytes() == report.to_bytes()
    assert html(again) == html(report)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b"null",
        b'{"kind": "itemtrail.review", "schema_version": 2}',
        b'{"kind": "itemtrail.review", "schema_version": 1, "results": 3}',
    ],
)
def test_a_last_report_that_is_none_is_refused_and_named(body):
    with pytest.raises(EvidenceError, match=r"reviews/x/report\.json"):
        last(body, where="reviews/x/report.json")


def test_counts_add_up(report):
    counts = report.to_json()["counts"]
    assert sum(counts[standing.lower()] for standing in Standing) == counts["asked"] == 7
    assert sum(counts["open_by_severity"].values()) == counts["open"]
    assert (counts["new"], counts["still_open"], counts["resolved"], counts["gone"]) == (1, 1, 1, 1)


def test_the_text_begins_with_what_is_open_and_says_everything(report):
    said = text(report)
    lines = said.splitlines()
    assert lines[0].startswith("FINDINGS: account 111122223333, 2026-11-23 06:00:00 UTC")
    assert lines[1].startswith("2 open (1 CRITICAL, 1 MEDIUM; 1 new), 1 could not be looked at, 1 accepted, 2 good")
    assert lines[2] == "note: a note"
    assert lines[4].startswith("CRITICAL  NEW")
    assert "next: aws cloudtrail start-logging" in lines[5]
    wanted = (
        "s3:GetBucketLogging", "PITR is on", "table/Old", "until 2027-03-31 by security@", "no check 'bucket.mfa_delet'",
        "StopLogging", "logging was true, is false", "a note", "that exception has expired",
    )  # fmt: skip
    assert [word for word in wanted if word not in said] == []


def test_markdown_is_a_table_whatever_a_value_holds(report):
    rows = [line for line in markdown(hostile()).splitlines() if line.startswith("| ")]
    assert {len(re.split(r"(?<!\\)\|", row)) for row in rows} == {8}
    assert "<script>" not in re.sub(r"`[^`]*`", "", markdown(hostile()).replace("\\`", ""))
    assert "| CRITICAL | NEW |" in markdown(report)


def hostile():
    """Every text that comes from elsewhere is an attack."""
    found = [
        dataclasses.replace(one, resource=f"{HOSTILE}{number}", detail=HOSTILE, remediation=HOSTILE, region=HOSTILE, check=check)
        for number, one in enumerate(review_world.results())
        for check in (one.check, HOSTILE)
    ]
    made = review_world.report(found, against=review_world.a_week_ago(), changes=(HOSTILE,), notes=(HOSTILE,))
    event = dataclasses.replace(review_world.event(HOSTILE), actor=HOSTILE, resource=HOSTILE, detail=HOSTILE)
    posture = dataclasses.replace(
        made.posture, caller=HOSTILE, trail_arn=HOSTILE, organization=HOSTILE, account=HOSTILE, events=(event,),
        unread=(Unread(HOSTILE, HOSTILE, HOSTILE, HOSTILE),),
    )  # fmt: skip
    uses = tuple(
        dataclasses.replace(use, acceptance=dataclasses.replace(use.acceptance, reason=HOSTILE, owner=HOSTILE, resource=HOSTILE))
        for use in made.review.acceptances
    )
    gone = tuple(dataclasses.replace(one, check=HOSTILE, resource=HOSTILE) for one in made.review.gone)
    review = dataclasses.replace(made.review, acceptances=uses, gone=gone)
    checks = tuple(dataclasses.replace(one, title=HOSTILE, why=HOSTILE, controls=(HOSTILE,)) for one in made.checks)
    return dataclasses.replace(made, posture=posture, review=review, checks=checks)


def test_no_value_becomes_markup(report):
    good, bad = Page(html(report)), Page(html(hostile()))
    assert not {"script", "img", "iframe", "object", "embed", "form", "link", "base", "svg"} & {*good.tags, *bad.tags}
    assert {*bad.tags} <= {*good.tags}
    assert {name for name, _ in bad.attributes} <= {name for name, _ in good.attributes}
    assert bad.text.count("<script>alert(1)</script>") > 60
    assert "{{7*7}}" in bad.text
    assert not {"\x1b", "\u202e"} & {*bad.text, *text(hostile()), *markdown(hostile())}


def test_nothing_is_loaded_and_nothing_runs(report):
    page = html(report)
    assert not re.search(r"\b(src|href|action|on\w+)=|url\(|@import|https?:", page)
    assert "default-src 'none'" in page


def test_the_page_says_what_the_document_says(report):
    page = Page(html(report)).text
    for line in report.review.lines:
        assert line.result.detail in page
    for words in ("CIS AWS Foundations 4.1", "root's token lies in a safe", "svc-reporting", report.snapshot.sha256, "a note"):
        assert words in page


def test_a_check_that_no_longer_exists_and_an_empty_review_have_a_page():
    made = review_world.report([], changes=(), notes=())
    nothing = dataclasses.replace(
        made, posture=dataclasses.replace(made.posture, events=(), events_since=None, events_until=None)
    )
    assert "Could not look everywhere" in html(nothing)
    assert "not known" in text(nothing)
    unknown = dataclasses.replace(review_world.results()[0], check="no.such_check")
    assert "no.such_check" in html(review_world.report([unknown]))


def test_lone_surrogates_do_not_stop_the_report():
    broken = dataclasses.replace(review_world.results()[0], detail="half \ud800 a pair", status=Status.FAIL)
    made = review_world.report([broken])
    assert json.loads(made.to_bytes())["results"][0]["change"] == Change.NEW
