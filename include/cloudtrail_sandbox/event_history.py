"""Event history: LookupEvents over the last 90 days' management events, by sandbox time, per Region, with or without a trail.

Decides: which events are kept (management only, each under the Region that logs it), their order (newest first), what a page
and its token are, and every refusal, with CloudTrail's error codes. A token is good for the parameters it was given for and no
others; it names a place in the history, so that events which happen between two pages shift nothing. Refuses more than two
requests a real second per Region, whatever the sandbox's clock does: that is the limit a client must keep in AWS. Refuses
Insights loudly: the sandbox has none. A time older than 90 days is no error, as in AWS: the answer is silently shorter.

Source: CloudTrail API reference LookupEvents and Event; user guide "Working with CloudTrail event history"; read 2026-11-24.
Assumed, not documented: the burst of the rate limit (two requests), and that a range wholly before the 90 days is answered empty.
"""

import base64
import datetime as dt
import hashlib
import json
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cloudtrail_sandbox.trail import CloudTrailError

KEPT = dt.timedelta(days=90)
MOST_RESULTS = 50
RATE = 2.0  # requests a second, and the burst
_NAMED = {
    "bucketName": "AWS::S3::Bucket",
    "tableName": "AWS::DynamoDB::Table",
    "roleName": "AWS::IAM::Role",
    "userName": "AWS::IAM::User",
    "functionName": "AWS::Lambda::Function",
}
_ATTRIBUTES = frozenset(
    {"EventId", "EventName", "ReadOnly", "Username", "ResourceType", "ResourceName", "EventSource", "AccessKeyId"}
)
_PARAMETERS = frozenset({"LookupAttributes", "StartTime", "EndTime", "EventCategory", "MaxResults", "NextToken"})
Params = Mapping[str, Any]
Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Kept:
    """One event: its place in the Region's history, its time (whole seconds since 1970), and the record as it was made."""

    number: int
    seconds: int
    content: bytes


@dataclass(slots=True)
class EventHistory:
    """The history of one account in one Region. ``real`` is a clock of real seconds that never goes back."""

    real: Callable[[], float] = time.monotonic
    _events: deque[_Kept] = field(default_factory=deque)
    _next: int = 0
    _tokens: float = RATE
    _asked: float = float("-inf")

    def add(self, content: bytes, now: dt.datetime) -> None:
        """Keep a management event that happened now; what is older than 90 days goes."""
        self._events.append(_Kept(self._next, int(now.timestamp()), content))
        self._next += 1
        self._forget(now)

    def lookup(self, params: Params, now: dt.datetime) -> Body:
        """LookupEvents.

        Raises:
            CloudTrailError: by AWS's names, ThrottlingException first of all.
        """
        self._throttle()
        self._forget(now)
        wanted = _wanted(params, now)
        before = _place(params, self._next)
        found: list[_Kept] = []
        for kept in reversed(self._events):
            if kept.number < before and wanted.takes(kept):
                found.append(kept)
                if len(found) > wanted.limit:
                    break
        page = found[: wanted.limit]
        answer: Body = {"Events": [_shown(kept) for kept in page]}
        return answer | ({"NextToken": _token(params, page[-1].number)} if len(found) > wanted.limit else {})

    def _forget(self, now: dt.datetime) -> None:
        oldest = int((now - KEPT).timestamp())
        while self._events and self._events[0].seconds < oldest:
            self._events.popleft()

    def _throttle(self) -> None:
        now = self.real()
        self._tokens, self._asked = min(RATE, self._tokens + (now - self._asked) * RATE), now
        if self._tokens < 1:
            raise CloudTrailError("ThrottlingException", "Rate exceeded")
        self._tokens -= 1


@dataclass(frozen=True, slots=True)
class _Wanted:
    start: float
    end: float
    limit: int
    attribute: tuple[str, str] | None

    def takes(self, kept: _Kept) -> bool:
        if not self.start <= kept.seconds <= self.end:
            return False
        return self.attribute is None or _has(_shown(kept), *self.attribute)


