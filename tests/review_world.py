"""A review of a set-up with a few faults, with checks of its own: what tests of the report share."""

import dataclasses
import datetime as dt
from typing import Any

from tests import posture_world

from itemtrail.core.acceptance import Acceptance
from itemtrail.core.check import Check, Result, Severity, Status, Subject, passed
from itemtrail.core.posture import EvidenceEvent, Unread
from itemtrail.core.review import review
from itemtrail.core.review_report import Last, Report, Snapshot, last

NOW = posture_world.NOW
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'`|\x1b[31m{{7*7}}\u202e"
ACCEPTANCES = (
    Acceptance("bucket.mfa_delete", "arn:aws:s3:::hrms-*", "root's token lies in a safe", "security@", dt.date(2027, 3, 31)),
    Acceptance("trail.kms", "*", "ends with the old key", "ops@", dt.date(2026, 10, 31)),
    Acceptance("bucket.mfa_delet", "*", "a slip of the keyboard", "ops@", dt.date(2027, 1, 1)),
    Acceptance("table.pitr", "*/Nobody", "gone for long", "hr@", dt.date(2027, 1, 1)),
)


def check(check_id: str, title: str, severity: Severity, subject: Subject = Subject.TRAIL, **more: Any) -> Check:
    """A check that is never asked: results are made by hand."""
    why = "While it does not log, nobody's write is recorded, and no later work brings the records back."
    needs = ("cloudtrail:GetTrailStatus",)
    fields = {"why": why, "remediation": "aws x", "needs": needs, "decide": lambda *_: passed("."), **more}
    return Check(check_id, title, severity, subject, **fields)


CHECKS = (
    check("trail.logging", "The trail records", Severity.CRITICAL, controls=("CIS AWS Foundations 4.1", "CloudTrail.1")),
    check("trail.kms", "Log files are encrypted with a key of ours", Severity.MEDIUM, controls=("CloudTrail.2",)),
    check("bucket.mfa_delete", "Deleting a version needs a second factor", Severity.MEDIUM, Subject.BUCKET),
    check("bucket.access_logging", "Who reads evidence is logged", Severity.LOW, Subject.BUCKET),
    check("table.pitr", "The table can be restored to any second", Severity.HIGH, Subject.TABLE),
    check("stream.view", "The stream keeps old and new images", Severity.HIGH, Subject.TABLE),
)


def result(check_id: str, resource: str, status: Status, detail: str, remediation: str = "", region: str = "us-east-1") -> Result:
    """One result of ``CHECKS``."""
    severity = next(one.severity for one in CHECKS if one.id == check_id)
    return Result(check_id, severity, resource, region, status, detail, remediation)


def results(logging: Status = Status.FAIL) -> list[Result]:
    """A finding of each kind."""
    trail, bucket = posture_world.TRAIL, f"arn:aws:s3:::{posture_world.ARCHIVE_BUCKET}"
    start = "aws cloudtrail start-logging --region us-east-1 --name HRMS-DynamoDB-Logs"
    return [
        result("trail.logging", trail, logging, "logging stopped at 2026-11-22 23:41:07 UTC.", start),
        result("trail.kms", trail, Status.FAIL, "KmsKeyId is not set.", "aws cloudtrail update-trail --kms-key-id …"),
        result("bucket.mfa_delete", bucket, Status.FAIL, "MFADelete is Disabled."),
        result("bucket.access_logging", bucket, Status.CANNOT_LOOK, "could not look: AccessDenied for s3:GetBucketLogging."),
        result("stream.view", posture_world.EMPLOYEES, Status.PASS, "NEW_AND_OLD_IMAGES."),
        result("table.pitr", posture_world.PAYROLL, Status.PASS, "PITR is on."),
        result("table.pitr", posture_world.LEAVE, Status.NOT_APPLICABLE, "no table."),
    ]


def report(found: list[Result] | None = None, *, against: Last | None = None, **fields: Any) -> Report:
    """The report of ``found``; ``fields`` replace its own."""
    posture = dataclasses.replace(
        posture_world.good(),
        events=(event("StopLogging"), event("DeleteTrail", succeeded=False, detail="AccessDenied from 192.0.2.7")),
        events_since=NOW - dt.timedelta(days=7),
        events_until=NOW.replace(hour=0),
        unread=(Unread("s3:GetBucketLogging", "arn:aws:s3:::hrms-archive-111122223333", "us-east-1", "AccessDenied"),),
    )
    judged = review(
        found if found is not None else results(),
        taken_at=posture.taken_at,
        acceptances=ACCEPTANCES,
        checks=[one.id for one in CHECKS],
        before=against.results if against else None,
    )
    made = Report(judged, posture, posture_world.wanted(), CHECKS, Snapshot("reviews/x/snapshot.json", "ab" * 32), against)
    return dataclasses.replace(made, **fields)


def event(name: str, *, succeeded: bool = True, detail: str = "from 192.0.2.7") -> EvidenceEvent:
    """An event of the trail."""
    when, actor = NOW - dt.timedelta(hours=7), "arn:aws:iam::111122223333:user/svc-reporting"
    trail = posture_world.TRAIL
    return EvidenceEvent(f"id-{name}", name, "cloudtrail.amazonaws.com", when, "us-east-1", actor, succeeded, trail, detail)


def a_week_ago() -> Last:
    """A report as stored then: PITR was off, versioning of a bucket that is gone since was suspended, logging was on."""
    before = results(Status.PASS)
    before[5] = result("table.pitr", posture_world.PAYROLL, Status.FAIL, "PITR is off.")
    before.append(result("table.pitr", "arn:aws:dynamodb:us-east-1:111122223333:table/Old", Status.FAIL, "PITR is off."))
    made = report(before)
    week = dt.timedelta(days=7)
    then = dataclasses.replace(
        made,
        review=review(before, taken_at=NOW - week, acceptances=ACCEPTANCES, checks=[one.id for one in CHECKS]),
        posture=dataclasses.replace(
            made.posture, taken_at=NOW - week, events_since=NOW - 2 * week, events_until=NOW.replace(hour=0) - week
        ),
    )
    return last(then.to_bytes(), where="s3://archive/reviews/x/report.json")
