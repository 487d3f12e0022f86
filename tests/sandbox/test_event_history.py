"""LookupEvents in the sandbox, asked by boto3: what is in it, its pages, its limits, and the refusals with AWS's codes."""

import contextlib
import datetime as dt
import json
import time
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

pytestmark = pytest.mark.sandbox
EAST, WEST = "us-east-1", "eu-west-1"
START = dt.datetime(2026, 11, 21, 8, tzinfo=dt.UTC)
ONCE = Config(retries={"total_max_attempts": 1})


@dataclass
class Asker:
    """A client that keeps to two requests a second by itself, so that a refusal is never the throttle's."""

    client: Any
    asked: float = field(default_factory=lambda: time.monotonic() + 0.5)  # whoever asked before did so in another second

    def __call__(self, **parameters: Any) -> dict[str, Any]:
        time.sleep(max(0.0, self.asked + 0.55 - time.monotonic()))
        try:
            return dict(self.client.lookup_events(**parameters))
        finally:
            self.asked = time.monotonic()  # answered: however late a request arrives, the next one comes later

    def all(self, **parameters: Any) -> list[dict[str, Any]]:
        found, token = [], {}
        while True:
            answer = self(**parameters, **token)
            found += answer["Events"]
            if "NextToken" not in answer:
                return found
            token = {"NextToken": answer["NextToken"]}


@pytest.fixture(scope="module")
def account(new_sandbox):
    with new_sandbox(clock=START, tick=False) as sandbox:
        s3 = client(sandbox, "s3", WEST)
        for number in range(5):
            s3.create_bucket(Bucket=f"hr-{number}", CreateBucketConfiguration={"LocationConstraint": WEST})
            sandbox.advance(60)
        s3.put_object(Bucket="hr-0", Key="data-event", Body=b"x")
        client(sandbox, "iam", WEST).create_user(UserName="nobody")
        yield sandbox


def client(sandbox, service, region):
    import boto3

    return boto3.client(
        service,
        endpoint_url=sandbox.endpoint_url,
        region_name=region,
        aws_access_key_id=sandbox.access_key_id,
        aws_secret_access_key=sandbox.secret_access_key,
        config=ONCE,
    )


@pytest.fixture(scope="module")
def lookup(account):
    return Asker(client(account, "cloudtrail", WEST))


@contextlib.contextmanager
def refused(code: str):
    with pytest.raises(ClientError) as caught:
        yield caught
    assert caught.value.response["Error"]["Code"] == code


BUCKETS = {"LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": "CreateBucket"}]}


def test_management_events_are_there_without_a_trail_newest_first_and_byte_for_byte(account, lookup):
    found = lookup.all(**BUCKETS)
    assert [event["Resources"][-1]["ResourceName"] for event in found] == [f"hr-{number}" for number in (4, 3, 2, 1, 0)]
    recorded = {event["eventID"]: event for event in account.events()}
    newest = found[0]
    record = json.loads(newest["CloudTrailEvent"])
    assert record == recorded[newest["EventId"]]
    assert newest["CloudTrailEvent"] == json.dumps(record, separators=(",", ":"), ensure_ascii=False)
    assert (newest["EventName"], newest["EventSource"], newest["ReadOnly"]) == ("CreateBucket", "s3.amazonaws.com", "false")
    assert newest["EventTime"] == START + dt.timedelta(minutes=4)
    assert newest["Username"] == "owner"


def test_each_region_has_its_own_events_global_services_theirs_in_us_east_1_and_data_events_are_in_none(account, lookup):
    names = {event["EventName"] for event in lookup.all()}
    assert "CreateBucket" in names and not names & {"PutObject", "CreateUser"}
    east = {event["EventName"] for event in client(account, "cloudtrail", EAST).lookup_events()["Events"]}
    assert "CreateUser" in east and "CreateBucket" not in east
    assert "LookupEvents" in names, "asking is itself a management event"


def test_pages_join_without_loss_although_events_happen_between_them(account, lookup):
    whole = [event["EventId"] for event in lookup(**BUCKETS)["Events"]]
    first = lookup(**BUCKETS, MaxResults=3)
    rest = lookup(**BUCKETS, MaxResults=3, NextToken=first["NextToken"])
    assert [event["EventId"] for event in (*first["Events"], *rest["Events"])] == whole, "each page is one more event itself"
    assert "NextToken" not in rest
    with refused("InvalidNextTokenException"):
        lookup(**BUCKETS, MaxResults=2, NextToken=first["NextToken"])
    with refused("InvalidNextTokenException"):
        lookup(MaxResults=3, NextToken=first["NextToken"])
    with refused("InvalidNextTokenException"):
        lookup(**BUCKETS, MaxResults=3, NextToken="bm9uc2Vuc2U=")
    again = lookup(**BUCKETS, MaxResults=3, NextToken=first["NextToken"])
    assert again["Events"] == rest["Events"], "a token may be used again"


def test_both_ends_of_a_time_range_belong_to_it(lookup):
    minute = dt.timedelta(minutes=1)
    found = lookup.all(**BUCKETS, StartTime=START + minute, EndTime=START + 3 * minute)
    assert [event["EventTime"] - START for event in found] == [3 * minute, 2 * minute, minute]


def test_what_aws_refuses_is_refused_by_its_names(lookup):
    with refused("InvalidTimeRangeException"):
        lookup(StartTime=START, EndTime=START - dt.timedelta(seconds=1))
    with refused("InvalidMaxResultsException"):
        lookup(MaxResults=51)
    with refused("InvalidLookupAttributesException"):
        lookup(LookupAttributes=BUCKETS["LookupAttributes"] * 2)
    with refused("InvalidLookupAttributesException"):
        lookup(LookupAttributes=[{"AttributeKey": "SourceIPAddress", "AttributeValue": "127.0.0.1"}])
    with refused("InvalidEventCategoryException"):
        lookup(EventCategory="management")


def test_more_than_two_requests_a_second_are_throttled_in_each_region_for_itself(account):
    west, east = client(account, "cloudtrail", WEST), client(account, "cloudtrail", EAST)
    with refused("ThrottlingException"):
        for _ in range(50):
            west.lookup_events(MaxResults=1)
    east.lookup_events(MaxResults=1)
    time.sleep(1.1)  # the next test asks in a second of its own


def test_after_90_days_an_event_is_gone_and_nothing_says_so(account, lookup):
    early = {**BUCKETS, "StartTime": START - dt.timedelta(days=1), "EndTime": START}
    assert len(lookup.all(**early)) == 1
    account.advance_to(START + dt.timedelta(days=90))
    assert len(lookup.all(**early)) == 1
    account.advance(1)
    assert lookup.all(**early) == []
