"""The function's entry: environment, boto3 clients made once, and nothing else.

Decides: every variable must be there (a function without its redaction rules forwards nothing); the key of hashes is read once a
worker from an SSM SecureString, which the environment names by its ARN (its Region may be another). A log stream is made when the
first write finds none.
Source: Lambda developer guide, "Define Lambda function handler in Python"; Systems Manager API reference, GetParameter (read
2026-11-24).
"""

import contextlib
import functools
import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from itemtrail.core import redaction
from itemtrail.errors import ConfigurationError
from itemtrail.forwarder.core import Line, Place, Record
from itemtrail.forwarder.send import Failed, Forwarder

_CONFIG = Config(
    retries={"mode": "standard", "max_attempts": 3}, connect_timeout=5, read_timeout=15, user_agent_extra="itemtrail"
)


def handle(event: Mapping[str, Any], _context: object) -> dict[str, list[dict[str, str]]]:
    """One batch of DynamoDB stream records, as the event source mapping sends it."""
    return _forwarder().forward(event["Records"], int(time.time() * 1000))


@functools.cache
def _forwarder() -> Forwarder:
    place = Place(_variable("SPILL_BUCKET"), _variable("SPILL_PREFIX"))
    logs = LogGroup(boto3.client("logs", config=_CONFIG), _variable("LOG_GROUP"))
    objects = Bucket(boto3.client("s3", region_name=_variable("SPILL_REGION"), config=_CONFIG), place.bucket)
    return Forwarder(logs, objects, Redactor.of(_variable("REDACTION"), _variable("REDACTION_KEY_PARAMETER")), place, print)


@dataclass(frozen=True, slots=True)
class LogGroup:
    """``send.Logs`` over CloudWatch Logs."""

    client: Any
    name: str

    def put(self, stream: str, lines: Sequence[Line]) -> Mapping[str, Any] | None:
        """PutLogEvents; CreateLogStream first where there is none."""
        events = [{"timestamp": one.time, "message": one.message} for one in lines]
        where = {"logGroupName": self.name, "logStreamName": stream}
        try:
            try:
                answer = self.client.put_log_events(**where, logEvents=events)
            except self.client.exceptions.ResourceNotFoundException:
                self._create(where)
                answer = self.client.put_log_events(**where, logEvents=events)
        except (ClientError, BotoCoreError) as error:
            raise Failed(code(error)) from None
        info: Mapping[str, Any] | None = answer.get("rejectedLogEventsInfo")
        return info

    def _create(self, where: dict[str, str]) -> None:
        with contextlib.suppress(self.client.exceptions.ResourceAlreadyExistsException):  # another worker was quicker
            self.client.create_log_stream(**where)


@dataclass(frozen=True, slots=True)
class Bucket:
    """``send.Objects`` over S3."""

    client: Any
    name: str

    def put(self, key: str, body: bytes) -> None:
        """PutObject with a SHA-256 that S3 checks."""
        try:
            self.client.put_object(
                Bucket=self.name, Key=key, Body=body, ContentType="application/json", ChecksumAlgorithm="SHA256"
            )
        except (ClientError, BotoCoreError) as error:
            raise Failed(code(error)) from None


@dataclass(frozen=True, slots=True)
class _Setting:
    table: str
    attribute: str
    action: Literal["drop", "hash"]
    confirm_key: bool


@dataclass(frozen=True, slots=True)
class Redactor:
    """``core.Redact``: the rules of each table, and the key."""

    rules: Mapping[str, tuple[redaction.Rule, ...]]
    key: bytes | None

    @classmethod
    def of(cls, text: str, parameter: str) -> "Redactor":
        """From ``REDACTION`` (``{"<table ARN>": [["Salary", "hash", false], …]}``) and the parameter's ARN, "" for none."""
        settings = [_Setting(table, *entry) for table, entries in json.loads(text).items() for entry in entries]
        rules = {table: redaction.rules(settings, table) for table in {one.table for one in settings}}
        key = _key(parameter) if parameter else None
        redaction.check_key((rule for found in rules.values() for rule in found), key)
        return cls(rules, key)

    def __call__(self, table: str, record: Record) -> tuple[dict[str, Any], tuple[str, ...]]:
        """The record as it may leave."""
        return redaction.redact(record, self.rules.get(table, ()), self.key)


def _key(parameter: str) -> bytes:
    region, name = parameter.split(":")[3], parameter.partition(":parameter/")[2]
    client = boto3.client("ssm", region_name=region, config=_CONFIG)
    try:
        answer = client.get_parameter(Name=f"/{name}" if "/" in name else name, WithDecryption=True)
    except (ClientError, BotoCoreError) as error:
        raise ConfigurationError(
            f"the redaction key {parameter} cannot be read ({code(error)}).",
            advice="allow ssm:GetParameter on it to the function's role, and kms:Decrypt where its key is your own.",
        ) from None
    return str(answer["Parameter"]["Value"]).encode()


def _variable(name: str) -> str:
    try:
        return os.environ[name]
    except KeyError:
        raise ConfigurationError(f"the variable {name} is missing.", advice="run itemtrail setup, which sets it.") from None


def code(error: Exception) -> str:
    """The service's error code; of other errors their kind. Never a message: that may quote a request."""
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code") or type(error).__name__)
