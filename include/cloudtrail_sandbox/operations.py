"""Which service and operation a request names, read from the request alone.

Decides: the botocore service model and the operation, by the rules of each protocol: `X-Amz-Target` (JSON), the `Action`
parameter (query), method and path with sub-resources (S3, Lambda). Refuses: to guess. What no model names is None, and the
server then neither forwards nor records it as if it were known. No service the sandbox records speaks CBOR in the pinned
botocore (only CloudWatch offers it, after JSON), so there is no CBOR here.

Source: botocore's service models (requestUri, method, required query members), AWS Signature Version 4 (credential scope).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qs, unquote

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel

SERVICES = (
    "cloudtrail", "cloudwatch", "dynamodb", "dynamodbstreams", "ec2", "iam", "kms", "lambda", "logs", "s3", "sns", "sqs", "ssm",
    "sts",
)  # fmt: skip
SIGNED_AS = {"monitoring": "cloudwatch"}  # where the credential scope is not the service's name
# Credential scope → service; Streams signs as dynamodb and has its own target.
_SCOPES = {name: name for name in SERVICES} | SIGNED_AS
_QUERY_VERSIONS = {
    "2011-06-15": "sts",
    "2010-05-08": "iam",
    "2010-03-31": "sns",
    "2012-11-05": "sqs",
    "2016-11-15": "ec2",
    "2010-08-01": "cloudwatch",
}
# Superseded operations that share method and URI with their successor; the wire cannot tell them apart.
_SHADOWED = {"GetBucketLifecycle", "PutBucketLifecycle", "GetBucketNotification", "PutBucketNotification", "ListDirectoryBuckets"}
_COPIES = {"PutObject": "CopyObject", "UploadPart": "UploadPartCopy"}  # told apart by x-amz-copy-source
_CREDENTIAL = re.compile(r"Credential=([^/,\s]*)/(\d{8})/(?:([^/,\s]*)/)?([^/,\s]+)/aws4_request")


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request as it came: `path` decoded, `headers` with lower-case names, `query` with every value."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Scope:
    """What the request's signature claims; "" where it claims nothing (an anonymous request)."""

    access_key_id: str = ""
    region: str = ""
    service: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """A named operation of a named service. `path_parameters` are the values in the URI: Bucket, Key, FunctionName."""

    service: str
    operation: str
    path_parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def model(self) -> OperationModel:
        """The operation's botocore model."""
        return service_model(self.service).operation_model(self.operation)


@cache
def service_model(service: str) -> ServiceModel:
    """The botocore model of a service; read once (EC2's takes most of a second)."""
    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


def scope(request: Request) -> Scope:
    """The access key, Region and service in the request's credential scope: header, or query of a presigned URL."""
    claimed = request.headers.get("authorization", "")
    if not claimed:
        claimed = "Credential=" + _first(request.query, "X-Amz-Credential")
    found = _CREDENTIAL.search(claimed)
    if found:
        return Scope(found[1], found[3] or "", found[4])
    legacy = request.headers.get("authorization", "")
    if legacy.startswith("AWS "):
        return Scope(legacy[4:].partition(":")[0], "", "s3")
    return Scope(_first(request.query, "AWSAccessKeyId"), "", "s3" if "AWSAccessKeyId" in request.query else "")


def match(request: Request, bucket_of_host: Callable[[str], str | None] = lambda _: None) -> Call | None:
    """The operation a request names, or None.

    Args:
        request: the request.
        bucket_of_host: tells the bucket in a Host header of a virtual-hosted S3 request, None for any other host.
    """
    target = request.headers.get("x-amz-target", "")
    if target:
        return _by_target(target)
    named = scope(request).service
    if named in {"", "s3"} and (bucket := bucket_of_host(request.headers.get("host", ""))):
        return _rest("s3", request, f"/{bucket}{request.path}")
    form = _form(request)
    if "Action" in form:
        service = _SCOPES.get(named) or _QUERY_VERSIONS.get(_first(form, "Version"), "")
        return _known(service, _first(form, "Action")) if service else None
    if named in {"", "s3"}:
        return _rest("s3", request, request.path)
    return _rest("lambda", request, request.path) if named == "lambda" else None


