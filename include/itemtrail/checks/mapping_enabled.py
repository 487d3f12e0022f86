"""Whether the forwarder's event source mapping exists and is enabled.

A global table's stream has room for the archive alone: no mapping is expected there. Source: Lambda API reference,
EventSourceMappingConfiguration (State), read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, failed, not_applicable, passed
from itemtrail.core.posture import Posture, TablePosture
from itemtrail.core.readers import ours


def decide(table: TablePosture, _posture: Posture, wanted: Wanted) -> Answer:
    """The answer for one table."""
    if table.state is None or not table.state.stream_view or not wanted.forwarder or table.state.replicated:
        return not_applicable("no mapping is expected here.")
    mine = ours(table, wanted)
    if not mine:
        return failed(f"{wanted.forwarder} does not read this stream.")
    states = table.mapping_states or {}
    off = [one.uuid for one in mine if one.disabled or states.get(one.uuid) in ("Disabled", "Disabling")]
    return failed(f"mapping {', '.join(off)} is disabled.") if off else passed(f"{wanted.forwarder} reads it.")


CHECK = Check(
    id="mapping_enabled",
    title="The forwarder reads the stream",
    severity=Severity.MEDIUM,
    subject=Subject.TABLE,
    why="The debug log group gets nothing; the archive, which reads the stream itself, is not harmed.",
    remediation=(
        "aws lambda list-event-source-mappings --function-name FORWARDER --region {region} && aws lambda "
        "update-event-source-mapping --uuid MAPPING_UUID --enabled --region {region}"
    ),
    needs=("dynamodb:DescribeTable", "lambda:ListEventSourceMappings"),
    decide=decide,
)
