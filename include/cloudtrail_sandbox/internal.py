"""The emulator's state, reached from inside its process: no network, no signature, nothing recorded.

What CloudTrail's service side needs: whether its bucket lets it in, and to put a delivery there.
What it refuses: to be a second client API. Anything a user of the account does goes through the server, where it is
authorized and recorded. Every function pins the account and Region it acts for, and may be called from any thread.

Source: ministack 1.5.33 (services/s3.py, services/iam.py, core/iam_evaluator.py); the bucket policy CloudTrail asks for:
AWS CloudTrail user guide, "Amazon S3 bucket policy for CloudTrail", read 2026-11-24.
"""

import base64
import hashlib
import html
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

CLOUDTRAIL = "cloudtrail.amazonaws.com"
OWNER_FULL_CONTROL = "bucket-owner-full-control"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


class InternalError(Exception):
    """The emulator refused what the sandbox asked of it. `code` is S3's or IAM's error code, `status` the HTTP status."""

    def __init__(self, code: str, message: str, status: int) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


@dataclass(frozen=True, slots=True)
class AccessKey:
    """An access key of an IAM user, with its secret."""

    user_name: str
    access_key_id: str
    secret_access_key: str


def default_account() -> str:
    """The account of this sandbox, 12 digits."""
    return os.environ["MINISTACK_ACCOUNT_ID"]


def bucket_owner(bucket: str) -> str | None:
    """The account that owns `bucket`, or None where no account does (bucket names are global)."""
    from ministack.services import s3

    owner: str | None = s3._bucket_owner_account(bucket)
    return owner


def bucket_exists(bucket: str) -> bool:
    """Whether any account owns a bucket of that name."""
    return bucket_owner(bucket) is not None


def bucket_region(bucket: str) -> str | None:
    """The Region the bucket lives in, or None where there is no such bucket."""
    from ministack.core.responses import request_scope
    from ministack.services import s3

    owner = bucket_owner(bucket)
    if owner is None:
        return None
    with request_scope(owner, _server_region()):
        region: str | None = s3.bucket_region(bucket)
    return region


def bucket_policy_allows_delivery(bucket: str, key: str, *, source_arn: str, source_account: str) -> bool:
    """Whether the bucket's policy lets CloudTrail deliver `key` for the trail `source_arn` of `source_account`.

    Both calls of a delivery must be allowed: GetBucketAcl on the bucket, PutObject on the key with the owner in full control.
    False where the bucket, or its policy, is absent: a service principal is admitted by a policy alone.
    """
    acl = {"s3:x-amz-acl": OWNER_FULL_CONTROL}
    return _policy_allows(bucket, "s3:GetBucketAcl", "", source_arn, source_account, {}) and _policy_allows(
        bucket, "s3:PutObject", key, source_arn, source_account, acl
    )


def put_object(
    bucket: str,
    key: str,
    body: bytes,
    *,
    metadata: Mapping[str, str],
    content_type: str,
    content_encoding: str,
) -> None:
    """Put an object as the service delivers it; versions, default encryption and default retention apply.

    Raises:
        InternalError: S3 refused it (NoSuchBucket, AccessControlListNotSupported …). The policy is *not* asked here.
    """
    from ministack.core.responses import request_scope
    from ministack.services import s3

    owner = bucket_owner(bucket)
    if owner is None:
        raise InternalError("NoSuchBucket", f"The specified bucket does not exist: {bucket}", 404)
    headers = {
        "content-type": content_type,
        "content-encoding": content_encoding,
        "content-md5": base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode(),
        "x-amz-acl": OWNER_FULL_CONTROL,
        **{f"x-amz-meta-{name}": value for name, value in metadata.items()},
    }
    with request_scope(owner, bucket_region(bucket) or _server_region()):
        status, _, error = s3._put_object(bucket, key, body, headers)
    if status != 200:
        code, message = _xml_error(error)
        raise InternalError(code, message, status)


def create_owner(account: str, user_name: str = "owner") -> AccessKey:
    """Make the IAM user who owns the account: AdministratorAccess and one access key.

    Raises:
        InternalError: EntityAlreadyExists, the user is there already.
    """
    from ministack.core.responses import request_scope
    from ministack.services import iam

    with request_scope(account, _server_region()):
        _iam(iam._create_user, UserName=user_name)
        _iam(iam._attach_user_policy, UserName=user_name, PolicyArn=ADMINISTRATOR)
        _iam(iam._create_access_key, UserName=user_name)
        keys = [(key_id, key) for key_id, key in iam._access_keys.items() if key["UserName"] == user_name]
    key_id, key = keys[-1]
    return AccessKey(user_name, key_id, key["SecretAccessKey"])


def table_stream(account: str, region: str, table: str) -> str | None:
    """The ARN of the table's enabled stream, or None: no such table, or no stream."""
    from ministack.services import dynamodb

    record = dynamodb._tables.get_scoped(account, region, table)
    if not record or not (record.get("StreamSpecification") or {}).get("StreamEnabled"):
        return None
    arn: str | None = record.get("LatestStreamArn")
    return arn


def stream_arn(table: str, region: str) -> str | None:
    """The ARN of the table's enabled stream in this sandbox's account, or None."""
    return table_stream(default_account(), region, table)


def key_names(account: str, region: str, table: str) -> tuple[str, ...]:
    """The attribute names of the table's key, partition key first; () where there is no such table."""
    from ministack.services import dynamodb

    record = dynamodb._tables.get_scoped(account, region, table)
    if not record:
        return ()
    return tuple(name for name in (record.get("pk_name"), record.get("sk_name")) if name)


def _policy_allows(bucket: str, action: str, key: str, source_arn: str, account: str, context: Mapping[str, str]) -> bool:
    from ministack.core.iam_evaluator import EvalContext, evaluate_resource_policy
    from ministack.services import s3

    owner = bucket_owner(bucket)
    policy = s3._bucket_policies.get_scoped(owner, None, bucket) if owner else None
    if not policy:
        return False
    resource = f"arn:aws:s3:::{bucket}"
    asked = EvalContext(
        principal_arn=CLOUDTRAIL,
        principal_type="AWSService",
        principal_account="",
        action=action,
        resource_arn=f"{resource}/{key}" if key else resource,
        region=source_arn.split(":")[3],
        source_ip="",
        secure_transport=True,
        service_context={
            "aws:sourcearn": source_arn,
            "aws:sourceaccount": account,
            "aws:principalisawsservice": "true",
            "aws:principalservicename": CLOUDTRAIL,
            **context,
        },
    )
    decision: str = evaluate_resource_policy(policy, asked, service=CLOUDTRAIL).decision
    return decision == "Allow"


def _iam(function: Any, **parameters: str) -> None:
    status, _, body = function({name: [value] for name, value in parameters.items()})
    if status != 200:
        code, message = _xml_error(body)
        raise InternalError(code, message, status)


def _xml_error(body: bytes) -> tuple[str, str]:
    found = {name: html.unescape(text) for name, text in re.findall(r"<(Code|Message)>(.*?)</\1>", body.decode(), re.DOTALL)}
    return found.get("Code", "InternalError"), found.get("Message", "")


def _server_region() -> str:
    return os.environ.get("MINISTACK_REGION", "us-east-1")
