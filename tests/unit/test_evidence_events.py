"""The one list of events that end evidence, and which of them concern a set-up."""

import pytest
from tests.posture_world import EMPLOYEES, FORWARDER, KEY, TRAIL_BUCKET, event, good, with_events

from itemtrail.core import dynamodb
from itemtrail.core.evidence_events import CONDITIONAL, EVENTS, Touched, alarms, concerning, said, touched


@pytest.mark.parametrize(
    ("source", "name", "kind"),
    [
        ("cloudtrail.amazonaws.com", "StopLogging", Touched.TRAIL),
        ("s3.amazonaws.com", "PutBucketLifecycle", Touched.BUCKET),
        ("kms.amazonaws.com", "ScheduleKeyDeletion", Touched.KEY),
        ("dynamodb.amazonaws.com", "DeleteTable", Touched.TABLE),
        ("logs.amazonaws.com", "DeleteRetentionPolicy", Touched.STREAM_PATH),
        ("lambda.amazonaws.com", "DeleteFunction20150331", Touched.STREAM_PATH),
        ("lambda.amazonaws.com", "DeleteEventSourceMapping20150331v2", Touched.STREAM_PATH),
        ("lambda.amazonaws.com", "GetFunction20150331v2", None),
        ("s3.amazonaws.com", "StopLogging", None),
        ("cloudtrail.amazonaws.com", "StartLogging", None),
        (None, None, None),
    ],
)
def test_an_event_is_known_by_service_and_name(source, name, kind):
    assert touched(source, name) is kind
    assert alarms(source, name) is (kind is not None)


def test_what_depends_on_the_request_is_on_the_list_and_can_be_read():
    names = {name for _, group in EVENTS.values() for name in group}
    assert names >= CONDITIONAL
    assert all(dynamodb.weakens(name, None) for name in CONDITIONAL)


@pytest.mark.parametrize(
    ("name", "source", "kind", "resource", "ours"),
    [
        ("DeleteBucketPolicy", "s3", Touched.BUCKET, f"arn:aws:s3:::{TRAIL_BUCKET}", True),
        ("DeleteBucketPolicy", "s3", Touched.BUCKET, f"{TRAIL_BUCKET}-2", False),
        ("DeleteTable", "dynamodb", Touched.TABLE, EMPLOYEES, True),
        ("DeleteTable", "dynamodb", Touched.TABLE, "Employees", True),
        ("DeleteTable", "dynamodb", Touched.TABLE, "Employee", False),
        ("DisableKey", "kms", Touched.KEY, KEY.rpartition("/")[2], True),
        ("DeleteFunction20150331", "lambda", Touched.STREAM_PATH, f"{FORWARDER}:live", True),
        ("DeleteFunction20150331", "lambda", Touched.STREAM_PATH, "itemtrail-forwarder", True),
        ("DeleteLogGroup", "logs", Touched.STREAM_PATH, "/itemtrail/streams", True),
        ("DeleteLogGroup", "logs", Touched.STREAM_PATH, "", True),
        ("StopLogging", "cloudtrail", Touched.TRAIL, "somebody-elses", True),
    ],
)
def test_an_event_concerns_the_set_up_by_name_or_arn(name, source, kind, resource, ours):
    assert bool(concerning(with_events(event(name, source, resource)), kind)) is ours


def test_many_events_are_told_in_a_few_words():
    many = [event("PutBucketPolicy", "s3", TRAIL_BUCKET)] * 5
    assert said(many).endswith("; and 2 more")
    assert concerning(good(), Touched.TRAIL) == ()
