"""Whether a Region that is archived delivers logs.

CloudTrail writes a log only where something happened: a Region without a log of the last 24 hours passes while its digests,
which come every hour, are fresh; they say that there was nothing. Source: CloudTrail API reference, GetTrailStatus; CloudTrail
user guide, "CloudTrail digest file structure", read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, failed, not_applicable, passed
from itemtrail.core.freshness import age, begun
from itemtrail.core.posture import Posture, RegionPosture


def decide(region: RegionPosture, posture: Posture, wanted: Wanted) -> Answer:
    """The answer for one region."""
    if region.name not in wanted.regions or wanted.trail_arn not in region.trail_arns:
        return not_applicable("the trail is not expected or not seen here.")
    if not begun(posture, hours=24):
        return not_applicable("the trail began to log less than 24 hours ago.")
    since, digests = age(posture.taken_at, region.delivered_at), age(posture.taken_at, region.digest_delivered_at)
    if since.hours <= 24:
        return passed(f"the last log arrived {since}.")
    if digests.hours <= 2:
        return passed(f"the last log arrived {since}; the last digest arrived {digests}, so nothing happened here.")
    return failed(f"the last log arrived {since}, the last digest {digests}.")


CHECK = Check(
    id="region_delivery_fresh",
    title="Logs arrive",
    severity=Severity.HIGH,
    subject=Subject.REGION,
    why="Deliveries that time out are no error to CloudTrail; events that are not delivered within 30 days are lost.",
    remediation="aws cloudtrail get-trail-status --name {trail} --region {region}",
    needs=("cloudtrail:DescribeTrails", "cloudtrail:GetTrailStatus"),
    decide=decide,
)
