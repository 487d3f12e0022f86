"""Questions to the history: what is read for them, what is answered, and what is said to be uncertain."""

import datetime as dt
import random

import pytest
from tests.changes_world import TABLE, change, image, put_day, text
from tests.memory import MemoryStore

from itemtrail.core import timeline as core
from itemtrail.core.change_schema import Match
from itemtrail.core.timeline import Built, Span
from itemtrail.errors import ConfigurationError, EvidenceError
from itemtrail.flows import timeline
from itemtrail.flows.changes_store import compact_month
from itemtrail.flows.timeline import Wanted

DAY = dt.date(2026, 3, 10)
KEY = ["EmpId=E-1"]


def at(hour: int, day: dt.date = DAY) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(hour), dt.UTC)


def salary(hour: int, old: int | None, new: int | None, day: dt.date = DAY, **more):
    images = (None if value is None else image({"EmpId": "E-1", "Salary": str(value)}) for value in (old, new))
    return change(at(hour, day), number=day.day * 100 + hour, changed=["Salary"]) | dict(
        zip(("old_image", "new_image"), images, strict=True)
    ) | more  # fmt: skip


@pytest.fixture
def store() -> MemoryStore:
    store = MemoryStore()
    put_day(store, DAY, [salary(9, 5000, 5200, actor="ana"), change(at(10), "E-2", actor="ben")])
    put_day(store, DAY + dt.timedelta(1), [salary(8, 5200, 5300, DAY + dt.timedelta(1), actor="ben")])
    return store


def test_the_history_of_an_item_is_its_rows_in_order(store):
    found = timeline.history(store, "Employees", KEY)
    assert [row["actor"] for row in found.rows] == ["ana", "ben"]
    assert found.item_key == text(EmpId="E-1")
    assert found.built.days == (DAY, DAY + dt.timedelta(1))
    assert timeline.history(store, TABLE, ['{"EmpId": {"S": "E-1"}}']).rows == found.rows


def test_from_and_to_include_both_ends(store):
    rows = timeline.history(store, "Employees", KEY, at(9), at(9)).rows
    assert [row["actor"] for row in rows] == ["ana"]


def test_a_row_in_the_file_of_the_day_before_is_found_by_its_own_time(store):
    late = at(0, DAY + dt.timedelta(3))
    put_day(store, DAY + dt.timedelta(2), [change(late, number=900, actor="cleo")])
    assert [row["actor"] for row in timeline.history(store, "Employees", KEY, late, late).rows] == ["cleo"]


def test_a_month_is_read_instead_of_its_days_until_a_day_is_built_again(store, tmp_path):
    for day in range(12, 20):
        put_day(store, DAY.replace(day=day), [])
    before = timeline.history(store, "Employees", KEY).rows
    assert compact_month(store, TABLE, "2026-03", spool=tmp_path)
    assert not compact_month(store, TABLE, "2026-03", spool=tmp_path)
    store.reads.clear()
    assert timeline.history(store, "Employees", KEY).rows == before
    assert {key.rpartition("/")[2] for key in store.reads} == {"month.parquet"}
    put_day(store, DAY, [salary(9, 5000, 5200, actor="ana of the second build")])
    store.reads.clear()
    assert [row["actor"] for row in timeline.history(store, "Employees", KEY).rows] == ["ana of the second build", "ben"]
    assert "day=10.parquet" in {key.rpartition("/")[2] for key in store.reads}
    assert compact_month(store, TABLE, "2026-03", spool=tmp_path)


def test_days_after_the_month_was_put_together_are_read_beside_it(store, tmp_path):
    for day in range(12, 20):
        put_day(store, DAY.replace(day=day), [])
    compact_month(store, TABLE, "2026-03", spool=tmp_path)
    put_day(store, DAY.replace(day=25), [salary(1, 5300, 5400, DAY.replace(day=25), actor="dov")])
    assert [row["actor"] for row in timeline.history(store, "Employees", KEY).rows] == ["ana", "ben", "dov"]


