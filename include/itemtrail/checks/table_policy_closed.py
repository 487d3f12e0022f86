"""Whether the table's resource policy allows everybody something.

Source: DynamoDB developer guide, "Using resource-based policies for DynamoDB", read 2026-11-24.
"""

from itemtrail.core.access import public_statements
from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, failed, not_applicable, passed
from itemtrail.core.posture import Posture, TablePosture


def decide(table: TablePosture, _posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one table."""
    if table.resource_policy is None:
        return not_applicable("it has no resource policy.")
    found = public_statements(table.resource_policy)
    return failed(f"statement {', '.join(found)} lets everybody in.") if found else passed("it names whom it lets in.")


CHECK = Check(
    id="table_policy_closed",
    title="The table's policy lets nobody unnamed in",
    severity=Severity.HIGH,
    subject=Subject.TABLE,
    why="Whoever is let in reads or writes items, from an account whose calls nobody here may see.",
    remediation=(
        "aws dynamodb get-resource-policy --resource-arn {arn} --region {region} # then name the principals: aws dynamodb"
        " put-resource-policy"
    ),
    needs=("dynamodb:DescribeTable", "dynamodb:GetResourcePolicy"),
    decide=decide,
)
