"""Whether the trail is a multi-Region trail.

A single-Region trail is enough where only its home Region is archived and no table lies elsewhere; it misses new Regions still.
Source: CloudTrail user guide, "Creating multi-Region trails", read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, failed, passed
from itemtrail.core.posture import Posture, TrailPosture


def decide(trail: TrailPosture, _posture: Posture, wanted: Wanted) -> Answer:
    """The answer for one trail."""
    if trail.state.multi_region:
        return passed("it is a multi-Region trail.")
    return failed(f"it records in {trail.state.home_region} only; wanted are {', '.join(wanted.regions)}.")


CHECK = Check(
    id="trail_multi_region",
    title="The trail records in every Region",
    severity=Severity.HIGH,
    subject=Subject.TRAIL,
    why="Calls to a table's replica, and whatever an intruder does in an unused Region, are recorded nowhere.",
    remediation="itemtrail setup --apply",
    needs=("cloudtrail:DescribeTrails",),
    controls=(
        "CIS AWS Foundations v7.0 4.1",
        "Security Hub CloudTrail.1",
        "prowler cloudtrail_multi_region_enabled",
        "AWS Config cloudtrail-security-trail-enabled",
    ),
    decide=decide,
)
