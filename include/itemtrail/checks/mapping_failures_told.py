"""Whether the forwarder's mapping has a failure destination.

Source: Lambda developer guide, "Retain discarded records for a DynamoDB event source in Lambda", read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, failed, not_applicable, passed
from itemtrail.core.posture import Posture, TablePosture
from itemtrail.core.readers import ours


def decide(table: TablePosture, _posture: Posture, wanted: Wanted) -> Answer:
    """The answer for one table."""
    mine = ours(table, wanted)
    if not mine:
        return not_applicable("the forwarder does not read this stream.")
    silent = [one.uuid for one in mine if not one.destination]
    return failed(f"mapping {', '.join(silent)} has none.") if silent else passed(f"told to {mine[0].destination}.")


CHECK = Check(
    id="mapping_failures_told",
    title="Batches that are given up are told somewhere",
    severity=Severity.MEDIUM,
    subject=Subject.TABLE,
    why="Images that could not be forwarded are dropped without a word.",
    remediation="itemtrail setup --apply",
    needs=("dynamodb:DescribeTable", "lambda:ListEventSourceMappings"),
    decide=decide,
)
