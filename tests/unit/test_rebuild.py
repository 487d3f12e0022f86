"""Records back from Parquet: order, hashes, and files that are not what they should be."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from tests.conversion import convert
from tests.vectors.make_records import document, event, text

from itemtrail.core.rebuild import records
from itemtrail.core.records import Limits
from itemtrail.errors import EvidenceError


def test_order_is_source_object_then_index_across_files_and_row_groups(tmp_path: Path) -> None:
    objects = []
    for source in ("a", "b", "ä", "東"):
        days = [event(n, eventTime=f"2026-11-{18 + n % 3}T{n % 24:02d}:00:00Z", userAgent=source) for n in range(40)]
        objects.append((source, document(*text(*days))))
    made = convert(tmp_path, objects, limits=Limits(row_group_rows=7))
    assert len(made.files) == 3
    found = [(source, index) for source, index, _ in records(file.path for file in made.files)]
    assert found == [(source, index) for source, _ in objects for index in range(40)]


def test_files_may_come_in_any_order(tmp_path: Path) -> None:
    objects = [("a", document(*text(*(event(n, eventTime=f"2026-11-{10 + n}T00:00:00Z") for n in range(9)))))]
    paths = [file.path for file in convert(tmp_path, objects).files]
    assert list(records(paths)) == list(records(reversed(paths)))


def test_a_changed_cell_is_found_by_the_records_hash(tmp_path: Path) -> None:
    (file,) = convert(tmp_path, [("a", document(*text(event(1), event(2))))]).files
    parquet = pq.ParquetFile(file.path)
    table, metadata = parquet.read(), parquet.metadata.metadata
    names = pc.replace_substring(table["sourceIPAddress"], "192.0.2.10", "192.0.2.11")
    changed = table.set_column(table.schema.get_field_index("sourceIPAddress"), "sourceIPAddress", names)
    pq.write_table(changed.replace_schema_metadata(metadata), tmp_path / "changed.parquet")
    with pytest.raises(EvidenceError, match="record of a, record 0 cannot be rebuilt: its hash does not hold"):
        list(records([tmp_path / "changed.parquet"]))


@pytest.mark.parametrize("content", [b"", b"PAR1", b"not parquet at all", b"PAR1" + b"\0" * 100 + b"PAR1"])
def test_what_is_not_parquet_is_named(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "bad.parquet"
    path.write_bytes(content)
    with pytest.raises(EvidenceError, match=r"bad\.parquet cannot be read as Parquet"):
        list(records([path]))


def test_parquet_of_something_else_is_named(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1]}), tmp_path / "other.parquet")
    with pytest.raises(EvidenceError, match=r"other\.parquet is not events/1"):
        list(records([tmp_path / "other.parquet"]))


def test_no_files_are_no_records() -> None:
    assert list(records([])) == []
