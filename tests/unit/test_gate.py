"""The gate over receipts: what keeps a run from success."""

import datetime as dt

from itemtrail.flows.receipts import Lack, UnitState
from itemtrail.model import Unit, Verdict
from itemtrail.settings import ArchiveSettings
from itemtrail_airflow.gate import answerable, expected, findings

DAY = dt.date(2026, 11, 20)
ARCHIVE = ArchiveSettings(
    bucket="the-archive", region="us-east-1", accounts=("222222222222", "111111111111"), regions=("us-east-1", "eu-west-1")
)
DUE = expected(ARCHIVE, DAY)
LATE = Unit("111111111111", "us-east-1", dt.date(2026, 11, 3))


def lacking(unit, reason=Lack.NOT_PROVEN, verdict=Verdict.DISPROVEN):
    return UnitState(unit, verdict, reason, f"{unit}: {verdict}: 1 × HASH_MISMATCH (k)")


def test_every_account_is_expected_in_every_region():
    assert [(unit.account[0], unit.region) for unit in DUE] == [
        ("1", "eu-west-1"),
        ("1", "us-east-1"),
        ("2", "eu-west-1"),
        ("2", "us-east-1"),
    ]


def test_all_planned_and_proven_is_success():
    assert findings(DUE, DUE, ()) == ()


def test_an_unproven_unit_is_one_line():
    assert findings(DUE, DUE, (lacking(DUE[1]),)) == (f"{DUE[1]}: DISPROVEN: 1 × HASH_MISMATCH (k)",)


def test_a_crashed_plan_fails_even_when_earlier_receipts_prove_everything():
    assert findings(DUE, None, ()) == ("the plan did not finish: this run looked at nothing (see the log of discover)",)


def test_an_empty_plan_fails_for_every_unit_expected():
    lines = findings(DUE, (), ())
    assert len(lines) == 4
    assert all("did not look at it" in line for line in lines)


def test_a_unit_that_was_not_planned_and_is_not_proven_is_named_once():
    assert len(findings(DUE, DUE[:3], (lacking(DUE[3], Lack.NO_RECEIPT, None),))) == 1


def test_nothing_expected_is_a_finding_and_no_success():
    assert findings((), (), ()) == ("nothing is expected: the configuration names no account or no Region",)


def test_a_reopened_unit_answers_too():
    assert LATE in answerable(DUE, (*DUE, LATE))
    assert findings(DUE, (*DUE, LATE), (lacking(LATE),))


def test_a_unit_is_asked_for_once():
    assert answerable(DUE, DUE) == DUE


def test_without_a_plan_those_due_are_asked_for():
    assert answerable(DUE, None) == DUE


def test_quarantined_records_of_a_proven_unit_do_not_fail_the_run():
    assert findings(DUE, DUE, (lacking(DUE[0], Lack.PARTIAL_CONVERSION, Verdict.PROVEN),)) == ()