def _wanted(params: Params, now: dt.datetime) -> _Wanted:
    if unknown := set(params) - _PARAMETERS:
        raise CloudTrailError("UnsupportedOperationException", f"This sandbox does not know {', '.join(sorted(unknown))}.")
    category = params.get("EventCategory")
    if category == "insight":
        raise CloudTrailError("UnsupportedOperationException", "This sandbox has no Insights events.")
    if category is not None:
        raise CloudTrailError("InvalidEventCategoryException", f"Invalid event category: {category}")
    limit = params.get("MaxResults", MOST_RESULTS)
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= MOST_RESULTS:
        raise CloudTrailError("InvalidMaxResultsException", f"A limit of {limit} is not valid: 1 to {MOST_RESULTS}.")
    start, end = _time(params, "StartTime", 0.0), _time(params, "EndTime", max(now.timestamp(), 0.0))
    if start > end:
        raise CloudTrailError("InvalidTimeRangeException", "The start time occurs after the end time.")
    return _Wanted(start, end, limit, _attribute(params.get("LookupAttributes") or []))


def _time(params: Params, name: str, default: float) -> float:
    value = params.get(name, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1e11:
        raise CloudTrailError("InvalidTimeRangeException", f"{name} is outside the range of possible values.")
    return float(value)


def _attribute(attributes: Any) -> tuple[str, str] | None:
    if not isinstance(attributes, list) or len(attributes) > 1:
        raise CloudTrailError("InvalidLookupAttributesException", "You can look up by one attribute at a time.")
    if not attributes:
        return None
    key, value = attributes[0].get("AttributeKey"), attributes[0].get("AttributeValue")
    if key not in _ATTRIBUTES or not isinstance(value, str) or not 1 <= len(value) <= 2000:
        raise CloudTrailError("InvalidLookupAttributesException", f"Invalid lookup attribute: {key}")
    return key, value


def _has(event: Body, key: str, value: str) -> bool:
    if key in ("ResourceType", "ResourceName"):
        return any(resource.get(key) == value for resource in event["Resources"])
    return bool(event.get(key) == value)


def _shown(kept: _Kept) -> Body:
    """The ``Event`` shape; ``CloudTrailEvent`` is the very record that a trail delivers."""
    event = json.loads(kept.content)
    identity = event.get("userIdentity") or {}
    named = {"Username": _user(identity), "AccessKeyId": identity.get("accessKeyId") or ""}
    return {
        "EventId": event["eventID"],
        "EventName": event["eventName"],
        "ReadOnly": "true" if event.get("readOnly") else "false",
        **{name: value for name, value in named.items() if value},
        "EventTime": float(kept.seconds),
        "EventSource": event["eventSource"],
        "Resources": _resources(event),
        "CloudTrailEvent": kept.content.decode(),
    }


def _user(identity: Mapping[str, Any]) -> str:
    """The user's name, or the session's."""
    return str(identity.get("userName") or str(identity.get("principalId") or "").rpartition(":")[2])


def _resources(event: Mapping[str, Any]) -> list[dict[str, str]]:
    found = [
        {"ResourceType": str(resource.get("type") or ""), "ResourceName": str(resource.get("ARN") or "")}
        for resource in event.get("resources") or []
    ]
    parameters = event.get("requestParameters") or {}
    for member, kind in _NAMED.items():
        name = parameters.get(member)
        if isinstance(name, str) and name and all(resource["ResourceName"] != name for resource in found):
            found.append({"ResourceType": kind, "ResourceName": name})
    return [{key: value for key, value in resource.items() if value} for resource in found]


def _token(params: Params, number: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([_fingerprint(params), number]).encode()).decode()


def _place(params: Params, newest: int) -> int:
    """The number before which the answer goes on."""
    token = params.get("NextToken")
    if token is None:
        return newest
    try:
        fingerprint, number = json.loads(base64.urlsafe_b64decode(str(token).encode()))
    except (ValueError, TypeError, RecursionError):
        raise CloudTrailError("InvalidNextTokenException", "The token is not valid.") from None
    if fingerprint != _fingerprint(params) or not isinstance(number, int) or not 0 <= number < newest:
        raise CloudTrailError("InvalidNextTokenException", "The token was given for a request with different parameters.")
    return number


def _fingerprint(params: Params) -> str:
    kept = {name: value for name, value in params.items() if name != "NextToken"}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()[:32]
