"""SQL over the archive: DuckDB on this machine, over a local copy of the Parquet files asked for.

Decides: what is copied (each file once: they never change), and what SQL may do: one statement that reads, no file but those
copied, no network, no setting, bounded memory. Refuses to copy more than a limit without being told which days are meant.
Views: ``events`` (partition columns are strings), ``events_distinct`` (one row per account, Region and record), ``receipts``;
``units`` (each unit's state as of the last ledger checkpoint: nothing of the receipts is read);
``event_history`` (an unproven source, and says so in every row), ``events_all`` (both, the trail's row where both have one).
Source: DuckDB documentation, "Securing DuckDB" and "Hive Partitioning", read 2026-11-24.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from itemtrail.core import layout
from itemtrail.core.event_history import PROOF, SOURCE
from itemtrail.core.ledger_rows import SCHEMA as LEDGER
from itemtrail.core.receipt import Counts, Receipt
from itemtrail.core.schema import SCHEMA
from itemtrail.errors import ColdStorage, ConfigurationError
from itemtrail.model import ObjectInfo
from itemtrail.ports.data import ObjectStore

if TYPE_CHECKING:
    import duckdb

_THREADS = 8
_EVENTS_KEY = re.compile(
    r"(?:events|event_history)/account=\d{12}/region=[a-z0-9-]+/event_date=(?P<date>[0-9-]{10})/\d{4}-\d\d-\d\d\.\d{3,}-\d{3,}\.parquet"
)
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Scope:
    """Which files are asked for: event dates, both included; None is open."""

    first: dt.date | None = None
    last: dt.date | None = None

    def holds(self, date: str) -> bool:
        """Whether the partition ``date`` is asked for."""
        return (self.first is None or date >= str(self.first)) and (self.last is None or date <= str(self.last))


@dataclass(frozen=True, slots=True)
class Answer:
    """Column names and rows, which are read as they are taken."""

    columns: tuple[str, ...]
    rows: Iterator[tuple[Any, ...]]


def copy_events(
    archive: ObjectStore, cache: Path, scope: Scope, *, limit: int, progress: Callable[[str], None], folder: str = layout.EVENTS
) -> tuple[Path, ...]:
    """The Parquet files of ``scope`` in ``folder`` of the archive, copied to below ``cache`` where they are not there yet.

    Raises:
        ConfigurationError: more than ``limit`` bytes would have to be copied. ColdStorage: a file must be restored first, and the
        others alone are no answer. AccessDenied, SourceUnavailable.
    """
    wanted = [(info, cache / info.key) for info in archive.list(folder) if _is_asked_for(info, scope)]
    lacking = [(info, path) for info, path in wanted if not (path.is_file() and path.stat().st_size == info.size)]
    size = sum(info.size for info, _ in lacking)
    if size > limit:
        raise ConfigurationError(
            f"{len(lacking)} files, {size:,} bytes, would have to be copied from {archive.name}; the limit is {limit:,}.",
            advice="narrow the event dates by --from and --to, raise --copy-limit, or ask Athena.",
        )
    if lacking:
        progress(f"copying {len(lacking)} Parquet files, {size:,} bytes")
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="copy") as threads:
        done = zip(lacking, threads.map(lambda pair: _copy(archive, *pair), lacking), strict=True)
        cold = [(info, error) for (info, _), error in done if error]
    if cold:
        raise _no_answer(cold, len(wanted))
    return tuple(path for _, path in wanted)


def _no_answer(cold: Sequence[tuple[ObjectInfo, ColdStorage]], wanted: int) -> ColdStorage:
    """One error for all files that must be restored first, with one command that plans it."""
    dates = sorted(match["date"] for info, _ in cold if (match := _EVENTS_KEY.fullmatch(info.key)))
    _, first = cold[0]
    command = f"`itemtrail restore --plan --what events --from {dates[0]} --to {dates[-1]}` plans their restore; then run again."
    return ColdStorage(
        f"{len(cold)} of {wanted} Parquet files asked for lie in a Glacier class, so there is no answer. First: {first.message}",
        advice=first.advice if len(cold) == 1 else command,
    )


def _is_asked_for(info: ObjectInfo, scope: Scope) -> bool:
    match = _EVENTS_KEY.fullmatch(info.key)
    return match is not None and scope.holds(match["date"])


def _copy(archive: ObjectStore, info: ObjectInfo, path: Path) -> ColdStorage | None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    try:
        archive.download(info.key, part, version_id=info.version_id)
    except ColdStorage as error:
        return error
    part.replace(path)
    return None


def ask(
    sql: str,
    *,
    events: Sequence[Path],
    root: Path,
    receipts: Iterable[Receipt],
    memory: str,
    event_history: Sequence[Path] = (),
    ledger: Sequence[Path] = (),
) -> Answer:
    """Run one reading statement.

    Args:
        sql: the statement.
        events: Parquet files below ``root``, whose folders are their partitions.
        root: the only folder that the statement can read.
        receipts: rows of ``receipts``.
        memory: DuckDB's ``memory_limit``, for example ``2GB``.
        event_history: Parquet files of the event history, as ``events``.
        ledger: Parquet files below ``root`` that the last checkpoint names; ``units`` are each unit's last row in them.

    Raises:
        ConfigurationError: not one statement that reads, or one that DuckDB refuses.
    """
    import duckdb

    try:
        connection = duckdb.connect(":memory:", config={"memory_limit": memory, "temp_directory": ""})
        connection.execute("SET TimeZone = 'UTC'")
        _events(connection, events)
        _event_history(connection, event_history)
        _receipts(connection, receipts)
        _units(connection, ledger)
        _lock(connection, root)
        _must_only_read(connection, sql)
        cursor = connection.execute(sql)
        columns = tuple(column[0] for column in cursor.description or ())
    except duckdb.Error as error:
        raise _refused(error) from error
    return Answer(columns, _rows(cursor))


def needs(sql: str, view: str) -> bool:
    """Whether the statement may name ``view`` (so that what it does not name is not copied)."""
    return re.search(rf"\b{view}", sql, re.IGNORECASE) is not None


def _events(connection: "duckdb.DuckDBPyConnection", events: Sequence[Path]) -> None:
    _view(connection, "events", events)
    connection.execute(
        "CREATE VIEW events_distinct AS SELECT * FROM events QUALIFY row_number() OVER "
        "(PARTITION BY account, region, record_sha256 ORDER BY source_object, record_index) = 1"
    )


def _event_history(connection: "duckdb.DuckDBPyConnection", files: Sequence[Path]) -> None:
    """Every row of it says what it is. Beside a trail's row with the same eventID, or the same record, it is not shown twice."""
    _view(connection, "event_history", files, f", '{SOURCE}' AS source, '{PROOF}' AS proof")
    connection.execute(
        "CREATE VIEW events_all AS SELECT *, 'trail' AS source FROM events_distinct UNION ALL BY NAME "
        "SELECT * EXCLUDE (proof) FROM event_history AS e "
        "WHERE NOT EXISTS (SELECT 1 FROM events AS t WHERE t.account = e.account AND t.eventID = e.eventID) "
        "AND NOT EXISTS (SELECT 1 FROM events AS t WHERE t.account = e.account AND t.record_sha256 = e.record_sha256) "
        "QUALIFY row_number() OVER (PARTITION BY account, region, record_sha256 ORDER BY source_object, record_index) = 1"
    )


