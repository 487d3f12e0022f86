"""Whether no more readers stand on the stream than AWS allows besides the archive.

Two a shard, one of a global table. The archive is one of them; it is no event source mapping. EventBridge Pipes and others' own
pollers are readers too and are in no list that can be asked for: ask the table's owners. Source: DynamoDB developer guide,
"Reading and processing a stream"; "Global tables" (streams), read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, not_applicable, told
from itemtrail.core.posture import Posture, TablePosture


def decide(table: TablePosture, _posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one table."""
    if table.state is None or not table.state.stream_view:
        return not_applicable("there is no table, or no stream.")
    allowed = 0 if table.state.replicated else 1
    names = ", ".join(one.function_arn for one in table.readers) or "none"
    kind = "a global table's" if table.state.replicated else "a"
    said = f"{len(table.readers)} reader(s) besides the archive ({names}); {kind} stream has room for {allowed}."
    return told(len(table.readers) <= allowed, said, said)


CHECK = Check(
    id="stream_readers",
    title="The stream has room for the archive's reader",
    severity=Severity.HIGH,
    subject=Subject.TABLE,
    why="A reader too many is throttled; stream records that the archive does not read within 24 hours are gone.",
    remediation=(
        "aws lambda list-event-source-mappings --event-source-arn STREAM_ARN --region {region} # then let a reader "
        "subscribe to the log group instead"
    ),
    needs=("dynamodb:DescribeTable", "lambda:ListEventSourceMappings"),
    decide=decide,
)
