"""The posture pages on Airflow's own API: what they say first, that nothing of an archive is trusted, and huge reviews."""

import dataclasses
import datetime as dt
import hashlib
import html as markup
import json
import re
from html.parser import HTMLParser

import pytest
from tests import posture_world, review_world
from tests.memory import Fault

from itemtrail.core import posture_json
from itemtrail.core.check import Status
from itemtrail.core.review_html import html
from itemtrail.core.review_report import Snapshot, review_id
from itemtrail.flows import review_store
from itemtrail.settings import DEFAULT_PATH, parse

pytestmark = pytest.mark.airflow
SETTINGS = parse(DEFAULT_PATH.read_text(encoding="utf-8"), file="test.toml")
DAY = dt.timedelta(days=1)
PAGES = ("/itemtrail/posture", "/itemtrail/posture/lifecycle", "/itemtrail/posture/report")
HOSTILE = review_world.HOSTILE + "</title></textarea><svg/onload=alert(4)>\x00"


def put(archive, report, *, posture=None, at=None):
    """Save a report as a review does, made when ``at`` says (an hour ago)."""
    moment = at or dt.datetime.now(dt.UTC).replace(microsecond=0) - dt.timedelta(hours=1)
    taken = dataclasses.replace(posture or report.posture, taken_at=moment)
    body = posture_json.save(taken)
    key = f"reviews/{review_id(moment)}/snapshot.json"
    made = dataclasses.replace(
        report,
        posture=taken,
        review=dataclasses.replace(report.review, taken_at=moment),
        snapshot=Snapshot(key, hashlib.sha256(body).hexdigest()),
    )
    review_store.save(archive, made, body)
    return made


@pytest.fixture(autouse=True)
def read(pages_read, archive):
    pages_read(SETTINGS, archive)


def get(viewer, path="/itemtrail/posture", **query):
    answer = viewer.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.text


class Tags(HTMLParser):
    """What a browser makes of a page: names of elements and attributes, files of scripts."""

    def __init__(self):
        super().__init__()
        self.names, self.attributes, self.scripts = set(), set(), set()

    def handle_starttag(self, tag, attrs):
        self.names.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag == "script":
            self.scripts.add(dict(attrs)["src"].rpartition("/")[2].partition("?")[0])


def words(page):
    return markup.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)))


@pytest.mark.parametrize("path", PAGES)
def test_anonymous_gets_nothing(anonymous, path):
    assert anonymous.get(path).status_code == 401


def test_no_review_is_said_loudly_and_how_to_make_one(viewer):
    page = words(get(viewer))
    assert "There is no review" in page
    assert "itemtrail review --save" in page
    assert "There is no review" in words(get(viewer, PAGES[1]))
    assert viewer.get(PAGES[2]).status_code == 404


def test_findings_are_there_with_check_control_resource_evidence_and_command(viewer, archive):
    put(archive, review_world.report(against=review_world.a_week_ago()))
    page = words(get(viewer))
    for said in (
        "Findings Account 111122223333",
        "The trail records",
        "trail.logging",
        "CIS AWS Foundations 4.1",
        posture_world.TRAIL,
        "logging stopped at 2026-11-22 23:41:07 UTC.",
        "aws cloudtrail start-logging --region us-east-1",
        "cloudtrail:GetTrailStatus",
        "1 question could not be answered",
        "Open in the last review, and not asked any more",
        "table/Old",
        "StopLogging",
    ):
        assert said in page, said


def test_new_open_blind_and_accepted_stand_apart(viewer, archive):
    put(archive, review_world.report(against=review_world.a_week_ago()))
    groups = re.findall(r"<h3>([^<]+)</h3>", get(viewer))
    assert groups == ["New since the last review", "Still open", "Could not be looked at", "Accepted", "Resolved"]


def test_a_review_older_than_a_week_and_a_day_is_said_loudly_and_a_fresh_one_is_not(viewer, archive):
    put(archive, review_world.report(), at=dt.datetime.now(dt.UTC).replace(microsecond=0) - 9 * DAY)
    assert "This review is 9 days old" in words(get(viewer))
    put(archive, review_world.report())
    page = words(get(viewer))
    assert "This review is" not in page
    assert "1 hours ago" in page or "1 hour ago" in page


def test_an_older_review_can_be_chosen_and_says_that_it_is_not_the_latest(viewer, archive):
    old = put(archive, review_world.report(), at=dt.datetime.now(dt.UTC).replace(microsecond=0) - 9 * DAY)
    put(archive, review_world.report(review_world.results(Status.PASS)))
    page = words(get(viewer, review=old.id))
    assert "This is not the latest review." in page
    assert "This review is" not in page
    assert viewer.get(PAGES[0], params={"review": "20200101T000000Z"}).status_code == 200
    assert "cannot be shown" in words(get(viewer, review="20200101T000000Z"))
    assert viewer.get(PAGES[0], params={"review": "../../keys"}).status_code == 422


