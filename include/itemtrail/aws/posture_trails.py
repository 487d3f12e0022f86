"""Trails as the review sees them: from every Region, each once, and asked at home.

Decides: a trail seen from several Regions is one trail; its deliveries are asked for in each of them (GetTrailStatus tells those
of the Region that is asked). Source: CloudTrail API reference, DescribeTrails, GetTrailStatus, GetInsightSelectors
(InsightNotEnabledException), ListTags, read 2026-11-24.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from itemtrail.aws.control_trail import DESCRIBE, SELECTORS, STATUS, home_region, selectors, state
from itemtrail.aws.facts import Facts, Read
from itemtrail.posture import RegionPosture, TrailPosture

INSIGHTS = Read(
    "cloudtrail", "get_insight_selectors", "cloudtrail:GetInsightSelectors", frozenset({"InsightNotEnabledException"})
)
TAGS = Read("cloudtrail", "list_tags", "cloudtrail:ListTags", member="ResourceTagList")
READS = (DESCRIBE, STATUS, SELECTORS, INSIGHTS, TAGS)


@dataclass(frozen=True, slots=True)
class Seen:
    """A Region, and the trails that DescribeTrails tells there."""

    region: RegionPosture
    trails: tuple[dict[str, Any], ...]


def region(facts: Facts, found: RegionPosture, trail_arn: str) -> Seen:
    """The trails seen from the Region, and the deliveries of ``trail_arn`` there."""
    name = found.name
    answer = facts.ask(DESCRIBE, "*", name, includeShadowTrails=True) or {}
    trails = tuple(dict(one) for one in answer.get("trailList", []))
    arns = tuple(sorted(one["TrailARN"] for one in trails))
    status = (facts.ask(STATUS, "*", name, Name=trail_arn) or {}) if trail_arn in arns else {}
    told = RegionPosture(
        name=name,
        opt_in=found.opt_in,
        trail_arns=arns,
        delivered_at=utc(status.get("LatestDeliveryTime")),
        digest_delivered_at=utc(status.get("LatestDigestDeliveryTime")),
    )
    return Seen(told, trails)


def once(seen: list[Seen]) -> list[dict[str, Any]]:
    """Each trail once, in ARN order; what its home Region says comes before what another does."""
    found: dict[str, dict[str, Any]] = {}
    for one in seen:
        for trail in one.trails:
            if trail["TrailARN"] not in found or home_region(trail) == one.region.name:
                found[trail["TrailARN"]] = trail
    return [found[arn] for arn in sorted(found)]


def trail(facts: Facts, found: dict[str, Any]) -> TrailPosture:
    """A trail of DescribeTrails, asked in its home Region."""
    arn, home = found["TrailARN"], home_region(found)
    status = facts.ask(STATUS, arn, home, Name=arn)
    selected = selectors(facts.ask(SELECTORS, arn, home, TrailName=arn))
    insights = (facts.ask(INSIGHTS, arn, home, TrailName=arn) or {}).get("InsightSelectors") or []
    tags = facts.pages(TAGS, arn, home, ResourceIdList=[arn])
    said = status or {}
    return TrailPosture(
        state=state(
            found,
            logging=said.get("IsLogging"),
            selected=selected,
            unreadable="" if selected is not None else f"{SELECTORS.action} gave no answer",
        ),
        started_at=utc(said.get("StartLoggingTime")),
        stopped_at=utc(said.get("StopLoggingTime")),
        delivered_at=utc(said.get("LatestDeliveryTime")),
        digest_delivered_at=utc(said.get("LatestDigestDeliveryTime")),
        delivery_error=said.get("LatestDeliveryError", ""),
        digest_error=said.get("LatestDigestDeliveryError", ""),
        cloudwatch_error=said.get("LatestCloudWatchLogsDeliveryError", ""),
        notification_error=said.get("LatestNotificationError", ""),
        cloudwatch_delivered_at=utc(said.get("LatestCloudWatchLogsDeliveryTime")),
        cloudwatch_log_group=found.get("CloudWatchLogsLogGroupArn", "").removesuffix(":*"),
        sns_topic=found.get("SnsTopicARN", ""),
        insights=tuple(sorted(one["InsightType"] for one in insights)),
        recursive_logging=found.get("RecursiveLogging"),
        tags=_tags(tags),
    )


def _tags(found: list[dict[str, Any]] | None) -> dict[str, str] | None:
    if found is None:
        return None
    return {tag["Key"]: tag.get("Value", "") for one in found for tag in one.get("TagsList", [])}


def utc(value: dt.datetime | None) -> dt.datetime | None:
    """An aware time in UTC."""
    return value.astimezone(dt.UTC) if value else None
