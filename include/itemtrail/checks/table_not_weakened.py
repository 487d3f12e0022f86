"""Whether, since the last review, a table was deleted, imported into or restored, its stream or recovery switched off.

Source: DynamoDB developer guide, "Logging DynamoDB operations by using AWS CloudTrail"; core/evidence_events.py, read
2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted
from itemtrail.core.evidence_events import Touched, happened
from itemtrail.core.posture import Posture


def decide(posture: Posture, _same: Posture, wanted: Wanted) -> Answer:
    """The answer for the account."""
    return happened(posture, Touched.TABLE, *(arn.rpartition("/")[2] for arn in (*wanted.stream_tables, *(wanted.tables or ()))))


CHECK = Check(
    id="table_not_weakened",
    title="Nobody changed items, or their stream, without an event an item",
    severity=Severity.HIGH,
    subject=Subject.ACCOUNT,
    why=(
        "Items change or go without an event or a stream record for each: the history has a hole that only this event explains."
    ),
    remediation=(
        "aws cloudtrail lookup-events --lookup-attributes AttributeKey=EventSource,AttributeValue=dynamodb.amazonaws.com "
        "# then ask who did it, and itemtrail setup --apply"
    ),
    needs=("s3:GetObject",),
    momentary=True,
    decide=decide,
)
