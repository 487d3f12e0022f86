"""What clients ask of CloudTrail: one function per operation, from parameters to answer.

Decides: which trail a name or ARN means in a Region, and every refusal, with CloudTrail's error codes. A trail lives in its home
Region; a multi-Region trail has shadows in the others, which answer to its ARN and can be read but not changed. Refuses loudly
what the sandbox does not do (KMS encryption, SNS notification, CloudWatch Logs delivery, organization trails) instead of storing
a setting that has no effect. Source: CloudTrail API reference (operations, errors), read 2026-11-24.
"""

import base64
import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from cloudtrail_sandbox import selector_rules
from cloudtrail_sandbox.selectors import DEFAULT_BASIC
from cloudtrail_sandbox.trail import CloudTrailError, Trail, check_bucket_name, check_name, check_prefix
from cloudtrail_sandbox.trails import TrailService

MOST_TRAILS = 5
MOST_TAGS = 50
_ABSENT = ("KmsKeyId", "SnsTopicName", "CloudWatchLogsLogGroupArn", "CloudWatchLogsRoleArn")
Params = Mapping[str, Any]
Body = dict[str, Any]


def create_trail(service: TrailService, params: Params, region: str, account: str) -> Body:
    """CreateTrail."""
    name = check_name(params.get("Name"))
    _refuse_absent(params)
    here = _in_region(service, region, account)
    multi = bool(params.get("IsMultiRegionTrail"))
    rivals = [trail for trail in _of_account(service, account) if multi or trail in here]
    if any(trail.name == name for trail in rivals):
        raise CloudTrailError("TrailAlreadyExistsException", f"Trail {name} already exists for customer: {account}")
    for place in service.regions if multi else (region,):
        if len(_in_region(service, place, account)) >= MOST_TRAILS:
            raise _too_many(account, place)
    trail = Trail(
        name=name,
        account=account,
        home_region=region,
        bucket=check_bucket_name(params.get("S3BucketName")),
        prefix=check_prefix(params.get("S3KeyPrefix") or ""),
        global_events=bool(params.get("IncludeGlobalServiceEvents", True)),
        multi_region=multi,
        validation=bool(params.get("EnableLogFileValidation")),
        recursive=bool(params.get("RecursiveLogging", True)),
        tags=_tags(params.get("TagsList") or []),
    )
    _check(service, trail)
    service.trails[trail.arn] = trail
    return trail.settings()


def update_trail(service: TrailService, params: Params, region: str, account: str) -> Body:
    """UpdateTrail: what is not given stays as it is."""
    trail = _owned(service, params.get("Name"), region, account)
    _refuse_absent(params)
    changed = replace(
        trail,
        bucket=check_bucket_name(params.get("S3BucketName", trail.bucket)),
        prefix=check_prefix(params.get("S3KeyPrefix", trail.prefix)),
        global_events=bool(params.get("IncludeGlobalServiceEvents", trail.global_events)),
        multi_region=bool(params.get("IsMultiRegionTrail", trail.multi_region)),
        validation=bool(params.get("EnableLogFileValidation", trail.validation)),
        recursive=bool(params.get("RecursiveLogging", trail.recursive)),
    )
    if changed.multi_region and not trail.multi_region:
        for place in service.regions:
            if place != trail.home_region and len(_in_region(service, place, account)) >= MOST_TRAILS:
                raise _too_many(account, place)
    _check(service, changed)
    trail.bucket, trail.prefix, trail.global_events = changed.bucket, changed.prefix, changed.global_events
    trail.multi_region, trail.validation, trail.recursive = changed.multi_region, changed.validation, changed.recursive
    service.follow(trail)
    return trail.settings()


def delete_trail(service: TrailService, params: Params, region: str, account: str) -> Body:
    """DeleteTrail."""
    service.delete(_owned(service, params.get("Name"), region, account))
    return {}


def get_trail(service: TrailService, params: Params, region: str, account: str) -> Body:
    """GetTrail."""
    return {"Trail": _visible(service, params.get("Name"), region, account).describe()}


def describe_trails(service: TrailService, params: Params, region: str, account: str) -> Body:
    """DescribeTrails: names mean trails at home here, ARNs any; unknown ones are left out."""
    names = params.get("trailNameList") or []
    if names:
        found = [_find(service, name, region, account) for name in names]
        trails = [trail for trail in found if trail is not None]
    else:
        shadows = params.get("includeShadowTrails") is not False
        trails = [trail for trail in _in_region(service, region, account) if shadows or trail.home_region == region]
    return {"trailList": [trail.describe() for trail in trails]}


def list_trails(service: TrailService, params: Params, region: str, account: str) -> Body:
    """ListTrails: every trail of the account, whatever its Region."""
    del params, region
    trails = _of_account(service, account)
    return {"Trails": [{"TrailARN": trail.arn, "Name": trail.name, "HomeRegion": trail.home_region} for trail in trails]}


