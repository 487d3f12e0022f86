"""Every change made to ministack 1.5.33, each where AWS behaves otherwise, and nothing else.

`configure` sets what must be in the environment before ministack is imported, `apply` imports and patches it. For each patch
there is a test that shows the fault without it; when such a test fails, ministack has mended it and the patch goes.

1.  Keys `test`, twelve digits and the server's own are root → unknown keys.
2.  Requests signed outside ±15 minutes of the sandbox clock are refused → clients live in real time: age is not asked; a
    presigned URL's expiry is measured in real time.
3.  SourceIdentity is dropped → kept in the session, carried through role chaining, a condition key, answered, and asked for in
    the trust policy (sts:SetSourceIdentity).
4.  PartiQL writes reach no stream → they do, a transaction's only when it succeeds.
5.  TTL removals reach no stream, and come at the reaper's own pace → `expire_ttl_now`, with userIdentity; the reaper rests.
6.  Shard iterators: AT_TIMESTAMP unknown, iterators without their stream's ARN, sequence numbers with leading zeros → as AWS's.
7.  S3 loses TransitionDefaultMinimumObjectSize, and lets versioning be suspended under Object Lock → kept, refused.
8.  GetUser without a name answers root → the caller.
9.  A DynamoDB stream's mapping loses what ReportBatchItemFailures reports, never splits a batch, retries without end, tells the
    destination of nothing but age → as AWS (``stream_mapping``). Settings are not checked, and answered in part → both.
10. A function's worker measures its waits with a clock that may stand still, and hangs; its handler sees the machine's time →
    real durations, and the sandbox's time (``worker_clock``).
11. Stream records have no size and an eventID with dashes → as AWS's (``stream_records``).
12. PutLogEvents keeps whatever it is given → AWS's limits (``log_limits``).
13. JSON filter patterns match nothing behind a subscription and everything in a search; a group has any number of filters →
    as AWS's, and the function must let CloudWatch Logs in (``log_subscriptions``, ``filter_patterns``).
14. CreateFunction is asked of no resource, mappings have no `lambda:FunctionArn` → both, as AWS (``lambda_permissions``).
15. IAM is asked about no stream, only about `*` → about the stream (``stream_permissions``).
16. A range of a named version is the whole body → the range (``version_ranges``).
17. A restore from a Glacier class takes two seconds in any tier, Expedited for DEEP_ARCHIVE too, and no listing tells of it → the
    tier's hours, AWS's refusals, RestoreStatus (``cold_storage``).
18. S3 takes any account for the expected owner, and tells neither who pays nor whether a policy is public → it does
    (``bucket_facts``).
19. Every Region of AWS is enabled; account-level log policies are unknown → the sandbox's own; none (``account_facts``).
20. IAM is asked about no trail (ListTags), no table (resource policies), no alarm, and about aliases of keys → about the trail,
    the table, alarms, the key (``read_permissions``).

Source of the faults: measured; of AWS's ways: API references of STS, DynamoDB Streams, S3 and IAM, read 2026-11-24.
"""

import asyncio
import contextvars
import copy
import datetime as dt
import json
import os
import re
import sys
import threading
import time
from typing import Any
from xml.sax.saxutils import escape

from cloudtrail_sandbox import (
    account_facts,
    asked,
    bucket_facts,
    cold_storage,
    lambda_permissions,
    log_limits,
    log_subscriptions,
    read_permissions,
    stream_mapping,
    stream_permissions,
    stream_records,
    version_ranges,
    worker_clock,
)
from cloudtrail_sandbox.clock import real_now

SMALLEST_MOVED = "x-amz-transition-default-minimum-object-size"
_SMALLEST_DEFAULT = "all_storage_classes_128K"
_TTL_OLDEST = 5 * 365 * 86_400  # DynamoDB leaves items alone whose time lies further back
_DRAIN_SECONDS = 30.0
_NOT_OURS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_ENDPOINT_URL", "SERVICES")
_SERVICE_USER = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
_Images = tuple[str, str, Any, Any]  # table, event name, old image, new image


def configure(account: str, region: str, port: int) -> None:
    """Set ministack's environment. Call before anything imports it.

    Raises:
        RuntimeError: ministack has been imported already, so that the settings would come too late.
    """
    if "ministack.app" in sys.modules:
        raise RuntimeError("ministack is imported already: configure() must come before it")
    for name in _NOT_OURS:
        os.environ.pop(name, None)
    os.environ |= {
        "AUTH": "true",
        "BIND_HOST": "127.0.0.1",
        "CLOUDTRAIL_RECORDING": "0",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "LOG_LEVEL": "WARNING",
        "MINISTACK_ACCOUNT_ID": account,
        "MINISTACK_REGION": region,
        "PERSIST_STATE": "0",
        "S3_PERSIST": "0",
        "SFTP_ENABLED": "0",
    }


