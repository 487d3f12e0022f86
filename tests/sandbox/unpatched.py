"""Shows what ministack does by itself, patch by patch. Runs in the sandbox's environment; prints one JSON object.

Each function is one fault the sandbox mends. It returns what the emulator does by itself; with `PATCHED=1`, after the patches.
"""

import asyncio
import datetime as dt
import io
import json
import os
import queue
import re
import sys
import threading
import time
import zipfile
from typing import Any

from cloudtrail_sandbox.clock import ShiftedClock
from cloudtrail_sandbox.ministack_patches import apply, configure, expire_ttl_now

PATCHED = os.environ.get("PATCHED") == "1"
ACCOUNT, REGION = "111122223333", "eu-west-1"
clock = ShiftedClock(dt.datetime(2026, 11, 21, 8, tzinfo=dt.UTC))
configure(ACCOUNT, REGION, 1)
if PATCHED:
    apply()

from ministack.core import iam_evaluator, lambda_runtime, sigv4  # noqa: E402 (the environment comes first)
from ministack.core.responses import request_scope  # noqa: E402
from ministack.services import cloudwatch_logs, dynamodb, dynamodb_streams, iam, lambda_svc, s3, sts  # noqa: E402


def root_keys() -> bool:
    """Whether a made-up key is root."""
    found = [iam_evaluator.resolve_credential(key, ACCOUNT) for key in ("test", ACCOUNT)]
    return all(getattr(credential, "principal_type", "") == "Root" for credential in found)


def request_age() -> bool:
    """Whether a request signed in real time is refused."""
    signature = sigv4.HeaderSignature("AKIA", "20200101", REGION, "s3", "", "", "20200101T000000Z")
    return sigv4.request_time_failure(signature) is not None


def presigned_age() -> bool:
    """Whether a presigned URL made now, in real time, has expired when the sandbox's clock is an hour ahead of it."""
    from cloudtrail_sandbox.clock import real_now

    now = real_now()
    ahead = clock.now() - now
    if ahead < dt.timedelta(hours=1):
        clock._traveller.shift(dt.timedelta(hours=1) - ahead)
    return bool(s3.presigned_request_is_expired(f"{now:%Y%m%dT%H%M%SZ}", "60"))


def source_identity() -> str:
    """The source identity that a session is left with."""
    key = _owner()
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:*"}]}
    iam._create_role({"RoleName": ["r"], "AssumeRolePolicyDocument": [json.dumps(trust)]})
    body = f"Action=AssumeRole&RoleArn=arn:aws:iam::{ACCOUNT}:role/r&RoleSessionName=hr&SourceIdentity=j.doe".encode()
    headers = {"authorization": f"AWS4-HMAC-SHA256 Credential={key}/20261121/{REGION}/sts/aws4_request"}
    status, _, _ = asyncio.run(sts.handle_request("POST", "/", headers, body, {}))
    assert status == 200
    (session,) = sts._sessions.values()
    return str(session.get("SourceIdentity", ""))


def _owner() -> str:
    iam._create_user({"UserName": ["u"]})
    iam._create_access_key({"UserName": ["u"]})
    return next(key for key, record in iam._access_keys.items() if record["UserName"] == "u")


