"""S3 events: bucket, host, sub-resource and configuration document; never an object's bytes.

Decides, as S3 writes it: `bucketName`, `Host`, `key`, query parameters by their own names (a sub-resource is `""`), the
request's `x-amz-` headers that describe and do not authenticate, and for bucket operations the XML document as JSON, digits
and true/false typed (`"Expiration": {"Days": 1}`). Refuses: signatures, tokens, customer encryption keys, and XML with a
DOCTYPE.

Source: records of a published trail (2023); S3 user guide "CloudTrail events".
"""

import json
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET

from cloudtrail_sandbox.operations import Call, Request

Json = dict[str, Any]
_OBJECT, _BUCKET = "AWS::S3::Object", "AWS::S3::Bucket"
_SECRET_QUERY = frozenset({"x-amz-signature", "x-amz-credential", "x-amz-security-token", "signature", "awsaccesskeyid"})
_SHOWN_HEADERS = (
    "x-amz-acl",
    "x-amz-bucket-object-lock-enabled",
    "x-amz-bypass-governance-retention",
    "x-amz-copy-source",
    "x-amz-expected-bucket-owner",
    "x-amz-grant-full-control",
    "x-amz-grant-read",
    "x-amz-grant-read-acp",
    "x-amz-grant-write",
    "x-amz-grant-write-acp",
    "x-amz-metadata-directive",
    "x-amz-object-lock-legal-hold",
    "x-amz-object-lock-mode",
    "x-amz-object-lock-retain-until-date",
    "x-amz-object-ownership",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-storage-class",
    "x-amz-tagging",
    "x-amz-transition-default-minimum-object-size",
)
_ANSWERED_HEADERS = (
    "x-amz-delete-marker",
    "x-amz-expiration",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-version-id",
)
# Calls about many objects of a bucket: AWS names the prefix of their ARNs.
_MANY_OBJECTS = frozenset({"DeleteObjects", "ListObjects", "ListObjectsV2", "ListObjectVersions", "ListMultipartUploads"})


def request_parameters(call: Call, request: Request, *, management: bool) -> Json:
    """The requestParameters of an S3 event."""
    shown: Json = {}
    bucket, key = call.path_parameters.get("Bucket"), call.path_parameters.get("Key")
    if bucket:
        shown["bucketName"] = bucket
    shown["Host"] = request.headers.get("host", "")
    if key is not None:
        shown["key"] = key
    shown |= {name: values[0] for name, values in request.query.items() if name.lower() not in _SECRET_QUERY}
    shown |= {name: request.headers[name] for name in _SHOWN_HEADERS if name in request.headers}
    return (_document(call, request.body) if management else {}) | shown


def response_elements(headers: Mapping[str, str]) -> Json | None:
    """The responseElements of a write to an object, from the answer's headers; None where they say nothing."""
    return {name: headers[name] for name in _ANSWERED_HEADERS if name in headers} or None


def resources(call: Call, account: str, *, management: bool) -> list[Json]:
    """The bucket, and for a data event the object or the prefix of the objects' ARNs."""
    bucket, key = call.path_parameters.get("Bucket"), call.path_parameters.get("Key")
    if not bucket or call.operation == "CreateBucket":
        return []
    arn = f"arn:aws:s3:::{bucket}"
    owner = {"accountId": account, "type": _BUCKET, "ARN": arn}
    if management:
        return [owner]
    if call.operation in _MANY_OBJECTS:
        return [{"type": _OBJECT, "ARNPrefix": f"{arn}/"}, owner]
    return [{"type": _OBJECT, "ARN": f"{arn}/{key or ''}"}, owner]


def additional_data(request: Request, answer: Mapping[str, str]) -> Json:
    """The additionalEventData of an S3 event."""
    return {
        "SignatureVersion": "SigV2" if request.headers.get("authorization", "").startswith("AWS ") else "SigV4",
        "CipherSuite": "TLS_AES_128_GCM_SHA256",
        "bytesTransferredIn": _size(request.headers, "x-amz-decoded-content-length", "content-length"),
        "AuthenticationMethod": "AuthHeader" if "authorization" in request.headers else "QueryString",
        "x-amz-id-2": answer.get("x-amz-id-2", ""),
        "bytesTransferredOut": _size(answer, "content-length"),
    }


def _size(headers: Mapping[str, str], *names: str) -> int:
    text = next((headers[name] for name in names if name in headers), "0")
    return int(text) if text.isascii() and text.isdigit() else 0


def _document(call: Call, body: bytes) -> Json:
    if call.operation == "PutBucketPolicy":
        return {"bucketPolicy": _json(body)}
    if not body.lstrip().startswith(b"<") or b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        return {}
    try:
        root = ET.fromstring(body)  # noqa: S314 (no DOCTYPE, so no entities)
    except ET.ParseError:
        return {}
    namespace, _, name = root.tag.rpartition("}")
    held = _element(root)
    if namespace and isinstance(held, dict):
        held = {"xmlns": namespace.lstrip("{")} | held
    return {name: held}


def _element(element: ET.Element) -> Any:
    children = list(element)
    if not children:
        return _typed(element.text or "")
    held: Json = {}
    for child in children:
        name, value = child.tag.rpartition("}")[2], _element(child)
        if name not in held:
            held[name] = value
        elif isinstance(held[name], list):
            held[name].append(value)
        else:
            held[name] = [held[name], value]
    return held


def _typed(text: str) -> Any:
    if text in {"true", "false"}:
        return text == "true"
    return int(text) if text.isascii() and text.isdigit() and (text == "0" or text[0] != "0") and len(text) < 16 else text


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace")
