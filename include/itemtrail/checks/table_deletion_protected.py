"""Whether the table cannot be deleted by one call.

Source: DynamoDB developer guide, "Using deletion protection to protect your table", read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, not_applicable, told
from itemtrail.core.posture import Posture, TablePosture


def decide(table: TablePosture, _posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one table."""
    if table.state is None:
        return not_applicable("there is no such table.")
    return told(table.deletion_protection, "deletion protection is on.", "deletion protection is off.")


CHECK = Check(
    id="table_deletion_protected",
    title="Deletion protection is on",
    severity=Severity.MEDIUM,
    subject=Subject.TABLE,
    why="DeleteTable removes every item without an event or a stream record for each.",
    remediation="aws dynamodb update-table --table-name {name} --deletion-protection-enabled --region {region}",
    needs=("dynamodb:DescribeTable",),
    controls=("Security Hub DynamoDB.6", "prowler dynamodb_table_deletion_protection_enabled"),
    decide=decide,
)
