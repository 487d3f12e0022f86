"""Recorded answers of CloudTrail, with the outcome that cloud-custodian's own tests have for them; through our adapter."""

import dataclasses
import datetime as dt
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.posture_world import ACCOUNT, CHANGES_PATTERN, DAY, NOW, TOPIC, wanted

from itemtrail.aws import posture_trails
from itemtrail.aws.facts import Noting
from itemtrail.core.check import Status, Wanted
from itemtrail.core.posture import AlarmPosture, LogGroupPosture, Posture, RegionPosture
from itemtrail.flows.review_checks import all_checks, run
from itemtrail.snapshot import LogGroupState

PASS, FAIL, CANNOT = Status.PASS, Status.FAIL, Status.CANNOT_LOOK
HOME = "us-east-1"
OF_TRAILS = [check for check in all_checks() if check.subject in ("trail", "account", "region")]


@pytest.fixture(scope="session")
def custodian(shared_data: Path) -> Path:
    return shared_data / "custodian"


def answer(path: Path) -> Any:
    """A recorded answer, with its times as boto3 gives them."""

    def plain(value: dict[str, Any]) -> Any:
        if value.pop("__class__", None) == "datetime":
            return dt.datetime(**value, tzinfo=dt.UTC)
        return value

    return json.loads(path.read_text(), object_hook=plain)["data"]


class Recorded:
    """A client that answers as was recorded; what was not recorded is refused."""

    def __init__(self, folder: Path, number: int) -> None:
        self.folder, self.number = folder, number

    def describe_trails(self, **_: Any) -> Any:
        return answer(self.folder / f"cloudtrail.DescribeTrails_{self.number}.json")

    def get_trail_status(self, **_: Any) -> Any:
        return self._or_refused(self.folder / f"cloudtrail.GetTrailStatus_{self.number}.json")

    def get_event_selectors(self, **asked: Any) -> Any:
        found = [
            one
            for one in sorted(self.folder.glob("cloudtrail.GetEventSelectors_*"))
            if answer(one)["TrailARN"] == asked["TrailName"]
        ]
        return self._or_refused(found[-1] if found else Path("/nowhere"))

    def get_insight_selectors(self, **_: Any) -> Any:
        return self._or_refused(Path("/nowhere"))

    def get_paginator(self, _name: str) -> Any:
        return self._or_refused(Path("/nowhere"))

    @staticmethod
    def _or_refused(path: Path) -> Any:
        if not path.is_file():
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "not recorded"}}, "recorded")
        return answer(path)


def snapshot(folder: Path, number: int = 1, name: str = "") -> Posture:
    """What the adapter reads from the recorded answers; the trail called ``name`` (or the first) is the configured one."""
    facts = Noting(lambda _service, _region: Recorded(folder, number))
    listed = Recorded(folder, number).describe_trails()["trailList"]
    arn = next(
        (one["TrailARN"] for one in listed if name in ("", one["Name"])), f"arn:aws:cloudtrail:{HOME}:{ACCOUNT}:trail/none"
    )
    seen = [posture_trails.region(facts, RegionPosture(region, opt_in=False), arn) for region in (HOME, "us-west-2")]
    trails = tuple(posture_trails.trail(facts, one) for one in posture_trails.once(seen))
    regions = tuple(one.region for one in seen)
    return Posture(NOW, ACCOUNT, "aws", "", arn, regions=regions, trails=trails, unread=facts.unread)


def want(posture: Posture, **fields: Any) -> Wanted:
    return dataclasses.replace(wanted(), trail_arn=posture.trail_arn, regions=(HOME,), **fields)


def said(posture: Posture) -> dict[str, Status]:
    """The worst answer of each check of the trail, the account and its Regions."""
    order = [FAIL, CANNOT, PASS, Status.NOT_APPLICABLE]
    found: dict[str, Status] = {}
    for one in run(posture, want(posture), OF_TRAILS):
        found[one.check] = min(found.get(one.check, one.status), one.status, key=order.index)
    return found


OUTCOMES = [
    (
        "test_account_trail",
        1,
        "",
        {  # multi-Region, key, digests, global services, running: one trail meets all of them
            "trail_exists": PASS,
            "trail_multi_region": PASS,
            "trail_key": PASS,
            "trail_validation": PASS,
            "trail_global_events": PASS,
            "trail_logging": PASS,
            "region_trail_seen": PASS,
            "data_events_recorded": CANNOT,
        },
    ),
    ("test_account_trail_same_region", 1, "", {"trail_logging": PASS, "trail_multi_region": FAIL, "trail_validation": PASS}),
    ("test_account_trail_different_region", 1, "", {"trail_logging": PASS, "trail_multi_region": FAIL}),
    (
        "test_account_data_events",
        2,
        "",
        {"trail_exists": FAIL, "trail_logging": Status.NOT_APPLICABLE, "management_events_recorded": FAIL},
    ),
    ("test_account_data_events", 3, "S3-DataEvents-test2", {"data_events_recorded": FAIL, "trail_key": FAIL}),
    ("test_s3_data_events", 1, "data-events", {"data_events_recorded": FAIL}),
    (
        "test_cloudtrail_success_cloudtrail_include_management_events",
        1,
        "",
        {"management_events_recorded": PASS, "data_events_recorded": FAIL, "trail_validation": FAIL},
    ),
    ("test_cloudtrail_fail_include_management_events", 1, "", {"management_events_recorded": FAIL, "data_events_recorded": FAIL}),
    (
        "test_cloudtrail_success_management_advanced_events_included",
        1,
        "",
        {"management_events_recorded": PASS, "management_exclusions": FAIL, "data_events_recorded": FAIL},
    ),
    (
        "test_cloudtrail_fail_management_advanced_events_included",
        1,
        "",
        {"management_events_recorded": FAIL, "data_events_recorded": FAIL},
    ),
    ("test_cloudtrail_status", 1, "S3-DataEvents", {"trail_logging": FAIL}),
    ("test_cloudtrail_set_logging", 1, "", {"trail_logging": PASS}),
    ("test_cloudtrail_enable", 1, "nosetest", {"trail_logging": FAIL, "trail_validation": FAIL}),
    ("test_cloudtrail_enable", 2, "", {"trail_logging": PASS, "trail_multi_region": FAIL, "trail_global_events": FAIL}),
    ("test_cloudtrail_update", 1, "skunk-trails", {"trail_validation": FAIL}),
    ("test_cloudtrail_update", 2, "", {"trail_validation": PASS, "trail_logging": CANNOT}),
    ("test_config_inconsistent_hub_rule", 1, "", {"trail_bucket_configured": FAIL}),  # no S3BucketName in the answer
    ("test_cloudtrail_event_selectors", 1, "MultiRegion1CloudTrail", {"data_events_recorded": FAIL}),
]


