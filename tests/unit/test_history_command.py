"""`itemtrail history` and `itemtrail changes` as a user runs them: a story with its originals, and honest exit codes."""

import json
from types import SimpleNamespace

import pytest
from tests.changes_world import TABLE, change, image, put_day, text
from tests.memory import MemoryStore
from tests.unit.test_timeline import DAY, at

from itemtrail.cli import ends
from itemtrail.cli.change_text import Paint, block
from itemtrail.cli.main import main
from itemtrail.core.change_schema import Match
from itemtrail.core.change_words import SURE, value

NAME = "111122223333_CloudTrail_eu-west-1_20260310T0905Z_abcdEFGH12345678.json.gz"
LOG = f"AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/10/{NAME}"
KEY = ("--table", "Employees", "--key", "EmpId=E-1")


def salary(hour: int, old: int | None, new: int | None, **more):
    old_image, new_image = (None if v is None else image({"EmpId": "E-1", "Salary": str(v)}) for v in (old, new))
    diff = [{"path": "Salary", "old": {"N": str(old)}, "new": {"N": str(new)}}] if old and new else None
    told = {"old_image": old_image, "new_image": new_image, "changed": ["Salary"], "diff": diff and json.dumps(diff)}
    place = {"shard_id": "shardId-1", "stream_object": "stream_records/x.parquet"}
    return change(at(hour), number=hour, **told | place | more)


@pytest.fixture
def command(monkeypatch, capsys):
    store = MemoryStore()
    call = {"source_object": LOG, "record_index": 4, "event_name": "UpdateItem", "request_id": "R1", "event_id": "it's"}
    candidate = {
        "event_id": "e",
        "event_name": "PutItem",
        "actor": "eve\x1b[2J",
        "event_ts": at(10),
        "source_object": LOG,
        "record_index": 1,
    }
    put_day(
        store,
        DAY,
        [
            salary(9, 5000, 5200, actor="ana", actor_source="sourceIdentity", source_ip="10.0.0.7", event_ts=at(9), **call),
            salary(10, 5200, 9000, match_confidence=Match.AMBIGUOUS.value, candidates=[candidate]),
            salary(12, 9000, None, operation="REMOVE", match_confidence=Match.STREAM_ONLY_UNEXPLAINED.value),
            change(at(13), "", None, item_key="", match_confidence="TRAIL_ONLY_LOST", operation="ExecuteStatement", actor="kim"),
        ],
    )
    monkeypatch.setattr(ends, "open_ends", lambda arguments: SimpleNamespace(archive=store))

    def run(*words: str) -> tuple[int, str]:
        code = main(list(words))
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


def test_the_history_reads_as_a_story_with_its_originals(command):
    code, said = command("history", *KEY)
    assert code == 0
    assert "2026-03-10 09:00:00Z  MODIFY  ana (sourceIdentity)" in said
    assert "Salary  5000 → 5200" in said
    assert "UpdateItem from 10.0.0.7, request R1" in said
    assert f"log     {LOG} record 4" in said
    assert "stream  shardId-1 9 in stream_records/x.parquet" in said
    assert "$ itemtrail originals --day 2026-03-10 --unit 111122223333/eu-west-1 --to originals" in said
    assert """$ itemtrail query --from 2026-03-10 --to 2026-03-10 --json 'SELECT * FROM events WHERE eventID = '"'"'it""" in said
    assert "history is built from 2026-03-10 to 2026-03-10" in said


def test_doubt_and_findings_are_said_plainly_and_no_value_steers_the_terminal(command):
    _, said = command("history", *KEY)
    assert SURE[Match.AMBIGUOUS] in said
    assert r"PutItem  eve\x1b[2J" in said
    assert "\x1b" not in said
    assert "FINDING: no logged call explains this change" in said
    assert "Salary  9000 → (removed)" in said


def test_every_confidence_has_words_and_colours_come_only_where_asked():
    assert set(SURE) == set(Match)
    row = salary(9, 5000, 5200)
    assert "\x1b[32m5200\x1b[0m" in block(row, Paint(True))
    assert "\x1b" not in block(row, Paint(False))


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ({"N": "5200"}, "5200"),
        ({"S": 'a"b\n'}, r'"a\"b\n"'),
        ({"BOOL": True}, "true"),
        ({"NULL": True}, "null"),
        ({"SS": ["a"]}, '{"SS":["a"]}'),
        ({"S": "\u202e"}, r'"\x202e"'),
    ],
)
def test_values_are_short_and_visible(typed, shown):
    assert value(typed) == shown
    assert len(value({"S": "x" * 10_000})) < 300


def test_json_has_the_whole_rows(command):
    code, said = command("history", *KEY, "--json", "--to", "2026-03-10T09:00:00Z")
    (row,) = json.loads(said)
    assert (code, row["item_key"], row["diff"][0]["new"]) == (0, {"EmpId": "E-1"}, {"N": "5200"})
    assert (row["change_ts"], row["source_object"], row["record_index"]) == ("2026-03-10T09:00:00Z", LOG, 4)


def test_the_item_at_a_time_is_told_with_the_change_that_says_so(command):
    code, said = command("history", *KEY, "--as-of", "2026-03-10T09:30:00Z")
    assert (code, "Salary  5200" in said, "told by this change" in said, "ana" in said) == (0, True, True, True)
    code, said = command("history", *KEY, "--as-of", "2026-03-10")
    assert (code, "(the item was not there)" in said) == (0, True)
    code, said = command("history", *KEY, "--as-of", "2026-03-12")
    assert (code, "not certain: the history is built until the end of 2026-03-10" in said) == (1, True)
    code, said = command("history", *KEY, "--as-of", "2026-03-10T09:30:00Z", "--json")
    assert (code, json.loads(said)["item"]["Salary"], json.loads(said)["doubts"]) == (0, {"N": "5200"}, [])


def test_an_empty_answer_says_what_was_searched_and_until_when(command):
    code, said = command("history", "--table", "Employees", "--key", "EmpId=E-9", "--from", "2026-03-01")
    assert code == 1
    assert f"no change of {text(EmpId='E-9')} in {TABLE} from 2026-03-01T00:00:00Z; history is built from 2026-03-10" in said
    code, said = command("changes", "--by", "nobody")
    assert code == 1
    assert f"searched {TABLE}: history is built from 2026-03-10 to 2026-03-10" in said


def test_wrong_words_are_usage_errors_that_help(command):
    assert command("history", "--table", "Employees", "--key", "E-1")[0] == 2
    code, said = command("history", "--table", "Employees", "--key", "Id=E-1")
    assert (code, "items are named by EmpId" in said) == (2, True)
    assert command("changes")[0] == 2


def test_changes_are_found_by_principal_attribute_and_table(command):
    code, said = command("changes", "--by", "ana")
    assert (code, said.count("MODIFY"), "1 changes" in said) == (0, 1, True)
    code, said = command("changes", "--table", "Employees", "--json", "--limit", "2")
    lines = [json.loads(line) for line in said.splitlines()[:2]]
    assert [line["operation"] for line in lines] == ["MODIFY", "MODIFY"]
    assert "there are more: --limit 20" in said
    code, said = command("changes", "--by", "kim")
    assert (code, "key not known" in said) == (0, True)
    assert command("changes", "--attribute", "Grade")[0] == 1
