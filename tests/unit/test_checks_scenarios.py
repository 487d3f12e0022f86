"""Each check on snapshots with one thing changed: it finds what was changed, and the others find nothing."""

from functools import cache

import pytest
from tests.posture_world import good, wanted
from tests.scenarios import FAIL, PASS, Scenario, buckets, people, things, trail

from itemtrail.core.check import Result, Status
from itemtrail.flows.review_checks import all_checks, run

ONLY_LOOKS = {"events_looked_at"}  # nothing is bad where something could not be looked at
ALL = [*trail.SCENARIOS, *buckets.SCENARIOS, *things.SCENARIOS, *people.SCENARIOS]


@cache
def answers(index: int) -> tuple[Result, ...]:
    """What all checks say of one scenario, asked once."""
    return run(ALL[index].posture, ALL[index].wanted or wanted())


@pytest.mark.parametrize(("index", "case"), list(enumerate(ALL)), ids=[f"{case.check}: {case.name}" for case in ALL])
def test_a_change_is_found_by_its_check_and_by_no_other(index: int, case: Scenario) -> None:
    results = answers(index)
    mine = [one for one in results if one.check == case.check and one.status is case.status and case.detail in one.detail]
    assert mine, [(one.resource, one.status, one.detail) for one in results if one.check == case.check]
    failing = {one.check for one in results if one.status is FAIL}
    assert failing == case.also | ({case.check} if case.status is FAIL else set()), [one for one in results if one.status is FAIL]


def test_a_good_set_up_fails_nothing_and_leaves_nothing_unseen():
    assert [one for one in run(good(), wanted()) if one.status not in (PASS, Status.NOT_APPLICABLE)] == []


@pytest.mark.parametrize("status", [PASS, FAIL])
def test_every_check_has_a_scenario_in_which_it_passes_and_one_in_which_it_fails(status):
    seen = {case.check for case in ALL if case.status is status}
    if status is FAIL:
        seen |= ONLY_LOOKS
    else:
        seen |= {one.check for one in run(good(), wanted()) if one.status is PASS}
    assert {check.id for check in all_checks()} - seen == set()


def test_every_scenario_is_of_a_check_that_exists_and_told_once():
    assert {case.check for case in ALL} <= {check.id for check in all_checks()}
    assert len({(case.check, case.name) for case in ALL}) == len(ALL)


def test_a_failure_says_what_to_do_with_the_names_filled_in():
    failed = [one for index in range(len(ALL)) for one in answers(index) if one.status is FAIL]
    assert [one for one in failed if not one.remediation or "{name}" in one.remediation or "{arn}" in one.remediation] == []
    assert [one for one in run(good(), wanted()) if one.remediation] == [], "only a failure has something to do"