def apply() -> None:
    """Import ministack and patch it. Once per process."""
    no_root_keys()
    no_request_age()
    keep_source_identity()
    stream_partiql_writes()
    rest_ttl_reaper()
    aws_stream_positions()
    s3_settings()
    name_the_caller()
    stream_mapping.patch()
    worker_clock.patch()
    stream_records.patch()
    log_limits.patch()
    log_subscriptions.patch()
    lambda_permissions.patch()
    stream_permissions.patch()
    version_ranges.patch()
    bucket_facts.patch()
    account_facts.patch()
    read_permissions.patch()
    asked.watch()
    cold_storage.patch()


def no_root_keys() -> None:
    """Patch 1: only the absence of a key is what ministack calls root (an anonymous request, which S3 decides by policy)."""
    from ministack.core import iam_evaluator
    from ministack.services import sts

    def is_root_access_key(access_key_id: str) -> bool:
        return not access_key_id

    iam_evaluator.is_root_access_key = is_root_access_key
    sts.is_root_access_key = is_root_access_key


def no_request_age() -> None:
    """Patch 2."""
    from ministack.core import sigv4
    from ministack.services import s3

    expired = sigv4.presigned_request_is_expired

    def in_real_time(amz_date: str, expires: Any, *, now: dt.datetime | None = None) -> bool:
        del now
        answer: bool = expired(amz_date, expires, now=real_now())
        return answer

    sigv4.request_time_failure = lambda *_, **__: None
    sigv4.presigned_request_is_expired = in_real_time
    s3.presigned_request_is_expired = in_real_time


_source_identity: contextvars.ContextVar[str] = contextvars.ContextVar("source_identity", default="")


