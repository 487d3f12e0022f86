"""Whether the table can be restored, or exported, as it was at any second of the last days.

Source: DynamoDB developer guide, "Point-in-time recovery for DynamoDB", read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, not_applicable, told
from itemtrail.core.posture import Posture, TablePosture


def decide(table: TablePosture, _posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one table."""
    if table.state is None:
        return not_applicable("there is no such table.")
    return told(table.pitr, "point-in-time recovery is on.", "point-in-time recovery is off.")


CHECK = Check(
    id="table_pitr",
    title="Point-in-time recovery is on",
    severity=Severity.MEDIUM,
    subject=Subject.TABLE,
    why="Where stream records were missed, the state before them is gone.",
    remediation=(
        "aws dynamodb update-continuous-backups --table-name {name} --point-in-time-recovery-specification "
        "PointInTimeRecoveryEnabled=true --region {region}"
    ),
    needs=("dynamodb:DescribeTable", "dynamodb:DescribeContinuousBackups"),
    controls=("Security Hub DynamoDB.2", "prowler dynamodb_tables_pitr_enabled"),
    decide=decide,
)
