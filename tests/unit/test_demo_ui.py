"""What the UI decides before Airflow starts."""

import socket
import sqlite3
from pathlib import Path

from itemtrail_demo import config, ui


def test_its_database_is_in_wal_mode_for_everybody_who_opens_it(tmp_path: Path) -> None:
    database = tmp_path / "airflow.db"
    ui.make_database(database)
    connection = sqlite3.connect(database)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_a_writer_waits_while_another_holds_the_lock_and_readers_do_not(tmp_path: Path) -> None:
    database = tmp_path / "airflow.db"
    ui.make_database(database)
    writer = sqlite3.connect(database, isolation_level=None)
    writer.execute("CREATE TABLE t (x)")
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("INSERT INTO t VALUES (1)")
    reader = sqlite3.connect(database, timeout=0)
    assert reader.execute("SELECT count(*) FROM t").fetchone() == (0,)
    writer.execute("COMMIT")
    assert reader.execute("SELECT count(*) FROM t").fetchone() == (1,)
    writer.close()
    reader.close()


def test_a_taken_port_is_exchanged_for_a_free_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert ui.free_port(port) != port
    assert ui.free_port(port) == port


def test_each_connection_has_exactly_the_documented_statements() -> None:
    roles = config.roles()
    assert {name: [statement["Sid"] for statement in statements][:2] for name, statements in roles.items()} == {
        "itemtrail_trail_reader": ["ListTrailBucket", "ReadDeliveredObjects"],
        "itemtrail_archive_writer": ["ListArchive", "ReadArchive"],
        "itemtrail_stream_reader": ["FindStreams", "ReadStreams"],
        "itemtrail_setup": ["ReadBuckets", "ReadTrails"],
        "itemtrail_posture": ["ReadAccount", "ReadTrails"],
        "itemtrail_restorer": ["ListClassesAndRestores", "AskForCopies"],
        "itemtrail_event_history": ["LookUpEvents"],
        "itemtrail_evidence": ["ListArchive", "ReadArchive"],
        "itemtrail_auditor": ["ListArchive", "ReadArchive"],
    }
    actions = {action for statement in roles["itemtrail_archive_writer"] for action in statement["Action"]}
    assert not any("Delete" in action or "Lifecycle" in action or "Bypass" in action for action in actions)
