"""Whether a table that expires items has a stream whose records name DynamoDB as the one who deleted.

An expiry is in no CloudTrail log: its author is nobody. The stream record says so, in the Region where the expiry ran only; in
the replicas of a global table it looks like any other deletion, so the streams of all of them must be archived. Source:
DynamoDB developer guide, "Working with Time to Live and streams", read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, failed, not_applicable, passed
from itemtrail.core.posture import Posture, TablePosture


def decide(table: TablePosture, _posture: Posture, wanted: Wanted) -> Answer:
    """The answer for one table."""
    if table.state is None or not table.ttl_attribute:
        return not_applicable("items do not expire.")
    if not table.state.stream_view:
        return failed(f"items expire by {table.ttl_attribute}, and there is no stream: their deletion is recorded nowhere.")
    parts = table.arn.split(":")
    replicas = {name: ":".join([*parts[:3], name, *parts[4:]]) for name in table.replica_regions}
    unread = [name for name, arn in replicas.items() if arn not in wanted.stream_tables]
    if unread:
        return failed(f"items expire by {table.ttl_attribute}; the stream that says so may be that of {', '.join(unread)}.")
    return passed(f"items expire by {table.ttl_attribute}: nobody deletes them; their stream records say so.")


CHECK = Check(
    id="table_ttl_explained",
    title="Deletions by time-to-live can be told from others",
    severity=Severity.MEDIUM,
    subject=Subject.TABLE,
    why="An item that expired, and one that somebody deleted and whose event is missing, look the same.",
    remediation=(
        "itemtrail setup --apply # switches the stream on; of a global table, add each replica's ARN to streams.tables first"
    ),
    needs=("dynamodb:DescribeTable", "dynamodb:DescribeTimeToLive"),
    decide=decide,
)
