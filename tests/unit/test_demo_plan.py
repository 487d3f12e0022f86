"""The HRMS workload as planned: deterministic, complete, consistent with itself."""

import datetime as dt
from collections.abc import Iterator

import pytest

from itemtrail_demo import hrms
from itemtrail_demo.calls import Call
from itemtrail_demo.people import CLERKS, INTRUDER, OFFICES, PAYROLL_JOB, SEATS
from itemtrail_demo.tables import DUBLIN, HOME
from itemtrail_demo.world import Ref

DAYS = [dt.date(2026, 11, day) for day in (21, 22, 23)]  # Saturday, Sunday, Monday


def planned(*, seed: int = 20, calls: int = 1200, days: list[dt.date] | None = None) -> hrms.Plan:
    return hrms.plan(seed=seed, calls=calls, days=days or DAYS, account="111122223333", trail="T", owner="owner")


@pytest.fixture(scope="module")
def plan() -> hrms.Plan:
    return planned()


def happenings(plan: hrms.Plan) -> Iterator[hrms.Happening]:
    for _, day in plan.days:
        yield from day


def calls(plan: hrms.Plan) -> Iterator[Call]:
    for happening in happenings(plan):
        yield from happening.calls


def test_the_same_seed_gives_the_same_plan_and_another_seed_another(plan: hrms.Plan) -> None:
    assert planned() == plan
    assert planned(seed=21) != plan


@pytest.mark.parametrize("size", [250, 1200, 5000])
def test_a_plan_has_at_least_the_calls_asked_for_and_not_many_more(size: int) -> None:
    assert size <= planned(calls=size).calls <= size * 1.3 + 60


def test_too_small_a_workload_is_refused_with_the_least_size() -> None:
    with pytest.raises(ValueError, match="at least 250"):
        planned(calls=10)


def test_every_kind_of_access_is_there(plan: hrms.Plan) -> None:
    assert {call.operation for call in calls(plan)} >= {
        *("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"),
        *("ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction"),
        *("GetItem", "BatchGetItem", "TransactGetItems", "Query", "Scan"),
        *("AssumeRole", "DescribeTable", "ListTables", "StopLogging", "DeleteTrail"),
    }
    assert {call.expect for call in calls(plan)} >= {
        *("", "ConditionalCheckFailedException", "TransactionCanceledException", "DuplicateItemException"),
        *("AccessDeniedException", "AccessDenied", "ValidationException"),
    }


def test_no_ops_deletes_of_nothing_and_ttl_removals_are_there(plan: hrms.Plan) -> None:
    changes = [change for call in calls(plan) for change in call.changes]
    assert any(change.noop and change.before is not None for change in changes)
    assert any(change.noop and change.before is None for change in changes)
    assert any(change.after is None and change.before is not None for change in changes)
    assert any(happening.expired for happening in happenings(plan))


def test_both_regions_are_used_every_day(plan: hrms.Plan) -> None:
    for day, day_happenings in plan.days:
        assert {call.region for happening in day_happenings for call in happening.calls} == {HOME, DUBLIN}, day


def test_a_day_is_in_order_and_inside_its_utc_day(plan: hrms.Plan) -> None:
    for day, day_happenings in plan.days:
        midnight = int(dt.datetime.combine(day, dt.time(), dt.UTC).timestamp())
        seconds = [happening.second for happening in day_happenings]
        assert seconds == sorted(seconds)
        assert midnight <= seconds[0] <= seconds[-1] < midnight + 86400


def test_clerks_work_in_their_offices_hours(plan: hrms.Plan) -> None:
    office_of = {clerk: office for office in OFFICES for clerk in office.clerks}
    clerks = {seat.name for seat in CLERKS}
    for happening in happenings(plan):
        for call in happening.calls:
            if call.seat in clerks:
                hour = happening.second % 86400 // 3600
                assert office_of[call.seat].opens <= hour < office_of[call.seat].closes


def test_no_role_calls_without_an_open_session(plan: hrms.Plan) -> None:
    opened: dict[str, int] = {}
    for happening in happenings(plan):
        for call in happening.calls:
            if call.opens:
                assert call.parameters["SourceIdentity"] == SEATS[call.opens].source_identity
                opened[call.opens] = happening.second
            elif SEATS[call.seat].role:
                assert happening.second - opened[call.seat] < hrms.SESSION_SECONDS


def test_every_change_starts_where_the_one_before_it_ended(plan: hrms.Plan) -> None:
    state: dict[Ref, object] = {}
    groups = [call.changes for call in plan.founding]
    for happening in happenings(plan):
        groups += [happening.expired, *(call.changes for call in happening.calls)]
    for changes in groups:
        for change in changes:
            assert state.get(change.ref) == change.before
            state[change.ref] = change.after
    assert {ref: record for ref, record in state.items() if record is not None} == dict(plan.final)


def test_failed_calls_change_nothing(plan: hrms.Plan) -> None:
    assert all(not call.changes for call in calls(plan) if call.expect)


def test_the_intruder_raises_his_own_salary_and_payroll_puts_it_back(plan: hrms.Plan) -> None:
    ref = hrms.employee_of_interest()
    touched = [(call.seat, change) for call in calls(plan) for change in call.changes if change.ref == ref and not change.noop]
    raised = next(change for seat, change in touched if seat == INTRUDER.name)
    assert raised.before is not None
    assert raised.after is not None
    assert raised.after["Salary"] > raised.before["Salary"]  # type: ignore[operator]
    assert any(
        seat == PAYROLL_JOB.name and change.after and change.after["Salary"] == raised.before["Salary"]
        for seat, change in touched[touched.index((INTRUDER.name, raised)) :]
    )
