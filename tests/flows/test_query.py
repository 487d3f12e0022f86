"""SQL over an archive: views, what is copied, what a statement may not do."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.archive_world import BEGIN, DAY, HOUR, ArchiveWorld, a_chain, records
from tests.ledger_world import LedgerWorld, unit, week

from itemtrail.errors import ConfigurationError
from itemtrail.flows.ledger_book import open_book
from itemtrail.flows.query import Scope, ask, copy_events, needs
from itemtrail.flows.receipts import history
from itemtrail.model import Verdict


@pytest.fixture
def world(tmp_path: Path) -> ArchiveWorld:
    (tmp_path / "spool").mkdir()
    return ArchiveWorld(tmp_path / "spool", chain=a_chain(logs=1))


def copied(world: ArchiveWorld, cache: Path, scope: Scope = Scope(), limit: int = 1 << 30) -> tuple[Path, ...]:  # noqa: B008
    return copy_events(world.archive, cache, scope, limit=limit, progress=world.said.append)


def rows(world: ArchiveWorld, cache: Path, sql: str, **more: Any) -> Sequence[tuple[Any, ...]]:
    files = copied(world, cache, **more)
    return list(ask(sql, events=files, root=cache, receipts=history(world.archive, world.unit), memory="512MB").rows)


def test_partition_columns_are_strings(world: ArchiveWorld, tmp_path: Path) -> None:
    world.run()
    found = rows(world, tmp_path / "c", "SELECT DISTINCT typeof(account), typeof(event_date), account, event_date FROM events")
    assert found == [("VARCHAR", "VARCHAR", "111122223333", str(DAY))]


def test_a_record_of_two_commits_is_twice_in_events_and_once_in_events_distinct(world: ArchiveWorld, tmp_path: Path) -> None:
    world.run()
    again = world.chain.log_key(BEGIN + 12 * HOUR, "again00000000000")
    world.source.put(again, world.source.body(world.logs()[0]))
    world.run()
    sql = "SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM events_distinct)"
    assert rows(world, tmp_path / "c", sql) == [(25, 24)]
    kept = rows(world, tmp_path / "c", "SELECT source_object FROM events_distinct ORDER BY ALL")
    assert [key for (key,) in kept] == sorted(set(world.logs()) - {again})


def test_receipts_are_a_table(world: ArchiveWorld, tmp_path: Path) -> None:
    world.run()
    sql = "SELECT delivery_date, number, verdict, conversion, rows, records_in, schema_version FROM receipts"
    assert rows(world, tmp_path / "c", sql) == [(str(DAY), 0, "PROVEN", "COMPLETE", 24, 24, 1)]


def test_an_empty_archive_answers_with_no_rows_and_all_columns(world: ArchiveWorld, tmp_path: Path) -> None:
    answer = ask("SELECT * FROM events_distinct", events=(), root=tmp_path, receipts=(), memory="512MB")
    assert list(answer.rows) == []
    assert {"eventName", "actor", "account", "region", "event_date", "record_index"} <= set(answer.columns)


def test_files_are_copied_once_and_only_for_the_days_asked_for(world: ArchiveWorld, tmp_path: Path) -> None:
    early = world.chain.log(BEGIN + 12 * HOUR, "early00000000000", content=records("old", at=BEGIN))
    world.deliver(early)
    world.run()
    assert len(copied(world, tmp_path / "c", Scope(first=DAY))) == 1
    world.archive.reads.clear()
    assert len(copied(world, tmp_path / "c")) == 2
    assert len(world.archive.reads) == 1
    assert copied(world, tmp_path / "c", Scope(last=DAY.replace(day=8))) == ()


def test_more_than_the_limit_is_not_copied_unasked(world: ArchiveWorld, tmp_path: Path) -> None:
    world.run()
    with pytest.raises(ConfigurationError, match=r"1 files, [\d,]+ bytes.*narrow the event dates"):
        copied(world, tmp_path / "c", limit=10)
    assert not list((tmp_path / "c").rglob("*.parquet"))


def test_a_key_that_is_no_events_file_is_not_copied(world: ArchiveWorld, tmp_path: Path) -> None:
    world.run()
    for key in ("events/../../escape.parquet", "events/account=1/x.parquet", "events/_SUCCESS"):
        world.archive.put(key, b"x")
    assert len(copied(world, tmp_path / "c")) == 1
    assert not (tmp_path / "escape.parquet").exists()


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE x AS SELECT 1",
        "INSERT INTO receipts SELECT * FROM receipts",
        "ATTACH '/tmp/x.db'",
        "PRAGMA database_list",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO '/tmp/x'",
        "SELECT * FROM glob('/*')",
        "SELECT * FROM read_csv('/etc/hosts')",
        "SELECT * FROM '{outside}'",
        "COPY events TO '{inside}'",
        "EXPORT DATABASE '{inside}'",
        "SELECT getenv('HOME'); DROP VIEW events",
        "LOAD httpfs",
    ],
)
def test_a_statement_can_only_read_what_was_copied(world: ArchiveWorld, tmp_path: Path, sql: str) -> None:
    world.run()
    (tmp_path / "outside.csv").write_text("a\n1\n")
    cache = tmp_path / "c"
    with pytest.raises(ConfigurationError):
        rows(world, cache, sql.format(outside=tmp_path / "outside.csv", inside=cache / "stolen.parquet"))
    assert not list(tmp_path.rglob("*stolen*"))


def test_memory_is_bounded_and_said_so(world: ArchiveWorld, tmp_path: Path) -> None:
    world.run()
    sql = "SELECT count(DISTINCT a.range::VARCHAR || b.range) FROM range(100000) a, range(1000) b"
    files = copied(world, tmp_path / "c")
    with pytest.raises(ConfigurationError, match="fewer columns or days, or raise --memory"):
        list(ask(sql, events=files, root=tmp_path / "c", receipts=(), memory="50MB").rows)


def test_a_damaged_copy_is_an_error_not_an_answer(world: ArchiveWorld, tmp_path: Path) -> None:
    world.run()
    (path,) = copied(world, tmp_path / "c")
    path.write_bytes(b"x" * path.stat().st_size)
    with pytest.raises(ConfigurationError, match="DuckDB"):
        rows(world, tmp_path / "c", "SELECT count(*) FROM events")


def test_a_quote_in_a_folders_name_is_only_a_name(world: ArchiveWorld, tmp_path: Path) -> None:
    world.run()
    assert rows(world, tmp_path / "it's", "SELECT count(*) FROM events") == [(24,)]


def test_needs_looks_for_the_name() -> None:
    assert needs("select * from EVENTS_distinct", "events")
    assert not needs("select eventName from receipts", "events")


def test_units_are_each_units_last_row_of_the_ledger(tmp_path: Path) -> None:
    (tmp_path / "room").mkdir()
    ledger = LedgerWorld(tmp_path / "room")
    week(ledger, range(3))
    ledger.append()
    ledger.commit(unit(1), verdict=Verdict.DISPROVEN)
    ledger.commit_stream()
    ledger.append()
    files = open_book(ledger.archive, tmp_path / "room").paths
    sql = "SELECT delivery_date, number, verdict, rows, reasons[1].reason FROM units ORDER BY 1"
    found = list(ask(sql, events=(), root=tmp_path, receipts=(), memory="512MB", ledger=files).rows)
    assert found == [
        ("2026-03-01", 0, "PROVEN", 10, None),
        ("2026-03-02", 1, "DISPROVEN", 20, "HASH_MISMATCH"),
        ("2026-03-03", 0, "PROVEN", 10, None),
    ]
    nothing = ask("SELECT * FROM units", events=(), root=tmp_path, receipts=(), memory="512MB")
    assert (list(nothing.rows), "lack" in nothing.columns) == ([], True)
