"""Whether the forwarder's mapping gives up after some retries, and before the stream forgets.

Source: Lambda developer guide, "Using AWS Lambda with Amazon DynamoDB" (retries: -1 until the record expires), read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, failed, not_applicable, passed
from itemtrail.core.posture import Posture, TablePosture
from itemtrail.core.readers import ours


def decide(table: TablePosture, _posture: Posture, wanted: Wanted) -> Answer:
    """The answer for one table."""
    mine = ours(table, wanted)
    if not mine:
        return not_applicable("the forwarder does not read this stream.")
    endless = [one.uuid for one in mine if one.retries < 0 or not 0 < one.max_age < 86_400]
    said = "retries are finite, and records are given up within a day."
    return failed(f"mapping {', '.join(endless)} tries until the stream forgets.") if endless else passed(said)


CHECK = Check(
    id="mapping_retries_finite",
    title="A record that fails does not hold its shard",
    severity=Severity.MEDIUM,
    subject=Subject.TABLE,
    why="One record that always fails blocks every later record of its shard for a day, and then they are gone.",
    remediation="itemtrail setup --apply",
    needs=("dynamodb:DescribeTable", "lambda:ListEventSourceMappings"),
    decide=decide,
)
