"""Trails as setting up sees them: description, whether they log, and their selectors, each asked in its home Region.

Decides: a trail whose selectors may not be read stays in the list, with the reason. Source: CloudTrail API reference,
DescribeTrails (copies of multi-Region trails included), GetTrailStatus, GetEventSelectors, read 2026-11-24.
"""

from typing import Any

from itemtrail.aws.facts import Facts, Read
from itemtrail.errors import AccessDenied, ConfigurationError
from itemtrail.snapshot import TrailState

DESCRIBE = Read("cloudtrail", "describe_trails", "cloudtrail:DescribeTrails", tells="trailList")
STATUS = Read("cloudtrail", "get_trail_status", "cloudtrail:GetTrailStatus", tells="IsLogging")
SELECTORS = Read("cloudtrail", "get_event_selectors", "cloudtrail:GetEventSelectors")
READ_ACTIONS = (DESCRIBE.action, STATUS.action, SELECTORS.action)


def read_trails(facts: Facts, region: str) -> tuple[TrailState, ...]:
    """Every trail seen from ``region``."""
    found = (facts.ask(DESCRIBE, region, region, includeShadowTrails=True) or {}).get("trailList", [])
    return tuple(sorted((_trail(facts, dict(one)) for one in found), key=lambda trail: trail.arn))


def _trail(facts: Facts, found: dict[str, Any]) -> TrailState:
    arn, home = found["TrailARN"], home_region(found)
    logging, selected, reason = None, None, ""
    try:
        logging = (facts.ask(STATUS, arn, home, Name=arn) or {}).get("IsLogging")
        selected = selectors(facts.ask(SELECTORS, arn, home, TrailName=arn))
    except (AccessDenied, ConfigurationError) as error:
        reason = error.message
    return state(found, logging=logging, selected=selected, unreadable=reason)


def home_region(found: dict[str, Any]) -> str:
    """Where a trail of DescribeTrails is asked."""
    return str(found.get("HomeRegion") or found["TrailARN"].split(":")[3])


def selectors(answer: dict[str, Any] | None) -> dict[str, Any] | None:
    """Basic or advanced selectors as GetEventSelectors tells them; None where it could not be asked."""
    if answer is None:
        return None
    return {name: answer[name] for name in ("EventSelectors", "AdvancedEventSelectors") if answer.get(name)}


def state(found: dict[str, Any], *, logging: bool | None, selected: dict[str, Any] | None, unreadable: str = "") -> TrailState:
    """A trail of DescribeTrails with what was asked about it."""
    return TrailState(
        arn=found["TrailARN"],
        home_region=home_region(found),
        bucket=found.get("S3BucketName", ""),
        prefix=found.get("S3KeyPrefix", "").strip("/"),
        multi_region=found.get("IsMultiRegionTrail", False),
        global_events=found.get("IncludeGlobalServiceEvents", False),
        validation=found.get("LogFileValidationEnabled", False),
        organization=found.get("IsOrganizationTrail", False),
        kms_key=found.get("KmsKeyId", ""),
        logging=logging,
        selectors=selected,
        unreadable=unreadable,
    )