def start_logging(service: TrailService, params: Params, region: str, account: str) -> Body:
    """StartLogging."""
    trail = _owned(service, params.get("Name"), region, account)
    if not trail.logging:
        service.start_logging(trail)
    return {}


def stop_logging(service: TrailService, params: Params, region: str, account: str) -> Body:
    """StopLogging."""
    trail = _owned(service, params.get("Name"), region, account)
    if trail.logging:
        service.stop_logging(trail)
    return {}


def get_trail_status(service: TrailService, params: Params, region: str, account: str) -> Body:
    """GetTrailStatus, of this Region's part of the trail."""
    trail = _visible(service, params.get("Name"), region, account)
    status = service.channel(trail, region if trail.covers(region) else trail.home_region).status
    said = {
        "LatestDeliveryError": status.error,
        "LatestDeliveryTime": _epoch(status.delivered),
        "StartLoggingTime": _epoch(trail.started),
        "StopLoggingTime": _epoch(trail.stopped),
        "LatestDigestDeliveryTime": _epoch(status.digest_delivered),
        "LatestDigestDeliveryError": status.digest_error,
    }
    return {"IsLogging": trail.logging} | {name: value for name, value in said.items() if value}


def put_event_selectors(service: TrailService, params: Params, region: str, account: str) -> Body:
    """PutEventSelectors: basic or advanced, replacing whatever was there."""
    trail = _owned(service, params.get("TrailName"), region, account)
    try:
        trail.selection = selector_rules.read(params.get("EventSelectors"), params.get("AdvancedEventSelectors"))
    except selector_rules.SelectorError as error:
        raise CloudTrailError("InvalidEventSelectorsException", str(error)) from None
    return _selectors(trail)


def get_event_selectors(service: TrailService, params: Params, region: str, account: str) -> Body:
    """GetEventSelectors; a trail without any answers with the default."""
    return _selectors(_visible(service, params.get("TrailName"), region, account))


def get_insight_selectors(service: TrailService, params: Params, region: str, account: str) -> Body:
    """GetInsightSelectors; no trail here has any."""
    trail = _visible(service, params.get("TrailName"), region, account)
    raise CloudTrailError("InsightNotEnabledException", f"Trail {trail.name} does not have Insights enabled.")


def add_tags(service: TrailService, params: Params, region: str, account: str) -> Body:
    """AddTags."""
    trail = _tagged(service, params.get("ResourceId"), region, account)
    tags = trail.tags | _tags(params.get("TagsList") or [])
    if len(tags) > MOST_TAGS:
        raise CloudTrailError("TagsLimitExceededException", f"The number of tags per trail has exceeded {MOST_TAGS}.")
    trail.tags = tags
    return {}


def remove_tags(service: TrailService, params: Params, region: str, account: str) -> Body:
    """RemoveTags."""
    trail = _tagged(service, params.get("ResourceId"), region, account)
    for key in _tags(params.get("TagsList") or []):
        trail.tags.pop(key, None)
    return {}


def list_tags(service: TrailService, params: Params, region: str, account: str) -> Body:
    """ListTags."""
    trails = [_tagged(service, arn, region, account) for arn in params.get("ResourceIdList") or []]
    return {"ResourceTagList": [{"ResourceId": trail.arn, "TagsList": _tag_list(trail)} for trail in trails]}


def list_public_keys(service: TrailService, params: Params, region: str, account: str) -> Body:
    """ListPublicKeys of this Region; without times the key that signs now."""
    del account
    now = service.clock.now()
    service.keys[region].signing(now)
    start, end = _time(params.get("StartTime"), now), _time(params.get("EndTime"), now)
    if start > end:
        raise CloudTrailError("InvalidTimeRangeException", "Start time must be before end time.")
    keys = service.keys[region].valid_between(start, end)
    return {
        "PublicKeyList": [
            {
                "Value": base64.b64encode(key.der).decode(),
                "ValidityStartTime": key.valid_from.timestamp(),
                "ValidityEndTime": key.valid_to.timestamp(),
                "Fingerprint": key.fingerprint,
            }
            for key in keys
        ]
    }


def lookup_events(service: TrailService, params: Params, region: str, account: str) -> Body:
    """LookupEvents: this Region's management events of the last 90 days, whatever trails there are."""
    del account
    return service.history[region].lookup(params, service.clock.now())


OPERATIONS: dict[str, Callable[[TrailService, Params, str, str], Body]] = {
    "CreateTrail": create_trail,
    "UpdateTrail": update_trail,
    "DeleteTrail": delete_trail,
    "GetTrail": get_trail,
    "DescribeTrails": describe_trails,
    "ListTrails": list_trails,
    "StartLogging": start_logging,
    "StopLogging": stop_logging,
    "GetTrailStatus": get_trail_status,
    "PutEventSelectors": put_event_selectors,
    "GetEventSelectors": get_event_selectors,
    "GetInsightSelectors": get_insight_selectors,
    "AddTags": add_tags,
    "RemoveTags": remove_tags,
    "ListTags": list_tags,
    "ListPublicKeys": list_public_keys,
    "LookupEvents": lookup_events,
}


