"""Whether the trail records writes that are made in the other Regions of a global table, and whether those are archived.

A list of table ARNs names one Region's table: a replica has an ARN of its own. Source: DynamoDB developer guide, "Global
tables"; CloudTrail user guide, "Filtering data events by using advanced event selectors", read 2026-11-24.
"""

from itemtrail.core import posture as looked
from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, cannot_look, failed, not_applicable
from itemtrail.core.posture import Posture, TablePosture
from itemtrail.core.recorded import judged


def decide(table: TablePosture, posture: Posture, wanted: Wanted) -> Answer:
    """The answer for one table."""
    mine = looked.trail(posture)
    if not table.replica_regions:
        return not_applicable("it has no replicas.")
    unseen = "" if mine else looked.refused(posture, "cloudtrail:DescribeTrails", "*", [wanted.home_region])
    if unseen:
        return cannot_look(f"could not look at the trail: {unseen}.")
    if mine is None:
        return failed("there is no trail.")
    unwatched = [name for name in table.replica_regions if name not in wanted.regions]
    if unwatched:
        return failed(f"replicas in {', '.join(unwatched)}, which archive.regions does not name.")
    parts = table.arn.split(":")
    arns = [":".join([*parts[:3], name, *parts[4:]]) for name in table.replica_regions]
    return judged(mine, {arn: arn for arn in arns}, wanted)


CHECK = Check(
    id="replicas_recorded",
    title="The trail records every write to a table's replicas",
    severity=Severity.HIGH,
    subject=Subject.TABLE,
    why="Who wrote is recorded only where the call was made: elsewhere the change looks like nobody's.",
    remediation=(
        "itemtrail setup --apply # after adding the replicas to trail.data_events.tables and their Regions to archive.regions"
    ),
    needs=("dynamodb:DescribeTable",),
    weighs=("cloudtrail:DescribeTrails", "cloudtrail:GetEventSelectors"),
    decide=decide,
)
