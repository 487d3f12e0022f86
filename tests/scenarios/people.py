"""Scenarios of our own roles, and of what people did since the last review."""

from dataclasses import replace

from tests.posture_world import (
    ACCOUNT,
    ARCHIVE_BUCKET,
    EMPLOYEES,
    HOUR,
    KEY,
    NOW,
    TRAIL,
    TRAIL_BUCKET,
    allow,
    event,
    good,
    on,
    with_events,
    with_role,
    with_trust,
)
from tests.scenarios import CANNOT, FAIL, PASS
from tests.scenarios import scenario as s

from itemtrail.core.posture import Unread

OBJECTS, ARCHIVE = f"arn:aws:s3:::{ARCHIVE_BUCKET}/*", f"arn:aws:s3:::{ARCHIVE_BUCKET}"
DENIED = {"Effect": "Deny", "Action": "s3:Delete*", "Resource": "*"}
WRITER = "archive_writer"


def _unasked():
    return replace(good(), events_since=None)


def _late():
    late = Unread("itemtrail:archive_trail", "hrms-archive 2026-11-21", "", "not archived: 111122223333/us-east-1")
    return replace(good(), unread=(late,))


SCENARIOS = [
    s("events_looked_at", "a day that is due is not archived", _late(), CANNOT, "2026-11-21"),
    s("events_looked_at", "all was looked at", good(), PASS, "was looked at"),
    s("events_looked_at", "nobody asked", replace(good(), events_since=None), CANNOT),
    s("events_looked_at", "nothing is archived", replace(good(), events_until=None), CANNOT),
    s("trail_not_weakened", "a day that is due is not archived", _late(), CANNOT, "events_looked_at says what"),
    s(
        "trail_not_weakened",
        "found, although a day is missing",
        replace(_late(), events=with_events(event("StopLogging", "cloudtrail", TRAIL)).events),
        FAIL,
        "StopLogging",
    ),
    s(
        "role_cannot_delete",
        "the writer may delete",
        with_role(WRITER, allow("s3:DeleteObject", OBJECTS)),
        FAIL,
        "s3:DeleteObject",
    ),
    s(
        "role_cannot_delete",
        "versions, in the trail's bucket",
        with_role("trail_reader", allow("s3:DeleteObjectVersion", f"arn:aws:s3:::{TRAIL_BUCKET}/AWSLogs/*")),
        FAIL,
        "DeleteObjectVersion",
    ),
    s(
        "role_cannot_delete",
        "through a wildcard",
        with_role("setup", allow("s3:*Object*", "arn:aws:s3:::hrms-*")),
        FAIL,
        "s3:DeleteObject",
    ),
    s(
        "role_cannot_delete",
        "the lock may be bypassed",
        with_role(WRITER, allow("s3:BypassGovernanceRetention", OBJECTS)),
        FAIL,
        "Bypass",
    ),
    s(
        "role_cannot_delete",
        "with a second factor",
        with_role("auditor", allow("s3:DeleteObject", OBJECTS, Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})),
        FAIL,
        "under the condition",
    ),
    s("role_cannot_delete", "what is derived", with_role(WRITER, allow("s3:DeleteObject", f"{ARCHIVE}/changes/*")), PASS),
    s("role_cannot_delete", "allowed, and denied as well", with_role(WRITER, allow("s3:DeleteObject*", OBJECTS), DENIED), PASS),
    s(
        "role_cannot_change_retention",
        "the writer may change lifecycle",
        with_role(WRITER, allow("s3:PutLifecycleConfiguration", ARCHIVE)),
        FAIL,
        "PutLifecycleConfiguration",
    ),
    s(
        "role_cannot_change_retention",
        "versioning may be suspended",
        with_role("trail_reader", allow("s3:PutBucketVersioning", f"arn:aws:s3:::{TRAIL_BUCKET}")),
        FAIL,
        "PutBucketVersioning",
    ),
    s(
        "role_cannot_change_retention",
        "setup may delete a bucket",
        with_role("setup", allow("s3:DeleteBucket", "*")),
        FAIL,
        "DeleteBucket",
    ),
    s(
        "role_cannot_change_retention",
        "of somebody else's bucket",
        with_role(WRITER, allow("s3:PutLifecycleConfiguration", "arn:aws:s3:::other")),
        PASS,
    ),
    s(
        "role_cannot_end_trail",
        "it may be stopped",
        with_role("canary", allow("cloudtrail:StopLogging", TRAIL)),
        FAIL,
        "StopLogging",
    ),
    s(
        "role_cannot_end_trail",
        "what it records may be changed",
        with_role(WRITER, allow("cloudtrail:Put*", "*")),
        FAIL,
        "PutEventSelectors",
    ),
    s("role_cannot_end_trail", "another trail", with_role("canary", allow("cloudtrail:StopLogging", TRAIL + "-2")), PASS),
    s(
        "role_cannot_destroy_key",
        "it may schedule deletion",
        with_role("trail_reader", allow("kms:ScheduleKeyDeletion", KEY)),
        FAIL,
        "ScheduleKeyDeletion",
    ),
    s("role_cannot_destroy_key", "of any key, by a wildcard", with_role("auditor", allow("kms:Put*", "*")), FAIL, "PutKeyPolicy"),
    s(
        "role_cannot_destroy_key",
        "it may decrypt",
        with_role("trail_reader", allow(["kms:Decrypt", "kms:DescribeKey"], KEY)),
        PASS,
    ),
    s(
        "role_not_admin",
        "an administrator",
        with_role("auditor", allow("*", "*")),
        FAIL,
        "allows *",
        "role_cannot_delete",
        "role_cannot_change_retention",
        "role_cannot_end_trail",
        "role_cannot_destroy_key",
    ),
    s(
        "role_not_admin",
        "everything but IAM",
        with_role("auditor", {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}),
        FAIL,
        "everything but iam:*",
        "role_cannot_delete",
        "role_cannot_change_retention",
        "role_cannot_end_trail",
        "role_cannot_destroy_key",
    ),
    s("role_not_admin", "a whole service", with_role("stream_reader", allow("dynamodb:*", EMPLOYEES)), FAIL, "dynamodb:*"),
    s("role_not_admin", "all that reads", with_role("posture_reader", allow("s3:Get*", ARCHIVE)), PASS),
    s("role_not_admin", "a Deny of everything", with_role("auditor", {"Effect": "Deny", "Action": "*", "Resource": "*"}), PASS),
    s("role_trust_closed", "everybody", with_trust(WRITER, "*"), FAIL),
    s(
        "role_trust_closed",
        "everybody who knows the external id",
        with_trust(WRITER, "*", Condition={"StringEquals": {"sts:ExternalId": "x"}}),
        PASS,
    ),
    s(
        "role_trust_closed",
        "everybody with a second factor",
        with_trust(WRITER, "*", Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
        FAIL,
    ),
    s("role_trust_closed", "an account", with_trust(WRITER, f"arn:aws:iam::{ACCOUNT}:root"), PASS),
    s("role_exists", "gone", on("roles", trust=None, policies=None), FAIL),
    s(
        "trail_not_weakened",
        "logging was stopped and started again",
        with_events(event("StopLogging", "cloudtrail", TRAIL)),
        FAIL,
        "mallory at 2026-11-23 05:00:00Z",
    ),
    s(
        "trail_not_weakened",
        "another trail was deleted",
        with_events(event("DeleteTrail", "cloudtrail", "security")),
        FAIL,
        "DeleteTrail",
    ),
    s(
        "trail_not_weakened",
        "refused",
        with_events(event("StopLogging", "cloudtrail", TRAIL, succeeded=False)),
        PASS,
        "",
        "no_attempt_on_evidence",
    ),
    s("trail_not_weakened", "not looked at", _unasked(), CANNOT),
    s(
        "bucket_not_weakened",
        "its policy was changed",
        with_events(event("PutBucketPolicy", "s3", TRAIL_BUCKET)),
        FAIL,
        TRAIL_BUCKET,
    ),
    s(
        "bucket_not_weakened",
        "a lifecycle for one night",
        with_events(
            event("PutBucketLifecycle", "s3", ARCHIVE_BUCKET, time=NOW - 9 * HOUR),
            event("DeleteBucketLifecycle", "s3", ARCHIVE_BUCKET, time=NOW - HOUR),
        ),
        FAIL,
        "PutBucketLifecycle of",
    ),
    s("bucket_not_weakened", "somebody else's bucket", with_events(event("PutBucketPolicy", "s3", "website")), PASS),
    s(
        "bucket_not_weakened",
        "a bucket that is gone",
        replace(with_events(event("DeleteBucket", "s3", TRAIL_BUCKET)), buckets=()),
        FAIL,
        "DeleteBucket",
    ),
    s("bucket_not_weakened", "nobody says of which", with_events(event("PutBucketPolicy", "s3", "")), FAIL),
    s("key_not_endangered", "disabled", with_events(event("DisableKey", "kms", KEY)), FAIL, KEY),
    s("key_not_endangered", "by its id", with_events(event("ScheduleKeyDeletion", "kms", KEY.rpartition("/")[2])), FAIL),
    s("key_not_endangered", "another key", with_events(event("DisableKey", "kms", KEY[:-1] + "2")), PASS),
    s("table_not_weakened", "deleted", with_events(event("DeleteTable", "dynamodb", "Employees")), FAIL, "DeleteTable"),
    s("table_not_weakened", "another table", with_events(event("DeleteTable", "dynamodb", "Sessions")), PASS),
    s(
        "stream_path_not_weakened",
        "the log group was deleted",
        with_events(event("DeleteLogGroup", "logs", "/itemtrail/streams")),
        FAIL,
    ),
    s(
        "stream_path_not_weakened",
        "the mapping was deleted, with the API's date",
        with_events(event("DeleteEventSourceMapping20150331", "lambda", "6b5f0e2c-0000-4000-8000-000000000001")),
        FAIL,
    ),
    s(
        "stream_path_not_weakened",
        "the function was deleted",
        with_events(event("DeleteFunction20150331", "lambda", "itemtrail-forwarder")),
        FAIL,
    ),
    s("stream_path_not_weakened", "another function", with_events(event("DeleteFunction20150331", "lambda", "website")), PASS),
    s(
        "no_attempt_on_evidence",
        "somebody was refused",
        with_events(event("DeleteTrail", "cloudtrail", TRAIL, succeeded=False)),
        FAIL,
        "DeleteTrail",
    ),
    s(
        "no_attempt_on_evidence",
        "somebody succeeded",
        with_events(event("DeleteTrail", "cloudtrail", TRAIL)),
        PASS,
        "",
        "trail_not_weakened",
    ),
    s(
        "no_attempt_on_evidence",
        "somebody was refused elsewhere",
        with_events(event("DeleteBucket", "s3", "website", succeeded=False)),
        PASS,
    ),
    s("no_attempt_on_evidence", "not looked at", _unasked(), CANNOT),
]
