"""A seeded generator of log files as CloudTrail delivers them: mostly DynamoDB data events, some management events.

Shapes follow the DynamoDB developer guide's examples; records have about 1.7 KB. The same seed gives the same bytes.
"""

# ruff: noqa: E501 - a shape a line

import datetime as dt
import gzip
import json
import random
import uuid
from collections.abc import Iterator
from typing import Any

ACCOUNT, REGION = "111122223333", "us-east-1"
DAY = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
TABLES = ("Employees", "Payroll", "LeaveRequests", "Benefits", "Audit")
_BASE36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ROLES = ("hr-app", "payroll-job", "dba", "reporting", "leave-api", "onboarding")
_AGENTS = (
    "Boto3/1.43.5 md/Botocore#1.43.5 ua/2.1 os/linux#6.8.0-1021-aws md/arch#x86_64 lang/python#3.12.8 md/pyimpl#CPython m/Z,b,D",
    "aws-sdk-java/2.31.5 md/io#sync md/http#Apache ua/2.1 os/Linux#5.10.236 lang/java#21.0.6 md/OpenJDK_64-Bit_Server_VM m/D,N",
    "aws-sdk-js/3.798.0 ua/2.1 os/linux#5.10.234 lang/js md/nodejs#20.19.0 api/dynamodb#3.798.0 exec-env/AWS_Lambda_nodejs20.x m/E",
    "console.amazonaws.com",
)


