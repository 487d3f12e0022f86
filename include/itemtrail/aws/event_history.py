"""LookupEvents over boto3: one page a call.

Decides: events leave here as JSON values, as they came on the wire (times are seconds since 1970); which answers mean "wait"
(``Throttled``), "later", "not allowed" (cloudtrail:LookupEvents), "this Region is not enabled". Refuses to try again: the client
must be made without retries, because every try counts against two requests a second. Source: CloudTrail API reference,
LookupEvents, read 2026-11-24.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from itemtrail.aws.errors import translated
from itemtrail.errors import ConfigurationError, SourceUnavailable, Throttled
from itemtrail.ports.event_history import EventPage

if TYPE_CHECKING:
    from types_boto3_cloudtrail import CloudTrailClient

ACTIONS = ("cloudtrail:LookupEvents",)
_THROTTLED = {"ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded"}
_PAGE = 50


class CloudTrailEventHistory:
    """``EventHistory`` over a boto3 client without retries; ``where`` names account and Region in errors."""

    def __init__(self, client: "CloudTrailClient", *, where: str) -> None:
        self._client = client
        self._where = where

    def page(self, start: dt.datetime, end: dt.datetime, token: str | None) -> EventPage:
        """LookupEvents."""
        asked: dict[str, Any] = {"StartTime": start, "EndTime": end, "MaxResults": _PAGE}
        if token is not None:
            asked["NextToken"] = token
        with self._read():
            answer = self._client.lookup_events(**asked)
        return EventPage(tuple(_plain(event) for event in answer.get("Events", ())), answer.get("NextToken") or None)

    @contextmanager
    def _read(self) -> Iterator[None]:
        with translated("cloudtrail:LookupEvents", f"the event history of {self._where}"):
            try:
                yield
            except ClientError as error:
                self._own(error)
                raise

    def _own(self, error: ClientError) -> None:
        """The answers that mean something of their own here."""
        code = error.response.get("Error", {}).get("Code", "")
        if code in _THROTTLED:
            raise Throttled(
                f"cloudtrail:LookupEvents on the event history of {self._where} is throttled.",
                advice="run again later; two requests a second are allowed in all: see who else asks.",
            ) from error
        if code == "InvalidNextTokenException":
            raise SourceUnavailable(
                f"the event history of {self._where}: CloudTrail no longer knows its own token.", advice="run again."
            ) from error
        if code == "UnrecognizedClientException":
            raise ConfigurationError(
                f"the event history of {self._where}: the Region does not know these credentials.",
                advice="leave out Regions that are not enabled for the account, or renew the credentials.",
            ) from error


def _plain(event: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _seconds(value) if isinstance(value, dt.datetime) else value for name, value in event.items()}


def _seconds(time: dt.datetime) -> float | int:
    value = time.timestamp()
    return int(value) if value.is_integer() else value
