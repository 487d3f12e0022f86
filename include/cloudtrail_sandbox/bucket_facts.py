"""Patch 18: what S3 says of a bucket's owner, of who pays, and of whether its policy is public.

The emulator takes any account for the expected owner, and answers GetBucketPolicyStatus and GetBucketRequestPayment by listing
the bucket, in which an SDK finds nothing. AWS answers 403 to a wrong owner, NoSuchBucketPolicy where there is no policy, and
both facts otherwise. Source: S3 user guide, "Verifying bucket ownership with bucket owner condition"; S3 API reference,
GetBucketPolicyStatus, GetBucketRequestPayment (read 2026-11-24).
"""

from typing import Any

_OWNER = "x-amz-expected-bucket-owner"
_XML = {"Content-Type": "application/xml"}


def patch() -> None:
    """Answer the three."""
    from ministack.services import s3

    dispatch = s3._dispatch

    def dispatch_request(method: str, bucket: str, key: str, headers: Any, body: bytes, query: Any) -> Any:
        wanted, owner = (headers or {}).get(_OWNER), s3._bucket_owner_account(bucket) if bucket else None
        if wanted and owner and wanted != owner:
            return s3._error("AccessDenied", "Access Denied", 403, f"/{bucket}")
        if method == "GET" and bucket and not key:
            if "policyStatus" in query:
                return _policy_status(s3, bucket)
            if "requestPayment" in query:
                return s3._get_bucket_request_payment(bucket)
        return dispatch(method, bucket, key, headers, body, query)

    s3._dispatch = dispatch_request


def _policy_status(s3: Any, bucket: str) -> Any:
    status, headers, body = s3._get_bucket_policy(bucket)
    if status != 200:
        return status, headers, body
    public = str(bool(s3._policy_is_public(body.decode()))).upper()
    text = f'<PolicyStatus xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IsPublic>{public}</IsPublic></PolicyStatus>'
    return 200, dict(_XML), text.encode()
