"""Whether the trail records the item operations of a table whose history is wanted, in the table's own Region.

Source: CloudTrail user guide, "Filtering data events by using advanced event selectors", read 2026-11-24.
"""

from itemtrail.core import posture as looked
from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, cannot_look, failed
from itemtrail.core.posture import Posture, TablePosture
from itemtrail.core.recorded import judged


def decide(table: TablePosture, posture: Posture, wanted: Wanted) -> Answer:
    """The answer for one table."""
    mine = looked.trail(posture)
    unseen = "" if mine else looked.refused(posture, "cloudtrail:DescribeTrails", "*", [wanted.home_region])
    if unseen:
        return cannot_look(f"could not look at the trail: {unseen}.")
    if mine is None:
        return failed("there is no trail.")
    return judged(mine, {table.arn: table.arn}, wanted)


CHECK = Check(
    id="table_recorded",
    title="The trail records every write to a table with a stream",
    severity=Severity.CRITICAL,
    subject=Subject.TABLE,
    why="The stream shows what changed; without the event nobody knows who changed it.",
    remediation="itemtrail setup --apply",
    needs=("dynamodb:DescribeTable",),
    weighs=("cloudtrail:DescribeTrails", "cloudtrail:GetEventSelectors"),
    decide=decide,
)
