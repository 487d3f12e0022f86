"""Reading a trail: GetTrail, GetTrailStatus, and the Regions an account has.

Decides: which Region is asked (a trail given by ARN: its home Region), and that an organization trail's folder is the
organization's id. Source: CloudTrail API reference, GetTrail and GetTrailStatus; AWS Organizations, DescribeOrganization; Amazon
EC2, DescribeRegions, read 2026-11-24.
"""

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from itemtrail.aws.errors import translated
from itemtrail.errors import ConfigurationError
from itemtrail.model import LoggingStatus, TrailRef

if TYPE_CHECKING:
    from types_boto3_cloudtrail import CloudTrailClient

TRAIL_ACTIONS = ("cloudtrail:GetTrail", "cloudtrail:GetTrailStatus")
ACCOUNT_ACTIONS = ("ec2:DescribeRegions", "organizations:DescribeOrganization")


class CloudTrailApi:
    """``TrailApi`` over boto3. ``client`` makes a client for (service, Region)."""

    def __init__(self, client: Callable[[str, str], Any], *, region: str) -> None:
        self._client = client
        self._region = region

    def describe(self, name_or_arn: str) -> TrailRef:
        """GetTrail.

        Raises:
            ConfigurationError: the trail does not exist; AccessDenied; SourceUnavailable.
        """
        cloudtrail: CloudTrailClient = self._client("cloudtrail", _home_region(name_or_arn) or self._region)
        with translated("cloudtrail:GetTrail", f"trail {name_or_arn}"):
            trail = cloudtrail.get_trail(Name=name_or_arn)["Trail"]
        return TrailRef(
            arn=trail["TrailARN"],
            bucket=trail["S3BucketName"],
            prefix=trail.get("S3KeyPrefix", "").strip("/"),
            organization_id=self._organization() if trail.get("IsOrganizationTrail") else "",
        )

    def status(self, trail: TrailRef, *, region: str | None = None) -> LoggingStatus:
        """GetTrailStatus, asked in ``region`` (home Region by default)."""
        cloudtrail: CloudTrailClient = self._client("cloudtrail", region or trail.home_region)
        with translated("cloudtrail:GetTrailStatus", f"trail {trail.arn}"):
            status = cloudtrail.get_trail_status(Name=trail.arn)
        return LoggingStatus(
            is_logging=status["IsLogging"],
            started=_utc(status.get("StartLoggingTime")),
            stopped=_utc(status.get("StopLoggingTime")),
            latest_delivery=_utc(status.get("LatestDeliveryTime")),
            latest_digest_delivery=_utc(status.get("LatestDigestDeliveryTime")),
            latest_delivery_error=status.get("LatestDeliveryError", ""),
            latest_digest_delivery_error=status.get("LatestDigestDeliveryError", ""),
        )

    def regions(self) -> tuple[str, ...]:
        """Regions enabled for the account, sorted."""
        ec2 = self._client("ec2", self._region)
        with translated("ec2:DescribeRegions", "the account's Regions"):
            return tuple(sorted(region["RegionName"] for region in ec2.describe_regions()["Regions"]))

    def _organization(self) -> str:
        organizations = self._client("organizations", self._region)
        with translated("organizations:DescribeOrganization", "the organization of this account"):
            return str(organizations.describe_organization()["Organization"]["Id"])


def _home_region(name_or_arn: str) -> str:
    if not name_or_arn.startswith("arn:"):
        return ""
    parts = name_or_arn.split(":")
    if len(parts) != 6 or parts[2] != "cloudtrail" or not parts[5].startswith("trail/"):
        raise ConfigurationError(
            f"{name_or_arn!r} is not a trail's ARN.", advice="write arn:aws:cloudtrail:REGION:ACCOUNT:trail/NAME, or the name."
        )
    return parts[3]


def _utc(value: dt.datetime | None) -> dt.datetime | None:
    return value.astimezone(dt.UTC) if value else None