def test_other_key_attributes_are_refused_with_the_tables(store):
    with pytest.raises(ConfigurationError, match=r"items are named by EmpId.*--key EmpId=…"):
        timeline.history(store, "Employees", ["EmployeeId=E-1"])


@pytest.mark.parametrize("key", [["E-1042"], [""], ["{"], ["{}"], ['{"EmpId": ["E-1"]}'], ["EmpId=1", "EmpId=2"], []])
def test_what_is_no_key_is_refused(store, key):
    with pytest.raises(ConfigurationError, match="not an item's key"):
        timeline.history(store, "Employees", key)


def test_numbers_in_a_key_are_spelt_as_the_table_spells_them(store):
    table = TABLE.replace("Employees", "Slips")
    row = change(at(9)) | {"item_key": text(EmpId="007", Month="3"), "new_image": image({"EmpId": "x007", "Month": "3"})}
    put_day(store, DAY, [row], table)
    assert len(timeline.history(store, "Slips", ["EmpId=007", "Month=3.0"]).rows) == 1
    assert not timeline.history(store, "Slips", ["EmpId=7", "Month=3"]).rows


def test_a_name_of_two_tables_is_refused_with_both(store):
    other = TABLE.replace("eu-west-1", "us-east-1")
    put_day(store, DAY, [], other)
    with pytest.raises(ConfigurationError, match=f"2 tables.*{TABLE}, {other}"):
        timeline.history(store, "Employees", KEY)
    assert timeline.history(store, TABLE, KEY).rows


def test_a_table_without_history_is_refused_with_those_that_have_one(store):
    with pytest.raises(ConfigurationError, match=f"no history of 'Employee'.*{TABLE}"):
        timeline.history(store, "Employee", KEY)
    with pytest.raises(ConfigurationError, match="no history of any table"):
        timeline.history(MemoryStore(), "Employee", KEY)
    with pytest.raises(ConfigurationError, match="no history of"):
        timeline.history(store, f"{TABLE}2", KEY)


def test_a_file_that_is_no_parquet_is_told_by_name(store):
    key = put_day(store, DAY, [])
    store.put(key, b"not parquet at all, but long enough to look")
    with pytest.raises(EvidenceError, match=key):
        timeline.history(store, "Employees", KEY)


def test_only_the_index_and_one_row_group_of_a_big_file_are_read():
    store = MemoryStore()
    chance = random.Random(1)
    noise = [change(at(1), f"E-{n:05d}", n, new_image=text(Note=chance.randbytes(60).hex())) for n in range(40_000)]
    key = put_day(store, DAY, noise)
    size = store.head(key).size
    asked: list[int] = []
    real = store.read_range
    store.read_range = lambda key, start, length, **k: asked.append(length) or real(key, start, length, **k)
    assert len(timeline.history(store, "Employees", ["EmpId=E-30000"]).rows) == 1
    assert size > 2_500_000
    assert sum(asked) < size / 2


def test_as_of_a_time_is_the_new_image_of_the_change_before_it(store):
    state, _ = timeline.as_of(store, "Employees", KEY, at(9))
    assert (state.image["Salary"], state.doubts) == ({"N": "5200"}, ())
    assert timeline.as_of(store, "Employees", KEY, at(8))[0].image["Salary"] == {"N": "5000"}
    assert timeline.as_of(store, "Employees", KEY, at(23, DAY + dt.timedelta(1)))[0].image["Salary"] == {"N": "5300"}


def _doubts(rows, when: dt.datetime, days: int = 10, lost: tuple[Span, ...] = (), missing: tuple[int, ...] = ()) -> str:
    built = Built(tuple(DAY + dt.timedelta(n) for n in range(days) if n not in missing), lost)
    return "; ".join(core.as_of(rows, when, built).doubts)


