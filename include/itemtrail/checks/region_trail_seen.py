"""Whether the trail, or its copy, exists in a Region that is archived.

A Region that was switched on gets its copy within hours. Source: CloudTrail user guide, "Understanding multi-Region trails and
opt-in Regions", read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, not_applicable, told
from itemtrail.core.posture import Posture, RegionPosture


def decide(region: RegionPosture, _posture: Posture, wanted: Wanted) -> Answer:
    """The answer for one region."""
    if region.name not in wanted.regions:
        return not_applicable("archive.regions does not name it.")
    return told(wanted.trail_arn in region.trail_arns, "the trail is seen here.", f"{wanted.trail_arn} is not seen here.")


CHECK = Check(
    id="region_trail_seen",
    title="The trail is seen in every archived Region",
    severity=Severity.HIGH,
    subject=Subject.REGION,
    why="Where no copy of the trail exists nothing is recorded.",
    remediation=(
        "aws cloudtrail describe-trails --include-shadow-trails --region {region} # where it stays away: itemtrail setup --apply"
    ),
    needs=("cloudtrail:DescribeTrails",),
    decide=decide,
)
