"""Which saved reviews there are, read as the pages read them: bounds, gaps, and what is remembered."""

import datetime as dt

import pytest
from tests import review_world
from tests.memory import Fault, MemoryStore

from itemtrail.core.review_report import review_id
from itemtrail.errors import AccessDenied, EvidenceError, NotFound
from itemtrail.flows import review_pages

NOW = review_world.NOW
BODY = review_world.report().to_bytes()


@pytest.fixture
def archive():
    review_pages._read.cache_clear()
    store = MemoryStore("s3://of-this-test-alone")
    store.put(f"reviews/{review_id(NOW)}/report.json", BODY)
    return store


def test_the_latest_is_the_newest_whole_one_not_of_the_future(archive):
    archive.put("reviews/20991231T000000Z/report.json", BODY)
    archive.put("reviews/20261123T055959Z/snapshot.json", b"{}")
    archive.put("reviews/notes.txt", b"")
    found = review_pages.saved(archive, now=NOW + dt.timedelta(hours=1))
    assert list(found.reports) == [review_id(NOW)]
    assert [note.split(":")[0] for note in found.notes] == ["1 review(s) of the future are left out"]
    assert review_pages.chosen(archive, found).id == review_id(NOW)


def test_reviews_older_than_the_look_back_are_found_where_there_is_none_since(archive):
    found = review_pages.saved(archive, now=NOW + dt.timedelta(days=2000))
    assert list(found.reports) == [review_id(NOW)]
    assert review_pages.saved(MemoryStore(), now=NOW).reports == {}


def test_a_flood_of_objects_is_not_listed_to_its_end_and_that_is_said(archive, monkeypatch):
    monkeypatch.setattr(review_pages, "MOST", 3)
    for number in range(9):
        archive.put(f"reviews/20260101T00000{number}Z/report.json", BODY)
    found = review_pages.saved(archive, now=NOW)
    assert len(found.reports) == 3
    assert "a newer review may be behind them" in found.notes[0]


def test_what_is_too_large_is_not_read(archive, monkeypatch):
    monkeypatch.setattr("itemtrail.core.review_read.MAX_BYTES", 100)
    found = review_pages.saved(archive, now=NOW)
    with pytest.raises(EvidenceError, match="100 at most"):
        review_pages.chosen(archive, found)
    assert archive.reads == []
    assert review_pages.history(archive, found)[0].tally is None


def test_a_report_is_read_once_for_each_version_of_it(archive):
    found = review_pages.saved(archive, now=NOW)
    assert review_pages.chosen(archive, found) is review_pages.chosen(archive, found)
    assert len(archive.reads) == 1
    archive.replace(f"reviews/{review_id(NOW)}/report.json", BODY)
    review_pages.chosen(archive, review_pages.saved(archive, now=NOW))
    assert len(archive.reads) == 2


def test_a_review_under_anothers_name_and_names_that_are_none_are_refused(archive):
    archive.put("reviews/20261101T000000Z/report.json", BODY)
    found = review_pages.saved(archive, now=NOW)
    with pytest.raises(EvidenceError, match="is the review 20261123T060000Z"):
        review_pages.chosen(archive, found, "20261101T000000Z")
    for name in ("../keys", "20261101T000001Z"):
        with pytest.raises(NotFound):
            review_pages.chosen(archive, found, name)


def test_what_may_not_be_listed_is_could_not_look(archive):
    archive.fail("reviews/", Fault.DENIED)
    with pytest.raises(AccessDenied):
        review_pages.saved(archive, now=NOW)
