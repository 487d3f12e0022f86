"""Every bad input, one file each, through `itemtrail convert`: kept to the byte or quarantined with its reason."""

import gzip
import json
import zlib
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.conversion import sql
from tests.vectors.make_records import EXPECTED, FOLDER, MAX_INFLATED

from itemtrail.cli.convert_files import Conversion, convert, find
from itemtrail.core.rebuild import records
from itemtrail.core.records import Limits, split
from itemtrail.settings import ConversionSettings

SETTINGS = ConversionSettings(max_inflated_bytes=MAX_INFLATED)
OUTCOMES = json.loads(EXPECTED.read_text(encoding="utf-8"))


def run(paths: list[Path], out: Path) -> Conversion:
    return convert(find(paths).sources, out, SETTINGS, lambda *_: None)


@pytest.mark.parametrize("name", OUTCOMES)
def test_the_file_becomes_what_is_expected_of_it(name: str, tmp_path: Path) -> None:
    path, wanted = FOLDER / name, OUTCOMES[name]
    made = run([path], tmp_path / "out")
    assert (made.summary.rows, made.summary.duplicates) == (wanted["rows"], wanted["duplicates"])
    assert [[one.record_index, one.reason] for one in made.quarantined] == wanted["quarantined"]
    assert made.summary.records_in == made.summary.rows + made.summary.duplicates + made.summary.quarantined

    delivered = _content(path)
    rebuilt = list(records((tmp_path / "out").rglob("*.parquet")))
    assert all(record in delivered for _, _, record in rebuilt)
    if not wanted["duplicates"] and delivered:
        assert [(index, record) for _, index, record in rebuilt] == list(split(delivered, Limits()).records)[: len(rebuilt)]
    if rebuilt:
        kept_whole = [pq.read_table(file, columns=["_record"])["_record"] for file in (tmp_path / "out").rglob("*.parquet")]
        assert sum(len(column) - column.null_count for column in kept_whole) == wanted["exact"]
    for one in made.quarantined:
        kept = (tmp_path / "out/quarantine" / one.file).read_bytes()
        said = json.loads((tmp_path / f"out/quarantine/{one.file}.json").read_text(encoding="utf-8"))
        assert (said["reason"], said["source_object"], said["size"]) == (one.reason, path.as_posix(), len(kept))
        assert kept == path.read_bytes() if one.record_index is None and one.reason != "EXTRA_TOP_LEVEL" else kept


def _content(path: Path) -> bytes:
    try:
        return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error):
        return b""


def test_all_of_them_together_add_up_twice_alike(tmp_path: Path) -> None:
    made = [run([FOLDER], tmp_path / name) for name in ("one", "two")]
    summary = made[0].summary
    assert summary.files == len(OUTCOMES) + 1  # expected.json is a file without Records
    assert summary.records_in == summary.rows + summary.duplicates + summary.quarantined
    assert summary.rows == sql(tmp_path / "one", "SELECT count(*) FROM events")[0][0]
    assert {one.reason for one in made[0].quarantined} >= {q[1] for v in OUTCOMES.values() for q in v["quarantined"]}
    assert made[0] == made[1]
    files = [
        {p.relative_to(tmp_path / n): p.read_bytes() for p in (tmp_path / n).rglob("*") if p.is_file()} for n in ("one", "two")
    ]
    assert files[0] == files[1]
    rebuilt = list(records((tmp_path / "one").rglob("*.parquet")))
    assert len(rebuilt) == summary.rows
    assert rebuilt == sorted(rebuilt, key=lambda one: one[:2])
