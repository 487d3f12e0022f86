"""From a request and its answer to a CloudTrail event, handed over before the answer leaves.

Decides what the event says; classification.py decides whether there is one. Refuses: to lose an event quietly. If the event
cannot be built or handed over, the caller gets a 500, though the call took effect: an unrecorded success would be a lie. A
call the table does not know is counted in `unclassified`, which the tests require to be empty.

Source: CloudTrail user guide "CloudTrail record contents" (fields, limits), read 2026-11-24. Assumed, not documented for
every service: a call refused by IAM or STS has null requestParameters (so in a published trail), one refused by another
service keeps them.
"""

import json
import logging
import re
import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import unescape
from typing import Any, Protocol

from botocore.model import StructureShape
from botocore.parsers import ResponseParserError, create_parser

from cloudtrail_sandbox import internal
from cloudtrail_sandbox.classification import GLOBAL_SERVICES, Category, Rule, rule
from cloudtrail_sandbox.clock import Clock
from cloudtrail_sandbox.operations import Call, Request, form_parameters
from cloudtrail_sandbox.shapes import dynamodb, generic, s3

Json = dict[str, Any]
_log = logging.getLogger("sandbox")
EVENT_VERSION = "1.11"
GLOBAL_REGION = "us-east-1"
_API_VERSIONS = {"dynamodb": "2012-08-10", "dynamodbstreams": "2012-08-10", "logs": "20140328"}
_PARAMETER_LIMIT, _TEXT_LIMIT = 100 * 1024, 1024
_ANSWERED_READS = frozenset(
    {"AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "GetFederationToken", "GetSessionToken"}
)
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation"})
_HEAD_ERRORS = {403: ("AccessDenied", "Access Denied"), 412: ("PreconditionFailed", "At least one precondition failed")}


class Trails(Protocol):
    """Where events go."""

    def record(self, event: Json, *, category: str, region: str, global_service: bool) -> None:
        """Take an event."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered: `headers` with lower-case names; `body` b"" where it was streamed or is not needed."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A call and what surrounds it. `identity` is the userIdentity, resolved before the call took effect."""

    call: Call
    rule: Rule
    request: Request
    identity: Json
    region: str
    source_ip: str


@dataclass(slots=True)
class Recorder:
    """Builds events and hands them to the trails. Call it from the event loop's thread."""

    account: str
    clock: Clock
    trails: Trails
    unclassified: Counter[str] = field(default_factory=Counter)

    def rule_of(self, call: Call) -> Rule | None:
        """The call's line in the table; one that has none is counted."""
        found = rule(call.service, call.operation)
        if found is None:
            self.count_unclassified(f"{call.service}.{call.operation}")
        return found

    def count_unclassified(self, name: str) -> None:
        """Count a call that CloudTrail would log and the table does not know; the first of its kind is told."""
        if not self.unclassified[name]:
            _log.warning("%s is served and not recorded: classification.py has no line for it", name)
        self.unclassified[name] += 1

    def record(self, exchange: Exchange, answer: Answer, request_id: str) -> None:
        """Record one call, now."""
        if exchange.rule.category is Category.NOT_LOGGED:
            return
        everywhere = exchange.call.service in GLOBAL_SERVICES
        region = GLOBAL_REGION if everywhere else exchange.region
        event = self._event(exchange, answer, request_id, region)
        self.trails.record(event, category=exchange.rule.category.value, region=region, global_service=everywhere)

    def _event(self, exchange: Exchange, answer: Answer, request_id: str, region: str) -> Json:
        call, line, request = exchange.call, exchange.rule, exchange.request
        code, message = error(call, answer) if answer.status >= 400 else ("", "")
        management = line.category is Category.MANAGEMENT
        parameters, elements, resources = self._content(exchange, answer, region, code)
        event: Json = {
            "eventVersion": EVENT_VERSION,
            "userIdentity": exchange.identity,
            "eventTime": f"{self.clock.now():%Y-%m-%dT%H:%M:%SZ}",
            "eventSource": line.event_source,
            "eventName": line.event_name,
            "awsRegion": region,
            "sourceIPAddress": exchange.source_ip,
            "userAgent": request.headers.get("user-agent", "")[:_TEXT_LIMIT],
        }
        if code:
            event |= {"errorCode": code[:_TEXT_LIMIT], "errorMessage": message[:_TEXT_LIMIT]}
        event |= {"requestParameters": within_limit(parameters), "responseElements": within_limit(elements)}
        if call.service == "s3":
            event["additionalEventData"] = s3.additional_data(request, answer.headers)
        event |= {"requestID": request_id, "eventID": str(uuid.uuid4()), "readOnly": line.read_only}
        if resources:
            event["resources"] = resources
        event["eventType"] = "AwsApiCall"
        if call.service in _API_VERSIONS:
            event["apiVersion"] = _API_VERSIONS[call.service]
        return event | {
            "managementEvent": management,
            "recipientAccountId": self.account,
            "eventCategory": line.category.value,
            "tlsDetails": {
                "tlsVersion": "TLSv1.3",
                "cipherSuite": "TLS_AES_128_GCM_SHA256",
                "clientProvidedHostHeader": request.headers.get("host", ""),
            },
        }

    def _content(self, exchange: Exchange, answer: Answer, region: str, code: str) -> tuple[Any, Any, list[Json]]:
        """requestParameters, responseElements, resources."""
        call, request = exchange.call, exchange.request
        management = exchange.rule.category is Category.MANAGEMENT
        if call.service == "s3":
            quiet = code or management or exchange.rule.read_only
            shown = s3.request_parameters(call, request, management=management)
            return (
                shown,
                None if quiet else s3.response_elements(answer.headers),
                s3.resources(call, self.account, management=management),
            )
        members = _members(call, request)
        elements = None if code else self._elements(exchange, answer)
        if call.service in {"dynamodb", "dynamodbstreams"}:
            return self._dynamodb(exchange, members, elements, region)
        denied = code == "AccessDenied" and call.model.service_model.metadata["protocol"] == "query"
        parameters = None if denied else generic.render(members, call.model.input_shape, call.service)
        return parameters or None, elements, _resources(call, members, self.account, region)

    def _dynamodb(self, exchange: Exchange, members: Json, elements: Any, region: str) -> tuple[Any, Any, list[Json]]:
        operation = exchange.call.operation
        tables = dynamodb.Tables(
            self.account,
            region,
            lambda table: internal.key_names(self.account, region, _short(table)),
            lambda table: internal.table_stream(self.account, region, _short(table)),
        )
        resources = dynamodb.resources(operation, members, tables)
        if exchange.rule.category is Category.DATA:
            return dynamodb.request_parameters(operation, members, tables), None, resources
        parameters = generic.render(members, exchange.call.model.input_shape, "dynamodb") or {}
        if operation == "UpdateTable":  # AWS names the table in responseElements only
            parameters.pop("tableName", None)
        return parameters or None, elements, resources[:1]

    def _elements(self, exchange: Exchange, answer: Answer) -> Any:
        call, line = exchange.call, exchange.rule
        if line.category is Category.DATA or (line.read_only and call.operation not in _ANSWERED_READS):
            return None
        shape = call.model.output_shape
        if shape is None or not answer.body:
            return None
        parser = create_parser(_protocol(call, answer.body))
        try:
            parsed = parser.parse({"status_code": answer.status, "headers": dict(answer.headers), "body": answer.body}, shape)
        except ResponseParserError:
            return None
        return generic.render(parsed, shape, call.service) or None


def _protocol(call: Call, body: bytes) -> str:
    """The protocol of the answer: CloudWatch speaks the one it was asked in, and never CBOR here."""
    named: str = call.model.service_model.metadata["protocol"]
    return named if call.service != "cloudwatch" else "query" if body.lstrip().startswith(b"<") else "json"


def error(call: Call, answer: Answer) -> tuple[str, str]:
    """The errorCode and errorMessage of a failed call, as CloudTrail names them."""
    if answer.body.lstrip().startswith(b"<"):
        text = answer.body.decode("utf-8", "replace")
        code, message = _tag(text, "Code"), _tag(text, "Message")
    else:
        said = _json(answer.body)
        code = str(said.get("__type") or answer.headers.get("x-amzn-errortype") or said.get("Code") or "")
        message = str(said.get("message") or said.get("Message") or "")
    code = code.partition(":")[0].rpartition("#")[2]
    if not code and call.service == "s3":
        missing = ("NoSuchKey", "The specified key does not exist.")
        absent = missing if "Key" in call.path_parameters else ("NoSuchBucket", "The specified bucket does not exist")
        code, message = absent if answer.status == 404 else _HEAD_ERRORS.get(answer.status, (str(answer.status), ""))
    if code in _DENIED and call.service != "lambda":
        return "AccessDenied", message
    if call.service in {"iam", "sts", "sns"} and (named := _error_shape(call, code)):
        return named, message
    return code or "InternalFailure", message


def _error_shape(call: Call, code: str) -> str:
    """The model's name of a query service's error code: NoSuchEntity → NoSuchEntityException."""
    for shape in call.model.service_model.error_shapes:
        if isinstance(shape, StructureShape) and shape.error_code == code:
            return str(shape.name)
    return ""


def within_limit(value: Any) -> Any:
    """The value, or AWS's marker in its place where it is larger than CloudTrail keeps."""
    if value is None:
        return None
    size = len(json.dumps(value, separators=(",", ":")))
    if size <= _PARAMETER_LIMIT:
        return value
    return {"omitted": True, "originalSize": size, "reason": "the content is larger than CloudTrail keeps"}


def _members(call: Call, request: Request) -> Json:
    """The request's members by their API names, from body, form or URI."""
    protocol = call.model.service_model.metadata["protocol"]
    if protocol in {"query", "ec2"} or "Action" in request.query:
        return generic.query_parameters(form_parameters(request), call.model.input_shape)
    members = _json(request.body)
    if protocol == "rest-json":
        members = _rest_members(call, request, members)
    return members


def _rest_members(call: Call, request: Request, body: Json) -> Json:
    members: Json = {}
    shape = call.model.input_shape
    for name, member in shape.members.items() if shape else ():
        wire = member.serialization.get("name", name)
        place = member.serialization.get("location")
        if place == "uri" and wire in call.path_parameters:
            members[name] = call.path_parameters[wire]
        elif place == "querystring" and wire in request.query:
            members[name] = request.query[wire][0]
        elif place == "header" and wire.lower() in request.headers:
            members[name] = request.headers[wire.lower()]
        elif place is None and wire in body:
            members[name] = body[wire]
    return members


def _resources(call: Call, members: Json, account: str, region: str) -> list[Json]:
    """The resource a call names outside DynamoDB and S3, where AWS lists one."""
    named = {
        "sts": ("AWS::IAM::Role", members.get("RoleArn")),
        "sns": ("AWS::SNS::Topic", members.get("TopicArn") or members.get("TargetArn")),
        "kms": ("AWS::KMS::Key", _arn(members.get("KeyId"), f"arn:aws:kms:{region}:{account}:key/")),
        "lambda": ("AWS::Lambda::Function", _arn(members.get("FunctionName"), f"arn:aws:lambda:{region}:{account}:function:")),
        "sqs": ("AWS::SQS::Queue", _queue(members.get("QueueUrl"), region)),
        "ssm": ("", _parameter(members.get("Name"), f"arn:aws:ssm:{region}:{account}:parameter")),
    }
    kind, arn = named.get(call.service, ("", None))
    listed = call.operation.startswith(("AssumeRole", "Invoke")) if call.service in {"sts", "lambda"} else True
    if not listed or not isinstance(arn, str) or not arn:
        return []
    return [{"accountId": account} | ({"type": kind} if kind else {}) | {"ARN": arn}]


def _arn(name: Any, prefix: str) -> str | None:
    if not isinstance(name, str) or not name or name.startswith("alias/"):
        return None
    return name if name.startswith("arn:") else f"{prefix}{name}"


def _parameter(name: Any, prefix: str) -> str | None:
    if not isinstance(name, str) or not name:
        return None
    return name if name.startswith("arn:") else f"{prefix}/{name.removeprefix('/')}"


def _queue(url: Any, region: str) -> str | None:
    parts = url.rstrip("/").split("/") if isinstance(url, str) else []
    return f"arn:aws:sqs:{region}:{parts[-2]}:{parts[-1]}" if len(parts) > 1 else None


def _short(table: str) -> str:
    return table.split("/")[1] if table.startswith("arn:") and "/" in table else table


def _json(body: bytes) -> Json:
    try:
        value = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _tag(text: str, name: str) -> str:
    found = re.search(rf"<{name}>(.*?)</{name}>", text, re.DOTALL)
    return unescape(found[1]) if found else ""
