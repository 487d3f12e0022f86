"""Coverage documents: what is written is read, and what cannot be true is refused."""

import dataclasses
import datetime as dt
import json

import pytest

from itemtrail.core import coverage_book, layout
from itemtrail.core.coverage_book import Found, Mark, News
from itemtrail.errors import EvidenceError
from itemtrail.model import Unit

ACCOUNT = "111122223333"
NOW = dt.datetime(2026, 11, 24, 6, 31, tzinfo=dt.UTC)
KEY = layout.coverage_key(ACCOUNT, 2026)


def unit(day: str, region: str = "us-east-1", account: str = ACCOUNT) -> Unit:
    return Unit(account, region, dt.date.fromisoformat(day))


def book(*found: Found, now: dt.datetime = NOW):
    (made,) = coverage_book.books(found, made=now, first=dt.date(2026, 11, 20), basis="by receipts")
    return made


def changed(**values):
    document = json.loads(book(Found(unit("2026-11-20"), Mark.PROVEN)).to_json())
    return json.dumps({**document, **values}).encode()


def test_what_is_written_is_read():
    made = book(
        Found(unit("2026-11-20"), Mark.PROVEN), Found(unit("2026-11-21", "eu-west-1"), Mark.FINDINGS, "1 × HASH_MISMATCH")
    )
    read = coverage_book.parse(made.to_json(), key=KEY, now=NOW)
    assert read == made
    assert read.regions["us-east-1"].marks[323] == "#"
    assert read.regions["eu-west-1"].says == {"2026-11-21": "1 × HASH_MISMATCH"}
    assert read.until == dt.date(2026, 11, 23)


def test_each_account_and_year_has_a_document():
    found = [
        Found(unit(day, account=account), Mark.PROVEN) for day in ("2025-12-31", "2026-01-01") for account in (ACCOUNT, "1" * 12)
    ]
    made = coverage_book.books(found, made=NOW, first=dt.date(2025, 12, 31), basis="")
    assert [(one.account, one.year, len(one.regions["us-east-1"].marks)) for one in made] == [
        ("1" * 12, 2025, 365),
        ("1" * 12, 2026, 365),
        (ACCOUNT, 2025, 365),
        (ACCOUNT, 2026, 365),
    ]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"account": "444455556666"}, "444455556666"),
        ({"year": 2025}, "2025"),
        ({"made": "2026-11-24T07:00:00Z"}, "made at"),
        ({"made": "2026-11-24T06:31:00"}, "made at"),
        ({"until": "2026-11-24"}, "not over"),
        ({"regions": {"us-east-1": {"marks": "#" * 364, "says": {}}}}, "marks"),
        ({"regions": {"us-east-1": {"marks": "P" * 365, "says": {}}}}, "marks"),
        ({"regions": {"us-east-1": {"marks": 7, "says": {}}}}, "not used"),
        ({"schema_version": 2}, "schema"),
    ],
)
def test_a_document_that_cannot_be_true_is_refused_and_says_why(values, says):
    with pytest.raises(EvidenceError, match=says):
        coverage_book.parse(changed(**values), key=KEY, now=NOW)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff\xfe", b"[" * 100_000, b" " * (coverage_book.MOST_BYTES + 1)])
def test_bytes_that_are_no_document_are_refused(data):
    with pytest.raises(EvidenceError, match="not used"):
        coverage_book.parse(data, key=KEY, now=NOW)


def test_words_are_cut_and_the_missing_need_none():
    made = book(Found(unit("2026-11-20"), Mark.FINDINGS, "x" * 5000), Found(unit("2026-11-21"), Mark.MISSING, "nothing"))
    assert made.regions["us-east-1"].says == {"2026-11-20": "x" * coverage_book.LONGEST}


def test_twenty_regions_of_a_year_are_small():
    days = [dt.date(2025, 1, 1) + n * dt.timedelta(days=1) for n in range(365)]
    found = [Found(Unit(ACCOUNT, f"us-east-{n}", day), Mark.PROVEN) for n in range(1, 10) for day in days]
    (made,) = coverage_book.books(found, made=NOW, first=days[0], basis="")
    assert len(made.to_json()) < 9 * 400 + 500


def test_news_of_a_day_that_was_not_over_are_left_out():
    units = [unit("2026-11-23"), unit("2026-11-24"), unit("2027-01-01")]
    news = News(NOW, tuple(Found(one, Mark.PROVEN) for one in units))
    assert [one.unit for one in coverage_book.parse_news(news.to_json(), key="k", now=NOW).found] == units[:1]
    with pytest.raises(EvidenceError, match="made at"):
        coverage_book.parse_news(dataclasses.replace(news, made=NOW + dt.timedelta(days=1)).to_json(), key="k", now=NOW)
