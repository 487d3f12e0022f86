"""Whether archive.regions names Regions that are on, and every Region that holds a wanted table.

Source: Account management user guide, "Specifying which AWS Regions your account can use", read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, failed, passed
from itemtrail.core.posture import Posture


def decide(posture: Posture, _same: Posture, wanted: Wanted) -> Answer:
    """The answer for the account."""
    there = {one.name for one in posture.regions}
    absent = [name for name in wanted.regions if name not in there]
    if absent:
        return failed(f"archive.regions names {', '.join(absent)}, which the account has not switched on.")
    needed = {arn.split(":")[3] for arn in (*(wanted.tables or ()), *wanted.stream_tables)}
    unwatched = sorted(needed - set(wanted.regions))
    if unwatched:
        return failed(f"tables lie in {', '.join(unwatched)}, which archive.regions does not name.")
    return passed(f"{len(wanted.regions)} Region(s) are archived, and every wanted table lies in one of them.")


CHECK = Check(
    id="regions_enabled",
    title="Every archived Region exists, and every table lies in one",
    severity=Severity.HIGH,
    subject=Subject.ACCOUNT,
    why="Events of a table whose Region is not archived expire with the trail bucket, unproven.",
    remediation=(
        "aws account list-regions --region-opt-status-contains ENABLED ENABLED_BY_DEFAULT # then correct archive.regions"
    ),
    needs=("ec2:DescribeRegions",),
    decide=decide,
)
