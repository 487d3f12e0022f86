"""Whether the table has a stream.

Source: DynamoDB developer guide, "Change data capture for DynamoDB Streams", read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, not_applicable, told
from itemtrail.core.posture import Posture, TablePosture


def decide(table: TablePosture, _posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one table."""
    if table.state is None:
        return not_applicable("there is no such table.")
    return told(bool(table.state.stream_view), "its stream is on.", "it has no stream.")


CHECK = Check(
    id="table_stream_on",
    title="The table's stream is on",
    severity=Severity.HIGH,
    subject=Subject.TABLE,
    why="CloudTrail holds no values: without a stream nobody knows what a change changed.",
    remediation="itemtrail setup --apply",
    needs=("dynamodb:DescribeTable",),
    decide=decide,
)
