"""What the trail lacks, as calls: multi-Region, validated, recording the wanted events, logging.

Decides: create or adopt; which selectors to put; whether management events are ours to record. Refuses to point an existing trail
at another bucket or prefix, to narrow its selectors, and to pay for a second copy of management events that another trail logs.
Source: CloudTrail API reference, CreateTrail, UpdateTrail, PutEventSelectors (home Region); pricing page, read 2026-11-24.
"""

from itemtrail.core.selector_merge import fresh, merge
from itemtrail.core.selectors import covers_management, touches_management, value_count
from itemtrail.core.setup_buckets import Part
from itemtrail.core.setup_plan import Observed, Wanted
from itemtrail.snapshot import FindingStatus, TrailState

MAX_TRAILS = 5  # copies of multi-Region trails count. Source: CloudTrail user guide, "Quotas", read 2026-11-24.
MAX_VALUES = 500  # over all conditions of a trail's selectors, from the same page
SECOND_COPY = "a second copy of management events: about $2 per 100,000 events"
DATA_EVENTS = "data events: about $0.10 per 100,000 events"


def trail(observed: Observed, wanted: Wanted) -> Part:
    """The trail of ``wanted.trail_arn``."""
    part = Part()
    mine = next((one for one in observed.trails if one.arn == wanted.trail_arn), None)
    others = [one for one in observed.trails if one.arn != wanted.trail_arn]
    _look_around(part, others, wanted)
    management = not any(_logs_management(one) for one in others)
    if mine is None:
        _create(part, others, wanted, management=management)
    else:
        _adopt(part, mine, wanted, management=management)
        if not management and mine.selectors is not None and touches_management(mine.selectors):
            detail = "this trail and another one record management events"
            part.find("setup.second-copy", FindingStatus.NOTE, wanted.trail_arn, f"{detail} ({SECOND_COPY})")
    return part


def tables(wanted: Wanted) -> tuple[str, ...] | None:
    """ARNs the trail must record, the canary's table included; None for all."""
    return None if wanted.data_tables == "all" else tuple(sorted({*wanted.data_tables, wanted.canary_arn}))


def _create(part: Part, others: list[TrailState], wanted: Wanted, *, management: bool) -> None:
    taken = [one.arn for one in others if one.arn.endswith(f":{wanted.account}:trail/{wanted.trail_name}")]
    if taken:
        detail = f"a trail of that name has another home Region: {taken[0]}"
        part.find("setup.trail", FindingStatus.FAIL, wanted.trail_arn, detail, "set trail.home_region, or choose another name.")
        return
    if len(others) >= MAX_TRAILS:
        detail = f"{len(others)} trails are seen in {wanted.home_region}; AWS takes {MAX_TRAILS} a Region"
        part.find("setup.trail", FindingStatus.FAIL, wanted.trail_arn, detail, "adopt one of them (trail.name), or delete one.")
        return
    parameters: dict[str, object] = {
        "Name": wanted.trail_name,
        "S3BucketName": wanted.trail_bucket,
        "IsMultiRegionTrail": True,
        "IncludeGlobalServiceEvents": True,
        "EnableLogFileValidation": True,
    }
    if wanted.trail_prefix:
        parameters["S3KeyPrefix"] = wanted.trail_prefix
    part.call("cloudtrail", "CreateTrail", wanted.home_region, parameters, wanted.trail_arn, "there is no such trail")
    arns = tables(wanted)
    selectors = fresh("all" if arns is None else arns, reads=wanted.data_reads, management=management)
    why = (
        "management events and DynamoDB data events"
        if management
        else "DynamoDB data events only: another trail logs management events"
    )
    _put_selectors(part, wanted, list(selectors), why)
    _start(part, wanted, "a new trail does not log yet")


def _adopt(part: Part, mine: TrailState, wanted: Wanted, *, management: bool) -> None:
    if (mine.bucket, mine.prefix) != (wanted.trail_bucket, wanted.trail_prefix):
        here = f"s3://{mine.bucket}/{mine.prefix}"
        detail = f"the trail delivers to {here}, the settings say s3://{wanted.trail_bucket}/{wanted.trail_prefix}"
        part.find("setup.trail", FindingStatus.FAIL, mine.arn, detail, "set trail.bucket and trail.prefix to where it delivers.")
    lacking = [name for name, there in _needs(mine).items() if not there]
    if lacking:
        parameters = {
            "Name": mine.arn,
            "IsMultiRegionTrail": True,
            "IncludeGlobalServiceEvents": True,
            "EnableLogFileValidation": True,
        }
        part.call("cloudtrail", "UpdateTrail", wanted.home_region, parameters, mine.arn, f"not on: {', '.join(lacking)}")
    if mine.selectors is None:
        detail = f"its selectors could not be read: {mine.unreadable}"
        part.find("setup.selectors", FindingStatus.CANNOT_PROVE, mine.arn, detail, "allow cloudtrail:GetEventSelectors.")
    else:
        arns = tables(wanted)
        merged = merge(mine.selectors, "all" if arns is None else arns, reads=wanted.data_reads, management=management)
        if management and touches_management(mine.selectors) and covers_management(mine.selectors) is not True:
            detail = "it records management events in part; what is left out stays left out"
            part.find("setup.management", FindingStatus.NOTE, mine.arn, detail, "change its selectors if that is not meant.")
        if merged.selectors is not None:
            _put_selectors(part, wanted, list(merged.selectors), "; ".join(merged.reasons))
    if not mine.logging:
        _start(part, wanted, "the trail does not log")


def _needs(mine: TrailState) -> dict[str, bool]:
    return {
        "all Regions": mine.multi_region,
        "global service events": mine.global_events,
        "log file validation": mine.validation,
    }


def _put_selectors(part: Part, wanted: Wanted, selectors: list[object], why: str) -> None:
    count = value_count(selectors)  # type: ignore[arg-type]  # documents, built above
    if count > MAX_VALUES:
        detail = f"{count} values in its selectors; AWS takes {MAX_VALUES}"
        part.find("setup.selectors", FindingStatus.FAIL, wanted.trail_arn, detail, 'set trail.data_events.tables = "all".')
        return
    parameters = {"TrailName": wanted.trail_arn, "AdvancedEventSelectors": selectors}
    part.call("cloudtrail", "PutEventSelectors", wanted.home_region, parameters, wanted.trail_arn, why, cost=DATA_EVENTS)


def _start(part: Part, wanted: Wanted, why: str) -> None:
    part.call("cloudtrail", "StartLogging", wanted.home_region, {"Name": wanted.trail_arn}, wanted.trail_arn, why)


def _look_around(part: Part, others: list[TrailState], wanted: Wanted) -> None:
    for one in others:
        if (one.bucket, one.prefix) == (wanted.trail_bucket, wanted.trail_prefix):
            detail = f"{one.arn} delivers to the same place; log files do not say which trail they are of"
            part.find("setup.shared-prefix", FindingStatus.FAIL, wanted.trail_arn, detail, "give this trail its own prefix.")
        if one.selectors is None:
            detail = f"cannot tell whether it logs management events: {one.unreadable}"
            part.find("setup.second-copy", FindingStatus.NOTE, one.arn, f"{detail}. If it does, ours is {SECOND_COPY}.")
        elif one.logging and not one.multi_region and touches_management(one.selectors):
            detail = f"it logs management events in {one.home_region} alone; there ours is {SECOND_COPY}"
            part.find("setup.second-copy", FindingStatus.NOTE, one.arn, detail)


def _logs_management(one: TrailState) -> bool:
    return bool(one.logging and one.multi_region and one.selectors is not None and covers_management(one.selectors) is not False)
