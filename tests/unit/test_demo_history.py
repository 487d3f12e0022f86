"""The demo's judgement of the history: what is missing, what has a false name, what names nobody."""

import json

from itemtrail_demo.history import compare

ACCOUNT = "111122223333"
TABLE = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/Employees"
KEY = {"EmpId": {"S": "E-1"}}


def line(request: str, before: str | None, after: str | None, *, noop: bool = False) -> dict:
    images = [None if value is None else {**KEY, "Salary": {"N": value}} for value in (before, after)]
    change = {"table": "Employees", "key": KEY, "before": images[0], "after": images[1], "noop": noop}
    return {
        "at": "t",
        "operation": "UpdateItem",
        "seat": "ana",
        "region": "us-east-1",
        "request_id": request,
        "changes": [change],
    }


def row(request: str | None, before: str | None, after: str | None, match: str = "UNIQUE") -> dict:
    images = [None if value is None else json.dumps({"Salary": {"N": value}, **KEY}) for value in (before, after)]
    return {
        "table_arn": TABLE,
        "item_key": '{"EmpId":"E-1"}',
        "old_image": images[0],
        "new_image": images[1],
        "request_id": request,
        "actor": "bob",
        "match_confidence": match,
    }


def test_changes_are_found_by_item_and_images_and_named_by_request():
    rows = [row("r1", None, "1"), row("r2", "1", "2"), row(None, "2", "1", "AMBIGUOUS"), row("r4", "1", "2", "EXACT")]
    truth = [
        line("r1", None, "1"),
        line("r2", "1", "2"),
        line("r3", "2", "1"),
        line("r4", "1", "2"),
        line("r5", "2", "2", noop=True),
    ]
    tally = compare(rows, truth, ACCOUNT)
    assert (tally.changes, tally.missing, tally.wrong) == (4, [], [])
    assert tally.matches == {"UNIQUE": 2, "AMBIGUOUS": 1, "EXACT": 1}
    assert tally.problems == []


def test_a_change_without_a_row_and_a_false_name_are_problems():
    tally = compare([row("r9", "1", "2")], [line("r1", "1", "2"), line("r2", "2", "3")], ACCOUNT)
    assert len(tally.missing) == 1
    assert "names bob (UNIQUE, request r9)" in tally.wrong[0]
    assert len(tally.problems) == 2
