"""The coverage pages as Airflow serves them, over an archive with real receipts."""

import datetime as dt
import html
import re
from pathlib import Path

import pytest
from tests.archive_world import DAY, ArchiveWorld
from tests.memory import Fault

from itemtrail.core import coverage_book, layout
from itemtrail.core.coverage_book import Found, Mark
from itemtrail.flows import coverage_pages
from itemtrail.model import Unit
from itemtrail_airflow.web.places import ABOUT

pytestmark = pytest.mark.airflow
ACCOUNT, REGION = "111122223333", "us-east-1"
UNIT = Unit(ACCOUNT, REGION, DAY)
PAGE = f"/itemtrail/coverage/{UNIT}"
HOSTILE = '"><script>alert(1)</script>\u202e'


@pytest.fixture
def world(tmp_path, pages_read, monkeypatch):
    monkeypatch.setattr(coverage_pages, "_kept", {})
    made = ArchiveWorld(tmp_path)
    pages_read(made.settings, made.archive)
    return made


def remember(world, *found: Found, made: dt.datetime | None = None) -> None:
    """Put documents, as watch_deadline would."""
    made = made or dt.datetime.now(dt.UTC)
    for book in coverage_book.books(found, made=made, first=DAY, basis="by the receipts"):
        world.archive.put(layout.coverage_key(book.account, book.year), book.to_json())


def cell(text: str, day: dt.date) -> str:
    found = re.search(rf'<a class="c ([^"]+)"[^>]*/{day}" title="([^"]+)"', text)
    return f"{found[1].split()[0]} | {found[2]}"


def test_a_cell_leads_to_its_unit_and_says_its_state_in_words(viewer, world):
    remember(world, Found(UNIT, Mark.PROVEN))
    text = viewer.get(f"/itemtrail/coverage?year={DAY.year}").text
    assert cell(text, DAY) == f"proven | Tue {DAY}: proven"
    assert f'href="{PAGE}"' in text
    assert cell(text, DAY + dt.timedelta(days=1)).startswith("unseen | "), "a due day that the document leaves out"


def test_what_is_shown_says_how_old_it_is_and_what_it_rests_on(viewer, world):
    remember(world, Found(UNIT, Mark.PROVEN), made=dt.datetime.now(dt.UTC) - dt.timedelta(hours=50))
    text = viewer.get(f"/itemtrail/coverage?year={DAY.year}").text
    assert "2 days ago" in text
    assert "by the receipts" in text
    assert "<strong>Old.</strong>" in text


def test_without_a_document_it_says_could_not_look_and_nothing_is_proven(viewer, world):
    text = viewer.get(f"/itemtrail/coverage?year={DAY.year}").text
    assert "Could not look." in text
    assert 'class="c proven' not in text


def test_an_archive_that_does_not_answer_is_a_page_that_says_so_not_an_empty_calendar(viewer, world):
    world.archive.fail(f"coverage/account={ACCOUNT}/", Fault.UNAVAILABLE)
    answer = viewer.get("/itemtrail/coverage")
    assert (answer.status_code, "Could not look" in answer.text) == (503, True)
    world.archive.fail(f"coverage/account={ACCOUNT}/", Fault.DENIED)
    answer = viewer.get("/itemtrail/coverage")
    assert answer.status_code == 503
    assert "s3:ListBucket" in html.unescape(answer.text)


def test_a_unit_shows_receipts_verdict_certificate_and_next_step(viewer, world):
    world.run()
    text = html.unescape(viewer.get(PAGE).text)
    assert "24 of 24 proven" in text
    assert "000.receipt.json" in text
    assert f"itemtrail certificate --day {DAY} --account {ACCOUNT} --region {REGION}" in text
    assert "Airflow knows no run" in text


def test_a_receipt_is_downloaded_as_it_lies_in_the_archive(viewer, world):
    world.run()
    answer = viewer.get(f"{PAGE}/0")
    assert answer.content == world.archive.body(layout.receipt_key(UNIT, 0))
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert viewer.get(f"{PAGE}/7").status_code == 404


def test_where_the_calendar_lies_the_units_page_says_so(viewer, world):
    digests = [info.key for info in world.source.list("") if "/CloudTrail-Digest/" in info.key and f"{DAY:%Y/%m/%d}" in info.key]
    world.source.delete(digests[10])
    world.run()
    remember(world, Found(UNIT, Mark.PROVEN))
    text = html.unescape(viewer.get(PAGE).text)
    assert "The calendar is wrong here" in text
    assert "the calendar says proven; the receipts, read now, say archived, with findings" in text
    assert 'class="tag good"' not in text


