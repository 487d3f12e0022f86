"""Questions to `changes/`: one item's rows in order through days and months, its state at a time, who changed what."""

import datetime as dt
import json
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.memory import MemoryStore
from tests.unit.test_changes_files import START, TABLE, change, table

from itemtrail.cli import ends
from itemtrail.cli.main import main
from itemtrail.core import changes_files
from itemtrail.core.change_schema import Match
from itemtrail.errors import ConfigurationError
from itemtrail.flows import timeline
from itemtrail.flows.timeline import Span

DAY = dt.timedelta(days=1)


def image(salary: int | None) -> str | None:
    return None if salary is None else json.dumps({"EmpId": {"S": "a"}, "Salary": {"N": str(salary)}})


def version(second: int, old: int | None, new: int | None, key: str = "a", **values: object) -> dict[str, object]:
    operation = "INSERT" if old is None else "REMOVE" if new is None else "MODIFY"
    diff = [{"path": "Salary", "old": {"N": str(old)}, "new": {"N": str(new)}}] if old is not None and new is not None else None
    told = {"old_image": image(old), "new_image": image(new), "operation": operation, "changed": ["Salary"]}
    return change(key, second, second + 1, **told | {"diff": json.dumps(diff) if diff else None} | values)


def archive(tmp_path, *rows: dict[str, object], store: MemoryStore | None = None, arn: str = TABLE) -> MemoryStore:
    """An archive with these changes in the files of their days."""
    store = store or MemoryStore("s3://archive")
    for day in {row["change_ts"].date() for row in rows}:
        path = tmp_path / f"{day}.parquet"
        changes_files.write(table(*(row for row in rows if row["change_ts"].date() == day)), path)
        store.put(changes_files.day_key(arn, day), path)
    return store


def compact(store: MemoryStore, tmp_path, month: str = "2026-03") -> None:
    days = {}
    for info in store.list(changes_files.month_prefix(TABLE, month)):
        if day := changes_files.parse_day(info.key):
            path = tmp_path / f"c-{day}.parquet"
            path.write_bytes(store.body(info.key))
            days[day] = (path, info.etag)
    changes_files.compact(days, tmp_path / "month.parquet")
    store.put(changes_files.month_key(TABLE, month), tmp_path / "month.parquet")


def seconds(found: timeline.History) -> list[int]:
    return [int((row["change_ts"] - START).total_seconds()) for row in found.rows.to_pylist()]


def test_an_items_versions_come_in_order_across_days_and_months(tmp_path):
    store = archive(tmp_path, version(40 * 86400, 2, 3), version(5, None, 1), version(86400, 1, 2), version(6, None, 9, key="b"))
    found = timeline.history(store, TABLE, {"EmpId": "a"})
    assert seconds(found) == [5, 86400, 40 * 86400]
    assert seconds(timeline.history(store, TABLE, {"EmpId": "a"}, Span(START + DAY, START + 2 * DAY))) == [86400]
    assert dt.date(2026, 3, 3) in found.missing_days


def test_a_month_answers_for_its_days_until_one_of_them_is_built_again(tmp_path):
    store = archive(tmp_path, version(5, None, 1), version(86400, 1, 2))
    compact(store, tmp_path)
    store.reads.clear()
    assert seconds(timeline.history(store, TABLE, '{"EmpId":"a"}')) == [5, 86400]
    assert {key.rpartition("/")[2] for key in store.reads} == {"month.parquet"}
    archive(tmp_path, version(86400, 1, 2), version(86401, 2, 3), store=store)
    assert seconds(timeline.history(store, TABLE, '{"EmpId":"a"}')) == [5, 86400, 86401]


def test_names_that_are_not_the_keys_are_told(tmp_path):
    store = archive(tmp_path, version(5, None, 1))
    with pytest.raises(ConfigurationError, match=r"the key of .* is EmpId, not Emp"):
        timeline.history(store, TABLE, {"Emp": "a"})


def test_a_table_is_found_by_its_name_unless_two_have_it(tmp_path):
    store = archive(tmp_path, version(5, None, 1))
    assert timeline.resolve(store, "Employees") == timeline.resolve(store, TABLE) == TABLE
    other = TABLE.replace("eu-west-1", "us-east-1")
    archive(tmp_path, version(5, None, 1), store=store, arn=other)
    with pytest.raises(ConfigurationError, match="several tables are called Employees"):
        timeline.resolve(store, "Employees")
    with pytest.raises(ConfigurationError, match="Payroll has no history"):
        timeline.resolve(store, "Payroll")