def keep_source_identity() -> None:
    """Patch 3."""
    from ministack.core import iam_evaluator
    from ministack.services import sts

    handle, register, keys = sts.handle_request, sts.register_session, iam_evaluator._principal_keys

    def register_session(access_key: str, session: dict[str, Any]) -> None:
        if _source_identity.get() and session.get("PrincipalType") == "AssumedRole":
            session["SourceIdentity"] = _source_identity.get()
        register(access_key, session)

    def principal_keys(credential: Any) -> dict[str, Any]:
        found: dict[str, Any] = keys(credential)
        session = sts._sessions.get(credential.access_key_id) or {}
        return found | ({"aws:sourceidentity": session["SourceIdentity"]} if session.get("SourceIdentity") else {})

    async def handle_request(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        asked = _form(body, query)
        if asked.get("Action") != "AssumeRole":
            return await handle(method, path, headers, body, query)
        from ministack.core.router import extract_access_key_id

        carried = (sts._sessions.get(extract_access_key_id(headers, query)) or {}).get("SourceIdentity", "")
        wanted = asked.get("SourceIdentity") or carried
        refused = _source_identity_refusal(asked, carried, wanted, headers, query)
        if refused:
            return refused
        token = _source_identity.set(wanted)
        try:
            status, answered, text = await handle(method, path, headers, body, query)
        finally:
            _source_identity.reset(token)
        if status == 200 and wanted:
            said = f"<SourceIdentity>{escape(wanted)}</SourceIdentity></AssumeRoleResult>".encode()
            text = (text if isinstance(text, bytes) else text.encode()).replace(b"</AssumeRoleResult>", said)
        return status, answered, text

    sts.register_session = register_session
    sts.handle_request = handle_request
    sts._principal_keys = principal_keys
    iam_evaluator._principal_keys = principal_keys


def _source_identity_refusal(asked: dict[str, str], carried: str, wanted: str, headers: Any, query: Any) -> Any:
    """STS's refusal of a source identity, or None."""
    from ministack.core import iam_evaluator
    from ministack.core.responses import get_account_id, get_region
    from ministack.services import iam, sts

    role_arn = asked.get("RoleArn", "")
    if not wanted or role_arn.count(":") < 5:
        return None
    if not re.fullmatch(r"[\w+=,.@-]{2,64}", wanted, re.ASCII):
        problem = f"Value '{escape(wanted)}' at 'sourceIdentity' failed to satisfy constraint"
        return sts._error(400, "ValidationError", f"1 validation error detected: {problem}", ns="sts")
    caller = sts._caller_identity(headers, query)
    role = iam._roles.get_scoped(role_arn.split(":")[4] or get_account_id(), None, role_arn.rsplit("/", 1)[-1])
    if role is None or not isinstance(caller, dict):
        return None  # the call itself will say so
    context = iam_evaluator.EvalContext(
        principal_arn=caller["userArn"],
        principal_type=caller["principalType"],
        principal_account=caller["accountId"],
        action="sts:SetSourceIdentity",
        resource_arn=role_arn,
        region=get_region(),
        service_context={"sts:sourceidentity": wanted},
        principal_keys=caller["principalKeys"],
    )
    trusted = iam_evaluator.evaluate_trust_policy(role.get("AssumeRolePolicyDocument", "{}"), caller["userArn"], context)
    if trusted and wanted == (carried or wanted):
        return None
    message = f"User: {caller['userArn']} is not authorized to perform: sts:SetSourceIdentity on resource: {role_arn}"
    return sts._error(403, "AccessDenied", message, ns="sts")


_held: contextvars.ContextVar[list[_Images] | None] = contextvars.ContextVar("held_images", default=None)


def stream_partiql_writes() -> None:
    """Patch 4: the writes under a PartiQL statement or transaction are noted, and emitted when it has succeeded."""
    from ministack.services import dynamodb

    set_item, remove_item = dynamodb._set_item, dynamodb._remove_item

    def noting_set(table: Any, partition: Any, sort: Any, item: Any) -> Any:
        old = set_item(table, partition, sort, item)
        _note(table, old, item)
        return old

    def noting_remove(table: Any, partition: Any, sort: Any) -> Any:
        if threading.current_thread().name == "dynamodb-ttl-reaper":
            return None  # patch 5: expire_ttl_now does it
        old = remove_item(table, partition, sort)
        _note(table, old, None)
        return old

    def emitting(execute: Any) -> Any:
        def run(*args: Any) -> Any:
            if _held.get() is not None:  # a statement of a transaction: the transaction emits
                return execute(*args)
            noted: list[_Images] = []
            token = _held.set(noted)
            try:
                status, headers, body = execute(*args)
            finally:
                _held.reset(token)
            for images in noted if status == 200 else ():
                dynamodb._emit_stream_event(*images)
            return status, headers, body

        return run

    dynamodb._set_item, dynamodb._remove_item = noting_set, noting_remove
    for name in ("_partiql_insert", "_partiql_update", "_partiql_delete", "_execute_transaction"):
        setattr(dynamodb, name, emitting(getattr(dynamodb, name)))


def _note(table: Any, old: Any, new: Any) -> None:
    noted = _held.get()
    if noted is None or (old is None and new is None):
        return
    event = "REMOVE" if new is None else "INSERT" if old is None else "MODIFY"
    noted.append((table["TableName"], event, copy.deepcopy(old), copy.deepcopy(new)))


def rest_ttl_reaper() -> None:
    """Patch 5: the reaper thread's removals do nothing (in patch 4); records of `expire_ttl_now` say who it was.

    Lambda shows `type` and `principalId`, the streams API `Type` and `PrincipalId`.
    """
    from ministack.services import dynamodb, dynamodb_streams

    build, get_records = dynamodb._build_change_record, dynamodb_streams._get_records

    def get_records_as_the_api(data: dict[str, Any]) -> Any:
        status, headers, body = get_records(data)
        if status != 200 or b'"userIdentity"' not in body:
            return status, headers, body
        answer = json.loads(body)
        for record in answer["Records"]:
            if "userIdentity" in record:
                record["userIdentity"] = {name[0].upper() + name[1:]: text for name, text in record["userIdentity"].items()}
        return status, headers, json.dumps(answer).encode()

    def build_change_record(*args: Any) -> Any:
        record = build(*args)
        return record | {"userIdentity": dict(_SERVICE_USER)} if _expiring.get() else record

    dynamodb._build_change_record = build_change_record
    dynamodb_streams._get_records = get_records_as_the_api


_expiring: contextvars.ContextVar[bool] = contextvars.ContextVar("expiring", default=False)


def expire_ttl_now() -> int:
    """One pass of DynamoDB's expiry over every table: items past their time go, each with a stream record.

    Call it from the event loop's thread. An item counts as AWS counts it: the attribute is a number of seconds, not in the
    future and not more than five years back.

    Returns:
        How many items were removed.
    """
    from ministack.core.responses import request_scope
    from ministack.services import dynamodb

    removed = 0
    token = _expiring.set(True)
    try:
        for (account, region, name), setting in list(dynamodb._ttl_settings.all_items()):
            table = dynamodb._tables.get_scoped(account, region, name)
            if table is None or setting.get("TimeToLiveStatus") != "ENABLED":
                continue
            with request_scope(account, region):
                for partition, sort in _expired(table, setting.get("AttributeName", "")):
                    old = dynamodb._remove_item(table, partition, sort)
                    dynamodb._emit_stream_event(name, "REMOVE", old, None)
                    removed += 1
    finally:
        _expiring.reset(token)
    return removed


def _expired(table: Any, attribute: str) -> list[tuple[Any, Any]]:
    now = time.time()
    due = []
    for partition, items in table["items"].items():
        for sort, item in items.items():
            text = (item.get(attribute) or {}).get("N", "")
            if re.fullmatch(r"\d{1,12}(\.\d+)?", text) and now - _TTL_OLDEST <= float(text) <= now:
                due.append((partition, sort))
    return due


def aws_stream_positions() -> None:
    """Patch 6."""
    from ministack.services import dynamodb, dynamodb_streams

    encode, decode = dynamodb_streams._encode_iterator, dynamodb_streams._decode_iterator
    iterate, sequence = dynamodb_streams._get_shard_iterator, dynamodb._next_stream_seq

    def encode_iterator(*args: Any, stream_arn: str | None = None, **named: Any) -> str:
        return f"{stream_arn}|1|{encode(*args, stream_arn=stream_arn, **named)}"

    def decode_iterator(token: str) -> Any:
        return decode(token.rpartition("|")[2])

    def get_shard_iterator(data: dict[str, Any]) -> Any:
        if data.get("ShardIteratorType") != "AT_TIMESTAMP":
            return iterate(data)
        if not isinstance(data.get("Timestamp"), int | float):
            error = dynamodb.error_response_json
            return error("ValidationException", "Timestamp is required for AT_TIMESTAMP", 400)
        return iterate(_at_timestamp(data, dynamodb_streams))

    dynamodb._next_stream_seq = lambda: sequence().lstrip("0")
    dynamodb_streams._encode_iterator = encode_iterator
    dynamodb_streams._decode_iterator = decode_iterator
    dynamodb_streams._get_shard_iterator = get_shard_iterator


def _at_timestamp(data: dict[str, Any], streams: Any) -> dict[str, Any]:
    """The same position by sequence number: the first record not older, to the second (records tell no more)."""
    source = streams._request_stream_source(str(data.get("StreamArn", "")))
    records = streams._records_for(source[0].account_id, source[0].region, source[1]) if source else []
    for record in records:
        change = record["dynamodb"]
        if change["ApproximateCreationDateTime"] >= int(data["Timestamp"]):
            return data | {"ShardIteratorType": "AT_SEQUENCE_NUMBER", "SequenceNumber": change["SequenceNumber"]}
    return data | {"ShardIteratorType": "LATEST"}


def s3_settings() -> None:
    """Patch 7."""
    from ministack.core.responses import get_account_id
    from ministack.services import s3

    dispatch = s3._dispatch
    smallest: dict[tuple[str, str], str] = {}

    def dispatch_request(method: str, bucket: str, key: str, headers: Any, body: bytes, query: Any) -> Any:
        control = bool(bucket) and not key
        suspends = control and method == "PUT" and "versioning" in query and b">Suspended<" in body
        if suspends and s3._bucket_object_lock.get(bucket):
            message = "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed."
            return s3._error("InvalidBucketState", message, 409, f"/{bucket}")
        status, answered, text = dispatch(method, bucket, key, headers, body, query)
        if control and "lifecycle" in query and status == 200:
            place = (get_account_id(), bucket)
            if method == "PUT":
                smallest[place] = headers.get(SMALLEST_MOVED) or _SMALLEST_DEFAULT
            answered = {**answered, SMALLEST_MOVED: smallest.get(place, _SMALLEST_DEFAULT)}
        return status, answered, text

    s3._dispatch = dispatch_request


def name_the_caller() -> None:
    """Patch 8."""
    from ministack.core.iam_evaluator import caller_arn
    from ministack.services import iam

    get_user = iam._get_user

    def get_caller(parameters: dict[str, Any]) -> Any:
        if not iam._p(parameters, "UserName") and ":user/" in caller_arn():
            parameters = {**parameters, "UserName": [caller_arn().rsplit("/", 1)[-1]]}
        return get_user(parameters)

    iam._IAM_HANDLERS["GetUser"] = get_caller


async def drain() -> None:
    """Wait until every mapping and every subscription has delivered what its source holds, 30 seconds at most.

    A mapping that fails again and again holds nobody up; its records stay where they are.
    """
    deadline = time.monotonic() + _DRAIN_SECONDS
    before = stream_mapping.failures()
    while _pending(before) and time.monotonic() < deadline:
        await asyncio.sleep(0.02)


def _pending(before: dict[str, int]) -> bool:
    """Whether a mapping has records to deliver, or a batch under way, or a log group's events are being delivered."""
    if log_subscriptions.delivering():
        return True
    mappings = sys.modules.get("ministack.services.lambda_svc")
    if mappings is None:
        return False
    others = {mapping["UUID"] for _, _, mapping in mappings._iter_all_esms() if not stream_mapping.is_stream(mapping)}
    return any(mappings._esm_inflight.get(name) for name in others) or stream_mapping.pending(before)


def _form(body: bytes, query: Any) -> dict[str, str]:
    from urllib.parse import parse_qs

    values = {**query, **parse_qs(body.decode("utf-8", "replace"))}
    return {name: held[0] if isinstance(held, list) else held for name, held in values.items() if held}