def _view(connection: "duckdb.DuckDBPyConnection", name: str, paths: Sequence[Path], more: str = "") -> None:
    if paths:
        files = ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths)
        connection.execute(
            f"CREATE VIEW {name} AS SELECT *{more} FROM read_parquet([{files}], hive_partitioning = true, "  # noqa: S608 - quoted
            "hive_types_autocast = false, union_by_name = true)"
        )
        return
    connection.register("nothing", SCHEMA.empty_table())
    empty = f"SELECT *, '' AS account, '' AS region, '' AS event_date{more} FROM nothing"  # noqa: S608 - constants
    connection.execute(f"CREATE TABLE {name} AS {empty}")
    connection.unregister("nothing")


def _units(connection: "duckdb.DuckDBPyConnection", ledger: Sequence[Path]) -> None:
    if ledger:
        files = ", ".join("'" + str(path).replace("'", "''") + "'" for path in ledger)
        connection.execute(f"CREATE VIEW ledger AS SELECT * FROM read_parquet([{files}])")  # noqa: S608 - quoted above
    else:
        connection.register("no_ledger", LEDGER.empty_table())
        connection.execute("CREATE TABLE ledger AS SELECT * FROM no_ledger")
        connection.unregister("no_ledger")
    connection.execute(
        "CREATE VIEW units AS SELECT * EXCLUDE (kind, table_name, event_date) FROM ledger WHERE kind = 'receipts' QUALIFY "
        "row_number() OVER (PARTITION BY account, region, delivery_date ORDER BY leaf DESC) = 1"
    )


def _receipts(connection: "duckdb.DuckDBPyConnection", receipts: Iterable[Receipt]) -> None:
    numbers = [field.name for field in fields(Counts)]
    columns = ", ".join(f"{name} BIGINT" for name in numbers)
    connection.execute(
        "CREATE TABLE receipts (account VARCHAR, region VARCHAR, delivery_date VARCHAR, number INTEGER, verdict VARCHAR, "
        f"conversion VARCHAR, {columns}, package VARCHAR, schema_version INTEGER, previous VARCHAR)"
    )
    rows = [_receipt_row(receipt, numbers) for receipt in receipts]
    if rows:
        marks = ", ".join("?" * len(rows[0]))
        connection.executemany(f"INSERT INTO receipts VALUES ({marks})", rows)  # noqa: S608 - question marks only


def _receipt_row(receipt: Receipt, numbers: Sequence[str]) -> tuple[object, ...]:
    unit, counts = receipt.unit, asdict(receipt.counts)
    head = (unit.account, unit.region, str(unit.day), receipt.number, str(receipt.verdict), str(receipt.conversion))
    tail = (receipt.versions.package, receipt.versions.schema, receipt.previous)
    return (*head, *(counts[name] for name in numbers), *tail)


def _lock(connection: "duckdb.DuckDBPyConnection", root: Path) -> None:
    folder = str(root).replace("'", "''")
    connection.execute(f"SET allowed_directories = ['{folder}/']")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def _must_only_read(connection: "duckdb.DuckDBPyConnection", sql: str) -> None:
    import duckdb

    statements = connection.extract_statements(sql)
    reading = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)
    if len(statements) != 1 or statements[0].type not in reading:
        raise ConfigurationError("the query must be one SELECT statement.", advice="write it without a second statement.")


def _rows(cursor: "duckdb.DuckDBPyConnection") -> Iterator[tuple[Any, ...]]:
    import duckdb

    try:
        while batch := cursor.fetchmany(_BATCH):
            yield from batch
    except duckdb.Error as error:
        raise _refused(error) from error


def _refused(error: Exception) -> ConfigurationError:
    advice = "views: events, events_distinct, receipts, units, event_history, events_all; columns: docs/schema.md."
    if "Out of Memory" in str(error):
        advice = "ask for fewer columns or days, or raise --memory."
    return ConfigurationError(f"DuckDB: {str(error).strip()}", advice=advice)