def test_filters_and_search(viewer, archive):
    put(archive, review_world.report(against=review_world.a_week_ago()))
    assert re.findall(r"<h3>([^<]+)</h3>", get(viewer, state="blind")) == ["Could not be looked at"]
    assert "Nothing matches" in words(get(viewer, severity="CRITICAL", q="pitr"))
    by_control = get(viewer, control="CloudTrail.2")
    assert by_control.count('<details class="finding') == 1
    assert get(viewer, q="payroll").count('<details class="finding') == 1
    assert get(viewer, state="all").count('<details class="finding') == 7
    assert "Nothing matches" in words(get(viewer, state="nonsense"))


def test_a_link_to_a_finding_opens_it(viewer, archive):
    put(archive, review_world.report())
    marks = re.findall(r'id="f-([0-9a-f]{16})"', get(viewer, state="all"))
    page = get(viewer, open=marks[-1])
    assert re.search(rf'id="f-{marks[-1]}" open', page)


def test_exceptions_are_there_with_owner_and_last_day_and_those_that_end_first(viewer, archive):
    soon = dt.datetime.now(dt.UTC).date() + 5 * DAY
    made = review_world.report()
    uses = tuple(
        dataclasses.replace(one, acceptance=dataclasses.replace(one.acceptance, expires=soon)) if one.use == "IN_FORCE" else one
        for one in made.review.acceptances
    )
    put(archive, dataclasses.replace(made, review=dataclasses.replace(made.review, acceptances=uses)))
    page = words(get(viewer))
    section = page[page.index("Exceptions") :]
    assert "! 5 days left" in section
    assert section.index("security@") < section.index("ops@") < section.index("hr@")
    assert "accepts nothing" in section


def test_hostile_names_do_nothing_anywhere(viewer, archive):
    found = [
        dataclasses.replace(one, resource=HOSTILE + str(n), detail=HOSTILE, remediation=HOSTILE, region=HOSTILE)
        for n, one in enumerate(review_world.results())
    ]
    made = review_world.report(found, against=review_world.a_week_ago(), changes=(HOSTILE,), notes=(HOSTILE,))
    posture = dataclasses.replace(made.posture, caller=HOSTILE, account=HOSTILE)
    put(archive, made, posture=posture)
    for path in PAGES:
        page = get(
            viewer, path, **({"q": '<script>alert(5)</script>"', "state": "all", "control": "<img>"} if path == PAGES[0] else {})
        )
        assert "<script>alert" not in page
        assert "<img" not in page
        assert "<svg/onload" not in page
        assert "\u202e" not in page
        assert "\x1b" not in page
        tags = Tags()
        tags.feed(page)
        assert not {"img", "iframe", "object", "base"} & tags.names
        assert not [one for one in tags.attributes if one.startswith("on") or one == "style"]
        assert tags.scripts <= {"shell.js"}


def test_the_reports_file_in_the_archive_is_never_served(viewer, archive):
    made = put(archive, review_world.report())
    archive.replace(f"reviews/{made.id}/report.html", b"<script>alert('forged')</script>")
    answer = viewer.get(PAGES[2])
    assert "forged" not in answer.text
    assert answer.text == html(made)
    policy = answer.headers["content-security-policy"]
    assert "sandbox;" in policy
    assert "'unsafe-inline'" not in policy
    assert "style-src 'sha256-" in policy
    kept = viewer.get(PAGES[2], params={"download": "1"})
    assert kept.headers["content-disposition"] == f'attachment; filename="itemtrail-review-{made.id}.html"'


def test_a_snapshot_that_is_not_the_named_one_is_refused(viewer, archive):
    made = put(archive, review_world.report())
    archive.replace(f"reviews/{made.id}/snapshot.json", b"{}")
    assert "its report names" in words(get(viewer, PAGES[1]))
    assert '<svg class="lifecycle"' not in get(viewer, PAGES[1])
    assert viewer.get(PAGES[2]).status_code == 500


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"schema_version": 2}, "schema 2; this itemtrail reads itemtrail.review schema 1"),
        ({"kind": "itemtrail.receipt"}, "is itemtrail.receipt schema 1"),
        ({"results": "none"}, "is not a review's report"),
        ({"id": "20200101T000000Z"}, "of another time"),
        ({"taken_at": "2026-11-24T00:00:00"}, "is not a review's report"),
    ],
)
def test_a_report_that_is_not_understood_is_refused_in_clear_words_and_the_page_stays(viewer, archive, change, says):
    made = put(archive, review_world.report())
    key = f"reviews/{made.id}/report.json"
    archive.replace(key, json.dumps({**json.loads(archive.body(key)), **change}).encode())
    page = words(get(viewer))
    assert "The review cannot be shown" in page
    assert says in page


