"""Whether the stream's view type is NEW_AND_OLD_IMAGES.

Source: DynamoDB API reference, StreamSpecification, read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, not_applicable, told
from itemtrail.core.posture import Posture, TablePosture


def decide(table: TablePosture, _posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one table."""
    if table.state is None or not table.state.stream_view:
        return not_applicable("there is no table, or no stream.")
    view = table.state.stream_view
    return told(view == "NEW_AND_OLD_IMAGES", "it shows both images.", f"it shows {view}.")


CHECK = Check(
    id="table_stream_images",
    title="The stream shows old and new images",
    severity=Severity.HIGH,
    subject=Subject.TABLE,
    why="Without the old image the former value of a changed or deleted item is nowhere.",
    remediation=(
        "aws dynamodb update-table --table-name {name} --stream-specification StreamEnabled=false --region {region} && "
        "aws dynamodb wait table-exists --table-name {name} --region {region} && aws dynamodb update-table --table-name "
        "{name} --stream-specification StreamEnabled=true,StreamViewType=NEW_AND_OLD_IMAGES --region {region} # readers "
        "must be pointed at the new stream"
    ),
    needs=("dynamodb:DescribeTable",),
    decide=decide,
)
