"""Whether CloudTrail signs digests of what it delivers.

Source: CloudTrail user guide, "Validating CloudTrail log file integrity", read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, told
from itemtrail.core.posture import Posture, TrailPosture


def decide(trail: TrailPosture, _posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one trail."""
    return told(trail.state.validation, "log file validation is on.", "log file validation is off: no digest is written.")


CHECK = Check(
    id="trail_validation",
    title="Log file validation is on",
    severity=Severity.CRITICAL,
    subject=Subject.TRAIL,
    why="Without signed digests nobody can prove that a log was not altered or removed, now or later.",
    remediation="itemtrail setup --apply",
    needs=("cloudtrail:DescribeTrails",),
    controls=(
        "CIS AWS Foundations v7.0 4.2",
        "Security Hub CloudTrail.4",
        "prowler cloudtrail_log_file_validation_enabled",
        "AWS Config cloudtrail-security-trail-enabled",
    ),
    decide=decide,
)
