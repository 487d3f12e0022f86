"""Trails as setting up sees them: description, whether they log, and their selectors, each asked in its home Region.

Decides: a trail whose selectors may not be read stays in the list, with the reason. Source: CloudTrail API reference,
DescribeTrails (copies of multi-Region trails included), GetTrailStatus, GetEventSelectors, read 2026-11-24.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from itemtrail.aws.errors import translated
from itemtrail.errors import AccessDenied, ConfigurationError
from itemtrail.snapshot import TrailState

if TYPE_CHECKING:
    from types_boto3_cloudtrail import CloudTrailClient

READ_ACTIONS = ("cloudtrail:DescribeTrails", "cloudtrail:GetTrailStatus", "cloudtrail:GetEventSelectors")


def read_trails(client: Callable[[str], "CloudTrailClient"], region: str) -> tuple[TrailState, ...]:
    """Every trail seen from ``region``."""
    with translated("cloudtrail:DescribeTrails", region):
        found = client(region).describe_trails(includeShadowTrails=True)["trailList"]
    return tuple(sorted((_trail(client, dict(one)) for one in found), key=lambda trail: trail.arn))


def _trail(client: Callable[[str], "CloudTrailClient"], found: dict[str, Any]) -> TrailState:
    arn, home = found["TrailARN"], found.get("HomeRegion") or found["TrailARN"].split(":")[3]
    selectors, logging, reason = None, None, ""
    try:
        with translated("cloudtrail:GetTrailStatus", arn):
            logging = client(home).get_trail_status(Name=arn)["IsLogging"]
        with translated("cloudtrail:GetEventSelectors", arn):
            answer = client(home).get_event_selectors(TrailName=arn)
        selectors = {name: answer[name] for name in ("EventSelectors", "AdvancedEventSelectors") if answer.get(name)}
    except (AccessDenied, ConfigurationError) as error:
        reason = error.message
    return TrailState(
        arn=arn,
        home_region=home,
        bucket=found.get("S3BucketName", ""),
        prefix=found.get("S3KeyPrefix", "").strip("/"),
        multi_region=found.get("IsMultiRegionTrail", False),
        global_events=found.get("IncludeGlobalServiceEvents", False),
        validation=found.get("LogFileValidationEnabled", False),
        organization=found.get("IsOrganizationTrail", False),
        kms_key=found.get("KmsKeyId", ""),
        logging=logging,
        selectors=selectors,
        unreadable=reason,
    )
