"""Whether, since the last review, somebody deleted a log group, a mapping or the forwarder, or changed a retention.

Source: Lambda developer guide, "Logging Lambda API calls using CloudTrail"; core/evidence_events.py, read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted
from itemtrail.core.evidence_events import Touched, happened
from itemtrail.core.posture import Posture


def decide(posture: Posture, _same: Posture, wanted: Wanted) -> Answer:
    """The answer for the account."""
    return happened(posture, Touched.STREAM_PATH, wanted.debug_log_group, wanted.forwarder)


CHECK = Check(
    id="stream_path_not_weakened",
    title="Nobody removed the forwarder or its log group",
    severity=Severity.MEDIUM,
    subject=Subject.ACCOUNT,
    why="Images of the time in between are in no log group; the archive, which reads the streams itself, is not harmed.",
    remediation=(
        "aws cloudtrail lookup-events --lookup-attributes AttributeKey=EventSource,AttributeValue=lambda.amazonaws.com # "
        "then ask who did it, and itemtrail setup --apply"
    ),
    needs=("s3:GetObject",),
    momentary=True,
    decide=decide,
)
