"""Whether a table whose history is wanted is there.

Source: DynamoDB API reference, DescribeTable, read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, failed, passed
from itemtrail.core.posture import Posture, TablePosture


def decide(table: TablePosture, _posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one table."""
    return passed(f"it is {table.state.status or 'there'}.") if table.state else failed("there is no such table.")


CHECK = Check(
    id="table_exists",
    title="The table exists",
    severity=Severity.HIGH,
    subject=Subject.TABLE,
    why="A table that was deleted, or that the configuration misspells, has no stream and no history from here on.",
    remediation=(
        "aws dynamodb describe-table --table-name {name} --region {region} # then correct streams.tables, or restore it "
        "from a backup"
    ),
    needs=("dynamodb:DescribeTable",),
    decide=decide,
)
