"""The gate over receipts: what keeps a run from success."""

import datetime as dt

from itemtrail.flows.receipts import Lack, UnitState
from itemtrail.model import Unit, Verdict
from itemtrail.settings import ArchiveSettings
from itemtrail_airflow.gate import expected, findings, planned

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


def test_a_region_named_twice_is_one_unit():
    assert expected(ARCHIVE.model_copy(update={"regions": ("us-east-1", "us-east-1")}), DAY) == DUE[1::2]


def run(lack=(), *, due=DUE, looked_at=DUE, archived=None, news=()):
    done = looked_at or () if archived is None else archived
    return findings(due, looked_at, done, news, lack)


def test_all_planned_and_proven_is_success():
    assert run() == ()


def test_an_unproven_unit_is_one_line():
    assert run((lacking(DUE[1]),)) == (f"{DUE[1]}: DISPROVEN: 1 × HASH_MISMATCH (k)",)


def test_a_crashed_plan_fails_even_when_earlier_receipts_prove_everything():
    assert run(looked_at=None) == ("the plan did not finish: this run looked at nothing (see the log of discover)",)


def test_an_empty_plan_fails_for_every_unit_expected():
    lines = run(looked_at=())
    assert len(lines) == 4
    assert all("did not look at it" in line for line in lines)


def test_a_unit_that_was_not_planned_and_is_not_proven_is_named_once():
    assert len(run((lacking(DUE[3], Lack.NO_RECEIPT, None),), looked_at=DUE[:3])) == 1


def test_nothing_expected_is_a_finding_and_no_success():
    assert run(due=(), looked_at=()) == ("nothing is expected: the configuration names no account or no Region",)


def test_archiving_that_did_not_finish_fails_whatever_an_earlier_receipt_says():
    assert run(archived=DUE[1:]) == (f"{DUE[0]}: archiving it did not finish (see the log of its archive task)",)


def test_a_reopened_unit_with_a_new_bad_receipt_fails_the_run():
    assert run((lacking(LATE),), looked_at=(*DUE, LATE), news=(LATE,)) == (f"{LATE}: DISPROVEN: 1 × HASH_MISMATCH (k)",)


def test_a_reopened_unit_that_is_as_unproven_as_before_has_had_its_alert():
    assert run((lacking(LATE, verdict=Verdict.UNPROVABLE),), looked_at=(*DUE, LATE)) == ()


def test_a_reopened_unit_that_could_not_be_archived_fails_the_run():
    assert len(run(looked_at=(*DUE, LATE), archived=DUE)) == 1


def test_quarantined_records_of_a_proven_unit_do_not_fail_the_run():
    assert run((lacking(DUE[0], Lack.PARTIAL_CONVERSION, Verdict.PROVEN),)) == ()


def test_everything_due_is_planned_and_what_was_reopened():
    assert planned(DUE, {LATE: True}, most=1024) == ((*DUE, LATE), 0)


def test_an_earlier_day_that_was_never_begun_is_left_to_its_own_run():
    assert planned(DUE, {LATE: False}, most=1024) == (DUE, 0)


def test_a_flood_of_reopened_units_takes_the_oldest_and_leaves_the_rest_for_the_next_run():
    flood = {Unit("111111111111", "us-east-1", DAY - dt.timedelta(days=back)): True for back in range(1, 31)}
    units, waiting = planned(DUE, flood, most=14)
    assert (units[:4], len(units), waiting) == (DUE, 14, 20)
    assert units[4].day == DAY - dt.timedelta(days=30)


def test_a_flood_never_pushes_out_what_is_due():
    assert planned(DUE, {LATE: True}, most=2) == (DUE, 1)
