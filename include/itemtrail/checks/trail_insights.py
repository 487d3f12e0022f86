"""Whether CloudTrail Insights is on.

Source: CloudTrail user guide, "Logging Insights events for trails", read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, failed, passed
from itemtrail.core.posture import Posture, TrailPosture


def decide(trail: TrailPosture, _posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one trail."""
    return passed(f"on: {', '.join(trail.insights)}.") if trail.insights else failed("no Insights type is on (each is billed).")


CHECK = Check(
    id="trail_insights",
    title="CloudTrail Insights looks for unusual activity",
    severity=Severity.LOW,
    subject=Subject.TRAIL,
    why="A burst of calls or errors, such as a mass deletion, is pointed out by nobody.",
    remediation=(
        "aws cloudtrail put-insight-selectors --trail-name {arn} --insight-selectors InsightType=ApiCallRateInsight "
        "InsightType=ApiErrorRateInsight --region {region}"
    ),
    needs=("cloudtrail:DescribeTrails", "cloudtrail:GetInsightSelectors"),
    controls=("prowler cloudtrail_insights_exist",),
    decide=decide,
)