def form_parameters(request: Request) -> dict[str, str]:
    """The parameters of a query-protocol request, first value each."""
    return {name: values[0] for name, values in _form(request).items()}


def _form(request: Request) -> Mapping[str, list[str]]:
    if "Action" in request.query:
        return request.query
    if request.method != "POST" or "x-www-form-urlencoded" not in request.headers.get("content-type", ""):
        return {}
    return parse_qs(request.body.decode("utf-8", "replace"), keep_blank_values=True)


def _by_target(target: str) -> Call | None:
    prefix, _, operation = target.rpartition(".")
    service = _target_prefixes().get(prefix)
    return _known(service, operation) if service else None


@cache
def _target_prefixes() -> Mapping[str, str]:
    prefixes = {
        "DynamoDB_20120810": "dynamodb",
        "DynamoDBStreams_20120810": "dynamodbstreams",
        "CloudTrail_20131101": "cloudtrail",
        "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101": "cloudtrail",
        "GraniteServiceVersion20100801": "cloudwatch",
        "TrentService": "kms",
        "Logs_20140328": "logs",
        "AmazonSQS": "sqs",
        "AmazonSSM": "ssm",
    }
    return {prefix: service for prefix, service in prefixes.items() if service in SERVICES}


def _known(service: str, operation: str) -> Call | None:
    return Call(service, operation) if operation in service_model(service).operation_names else None


@dataclass(frozen=True, slots=True)
class _Route:
    operation: str
    method: str
    path: re.Pattern[str]
    query: frozenset[tuple[str, str | None]]  # (name, value or None for any)


def _rest(service: str, request: Request, path: str) -> Call | None:
    best: tuple[int, str, re.Match[str]] | None = None
    for route in _routes(service):
        if route.method != request.method or (best and len(route.query) <= best[0]):
            continue
        if not all(name in request.query and (v is None or request.query[name][0] == v) for name, v in route.query):
            continue
        if found := route.path.fullmatch(path):
            best = (len(route.query), route.operation, found)
    if best is None:
        return None
    _, operation, found = best
    if "x-amz-copy-source" in request.headers:
        operation = _COPIES.get(operation, operation)
    return Call(service, operation, {name: unquote(v) if service != "s3" else v for name, v in found.groupdict().items()})


@cache
def _routes(service: str) -> tuple[_Route, ...]:
    model = service_model(service)
    names = [n for n in model.operation_names if not (service == "s3" and (n in _SHADOWED or n in _COPIES.values()))]
    return tuple(sorted((_route(model.operation_model(n)) for n in names), key=lambda r: (-len(r.path.pattern), r.operation)))


def _route(operation: OperationModel) -> _Route:
    uri, _, static = operation.http["requestUri"].partition("?")
    query: set[tuple[str, str | None]] = {(n, v[0] or None) for n, v in parse_qs(static, keep_blank_values=True).items()}
    shape = operation.input_shape
    if shape:
        traits: list[Mapping[str, Any]] = [shape.members[name].serialization for name in shape.required_members]
        query.update((trait["name"], None) for trait in traits if trait.get("location") == "querystring")
    return _Route(operation.name, operation.http["method"], _pattern(uri), frozenset(query))


def _pattern(uri: str) -> re.Pattern[str]:
    parts = []
    for piece in re.split(r"(\{[^}]+\})", uri.rstrip("/") or "/"):
        if not piece.startswith("{"):
            parts.append(re.escape(piece))
        elif piece.endswith("+}"):
            parts.append(f"(?P<{piece[1:-2]}>.+)")
        else:
            parts.append(f"(?P<{piece[1:-1]}>[^/]+)")
    return re.compile("".join(parts) + ("" if uri.endswith("+}") else "/?"), re.DOTALL)


def _first(values: Mapping[str, list[str]], name: str) -> str:
    found = values.get(name) or [""]
    return found[0]
