"""Whether a trail of an organization has its home in a Region that every account has.

Source: CloudTrail user guide, "Creating a trail for an organization"; "Understanding multi-Region trails and opt-in Regions",
read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, cannot_look, not_applicable, told
from itemtrail.core.posture import Posture, TrailPosture


def decide(trail: TrailPosture, posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one trail."""
    if not trail.state.organization:
        return not_applicable("it is no trail of an organization.")
    home = next((one for one in posture.regions if one.name == trail.state.home_region), None)
    if home is None:
        return cannot_look(f"{trail.state.home_region} is not among the account's Regions.")
    return told(not home.opt_in, f"{home.name} is on by default.", f"{home.name} has to be switched on, account by account.")


CHECK = Check(
    id="trail_home_region",
    title="An organization's trail lives in a Region that is on by default",
    severity=Severity.MEDIUM,
    subject=Subject.TRAIL,
    why="An account that has not switched the home Region on cannot see or check the trail that records it.",
    remediation=(
        "aws cloudtrail describe-trails --trail-name-list {arn} --region {region} # make the organization's trail in a "
        "Region that is on by default"
    ),
    needs=("cloudtrail:DescribeTrails",),
    elsewhere=("ec2:DescribeRegions",),
    decide=decide,
)
