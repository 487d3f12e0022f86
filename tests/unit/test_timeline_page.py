"""The Timeline page's pure parts: what is asked, what is shown; and the process with limits, with real processes."""

import datetime as dt
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.changes_world import change
from tests.memory import MemoryStore

from itemtrail.core.change_schema import Match
from itemtrail_airflow.web import timeline_view as view
from itemtrail_airflow.web.timeline_answer import answer
from itemtrail_airflow.web.timeline_question import Question, Refused, draft, of_form, sealed, unsealed

AT = dt.datetime(2026, 3, 10, 9, tzinfo=dt.UTC)
FORM = {"table": "Employees", "name_0": "EmpId", "value_0": "E-1"}
UNNAMED = {Match.AMBIGUOUS, Match.STREAM_ONLY_TTL, Match.STREAM_ONLY_REPLICATION, Match.STREAM_ONLY_UNEXPLAINED}


# What is asked.


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({}, "Choose a table"),
        ({"table": "T"}, "Give the item's key"),
        (FORM | {"value_0": ""}, "Give a value for EmpId"),
        ({"table": "T", "json": "[1"}, "is no item key"),
        ({"table": "T", "json": "[" * 5000}, "is no item key"),
        (FORM | {"from": "soon"}, "is not like 2026-11-21"),
        (FORM | {"from": "0001-01-01"}, "must be in 2012 to 2199"),
        (FORM | {"at": "9999-12-31"}, "must be in 2012 to 2199"),
        (FORM | {"from": "2026-03-11", "to": "2026-03-10"}, "is after"),
        (FORM | {"value_0": "x" * 8001}, "too long"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_words(form, said):
    with pytest.raises(Refused, match=said):
        of_form(form)


def test_spaces_of_a_value_are_kept_and_one_of_a_field_is_not():
    asked = of_form(FORM | {"value_0": " E-1 ", "from": " 2026-03-10 "})
    assert (asked.key, asked.first) == ({"EmpId": " E-1 "}, "2026-03-10")


def test_the_command_asks_the_same():
    assert of_form(FORM | {"to": "2026-03-10"}).command() == [
        "itemtrail", "history", "--table", "Employees", "--key", "EmpId=E-1", "--to", "2026-03-10",
    ]  # fmt: skip
    assert of_form({"by": "ana"}).command() == ["itemtrail", "changes", "--by", "ana"]
    assert of_form(FORM | {"at": "2026-03-10"}).command()[-2:] == ["--as-of", "2026-03-10"]


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.sampled_from([*FORM, "json", "by", "from", "to", "at", "order"]), st.text(max_size=200)))
def test_any_form_is_a_question_or_a_refusal_and_a_link_gives_it_back(form):
    asked = draft(form)
    if not any(0xD800 <= ord(c) < 0xE000 for text in form.values() for c in text):
        assert unsealed(sealed(asked, "secret"), "secret") == asked
    try:
        assert of_form(form) == asked
    except Refused as error:
        assert error.problems


def test_a_link_says_nothing_and_another_secret_or_a_changed_letter_opens_none():
    asked = Question("item", table="Employees", key={"EmpId": "E-1042"})
    one, other = sealed(asked, "secret"), sealed(asked, "secret")
    assert one != other
    assert "E-1042" not in one
    for text, secret in ((one, "another"), (one[:-4] + "AAAA", "secret"), ("", "secret"), ("é", "secret"), ("x" * 50, "secret")):
        with pytest.raises(Refused, match="cannot be read"):
            unsealed(text, secret)


# What is shown.


@pytest.mark.parametrize("match", sorted(UNNAMED))
def test_where_it_is_not_known_who_nothing_of_the_row_names_anybody(match):
    named = dict.fromkeys(
        ("actor", "session_issuer", "source_identity", "source_ip", "user_agent", "request_id", "event_id"), "SOMEBODY"
    )
    shown = view.version(change(AT, match_confidence=match.value, **named), view.Budget())
    assert "SOMEBODY" not in json.dumps(shown)
    assert not shown["named"]


def test_every_confidence_has_a_kind():
    assert set(view._KINDS) == set(Match)


@settings(max_examples=50, deadline=None)
@given(
    built=st.sets(st.integers(0, 40)),
    first=st.none() | st.integers(0, 40),
    length=st.none() | st.integers(0, 40),
)
def test_unbuilt_spans_are_exactly_the_days_that_are_not_built(built, first, length):
    day = dt.date(2026, 1, 1)
    days = [day + dt.timedelta(n) for n in sorted(built)]
    low = None if first is None else day + dt.timedelta(first)
    high = None if length is None else (low or day) + dt.timedelta(length)
    spans = view.unbuilt(days, low, high)
    told = {one + dt.timedelta(n) for one, end in spans for n in range((end - one).days + 1)}
    begin, end = low or (days[0] if days else high), high or (days[-1] if days else low)
    wanted = {begin + dt.timedelta(n) for n in range((end - begin).days + 1)} - set(days) if begin and end else set()
    assert told == wanted


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=300), st.sampled_from(list(Match)))
def test_no_value_leaves_the_view_with_a_character_that_steers(text, match):
    shown_image = json.dumps({text: {"S": text}})
    row = change(
        AT, match_confidence=match.value, operation="INSERT", new_image=shown_image, actor=text, user_agent=text, redacted=[text]
    )
    for said in _texts(view.version(row, view.Budget())):
        assert said.isprintable()


def test_a_page_of_huge_values_stays_small():
    image = json.dumps({f"a{n}": {"S": "x" * 400_000} for n in range(100)})
    row = change(AT, operation="INSERT", new_image=image)
    budget = view.Budget()
    rows = [view.version(row, budget) for _ in range(3)]
    assert rows[0]["more_differences"] == 60
    assert len(json.dumps(rows)) < 2 * view.PAGE_CHARACTERS


def _texts(found):
    if isinstance(found, dict):
        found = list(found.values())
    if isinstance(found, list | tuple):
        return [text for one in found for text in _texts(one)]
    return [found] if isinstance(found, str) else []


def test_a_number_that_is_none_is_hinted_at():
    from tests.changes_world import put_day

    store = MemoryStore()
    image = json.dumps({"Seq": {"N": "1"}})
    put_day(store, AT.date(), [change(AT, new_image=image, operation="INSERT") | {"item_key": '{"Seq":"1"}'}])
    asked = {"kind": "item", "table": "Employees", "key": {"Seq": "one"}}
    made = answer(store, {"question": asked, "page": 1}, most_inflated=1)
    assert made["notes"] == ["Seq is a number in this table, and what was asked for is none."]
    assert answer(store, {"table": "Employees"}, most_inflated=1)["types"] == {"Seq": "N"}
    assert answer(store, {"question": asked | {"key": {"Seq": "1.0"}}, "page": 1}, most_inflated=1)["count"] == 1