def test_a_report_that_contradicts_itself_is_shown_and_said(viewer, archive):
    made = put(archive, review_world.report())
    key = f"reviews/{made.id}/report.json"
    archive.replace(key, json.dumps({**json.loads(archive.body(key)), "verdict": "CLEAN"}).encode())
    page = words(get(viewer))
    assert "This review contradicts itself" in page
    assert "calls itself CLEAN, its results make it FINDINGS" in page


def test_a_replaced_report_is_not_remembered(viewer, archive):
    made = put(archive, review_world.report())
    assert "logging stopped" in words(get(viewer))
    key = f"reviews/{made.id}/report.json"
    archive.replace(key, archive.body(key).replace(b"logging stopped", b"logging ceased!"))
    assert "logging ceased!" in words(get(viewer))


def test_reviews_of_the_future_and_unfinished_ones_are_said(viewer, archive):
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    put(archive, review_world.report(), at=now + 3 * DAY)
    made = put(archive, review_world.report())
    archive.put(f"reviews/{review_id(now)}/snapshot.json", b"{}")
    page = words(get(viewer))
    assert "of the future are left out" in page
    assert "was begun and not finished" in page
    assert made.id in page


def test_the_history_counts_what_was_open_and_marks_what_could_not_be_read(viewer, archive):
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    for week in (3, 2, 1):
        put(archive, review_world.report(), at=now - 7 * week * DAY)
    archive.fail(f"reviews/{review_id(now - 14 * DAY)}/report.json", Fault.DENIED)
    put(archive, review_world.report(review_world.results(Status.PASS)))
    page = get(viewer)
    titles = re.findall(r"<title>(\d{8}T\d{6}Z: \d+ CRITICAL)</title>", page)
    assert [one.split(": ")[1] for one in titles] == ["1 CRITICAL", "1 CRITICAL", "0 CRITICAL"]
    assert page.count('class="unread"') == 5
    assert "could not be read" in words(page)


def test_archive_that_cannot_be_read_is_could_not_look(viewer, archive):
    archive.fail("reviews/", Fault.DENIED)
    answer = viewer.get(PAGES[0])
    assert answer.status_code == 503
    assert "Could not look" in words(answer.text)


def test_a_thousand_findings_are_shown_in_pages(viewer, archive):
    one = review_world.results()[0]
    found = [dataclasses.replace(one, resource=f"{one.resource}-{n:04}") for n in range(1000)]
    put(archive, review_world.report(found))
    page = get(viewer)
    assert page.count('<details class="finding') == 100
    assert "page 1 of 10" in words(page)
    last = get(viewer, page=10)
    assert "-0999" in last
    assert "page 10 of 10" in words(get(viewer, page=11))
    mark = re.findall(r'id="f-([0-9a-f]{16})"', last)[-1]
    assert f'id="f-{mark}" open' in get(viewer, open=mark)
    assert get(viewer, q="-0567").count('<details class="finding') == 1


def test_the_lifecycle_is_drawn_with_deadlines_and_the_same_as_a_table(viewer, archive):
    put(archive, review_world.report())
    page = get(viewer, PAGES[1])
    assert page.count('<svg class="lifecycle"') == 2
    text = words(page)
    for said in (
        "day 45: originals to DEEP_ARCHIVE",
        "day 90: what is proven expires",
        "day 0 to day 45: STANDARD",
        "day 45 for good: DEEP_ARCHIVE",
    ):
        assert said in text, said
    assert "✗ fails" not in text


def test_a_property_that_fails_is_shown_with_its_counterexample_and_marked(viewer, archive):
    ours = next(one.state.lifecycle for one in posture_world.good().buckets if "archive" in one.roles)
    bad = {"ID": "clean<b>", "Status": "Enabled", "Filter": {"Prefix": "receipts/"}, "Expiration": {"Days": 400}}
    taken = posture_world.on_bucket("archive", {"lifecycle": {**ours, "Rules": [*ours["Rules"], bad]}})
    put(archive, review_world.report(), posture=taken)
    page = get(viewer, PAGES[1])
    text = words(page)
    assert "P2 broken on day 400" in text
    assert "by Expiration of rule 'clean<b>'" in text
    assert "clean<b>" not in page