def _table(name: str) -> None:
    status, _, body = dynamodb._create_table(
        {
            "TableName": name,
            "KeySchema": [{"AttributeName": "EmpId", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "EmpId", "AttributeType": "S"}],
            "BillingMode": "PAY_PER_REQUEST",
            "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        }
    )
    assert status == 200, body


def _changes(name: str) -> list[Any]:
    return [
        [record["eventName"], record["dynamodb"].get("OldImage"), record["dynamodb"].get("NewImage"), record.get("userIdentity")]
        for record in dynamodb.stream_live_records(name)
    ]


def _run(statement: str, *more: str) -> int:
    if more:
        statements = [{"Statement": text} for text in (statement, *more)]
        return int(dynamodb._execute_transaction({"TransactStatements": statements})[0])
    return int(dynamodb._execute_statement({"Statement": statement})[0])


def partiql_writes() -> list[Any]:
    """The stream after an insert, an update and a delete by PartiQL."""
    _table("partiql")
    _run("INSERT INTO partiql VALUE {'EmpId':'E-1','Salary':5}")
    _run("UPDATE partiql SET Salary=6 WHERE EmpId='E-1'")
    _run("UPDATE partiql SET Salary=6 WHERE EmpId='E-1'")
    _run("UPDATE partiql SET Salary=7 WHERE EmpId='nobody'")
    _run("DELETE FROM partiql WHERE EmpId='E-1'")
    return _changes("partiql")


def partiql_transactions() -> list[Any]:
    """The stream after a transaction that succeeds and one that is rolled back."""
    _table("transactions")
    assert _run("INSERT INTO transactions VALUE {'EmpId':'E-1'}", "INSERT INTO transactions VALUE {'EmpId':'E-2'}") == 200
    assert _run("INSERT INTO transactions VALUE {'EmpId':'E-3'}", "UPDATE transactions SET a=1 WHERE EmpId='no'") == 400
    return _changes("transactions")


def ttl_removals() -> list[Any]:
    """The stream after items have expired; without the patch by the reaper's own means."""
    _table("expiring")
    now = int(clock.now().timestamp())
    ttl = {"TimeToLiveSpecification": {"Enabled": True, "AttributeName": "Until"}}
    dynamodb._update_ttl({"TableName": "expiring"} | ttl)
    for name, until in {
        "old": {"N": str(now - 1)},
        "text": {"S": str(now - 1)},
        "later": {"N": str(now + 900)},
        "ancient": {"N": "5"},
    }.items():
        dynamodb._put_item({"TableName": "expiring", "Item": {"EmpId": {"S": name}, "Until": until}})
    before = len(_changes("expiring"))
    if PATCHED:
        assert expire_ttl_now() == 1
        assert expire_ttl_now() == 0
    else:
        table = dynamodb._tables["expiring"]
        dynamodb._remove_item(table, "old", "__no_sort__")
        assert "old" not in table["items"]
    return _changes("expiring")[before:]


def stream_positions() -> dict[str, Any]:
    """What the streams API says of positions."""
    _table("positions")
    dynamodb._put_item({"TableName": "positions", "Item": {"EmpId": {"S": "E-1"}}})
    clock._traveller.shift(60)
    middle = clock.now().timestamp()
    dynamodb._put_item({"TableName": "positions", "Item": {"EmpId": {"S": "E-2"}}})
    arn = dynamodb._tables["positions"]["LatestStreamArn"]
    asked = {"StreamArn": arn, "ShardId": dynamodb_streams._DEFAULT_SHARD_ID, "ShardIteratorType": "AT_TIMESTAMP"}

    def read(timestamp: float) -> list[str] | int:
        status, _, body = dynamodb_streams._get_shard_iterator(asked | {"Timestamp": timestamp})
        if status != 200:
            return int(status)
        _, _, body = dynamodb_streams._get_records({"ShardIterator": json.loads(body)["ShardIterator"]})
        return [record["dynamodb"]["Keys"]["EmpId"]["S"] for record in json.loads(body)["Records"]]

    _, _, body = dynamodb_streams._get_shard_iterator(asked | {"ShardIteratorType": "TRIM_HORIZON"})
    first = dynamodb.stream_live_records("positions")[0]["dynamodb"]["SequenceNumber"]
    return {
        "iterator_names_stream": json.loads(body)["ShardIterator"].startswith(f"{arn}|"),
        "leading_zero": first.startswith("0"),
        "from_the_start": read(0),
        "from_the_middle": read(middle),
        "from_later": read(middle + 900),
    }


def s3_settings() -> dict[str, Any]:
    """What S3 does with the smallest moved size, and with suspending versioning under Object Lock."""
    s3._create_bucket("locked-bucket", b"", {"x-amz-bucket-object-lock-enabled": "true"})
    rule = "<Rule><ID>r</ID><Status>Enabled</Status><Filter/><Expiration><Days>1</Days></Expiration></Rule>"
    body = f"<LifecycleConfiguration>{rule}</LifecycleConfiguration>".encode()
    name = "x-amz-transition-default-minimum-object-size"
    s3._dispatch("PUT", "locked-bucket", "", {name: "varies_by_storage_class"}, body, {"lifecycle": [""]})
    _, headers, _ = s3._dispatch("GET", "locked-bucket", "", {}, b"", {"lifecycle": [""]})
    suspend = b"<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>"
    status, _, _ = s3._dispatch("PUT", "locked-bucket", "", {}, suspend, {"versioning": [""]})
    s3._dispatch("PUT", "locked-bucket", "", {}, body, {"lifecycle": [""]})
    _, again, _ = s3._dispatch("GET", "locked-bucket", "", {}, b"", {"lifecycle": [""]})
    return {"kept": headers.get(name), "suspend": status, "put_without": again.get(name)}


def caller_name() -> str:
    """Whom GetUser without a name means."""
    iam._create_user({"UserName": ["asker"]})
    iam_evaluator._request_caller_arn.set(f"arn:aws:iam::{ACCOUNT}:user/asker")
    _, _, body = iam._IAM_HANDLERS["GetUser"]({})
    return str(body.decode().partition("<UserName>")[2].partition("<")[0])


def _mapping(name: str, answer: Any, **settings: Any) -> list[list[str]]:
    """What a mapping sends to a function that gives `answer` (or fails, where it is None), when polled nine times."""
    _table(name)
    role = f"arn:aws:iam::{ACCOUNT}:role/worker"
    everything = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    if "worker" not in iam._roles:
        iam._create_role({"RoleName": ["worker"], "AssumeRolePolicyDocument": ["{}"]})
        iam._put_role_policy({"RoleName": ["worker"], "PolicyName": ["may"], "PolicyDocument": [json.dumps(everything)]})
    for key in "abcd":
        dynamodb._put_item({"TableName": name, "Item": {"EmpId": {"S": key}}})
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"
    lambda_svc._functions[name] = {"config": {"FunctionName": name, "FunctionArn": arn, "Role": role}}
    sent: list[list[str]] = []

    def execute(function: Any, event: Any) -> Any:
        sent.append([record["dynamodb"]["Keys"]["EmpId"]["S"] for record in event["Records"]])
        return {"error": True, "body": {}} if answer is None else {"body": answer(event["Records"])}

    lambda_svc._execute_function = execute
    lambda_svc._ensure_poller = lambda: None
    source = dynamodb._tables[name]["LatestStreamArn"]
    settings |= {"FunctionName": name, "EventSourceArn": source, "StartingPosition": "TRIM_HORIZON"}
    status, _, body = lambda_svc._create_esm(settings)
    assert status == 202, body
    for _ in range(9):
        lambda_svc._poll_dynamodb_streams()
        clock._traveller.shift(2)
        time.sleep(0.05)
    lambda_svc._esms.clear()
    return sent


def mapping_reports() -> list[list[str]]:
    """What is sent where a function reports its third record, as long as it is in a batch with others."""

    def third(records: Any) -> Any:
        return {"batchItemFailures": [{"itemIdentifier": records[2]["dynamodb"]["SequenceNumber"]}] if len(records) > 2 else []}

    return _mapping("reports", third, FunctionResponseTypes=["ReportBatchItemFailures"], BatchSize=10)


def mapping_retries() -> list[list[str]]:
    """What is sent where a function always fails and may be tried twice."""
    return _mapping("retries", None, MaximumRetryAttempts=1, BatchSize=10)


def mapping_bisects() -> list[list[str]]:
    """What is sent where a function always fails, batches are split, and nothing is retried."""
    return _mapping("bisects", None, MaximumRetryAttempts=0, BisectBatchOnFunctionError=True, BatchSize=10)


def record_size() -> list[int]:
    """A stream record's size, and the length of its name."""
    _table("sizes")
    dynamodb._put_item({"TableName": "sizes", "Item": {"EmpId": {"S": "a"}}})
    (record,) = dynamodb.stream_live_records("sizes")
    return [record["dynamodb"]["SizeBytes"], len(record["eventID"])]


def _group(name: str, retention: int | None = None) -> None:
    cloudwatch_logs._create_log_group({"logGroupName": name})
    cloudwatch_logs._create_log_stream({"logGroupName": name, "logStreamName": "s"})
    if retention:
        cloudwatch_logs._put_retention_policy({"logGroupName": name, "retentionInDays": retention})


def _put_logs(name: str, *events: tuple[int, str]) -> tuple[int, dict[str, Any]]:
    listed = [{"timestamp": moment, "message": message} for moment, message in events]
    status, _, body = cloudwatch_logs._put_log_events({"logGroupName": name, "logStreamName": "s", "logEvents": listed})
    return status, json.loads(body)


def log_limits() -> dict[str, Any]:
    """What PutLogEvents makes of what it must not keep."""
    now, hour = int(clock.now().timestamp() * 1000), 3_600_000
    _group("limits", retention=1)
    kinds = {
        "order": [(now, "b"), (now - 1, "a")],
        "size": [(now, "x" * 1_048_551)],
        "span": [(now - 25 * hour, "a"), (now, "b")],
    }
    found: dict[str, Any] = {kind: _put_logs("limits", *events)[0] for kind, events in kinds.items()}
    found["future"] = _put_logs("limits", (now, "now"), (now + 3 * hour, "later"))[1].get("rejectedLogEventsInfo")
    found["expired"] = _put_logs("limits", (now - 30 * hour, "old"))[1].get("rejectedLogEventsInfo")
    return found


def log_patterns() -> dict[str, Any]:
    """What reaches a function behind a JSON pattern, what a search by it finds, and how many filters a group takes."""
    _group("patterns")
    sent: list[Any] = []
    lambda_svc._functions["shown"] = {"config": {"FunctionName": "shown"}, "policy": {"Statement": []}}
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:shown"
    lambda_svc._add_permission(
        "shown", {"StatementId": "logs", "Action": "lambda:InvokeFunction", "Principal": "logs.amazonaws.com"}
    )
    lambda_svc._execute_function_with_config_scope = lambda _, event: sent.append(event) or {}
    pattern = '{ $.eventName = "MODIFY" && $.n >= 2 }'
    asked = {"logGroupName": "patterns", "filterPattern": pattern, "destinationArn": arn}
    statuses = [cloudwatch_logs._put_subscription_filter(asked | {"filterName": name})[0] for name in "abc"]
    now = int(clock.now().timestamp() * 1000)
    _put_logs(
        "patterns", *[(now, json.dumps({"eventName": name, "n": n})) for name, n in (("MODIFY", 1), ("MODIFY", 2), ("REMOVE", 2))]
    )
    time.sleep(0.2)
    _, _, body = cloudwatch_logs._filter_log_events({"logGroupName": "patterns", "filterPattern": pattern})
    return {"filters": statuses, "invocations": len(sent), "found": len(json.loads(body)["events"])}


def worker_waits() -> bool:
    """Whether a wait for a worker's output is still going on after a second, while the clock stands still."""
    worker = lambda_runtime.Worker("waits", {}, b"")
    worker._stderr_queue = queue.Queue()
    clock.tick(False)
    waiting = threading.Thread(target=worker._drain_stderr_bounded, daemon=True)
    waiting.start()
    waiting.join(1)
    hangs = waiting.is_alive()
    clock.tick(True)
    waiting.join()
    return hangs


def handler_time() -> float:
    """How far a handler's clock is from the sandbox's, in seconds."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("index.py", "import time\ndef handler(event, context):\n    return time.time()")
    config = {
        "FunctionName": "clocked",
        "FunctionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:clocked",
        "Role": f"arn:aws:iam::{ACCOUNT}:role/worker",
        "Runtime": "python3.12",
        "Handler": "index.handler",
        "Timeout": 30,
    }
    result = lambda_svc._execute_function_warm({"config": config, "code_zip": held.getvalue()}, {}, "request")
    lambda_runtime.reset()
    return abs(float(result["body"]) - time.time())


def function_permissions() -> list[object]:
    """What IAM is asked about CreateFunction and a new mapping: the resource, the mapping's function."""
    from ministack.core import iam_actions

    body = json.dumps({"FunctionName": "f"}).encode()
    path = "/2015-03-31/functions"
    resource = iam_actions.extract_resource_arn("lambda", "POST", path, {}, body, {}, REGION, ACCOUNT)
    context = iam_actions.request_tag_context("lambda", "lambda:CreateEventSourceMapping", body, {})
    return [resource, context.get("lambda:functionarn")]


def stream_permissions() -> list[object]:
    """What IAM is asked about DescribeStream and GetRecords: the resource."""
    from ministack.core import iam_actions

    arn = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/T/stream/2026-01-01T00:00:00.000"
    bodies = ({"StreamArn": arn}, {"ShardIterator": f"{arn}|1|xyz"})
    asked = (json.dumps(body).encode() for body in bodies)
    return [iam_actions.extract_resource_arn("dynamodbstreams", "POST", "/", {}, body, {}, REGION, ACCOUNT) for body in asked]


def version_ranges() -> list[Any]:
    """What a range of a named version answers."""
    s3._create_bucket("ranged-bucket", b"", {})
    enabled = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
    s3._dispatch("PUT", "ranged-bucket", "", {}, enabled, {"versioning": [""]})
    _, put, _ = s3._dispatch("PUT", "ranged-bucket", "k", {}, b"0123456789", {})
    query = {"versionId": [put["x-amz-version-id"]]}
    status, headers, body = s3._dispatch("GET", "ranged-bucket", "k", {"range": "bytes=2-4"}, b"", query)
    beyond, _, _ = s3._dispatch("GET", "ranged-bucket", "k", {"range": "bytes=20-"}, b"", query)
    return [status, headers.get("Content-Range"), body.decode(), beyond]


def restores() -> dict[str, Any]:
    """What restores answer: of a readable object, Expedited of DEEP_ARCHIVE, an unknown tier; how long one takes; the listing."""
    s3._create_bucket("cold-bucket", b"", {})
    for name, storage_class in (("warm", "STANDARD"), ("cold", "GLACIER"), ("deep", "DEEP_ARCHIVE")):
        s3._dispatch("PUT", "cold-bucket", name, {"x-amz-storage-class": storage_class}, b"x", {})

    def ask(key: str, tier: str) -> list[Any]:
        job = f"<GlacierJobParameters><Tier>{tier}</Tier></GlacierJobParameters>"
        body = f"<RestoreRequest><Days>1</Days>{job}</RestoreRequest>".encode()
        status, _, text = s3._dispatch("POST", "cold-bucket", key, {}, body, {"restore": [""]})
        named = re.search(rb"<Code>(\w+)</Code>", text if isinstance(text, bytes) else text.encode())
        return [status, named[1].decode() if named else ""]

    begun = time.time()
    answered = {"warm": ask("warm", "Standard"), "deep": ask("deep", "Expedited"), "word": ask("cold", "Soon")}
    answered |= {"cold": ask("cold", "Standard"), "again": ask("cold", "Standard")}
    headers = {"x-amz-optional-object-attributes": "RestoreStatus"}
    _, _, listing = s3._dispatch("GET", "cold-bucket", "", headers, b"", {"list-type": ["2"], "prefix": ["cold"]})
    waits = s3._buckets["cold-bucket"]["objects"]["cold"]["restore"]["available_at"] - begun
    told = b"<IsRestoreInProgress>true" in (listing if isinstance(listing, bytes) else listing.encode())
    return answered | {"hours": round(waits / 3600), "told": told}


def bucket_facts() -> list[Any]:
    """What a wrong owner is answered; what is said of a public policy, of no policy, and of who pays."""
    s3._create_bucket("told-bucket", b"", {})
    s3._dispatch("DELETE", "told-bucket", "", {}, b"", {"publicAccessBlock": [""]})
    where = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::told-bucket/*"}
    none, _, _ = s3._dispatch("GET", "told-bucket", "", {}, b"", {"policyStatus": [""]})
    s3._dispatch("PUT", "told-bucket", "", {}, json.dumps({"Statement": [where]}).encode(), {"policy": [""]})
    _, _, public = s3._dispatch("GET", "told-bucket", "", {}, b"", {"policyStatus": [""]})
    _, _, payer = s3._dispatch("GET", "told-bucket", "", {}, b"", {"requestPayment": [""]})
    wrong, _, _ = s3._dispatch("GET", "told-bucket", "", {"x-amz-expected-bucket-owner": "9" * 12}, b"", {"location": [""]})
    return [wrong, none, b"<IsPublic>TRUE" in public, b"<Payer>BucketOwner" in payer]


def account_facts() -> list[Any]:
    """How many Regions there are, and what is said of account-level log policies."""
    from ministack.services import ec2

    if PATCHED:
        from cloudtrail_sandbox.account_facts import enable_regions

        enable_regions(("us-east-1", "eu-west-1", "af-south-1"))
    asked = {"x-amz-target": "Logs_20140328.DescribeAccountPolicies"}
    status, _, _ = asyncio.run(cloudwatch_logs.handle_request("POST", "/", asked, b"{}", {}))
    return [len(ec2._AWS_REGIONS), dict(ec2._AWS_REGIONS)["af-south-1"], status]


def read_permissions() -> list[object]:
    """What IAM is asked about a trail's tags, a table's policy, and a key by its alias: the resource."""
    from ministack.core import iam_actions
    from ministack.services import kms

    kms._aliases[kms._alias_arn("alias/told")] = "k"
    kms._keys["k"] = {"Arn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/k"}
    asked = {
        "cloudtrail": {"ResourceIdList": [f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/t"]},
        "dynamodb": {"ResourceArn": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/t"},
        "kms": {"KeyId": "alias/told"},
    }
    extract = iam_actions.extract_resource_arn
    found = [extract(name, "POST", "/", {}, json.dumps(body).encode(), {}, REGION, ACCOUNT) for name, body in asked.items()]
    alarms = {"x-amz-target": "GraniteServiceVersion20100801.DescribeAlarms"}
    found.append(extract("monitoring", "POST", "/", alarms, b"{}", {}, REGION, ACCOUNT))
    kms._aliases.clear()
    kms._keys.clear()
    return found


CASES = (
    read_permissions,
    bucket_facts,
    account_facts,
    restores,
    root_keys,
    request_age,
    source_identity,
    partiql_writes,
    partiql_transactions,
    ttl_removals,
    stream_positions,
    s3_settings,
    caller_name,
    presigned_age,
    mapping_reports,
    mapping_retries,
    mapping_bisects,
    record_size,
    log_limits,
    log_patterns,
    worker_waits,
    handler_time,
    function_permissions,
    stream_permissions,
    version_ranges,
)
with request_scope(ACCOUNT, REGION):
    sys.stdout.write(json.dumps({case.__name__: case() for case in CASES}))
