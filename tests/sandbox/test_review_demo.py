"""Faults planted in the sandbox by API calls: the review finds every one, invents none, and setting up mends what it says."""

import dataclasses
import datetime as dt

import pytest

from itemtrail.core.check import Result, Severity, Status
from itemtrail.core.review import review
from itemtrail_demo import plants
from itemtrail_demo import review as demo
from itemtrail_demo.console import Console
from itemtrail_demo.folder import Folder

NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)


@pytest.mark.sandbox
def test_every_plant_is_found_and_nothing_is_invented(tmp_path, new_sandbox):
    folder = Folder(tmp_path / "review")
    folder.renew()
    console = Console(folder.log)
    assert demo.run(folder, console, NOW) == ()
    page = (folder.path / "review.html").read_text(encoding="utf-8")
    assert all(check in page for check in ("trail_logging", "evidence_kept", "role_cannot_delete"))


def judged(*found):
    results = [Result(check, Severity.HIGH, resource, "", Status.FAIL, "d") for check, resource in found]
    return demo.judge(review(results, taken_at=NOW, checks=[]))


def test_the_judge_misses_nothing_that_is_not_found():
    assert {plant.name for plant in judged().missed} == {plant.name for plant in plants.PLANTS}
    (stopped,) = [plant for plant in plants.PLANTS if "trail_logging" in plant.finds]
    assert stopped not in judged(("trail_logging", "arn:trail")).missed


def test_the_judge_tells_an_invention_by_check_and_by_resource():
    right, wrong = f"arn:aws:s3:::{plants.TRAIL_BUCKET}", f"arn:aws:s3:::{plants.ARCHIVE_BUCKET}"
    judgement = judged(("bucket_versioned", right), ("bucket_versioned", wrong), ("bucket_mfa_delete", right))
    assert [(line.result.check, line.result.resource) for line in judgement.invented] == [
        ("bucket_mfa_delete", right),
        ("bucket_versioned", wrong),
    ]


def test_plants_are_a_dozen_and_more_of_various_kinds_and_name_checks_that_exist():
    from itemtrail.flows.review_checks import all_checks

    known = {one.id for one in all_checks()}
    assert len(plants.PLANTS) >= 12
    assert len({dataclasses.astuple(plant)[0] for plant in plants.PLANTS}) == len(plants.PLANTS)
    assert {check for plant in plants.PLANTS for check in plant.finds} | plants.EVENTS <= known