@pytest.mark.parametrize(("folder", "number", "name", "expected"), OUTCOMES, ids=[f"{one[0]}-{one[1]}" for one in OUTCOMES])
def test_a_recorded_account_has_its_documented_outcome(custodian, folder, number, name, expected):
    found = said(snapshot(custodian / folder, number, name))
    assert {check: found[check] for check in expected} == expected


METRIC = {
    "metricTransformations": [{"metricName": "TrailChanged", "metricNamespace": "itemtrail", "metricValue": "1"}],
}


@pytest.mark.parametrize(
    ("folder", "name", "filters", "actions", "expected"),
    [
        ("success_log_metric_filter", "", (METRIC | {"filterPattern": CHANGES_PATTERN},), (TOPIC,), PASS),
        (
            "success_regex_log_metric_filter",
            "",
            (METRIC | {"filterPattern": "{ $.eventName = %Trail$|Logging$|Selectors$% }"},),
            (TOPIC,),
            PASS,
        ),
        ("fail_log_metric_filter", "", (), (TOPIC,), FAIL),
        ("fail_regex_log_metric_filter", "", (METRIC | {"filterPattern": "{ $.eventName = %^Console% }"},), (TOPIC,), FAIL),
        (
            "fail_log_metric_filter_no_alarm",
            "fail-tf-trail-3bf19dec-127e-11ed-861d-0242ac12000",
            (METRIC | {"filterPattern": CHANGES_PATTERN},),
            None,
            FAIL,
        ),
        (
            "fail_log_metric_filter_no_sns",
            "fail-tf-trail-3bf19dec-127e-11ed-861d-0242ac12000",
            (METRIC | {"filterPattern": CHANGES_PATTERN},),
            (),
            FAIL,
        ),
    ],
)
def test_a_metric_filter_an_alarm_and_a_topic_are_needed_together(custodian, folder, name, filters, actions, expected):
    read = snapshot(custodian / f"test_cloudtrail_{folder}", 1, name)
    arn = next(one.cloudwatch_log_group for one in read.trails if one.state.arn == read.trail_arn)
    assert arn.startswith("arn:aws:logs:")
    group = arn.split(":", 6)[6]
    looked = LogGroupPosture(arn, group, HOME, "trail", LogGroupState(group, HOME), "STANDARD", metric_filters=filters)
    alarms = () if actions is None else (AlarmPosture("arn:a", HOME, "itemtrail", "TrailChanged", actions),)
    assert said(dataclasses.replace(read, log_groups=(looked,), alarms=alarms))["trail_change_alarm"] is expected


def test_no_recorded_trail_records_dynamodb_and_each_says_so(custodian):
    answers: Counter[Status] = Counter()
    for path in sorted(custodian.glob("*/cloudtrail.DescribeTrails_*.json")):
        for trail in answer(path)["trailList"]:
            read = snapshot(path.parent, int(path.stem.rpartition("_")[2]), trail["Name"])
            answers[said(read)["data_events_recorded"]] += 1
    assert answers == {FAIL: 13, CANNOT: 42}, "42 trails without recorded selectors: could not look, never good"


def test_every_recorded_trail_is_told_as_it_is(custodian):
    counts: Counter[tuple[str, Status]] = Counter()
    for path in sorted(custodian.glob("*/cloudtrail.DescribeTrails_*.json")):
        for trail in answer(path)["trailList"]:
            found = said(snapshot(path.parent, int(path.stem.rpartition("_")[2]), trail["Name"]))
            counts.update(found.items())
            assert "check failed" not in str(found)
    assert (counts["trail_validation", PASS], counts["trail_validation", FAIL]) == (40, 15)
    assert (counts["trail_multi_region", PASS], counts["trail_multi_region", FAIL]) == (49, 6)
    assert (counts["trail_key", PASS], counts["trail_key", FAIL]) == (10, 45)
    assert counts["trail_bucket_configured", PASS] == 0


def test_a_trail_seen_from_two_regions_is_one_trail(custodian):
    read = snapshot(custodian / "test_cloudtrail_is_shadow_or_not", 1)
    assert len(read.trails) == 3
    assert {len(one.trail_arns) for one in read.regions} == {3}


def test_deliveries_of_years_ago_are_not_fresh(custodian):
    read = snapshot(custodian / "test_account_trail", 1)
    assert read.taken_at - (read.regions[0].delivered_at or NOW) > 365 * DAY
    found = said(read)
    assert found["region_delivery_fresh"] is found["region_digest_fresh"] is FAIL