def test_before_its_first_change_an_item_is_as_that_change_found_it(tmp_path):
    found = timeline.history(archive(tmp_path, version(50, 7, 8)), TABLE, {"EmpId": "a"})
    early = timeline.as_of(found, START)
    assert (early.known, early.image) == (True, json.loads(image(7)))
    assert "found it" in early.why
    assert timeline.as_of(timeline.history(archive(tmp_path, version(50, 7, 8)), TABLE, {"EmpId": "z"}), START).known is False


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(st.tuples(st.integers(0, 4 * 86400), st.none() | st.integers(0, 9)), min_size=1, max_size=20),
    at=st.integers(0, 4 * 86400),
)
def test_the_state_at_a_time_is_what_folding_all_changes_gives(tmp_path_factory, steps, at):
    tmp_path = tmp_path_factory.mktemp("fold")
    rows, state, expected = [], None, None
    for second, new in sorted(dict(steps).items()):
        if new is None and state is None:
            continue
        rows.append(version(second, state, new))
        state = new
        if second <= at:
            expected = new
    if not rows:
        return
    found = timeline.history(archive(tmp_path, *rows), TABLE, {"EmpId": "a"})
    told = timeline.as_of(found, START + dt.timedelta(seconds=at))
    assert told.known
    assert told.image == (json.loads(image(expected)) if expected is not None else None)


def test_changes_are_found_by_principal_and_by_attribute(tmp_path):
    who = "arn:aws:iam::111122223333:user/svc"
    store = archive(
        tmp_path, version(1, 1, 2, actor=who), version(2, 2, 3, source_identity="ana"), version(3, 3, 4, changed=["Title"])
    )
    assert [row["change_ts"] for row in timeline.changes(store, [TABLE], by="svc")] == [START + dt.timedelta(seconds=1)]
    assert len(list(timeline.changes(store, [TABLE], by=who))) == 1
    assert len(list(timeline.changes(store, [TABLE], by="ana"))) == 1
    assert len(list(timeline.changes(store, [TABLE], by="vc"))) == 0
    assert [row["changed"] for row in timeline.changes(store, [TABLE], attribute="Title")] == [["Title"]]
    assert len(list(timeline.changes(store, [TABLE]))) == 3


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    """Runs a command line over an archive with one employee's story."""
    origin = {"source_object": "AWSLogs/x.json.gz", "record_index": 4, "event_name": "UpdateItem", "request_id": "R1"}
    candidates = [
        {
            "event_id": "e",
            "event_name": "PutItem",
            "actor": "eve\x1b[2J",
            "event_ts": START,
            "source_object": "o",
            "record_index": 1,
        }
    ]
    store = archive(
        tmp_path,
        version(5, 5000, 5200, actor="ana", actor_source="sourceIdentity", **origin),
        version(9, 5200, 9000, match_confidence=Match.AMBIGUOUS.value, candidates=candidates),
        version(86400 * 2, 9000, None, match_confidence=Match.STREAM_ONLY_UNEXPLAINED.value),
    )
    monkeypatch.setattr(ends, "open_ends", lambda arguments: SimpleNamespace(archive=store))

    def run(*words: str) -> tuple[int, str]:
        code = main(list(words))
        done = capsys.readouterr()
        return code, done.out + done.err

    return run


def test_the_history_reads_as_a_story_with_its_originals(command):
    code, text = command("history", "--table", "Employees", "--key", "EmpId=a")
    assert code == 0
    assert "2026-03-01 00:00:05Z  MODIFY  ana (sourceIdentity)" in text
    assert "Salary  5000 → 5200" in text
    assert "log     AWSLogs/x.json.gz record 4" in text
    assert "AMBIGUOUS: one of the calls below" in text
    assert r"eve\x1b[2J" in text
    assert "\x1b" not in text
    assert "FINDING: no logged call explains this change" in text
    assert "history is built from 2026-03-01 to 2026-03-03, but not 2026-03-02" in text


def test_the_state_at_a_time_is_printed_with_the_change_that_tells(command):
    code, text = command("history", "--table", "Employees", "--key", "EmpId=a", "--as-of", "2026-03-01T00:00:06Z")
    assert (code, "Salary  5200" in text, "ana" in text) == (0, True, True)
    code, text = command("history", "--table", "Employees", "--key", "EmpId=a", "--as-of", "2026-03-05", "--json")
    assert (code, json.loads(text)["item"]) == (0, None)
    code, text = command("history", "--table", "Employees", "--key", "EmpId=z", "--as-of", "2026-03-05")
    assert (code, "not known" in text) == (1, True)


def test_a_key_without_a_value_and_an_unknown_item_are_told(command):
    assert command("history", "--table", "Employees", "--key", "E-1")[0] == 2
    code, text = command("history", "--table", "Employees", "--key", "EmpId=zz")
    assert (code, text.startswith("no change of EmpId=zz")) == (1, True)


def test_changes_by_principal_as_text_and_json(command):
    code, text = command("changes", "--by", "ana")
    assert (code, "1 changes" in text) == (0, True)
    code, text = command("changes", "--table", "Employees", "--json", "--limit", "2")
    lines = [json.loads(line) for line in text.splitlines()]
    assert (code, len(lines), lines[0]["diff"][0]["new"]) == (0, 2, {"N": "5200"})
    assert command("changes")[0] == 2
    assert command("changes", "--by", "nobody")[0] == 1
