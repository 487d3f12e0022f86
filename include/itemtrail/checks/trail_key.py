"""Whether the trail names a KMS key.

The key also makes reading a second permission; losing it destroys what it encrypted, which the checks of keys watch. Source:
CloudTrail user guide, "Encrypting CloudTrail log files, digest files and event data stores with AWS KMS keys", read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, failed, passed
from itemtrail.core.posture import Posture, TrailPosture


def decide(trail: TrailPosture, _posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one trail."""
    return passed(f"KMS key {trail.state.kms_key}.") if trail.state.kms_key else failed("no KMS key is set for the trail.")


CHECK = Check(
    id="trail_key",
    title="Logs are encrypted with a KMS key",
    severity=Severity.MEDIUM,
    subject=Subject.TRAIL,
    why=("Item keys (employee numbers, e-mail addresses) stand in the logs in clear; whoever may read the bucket reads them."),
    remediation="aws cloudtrail update-trail --name {arn} --kms-key-id alias/itemtrail --region {region}",
    needs=("cloudtrail:DescribeTrails",),
    controls=(
        "CIS AWS Foundations v7.0 4.5",
        "Security Hub CloudTrail.2",
        "prowler cloudtrail_kms_encryption_enabled",
        "AWS Config cloudtrail-security-trail-enabled",
    ),
    decide=decide,
)
