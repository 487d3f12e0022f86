"""Whether a Region that is archived got its digest within the last two hours.

Digests come every hour, also where nothing happened. Source: CloudTrail user guide, "CloudTrail digest file structure", read
2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, not_applicable, told
from itemtrail.core.freshness import age, begun
from itemtrail.core.posture import Posture, RegionPosture


def decide(region: RegionPosture, posture: Posture, wanted: Wanted) -> Answer:
    """The answer for one region."""
    if region.name not in wanted.regions or wanted.trail_arn not in region.trail_arns:
        return not_applicable("the trail is not expected or not seen here.")
    if not begun(posture, hours=2):
        return not_applicable("the trail began to log less than 2 hours ago.")
    since = age(posture.taken_at, region.digest_delivered_at)
    return told(since.hours <= 2, f"the last digest arrived {since}.", f"the last digest arrived {since}; one is due every hour.")


CHECK = Check(
    id="region_digest_fresh",
    title="Digests arrive every hour",
    severity=Severity.CRITICAL,
    subject=Subject.REGION,
    why="An hour whose digest never comes can never be proven, and its missing logs are missed by nobody.",
    remediation="aws cloudtrail get-trail-status --name {trail} --region {region}",
    needs=("cloudtrail:DescribeTrails", "cloudtrail:GetTrailStatus"),
    decide=decide,
)
