"""The files of `changes/`: one item's rows are found, a month is its days, and no other table is written."""

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itemtrail.core import changes_files
from itemtrail.core.change_schema import SCHEMA, Match

TABLE = "arn:aws:dynamodb:eu-west-1:111122223333:table/Employees"
START = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
NOTHING = {field.name: [] if pa.types.is_list(field.type) else None for field in SCHEMA}


def change(key: str, second: int, number: int | None = None, **values: object) -> dict[str, object]:
    """A row of ``changes`` with what every row has."""
    return NOTHING | {
        "table_arn": TABLE,
        "item_key": f'{{"EmpId":"{key}"}}',
        "change_ts": START + dt.timedelta(seconds=second),
        "operation": "MODIFY",
        "match_confidence": Match.UNIQUE.value,
        "sequence_number": None if number is None else str(number),
        **values,
    }


def table(*rows: dict[str, object]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), SCHEMA)


def written(path: Path, *rows: dict[str, object]) -> pq.ParquetFile:
    changes_files.write(table(*rows), path)
    return pq.ParquetFile(path)


def test_names_say_table_month_and_day_and_are_read_back():
    day = dt.date(2026, 3, 7)
    key = changes_files.day_key(TABLE, day)
    assert key == "changes/account=111122223333/region=eu-west-1/table_name=Employees/month=2026-03/day=07.parquet"
    assert changes_files.parse_day(key) == day
    assert changes_files.parse_month(changes_files.month_key(TABLE, "2026-03")) == "2026-03"
    assert changes_files.parse_day(changes_files.month_key(TABLE, "2026-03")) is None
    assert changes_files.parse_day(f"elsewhere/{key}") is None


def test_rows_of_one_item_come_in_order_of_time_then_sequence_number_as_a_number(tmp_path):
    file = written(tmp_path / "d", change("b", 5, 9), change("a", 9, 1), change("b", 5, 10), change("b", 1, 77))
    found = changes_files.of_item(file, '{"EmpId":"b"}').to_pylist()
    assert [row["sequence_number"] for row in found] == ["77", "9", "10"]
    assert changes_files.of_item(file, '{"EmpId":"c"}').num_rows == 0
    assert file.schema_arrow.equals(SCHEMA)


def test_an_empty_day_is_a_file_without_rows(tmp_path):
    file = written(tmp_path / "d")
    assert changes_files.of_item(file, "x").num_rows == 0
    assert changes_files.highest_key(file) == ""


def test_a_table_of_another_schema_is_refused(tmp_path):
    with pytest.raises(ValueError, match="columns"):
        changes_files.write(pa.table({"a": [1]}), tmp_path / "d")


def test_only_row_groups_that_may_hold_the_item_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr(changes_files, "ROW_GROUP_ROWS", 10)
    file = written(tmp_path / "d", *(change(f"{n:04d}", n, n) for n in range(1000)))
    assert file.num_row_groups == 100
    read: list[int] = []
    monkeypatch.setattr(changes_files, "_bounds", lambda f, inner=changes_files._bounds: [*inner(f)])
    real = pq.ParquetFile.read_row_groups
    monkeypatch.setattr(
        pq.ParquetFile, "read_row_groups", lambda self, groups, **k: read.extend(groups) or real(self, groups, **k)
    )
    assert changes_files.of_item(file, '{"EmpId":"0555"}').num_rows == 1
    assert read == [55]


_ROWS = st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 50), st.integers(1, 10**24)), max_size=60)


@settings(max_examples=60, deadline=None)
@given(days=st.lists(_ROWS, min_size=1, max_size=5), size=st.integers(1, 7))
def test_a_month_holds_exactly_its_days_rows_in_order(tmp_path_factory, days, size):
    folder = tmp_path_factory.mktemp("month")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(changes_files, "ROW_GROUP_ROWS", size)
        patch.setattr(changes_files, "_RANGE_ROWS", 2 * size)
        paths: dict[dt.date, tuple[Path, str]] = {}
        for index, rows in enumerate(days):
            path = folder / f"{index}.parquet"
            changes_files.write(table(*(change(*row) for row in rows)), path)
            paths[dt.date(2026, 3, 1 + index)] = (path, f"etag-{index}")
        changes_files.compact(paths, folder / "month.parquet")
        file = pq.ParquetFile(folder / "month.parquet")
        everything = [change(*row) for rows in days for row in rows]
        expected = changes_files.ordered(table(*everything))
        assert file.read().cast(SCHEMA).equals(expected)
        assert changes_files.days_in(file) == {day: etag for day, (_, etag) in paths.items()}
        for key in "abcdef":
            wanted = [row for row in expected.to_pylist() if row["item_key"] == f'{{"EmpId":"{key}"}}']
            assert changes_files.of_item(file, f'{{"EmpId":"{key}"}}').to_pylist() == wanted