def _check(service: TrailService, trail: Trail) -> None:
    if trail.multi_region and not trail.global_events:
        raise CloudTrailError("InvalidParameterCombinationException", "Multi-Region trail must include global service events.")
    if not service.storage.bucket_exists(trail.bucket):
        raise CloudTrailError("S3BucketDoesNotExistException", f"S3 bucket {trail.bucket} does not exist!")
    kinds = ["CloudTrail", "CloudTrail-Digest"] if trail.validation else ["CloudTrail"]
    for kind in kinds:
        key = f"{trail.folder(kind, trail.home_region)}delivery-check"
        allows = service.storage.bucket_policy_allows_delivery
        if not allows(trail.bucket, key, source_arn=trail.arn, source_account=trail.account):
            message = f"Incorrect S3 bucket policy is detected for bucket: {trail.bucket}"
            raise CloudTrailError("InsufficientS3BucketPolicyException", message)


def _refuse_absent(params: Params) -> None:
    asked = [name for name in _ABSENT if params.get(name)]
    if asked:
        raise CloudTrailError("UnsupportedOperationException", f"This sandbox does not do what {', '.join(asked)} ask for.")
    if params.get("IsOrganizationTrail"):
        raise CloudTrailError("OrganizationsNotInUseException", "This account is not a member of an organization.")


def _of_account(service: TrailService, account: str) -> list[Trail]:
    return [trail for trail in service.trails.values() if trail.account == account]


def _in_region(service: TrailService, region: str, account: str) -> list[Trail]:
    return [trail for trail in _of_account(service, account) if trail.covers(region)]


def _find(service: TrailService, name: object, region: str, account: str) -> Trail | None:
    """A trail by name (at home in this Region) or by ARN (any Region)."""
    for trail in _of_account(service, account):
        if name == trail.arn or (name == trail.name and trail.home_region == region):
            return trail
    return None


def _visible(service: TrailService, name: object, region: str, account: str) -> Trail:
    trail = _find(service, _check_reference(name), region, account)
    if trail is None:
        raise CloudTrailError("TrailNotFoundException", f"Unknown trail: {name} for the user: {account}")
    return trail


def _owned(service: TrailService, name: object, region: str, account: str) -> Trail:
    """The trail, for an operation that only its home Region takes."""
    name = _check_reference(name)
    shadows = [trail for trail in _in_region(service, region, account) if trail.home_region != region and trail.name == name]
    trail = _find(service, name, region, account) or next(iter(shadows), None)
    if trail is not None and trail.home_region != region:
        message = f"Trail {trail.arn} can be changed only in its home Region {trail.home_region}; this is {region}."
        raise CloudTrailError("InvalidHomeRegionException", message)
    return _visible(service, name, region, account)


def _check_reference(name: object) -> str:
    if isinstance(name, str) and name.startswith("arn:"):
        if len(name.split(":")) != 6 or not name.split(":")[5].startswith("trail/"):
            raise CloudTrailError("CloudTrailARNInvalidException", f"Invalid trail ARN: {name}")
        return name
    return check_name(name)


def _tagged(service: TrailService, arn: object, region: str, account: str) -> Trail:
    reference = _check_reference(arn)
    if not reference.startswith("arn:"):
        raise CloudTrailError("CloudTrailARNInvalidException", f"Invalid trail ARN: {arn}")
    trail = _find(service, reference, region, account)
    if trail is None:
        raise CloudTrailError("ResourceNotFoundException", f"Resource not found: {arn}")
    return trail


def _tags(tags: list[Params]) -> dict[str, str]:
    if any(not str(tag.get("Key") or "") or len(str(tag["Key"])) > 128 for tag in tags):
        raise CloudTrailError("InvalidTagParameterException", "A tag key has 1 to 128 characters.")
    if len(tags) > MOST_TAGS:
        raise CloudTrailError("TagsLimitExceededException", f"The number of tags per trail has exceeded {MOST_TAGS}.")
    return {str(tag["Key"]): str(tag.get("Value") or "") for tag in tags}


def _tag_list(trail: Trail) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in trail.tags.items()]


def _selectors(trail: Trail) -> Body:
    if trail.selection.advanced:
        return {"TrailARN": trail.arn, "AdvancedEventSelectors": list(trail.selection.advanced)}
    return {"TrailARN": trail.arn, "EventSelectors": list(trail.selection.basic or (DEFAULT_BASIC,))}


def _too_many(account: str, region: str) -> CloudTrailError:
    message = f"User: {account} already has {MOST_TRAILS} trails in {region}."
    return CloudTrailError("MaximumNumberOfTrailsExceededException", message)


def _epoch(time: dt.datetime | None) -> float | None:
    return None if time is None else round(time.timestamp(), 3)


def _time(value: object, default: dt.datetime) -> dt.datetime:
    return dt.datetime.fromtimestamp(value, dt.UTC) if isinstance(value, (int, float)) else default