def test_what_makes_a_state_uncertain_is_said():
    rows = [salary(9, 5000, 5200), salary(12, 5200, 5300)]
    later = at(0, DAY + dt.timedelta(5))
    assert _doubts(rows, at(10)) == ""
    assert "begins on 2026-03-10" in _doubts(rows, at(23, DAY - dt.timedelta(1)))
    assert "until the end of 2026-03-19" in _doubts(rows, at(0, DAY + dt.timedelta(10)))
    assert "2026-03-13 is not built" in _doubts(rows, later, missing=(3,))
    assert "records were lost" in _doubts(rows, later, lost=(Span(at(0, DAY + dt.timedelta(2)), None),))
    assert _doubts(rows, at(10), lost=(Span(at(11), at(12)),)) == ""
    assert "found another item" in _doubts([salary(9, 5000, 5200), salary(12, 5250, 5300)], at(10))
    logged = change(at(11), number=None, match_confidence=Match.TRAIL_ONLY_LOST, event_name="UpdateItem", actor="eva")
    assert "UpdateItem by eva" in _doubts([rows[0], logged], at(13))
    assert _doubts([rows[0], logged], at(10)) == ""
    assert "no change of this item" in _doubts([], at(10))
    assert "no history of this table" in _doubts(rows, at(10), days=0)


def test_an_item_is_not_there_after_its_removal_and_before_its_insert():
    rows = [salary(9, None, 5000, operation="INSERT"), salary(12, 5000, None, operation="REMOVE")]
    built = Built((DAY,))
    for hour, there in ((8, False), (9, True), (11, True), (12, False)):
        state = core.as_of(rows, at(hour), built)
        assert ((state.image is not None), state.known) == (there, True)


def test_redacted_paths_are_told_with_the_state():
    state = core.as_of([salary(9, 5000, 5200, redacted=["BankAccount"])], at(10), Built((DAY,)))
    assert state.redacted == ("BankAccount",)
    changed_rules = [salary(9, 5000, 5200, redacted=["BankAccount"]), salary(12, 5250, 5300)]
    assert core.as_of(changed_rules, at(10), Built((DAY,))).known


def test_changes_of_a_person_of_an_attribute_of_a_table(store):
    other = TABLE.replace("Employees", "Slips")
    role = "arn:aws:iam::111122223333:role/payroll-job"
    candidates = [
        {"event_id": "e", "event_name": "PutItem", "actor": "ana", "event_ts": at(7), "source_object": "o", "record_index": 1}
    ]
    put_day(
        store,
        DAY,
        [
            change(at(7), actor=None, candidates=candidates, match_confidence="AMBIGUOUS") | {"table_arn": other},
            change(at(6), "E-3", actor="job-1", session_issuer=role, changed=["Grade", "Salary"]) | {"table_arn": other},
        ],
        other,
    )

    def hours(**wanted: object) -> list[tuple[int, int]]:
        return [(row["change_ts"].day, row["change_ts"].hour) for row in timeline.changes(store, Wanted(**wanted))]

    assert hours(by="ana") == [(10, 7), (10, 9)]
    assert hours(by="ben") == [(10, 10), (11, 8)]
    assert hours(by="payroll-job") == hours(by=role) == [(10, 6)]
    assert hours(by="payroll") == []
    assert hours(attribute="Salary") == [(10, 6), (10, 9), (11, 8)]
    assert hours(attribute="Salary", table="Slips") == [(10, 6)]
    assert hours(attribute="Salary", first=at(9), last=at(9)) == [(10, 9)]
    assert hours(table="Slips") == [(10, 6), (10, 7)]


def test_what_the_streams_archive_lost_could_not_be_read_is_a_note(store):
    store.put("stream_receipts/account=111122223333/region=eu-west-1/table_name=Employees/000000.receipt.json", b"{}")
    found = timeline.history(store, "Employees", KEY)
    assert len(found.rows) == 2
    assert "could not be read" in found.notes[0]