def test_a_missing_unit_says_how_to_archive_it(viewer, world):
    text = html.unescape(viewer.get(PAGE).text)
    assert f"airflow backfill create --dag-id archive_trail --from-date {DAY} --to-date {DAY}" in text


def test_hostile_words_and_basis_are_shown_as_text(viewer, world):
    remember(world, Found(UNIT, Mark.FINDINGS, HOSTILE))
    key = layout.coverage_key(ACCOUNT, DAY.year)
    world.archive.put(key, world.archive.body(key).replace(b"by the receipts", b"<img src=x onerror=alert(1)>"))
    for path in (f"/itemtrail/coverage?year={DAY.year}", f"/itemtrail/coverage/day/{DAY}", PAGE):
        text = viewer.get(path).text
        assert "<script>alert" not in text
        assert "<img src=x" not in text


@pytest.mark.parametrize(
    "path",
    [
        "/itemtrail/coverage?year=99999",
        "/itemtrail/coverage?year=1999",
        "/itemtrail/coverage?account=%3Cscript%3E",
        "/itemtrail/coverage?page=0",
        "/itemtrail/coverage/1111/us-east-1/2026-03-10",
        "/itemtrail/coverage/111122223333/..%2F../2026-03-10",
        "/itemtrail/coverage/111122223333/us-east-1/2026-02-30",
        "/itemtrail/coverage/111122223333/us-east-1/2026-03-10/-1",
        "/itemtrail/coverage/day?day=2026-03-10&where=//evil.example",
        "/itemtrail/coverage/day/0001-01-01",
    ],
)
def test_an_address_that_makes_no_sense_is_refused(viewer, world, path):
    answer = viewer.get(path)
    assert answer.status_code in {404, 422}
    assert "<script>" not in answer.text


def test_the_first_and_the_last_days_have_no_neighbour_beyond_the_calendar(viewer, world):
    assert viewer.get(f"/itemtrail/coverage/{ACCOUNT}/{REGION}/0001-01-01").status_code == 422
    assert viewer.get(f"/itemtrail/coverage/{ACCOUNT}/{REGION}/9999-12-31").status_code == 422


def test_filters_narrow_rows_and_pages_bound_them(viewer, world, pages_read):
    archive = world.settings.archive.model_copy(
        update={"accounts": tuple(f"{n:012d}" for n in range(3)), "regions": tuple(f"us-east-{n}" for n in range(1, 10))}
    )
    pages_read(world.settings.model_copy(update={"archive": archive}), world.archive)
    remember(world, Found(Unit("000000000001", "us-east-3", DAY), Mark.FINDINGS))
    url = f"/itemtrail/coverage?year={DAY.year}"
    rows = r'<section class="row" aria-label="([^"]+)"'
    assert len(re.findall(rows, viewer.get(url).text)) == 20
    assert len(re.findall(rows, viewer.get(f"{url}&page=2").text)) == 7
    assert re.findall(rows, viewer.get(f"{url}&state=findings").text) == ["000000000001 us-east-3"]
    assert len(re.findall(rows, viewer.get(f"{url}&account=000000000002&region=us-east-9").text)) == 1
    assert "No account and Region has such days" in viewer.get(f"{url}&state=quarantined").text


def test_the_form_goes_to_a_unit_or_to_a_day(viewer, world):
    answer = viewer.get(f"/itemtrail/coverage/day?day={DAY}&where={ACCOUNT}/{REGION}")
    assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    answer = viewer.get(f"/itemtrail/coverage/day?day={DAY}&where=")
    assert answer.headers["location"] == f"/itemtrail/coverage/day/{DAY}"


def test_the_tab_on_a_dag_leads_to_what_it_is_about(viewer, world):
    assert viewer.get("/itemtrail/of/dag/archive_trail").headers["location"] == "/itemtrail/coverage"
    assert "Nothing of itemtrail here" in viewer.get("/itemtrail/of/dag/somebody_elses").text


def test_every_dag_of_the_project_has_a_page():
    files = Path(__file__).resolve().parents[2].glob("dags/*_dag.py")
    assert {path.stem.removesuffix("_dag") for path in files} == set(ABOUT)