def files(seed: int, total_bytes: int, events_per_file: int = 290, *, mixed: bool = False) -> Iterator[tuple[str, bytes]]:
    """(key, gzip body) until ``total_bytes`` of JSON are made, in key order over one delivery day.

    ``mixed``: between 3 and 3,000 events a file (5 KB to 5 MB), most small, as quiet and busy minutes give them.
    """
    made, number = 0, 0
    chance = random.Random(seed)
    sessions = [_session(chance) for _ in range(40)]
    while made < total_bytes:
        at = DAY + dt.timedelta(minutes=5 * (number // 8 % 288), seconds=number % 8)
        events = min(3000, max(3, round(chance.lognormvariate(4.9, 1.3)))) if mixed else events_per_file
        records = [_record(chance, at, sessions) for _ in range(events)]
        content = json.dumps({"Records": records}, separators=(",", ":"), ensure_ascii=False).encode()
        made += len(content)
        unique = "".join(chance.choices(_BASE36, k=16))
        name = f"{ACCOUNT}_CloudTrail_{REGION}_{at:%Y%m%dT%H%MZ}_{number:06d}{unique[:10]}.json.gz"
        yield f"AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/{at:%Y/%m/%d}/{name}", gzip.compress(content, 6, mtime=0)
        number += 1


def _session(chance: random.Random) -> dict[str, Any]:
    role, name = chance.choice(_ROLES), f"session-{chance.randrange(10**6):06d}"
    principal = "AROA" + "".join(chance.choices(_BASE36, k=17))
    attributes = {"creationDate": f"{DAY:%Y-%m-%d}T0{chance.randrange(10)}:00:00Z", "mfaAuthenticated": "false"}
    issuer = {
        "type": "Role",
        "principalId": principal,
        "arn": f"arn:aws:iam::{ACCOUNT}:role/{role}",
        "accountId": ACCOUNT,
        "userName": role,
    }
    context = {"sessionIssuer": issuer, "attributes": attributes}
    if role == "dba":
        context["sourceIdentity"] = f"person{chance.randrange(20)}"
    return {
        "type": "AssumedRole",
        "principalId": f"{principal}:{name}",
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{name}",
        "accountId": ACCOUNT,
        "accessKeyId": "ASIA" + "".join(chance.choices(_BASE36, k=16)),
        "sessionContext": context,
    }


def _record(chance: random.Random, at: dt.datetime, sessions: list[dict[str, Any]]) -> dict[str, Any]:
    time = at - dt.timedelta(seconds=chance.randrange(20, 580))
    management = chance.random() < 0.2
    name, parameters, response, failed = _management(chance) if management else _data(chance)
    record: dict[str, Any] = {
        "eventVersion": "1.11",
        "userIdentity": chance.choice(sessions),
        "eventTime": f"{time:%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": name.partition(":")[0] if management else "dynamodb.amazonaws.com",
        "eventName": name.rpartition(":")[2],
        "awsRegion": REGION,
        "sourceIPAddress": f"10.{chance.randrange(4)}.{chance.randrange(30)}.{chance.randrange(250)}",
        "userAgent": chance.choice(_AGENTS),
    }
    if failed:
        record |= {"errorCode": failed, "errorMessage": "The conditional request failed"}
    record |= {"requestParameters": parameters, "responseElements": response}
    record |= {"requestID": _request_id(chance), "eventID": str(uuid.UUID(int=chance.getrandbits(128), version=4))}
    record["readOnly"] = name in _READS or management
    if not management:
        arn = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{_table(parameters)}"
        record["resources"] = [
            {"accountId": ACCOUNT, "type": "AWS::DynamoDB::Table", "ARN": arn},
            {"accountId": ACCOUNT, "type": "AWS::DynamoDB::Stream", "ARN": f"{arn}/stream/2026-10-01T00:00:00.000"},
        ]
    record |= {"eventType": "AwsApiCall"} if management else {"eventType": "AwsApiCall", "apiVersion": "2012-08-10"}
    record |= {"managementEvent": management, "recipientAccountId": ACCOUNT}
    record |= {"eventCategory": "Management" if management else "Data"}
    host = f"{record['eventSource'].partition('.')[0]}.{REGION}.amazonaws.com"
    record["tlsDetails"] = {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256", "clientProvidedHostHeader": host}
    return record


def _request_id(chance: random.Random) -> str:
    return "".join(chance.choices(_BASE36, k=32)) + "VV4KQNSO5AEMVJF66Q9ASUAAJG"


def _table(parameters: dict[str, Any]) -> str:
    items = parameters.get("requestItems")
    if isinstance(items, list):
        parameters = items[0]
    name = parameters.get("tableName") or parameters.get("TableName")
    return str(name) if name else str(parameters["statement"]).split('"')[1]


_READS = frozenset({"GetItem", "Query"})
_OPERATIONS = ("PutItem", "UpdateItem", "DeleteItem", "GetItem", "Query", "TransactWriteItems", "ExecuteStatement")
_WEIGHTS = (30, 34, 5, 10, 8, 8, 5)
_ATTRIBUTES = (
    "EmployeeId",
    "EffectiveFrom",
    "Name",
    "Salary",
    "Currency",
    "Grade",
    "Manager",
    "CostCentre",
    "Status",
    "UpdatedBy",
)


def _key(chance: random.Random) -> dict[str, Any]:
    return {
        "EmployeeId": f"E-{int(chance.paretovariate(0.8)) % 60_000:05d}",
        "EffectiveFrom": f"2026-{chance.randrange(1, 13):02d}-01",
    }


def _data(chance: random.Random) -> tuple[str, dict[str, Any], None, str]:
    name, table = chance.choices(_OPERATIONS, _WEIGHTS)[0], chance.choice(TABLES)
    parameters: dict[str, Any]
    match name:
        case "TransactWriteItems":
            parameters = {
                "requestItems": [_action(chance, n) for n in range(chance.randrange(2, 6))],
                "returnConsumedCapacity": "TOTAL",
            }
        case "ExecuteStatement":
            statement = f"""UPDATE "{table}" SET Grade = ***(Redacted) WHERE EmployeeId = '{_key(chance)["EmployeeId"]}'"""
            parameters = {"statement": statement}
        case "Query":
            names = {"#k": "EmployeeId", "#f": "Status"}
            parameters = {"tableName": table, "keyConditionExpression": "#k = :k", "filterExpression": "#f = :active"}
            parameters |= {"expressionAttributeNames": names, "limit": chance.randrange(1, 100), "scanIndexForward": False}
        case "PutItem":
            parameters = {"tableName": table, "key": _key(chance), "item": list(_ATTRIBUTES[: chance.randrange(4, 11)])}
            parameters |= {"returnConsumedCapacity": "TOTAL"}
        case "UpdateItem":
            parameters = {"tableName": table, "key": _key(chance), "updateExpression": "SET #s = :s, #u = :u, #v = #v + :one"}
            parameters |= {"expressionAttributeNames": {"#s": "Salary", "#u": "UpdatedBy", "#v": "Version"}}
            parameters |= {"conditionExpression": "#v = :v", "returnValues": "ALL_NEW"}
        case _:
            parameters = {"tableName": table, "key": _key(chance)}
    return name, parameters, None, "ConditionalCheckFailedException" if chance.random() < 0.03 else ""


def _action(chance: random.Random, number: int) -> dict[str, Any]:
    key, table = _key(chance), chance.choice(TABLES)
    return (
        {"operation": "Put", "tableName": table, "key": key, "items": list(_ATTRIBUTES[:6])},
        {
            "operation": "Update",
            "tableName": table,
            "key": key,
            "updateExpression": "SET #a = :n",
            "expressionAttributeNames": {"#a": "Grade"},
        },
        {"operation": "Delete", "TableName": table, "key": key, "conditionExpression": "attribute_exists(EmployeeId)"},
        {"operation": "ConditionCheck", "TableName": table, "Key": key, "ConditionExpression": "#s = :active"},
    )[number % 4]


def _management(chance: random.Random) -> tuple[str, dict[str, Any] | None, Any, str]:
    token = "".join(chance.choices(_BASE36, k=48))
    choices: tuple[tuple[str, dict[str, Any] | None, Any], ...] = (
        ("sts.amazonaws.com:AssumeRole", {"roleArn": f"arn:aws:iam::{ACCOUNT}:role/hr-app", "roleSessionName": token[:12]},
         {"credentials": {"accessKeyId": f"ASIA{token[:16]}", "sessionToken": token * 6, "expiration": "Nov 20, 2026, 1:00:00 PM"}}),
        ("kms.amazonaws.com:Decrypt", {"encryptionContext": {"aws:dynamodb:tableName": "Payroll", "aws:dynamodb:subscriberId": ACCOUNT},
         "encryptionAlgorithm": "SYMMETRIC_DEFAULT", "keyId": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{token[:8]}"}, None),
        ("dynamodb.amazonaws.com:DescribeTable", {"tableName": chance.choice(TABLES)}, None),
        ("ec2.amazonaws.com:DescribeInstances", {"instancesSet": {}, "filterSet": {"items": [{"name": "tag:app", "valueSet": {"items": [{"value": "hr"}]}}]}}, None),
        ("s3.amazonaws.com:GetBucketAcl", {"bucketName": f"hr-{token[:6].lower()}", "acl": "", "Host": "s3.amazonaws.com"}, None),
        ("lambda.amazonaws.com:ListFunctions20150331", None, None),
    )  # fmt: skip
    name, parameters, response = chance.choice(choices)
    return name, parameters, response, "AccessDenied" if chance.random() < 0.02 else ""
