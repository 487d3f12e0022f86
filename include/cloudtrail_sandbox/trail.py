"""A trail as configured: its name and address rules, what it covers, its description. Pure.

Decides: whether a name is one AWS takes; the trail's ARN; which Regions and which events it logs. Refuses, with CloudTrail's
error codes, what AWS refuses. Source: CloudTrail API reference CreateTrail, UpdateTrail, Trail; user guide "Naming requirements
for CloudTrail resources, S3 buckets, and KMS keys"; read 2026-11-24.
"""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cloudtrail_sandbox.selectors import Selection

GLOBAL_REGION = "us-east-1"
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_IP = re.compile(r"(\d{1,3}\.){3}\d{1,3}")


class CloudTrailError(Exception):
    """A refusal as the service answers it: error code and message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


@dataclass(slots=True)
class Trail:
    """One trail. Times are sandbox time, aware UTC."""

    name: str
    account: str
    home_region: str
    bucket: str
    prefix: str = ""
    global_events: bool = True
    multi_region: bool = False
    validation: bool = False
    recursive: bool = True
    selection: Selection = field(default_factory=Selection)
    tags: dict[str, str] = field(default_factory=dict)
    logging: bool = False
    started: dt.datetime | None = None
    stopped: dt.datetime | None = None

    @property
    def arn(self) -> str:
        """``arn:aws:cloudtrail:HOME:ACCOUNT:trail/NAME``."""
        return f"arn:aws:cloudtrail:{self.home_region}:{self.account}:trail/{self.name}"

    def covers(self, region: str) -> bool:
        """Whether it, or a shadow of it, is in the Region."""
        return self.multi_region or region == self.home_region

    def folder(self, kind: str, region: str) -> str:
        """``[prefix/]AWSLogs/ACCOUNT/KIND/REGION/``; below it ``YYYY/MM/DD/``."""
        head = f"{self.prefix}/" if self.prefix else ""
        return f"{head}AWSLogs/{self.account}/{kind}/{region}/"

    def logs(self, event: Mapping[str, Any], category: str, region: str, *, global_service: bool) -> bool:
        """Whether this trail logs the event, apart from whether it is switched on."""
        if not self.covers(region) or (global_service and not self.global_events):
            return False
        return event.get("recipientAccountId") == self.account and self.selection.selects(event, category)

    def describe(self) -> dict[str, Any]:
        """The ``Trail`` shape."""
        shape: dict[str, Any] = {"Name": self.name, "S3BucketName": self.bucket}
        if self.prefix:
            shape["S3KeyPrefix"] = self.prefix
        return shape | {
            "IncludeGlobalServiceEvents": self.global_events,
            "IsMultiRegionTrail": self.multi_region,
            "HomeRegion": self.home_region,
            "TrailARN": self.arn,
            "LogFileValidationEnabled": self.validation,
            "HasCustomEventSelectors": self.selection.custom,
            "HasInsightSelectors": False,
            "IsOrganizationTrail": False,
            "RecursiveLogging": self.recursive,
        }

    def settings(self) -> dict[str, Any]:
        """The answer of CreateTrail and UpdateTrail: the description without what is not a setting."""
        shape = self.describe()
        return {name: value for name, value in shape.items() if name != "HomeRegion" and not name.startswith("Has")}


def check_name(name: object) -> str:
    """The name, if AWS takes it.

    Raises:
        CloudTrailError: InvalidTrailNameException.
    """
    if not isinstance(name, str) or not 3 <= len(name) <= 128:
        raise _bad_name("Trail name must be between 3 and 128 characters.")
    if not re.fullmatch(r"[A-Za-z0-9._-]+", name):
        raise _bad_name("Trail name must contain only letters, numbers, periods, underscores, or dashes.")
    if not (name[0].isalnum() and name[-1].isalnum()):
        raise _bad_name("Trail name must start and end with a letter or number.")
    if re.search(r"[._-]{2}", name):
        raise _bad_name("Trail name must not have adjacent periods, underscores or dashes.")
    if _IP.fullmatch(name):
        raise _bad_name("Trail name must not be in IP address format.")
    return name


def check_bucket_name(name: object) -> str:
    """The bucket name, if it can be one.

    Raises:
        CloudTrailError: InvalidS3BucketNameException.
    """
    if not isinstance(name, str) or not _BUCKET.fullmatch(name) or ".." in name or _IP.fullmatch(name):
        raise CloudTrailError("InvalidS3BucketNameException", f"Bucket name is invalid: {name}")
    return name


def check_prefix(prefix: object) -> str:
    """The key prefix without a slash at its end; ``""`` is none.

    Raises:
        CloudTrailError: InvalidS3PrefixException.
    """
    if not isinstance(prefix, str) or len(prefix) > 200 or re.search(r"[^\w!\-.*'()/:=@+,]", prefix, re.ASCII):
        raise CloudTrailError("InvalidS3PrefixException", f"Invalid S3 prefix: {prefix}")
    return prefix.rstrip("/")


def _bad_name(message: str) -> CloudTrailError:
    return CloudTrailError("InvalidTrailNameException", message)
