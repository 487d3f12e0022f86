"""What a snapshot's document must be, and what is said of one that is not; what two snapshots differ in."""

import dataclasses
import datetime as dt
import json

import pytest

from itemtrail.core import posture_json
from itemtrail.core.posture_diff import Change, Sure, diff
from itemtrail.errors import EvidenceError
from itemtrail.posture import BucketPosture, Posture, RegionPosture, TrailPosture, Unread
from itemtrail.snapshot import BucketState, TrailState

NOW = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
TRAIL = "arn:aws:cloudtrail:us-east-1:111122223333:trail/t"
BUCKET = "arn:aws:s3:::b"


def posture(**more: object) -> Posture:
    said = Posture(NOW, "111122223333", "aws", "arn:aws:iam::111122223333:role/r", TRAIL)
    return dataclasses.replace(said, **more)


def bucket(**state: object) -> tuple[BucketPosture, ...]:
    return (BucketPosture(BUCKET, ("trail",), dataclasses.replace(BucketState("b", "us-east-1"), **state)),)


def document(**changed: object) -> bytes:
    return json.dumps(json.loads(posture_json.save(posture())) | changed).encode()


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (document(schema_version=2), "schema 2"),
        (document(schema_version=True), "schema True"),
        (document(colour="red"), "`colour`"),
        (document(regions=[{"name": "r", "opt_in": False, "moon": 1}]), r"`regions\[0\].moon`"),
        (document(regions=[{"name": "r"}]), "opt_in"),
        (document(taken_at="2026-11-24T12:00:00"), "`taken_at` is a time without"),
        (document(account=7), "account"),
        (b'{"schema_version":1,"account":"1","account":"2"}', "'account' stands twice"),
        (b'{"schema_version":NaN}', "NaN"),
        (document(topics=[{"arn": "a", "policy": {"a": json.loads("[" * 200 + "]" * 200)}}]), "deeper than 64"),
        (b"[" * 100_000, "not a snapshot"),
        (b'{"a":' * 100_000, "not a snapshot"),
        (b"\xff", "not a snapshot"),
        (b"", "not a snapshot"),
        (b'{"schema_version":1' + b"0" * 5000 + b"}", "not a snapshot"),
    ],
    ids=range(15),
)
def test_what_is_not_a_snapshot_of_this_schema_is_refused(data: bytes, named: str) -> None:
    with pytest.raises(EvidenceError, match=named):
        posture_json.load(data, name="reviews/x.json")


def test_a_name_that_stands_twice_among_many_is_found_at_once() -> None:
    many = ",".join(f'"k{number}":0' for number in range(200_000))
    with pytest.raises(EvidenceError, match="'k0' stands twice"):
        posture_json.load(f'{{{many},"k0":1}}'.encode(), name="x")


def test_a_document_that_is_too_large_is_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posture_json, "MAX_BYTES", 10)
    with pytest.raises(EvidenceError, match="10 at most"):
        posture_json.load(document(), name="x")


def test_a_changed_fact_is_told_with_both_values() -> None:
    (change,) = diff(posture(buckets=bucket(versioning="Enabled")), posture(buckets=bucket(versioning="Suspended")))
    assert change == Change(BUCKET, "state.versioning", "Enabled", "Suspended")
    assert str(change) == f"{BUCKET}: state.versioning: Enabled → Suspended"


def test_a_policy_differs_in_the_statement_and_member_that_changed() -> None:
    then = {"Statement": [{"Sid": "A", "Effect": "Deny"}, {"Sid": "B", "Action": "s3:*"}]}
    now = {"Statement": [{"Sid": "B", "Action": "s3:Get*"}, {"Sid": "C", "Effect": "Allow"}]}
    found = diff(posture(buckets=bucket(policy=then)), posture(buckets=bucket(policy=now)))
    assert [(one.fact, one.before, one.after) for one in found] == [
        ("state.policy.Statement[A]", '{"Effect": "Deny", "Sid": "A"}', ""),
        ("state.policy.Statement[B].Action", "s3:*", "s3:Get*"),
        ("state.policy.Statement[C]", "", '{"Effect": "Allow", "Sid": "C"}'),
    ]


def test_times_that_pass_by_themselves_are_no_difference() -> None:
    def at(moment: dt.datetime) -> Posture:
        state = TrailState(TRAIL, "us-east-1", "b")
        trail = TrailPosture(state, delivered_at=moment, digest_delivered_at=moment, cloudwatch_delivered_at=moment)
        return posture(taken_at=moment, trails=(trail,), regions=(RegionPosture("us-east-1", False, delivered_at=moment),))

    assert diff(at(NOW), at(NOW + dt.timedelta(hours=1))) == ()


def test_a_fact_that_could_not_be_read_is_not_one_that_changed() -> None:
    refused = Unread("s3:GetBucketPolicy", BUCKET, "us-east-1", "AccessDenied")
    then, now = posture(buckets=bucket(policy={"a": 1})), posture(buckets=bucket(), unread=(refused,))
    fact, action = diff(then, now)
    assert (fact.fact, fact.before, fact.after, fact.sure) == ("state.policy", '{"a": 1}', "", Sure.NOT_NOW)
    assert (action.fact, action.before, action.after) == (refused.action, "could be read", "could not be read: AccessDenied")
    assert diff(now, then)[0].sure is Sure.NOT_THEN


def test_a_resource_that_is_gone_and_one_that_is_only_not_seen() -> None:
    there = posture(buckets=bucket())
    assert diff(there, posture()) == (Change(BUCKET, "", "present", ""),)
    blind = posture(unread=(Unread("ec2:DescribeRegions", "*", "", "AccessDenied"),))
    assert diff(there, blind)[0] == Change(BUCKET, "", "present", "", Sure.NOT_NOW)
    absent = dataclasses.replace(bucket()[0], state=None)
    assert [one.fact for one in diff(there, posture(buckets=(absent,)))] == ["state"]
