"""Events that end evidence, read from an archive made by the archive flow: which are found, and until when nothing is missing."""

import datetime as dt
import json

import pytest
from tests.archive_world import DAY, ArchiveWorld, a_chain
from tests.memory import Fault

from itemtrail.errors import AccessDenied
from itemtrail.flows.review_events import evidence_events

NOW = dt.datetime(2026, 3, 11, 8, tzinfo=dt.UTC)
MIDNIGHT = dt.datetime(2026, 3, 10, tzinfo=dt.UTC)
NEXT = MIDNIGHT + dt.timedelta(days=1)


def record(name, source="cloudtrail.amazonaws.com", /, *, minute=0, error=None, **parameters):
    made = {
        "eventVersion": "1.11",
        "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/eve", "userName": "eve"},
        "eventTime": f"2026-03-10T05:{minute:02d}:00Z",
        "eventSource": source,
        "eventName": name,
        "awsRegion": "us-east-1",
        "sourceIPAddress": "192.0.2.7",
        "eventID": f"{name}-{minute}",
        "requestParameters": parameters or None,
    }
    return made | ({"errorCode": error} if error else {})


@pytest.fixture
def world(tmp_path):
    """DAY, not archived yet."""
    return ArchiveWorld(tmp_path)


def deliver(world, *records, unique="zzzz"):
    """One more log of DAY."""
    body = json.dumps({"Records": list(records)}, separators=(",", ":")).encode()
    world.chain.log(MIDNIGHT + dt.timedelta(hours=5, minutes=20), unique, body)
    world.sync()


def look(world, *, since=MIDNIGHT, committed_since=None, now=NOW):
    return evidence_events(
        world.archive,
        accounts=["111122223333"],
        regions=["us-east-1"],
        buckets=["trail-bucket", "archive"],
        since=since,
        committed_since=committed_since,
        reopen_days=30,
        now=now,
    )


def test_events_that_end_evidence_are_found_with_who_what_and_whether_it_worked(world):
    deliver(
        world,
        record("StopLogging", name="my_trail.one"),
        record("DeleteTrail", minute=1, error="AccessDenied", name="my_trail.one"),
        record("PutBucketLifecycle", "s3.amazonaws.com", minute=2, bucketName="archive"),
        record("PutBucketLifecycle", "s3.amazonaws.com", minute=3, bucketName="photos"),
        record("DescribeTrails", minute=4),
    )
    world.run()
    events, looked = look(world)
    assert [(one.name, one.succeeded, one.resource, one.detail) for one in events] == [
        ("StopLogging", True, "my_trail.one", "from 192.0.2.7"),
        ("DeleteTrail", False, "my_trail.one", "AccessDenied from 192.0.2.7"),
        ("PutBucketLifecycle", True, "arn:aws:s3:::archive", "from 192.0.2.7"),
    ]
    assert {one.actor for one in events} == {"arn:aws:iam::111122223333:user/eve"}
    assert (looked.since, looked.until, looked.commits, looked.late) == (MIDNIGHT, NEXT, 1, ())


def test_a_day_that_is_not_archived_is_not_a_day_on_which_nothing_happened(world):
    world.run()
    events, looked = look(world, now=NOW + dt.timedelta(days=3))
    assert events == ()
    assert looked.until == NEXT
    assert [str(unit.day) for unit in looked.late] == ["2026-03-11", "2026-03-12"]


def test_a_day_that_was_archived_before_it_was_over_is_looked_at_again(tmp_path):
    world, morning = ArchiveWorld(tmp_path, chain=a_chain(12)), MIDNIGHT + dt.timedelta(hours=9)
    assert world.run(now=morning).verdict == "INCOMPLETE"
    assert look(world, now=morning)[1].until == MIDNIGHT
    assert look(world)[1].until == MIDNIGHT
    assert [str(unit.day) for unit in look(world, now=NEXT + dt.timedelta(hours=31))[1].late] == ["2026-03-10"]


def test_an_archive_without_receipts_tells_nothing(world):
    assert look(world, since=None)[1].until is None
    assert look(world)[1].until is None


def test_without_an_earlier_review_the_archives_first_day_begins_it(world):
    world.run()
    assert look(world, since=None)[1].since == MIDNIGHT


def test_a_late_delivery_into_a_day_already_looked_at_is_read(world):
    world.run()
    reviewed = world.archive.clock
    world.archive.clock += dt.timedelta(days=1)
    deliver(world, record("StopLogging", name="my_trail.one"))
    world.run()
    assert look(world, since=NEXT)[0] == ()
    assert [one.name for one in look(world, since=NEXT, committed_since=reviewed)[0]] == ["StopLogging"]


def test_a_commit_is_read_by_one_review_even_where_its_day_has_to_be_looked_at_again(world):
    deliver(world, record("StopLogging", name="my_trail.one"))
    world.run()
    after = world.archive.clock + dt.timedelta(hours=1)
    assert len(look(world, committed_since=world.archive.clock)[0]) == 1  # within the clocks' difference
    events, looked = look(world, committed_since=after)
    assert (events, looked.since, looked.until, looked.commits) == ((), MIDNIGHT, NEXT, 0)


def test_an_older_rows_flag_counts_less_than_todays_list(world, monkeypatch):
    from itemtrail.core import evidence_events as listed

    deliver(world, record("StopLogging", name="my_trail.one"))
    with monkeypatch.context() as older:
        older.setattr(listed, "alarms", lambda *_: False)
        world.run()
    assert [one.name for one in look(world)[0]] == ["StopLogging"]


def test_one_event_delivered_twice_is_one(world):
    deliver(world, record("StopLogging", name="my_trail.one"))
    deliver(world, record("StopLogging", name="my_trail.one"), unique="yyyy")
    world.run()
    assert len(look(world)[0]) == 1


def test_what_cannot_be_read_is_an_error_and_no_answer(world):
    world.run()
    world.archive.fail(next(key for key in world.archive.keys("receipts/") if key.endswith("receipt.json")), Fault.DENIED)
    with pytest.raises(AccessDenied):
        look(world)


def test_a_flood_of_failed_attempts_pushes_no_success_out(world, monkeypatch):
    monkeypatch.setattr("itemtrail.flows.review_events._MOST", 3)
    attempts = [record("StopLogging", minute=n, error="AccessDenied", name="x") for n in range(1, 9)]
    deliver(world, record("StopLogging", name="my_trail.one"), *attempts)
    world.run()
    events, looked = look(world)
    assert [one.succeeded for one in events] == [True, False, False]
    assert looked.left_out == 6


assert str(DAY) == f"{MIDNIGHT:%Y-%m-%d}"
