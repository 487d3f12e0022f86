"""Whether, since the last review, somebody ended or narrowed what a trail records.

Source: CloudTrail user guide, "CloudTrail API calls"; core/evidence_events.py, read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted
from itemtrail.core.evidence_events import Touched, happened
from itemtrail.core.posture import Posture


def decide(posture: Posture, _same: Posture, _wanted: Wanted) -> Answer:
    """The answer for the account."""
    return happened(posture, Touched.TRAIL)


CHECK = Check(
    id="trail_not_weakened",
    title="Nobody stopped, deleted or changed a trail",
    severity=Severity.CRITICAL,
    subject=Subject.ACCOUNT,
    why="What happened in between may be recorded nowhere; who did it knows what.",
    remediation=(
        "aws cloudtrail lookup-events --lookup-attributes "
        "AttributeKey=EventSource,AttributeValue=cloudtrail.amazonaws.com # then ask who did it, and itemtrail setup "
        "--apply"
    ),
    needs=("s3:GetObject",),
    momentary=True,
    decide=decide,
)
