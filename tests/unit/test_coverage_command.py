"""What `itemtrail coverage` prints: the calendar's words, and its JSON."""

import datetime as dt
import json

from itemtrail.cli.coverage import calendar, document
from itemtrail.flows.coverage import Cell, Coverage
from itemtrail.model import Unit


def cell(day: int, state: Coverage, late: bool, left: int, line: str = "") -> Cell:
    return Cell(Unit("111122223333", "us-east-1", dt.date(2026, 3, day)), state, late, left, line)


CELLS = (
    cell(3, Coverage.PROVEN, False, 80),
    cell(4, Coverage.FINDINGS, True, -2, "2026-03-04: DISPROVEN: 1 × MISSING_DIGEST (x)"),
    cell(5, Coverage.MISSING, True, 82, "2026-03-05: nothing is archived"),
    cell(6, Coverage.PENDING, False, 83, "2026-03-06: nothing is archived"),
)


def test_json_says_of_each_unit_what_it_is_and_how_many_days_are_left() -> None:
    said = json.loads(json.dumps(document(CELLS, kept=True)))
    assert said["schema_version"] == 1
    assert said["counts"] == {"proven": 1, "pending": 1, "findings": 1, "missing": 1}
    assert (said["late"], said["unproven_may_expire"]) == (2, False)
    assert [(u["proven"], u["findings"], u["missing"], u["late"], u["days_left"]) for u in said["units"]] == [
        (True, False, False, False, 80),
        (False, True, False, True, -2),
        (False, False, True, True, 82),
        (False, False, False, False, 83),
    ]
    assert said["units"][1]["says"] == "2026-03-04: DISPROVEN: 1 × MISSING_DIGEST (x)"


def test_each_late_unit_has_its_days_left_whether_or_not_it_may_expire() -> None:
    text = calendar(CELLS, kept=True)
    assert "nothing is archived [82 days left until the bucket's expiry; not proven never expires]" in text
    assert "MISSING_DIGEST (x) [2 days past until" not in text
    assert "82 days left until the bucket's expiry]" in calendar(CELLS, kept=False)
    assert "(x) [2 days past the bucket's expiry" in text
