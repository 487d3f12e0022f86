"""Small functions behind streams and log groups, for the tests of what invokes them. Each keeps what it was given in a table."""

import io
import json
import zipfile
from collections.abc import Sequence
from typing import Any

# Keeps every event as it came, in order, then does what the second half of the source says.
KEEPS = """
import itertools, json, os, time, boto3
kept, count = boto3.client("dynamodb"), itertools.count()
def keep(event):
    place = f"{time.monotonic_ns():020d}"
    kept.put_item(TableName=os.environ["KEPT"], Item={"EmpId": {"S": place}, "Event": {"S": json.dumps(event)}})
def names(event):
    return [record["dynamodb"]["Keys"]["EmpId"]["S"] for record in event["Records"]]
def number(event, name):
    return next(r["dynamodb"]["SequenceNumber"] for r in event["Records"] if r["dynamodb"]["Keys"]["EmpId"]["S"] == name)
def handler(event, context):
    keep(event)
"""


def package(body: str) -> bytes:
    """A zip with one module: the keeping handler, and ``body`` as the rest of it (indented lines)."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("index.py", f"{KEEPS}{body}\n")
    return held.getvalue()


class Function:
    """A deployed function, and what it was given."""

    def __init__(self, server: Any, body: str = "", *, actions: Sequence[str] = ("dynamodb:*", "sqs:SendMessage")) -> None:
        self.server, self.name, self.kept = server, server.name("function"), server.table()
        iam, role = server.client("iam"), server.name("worker")
        trust = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
        arn = iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        may = {"Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}
        iam.put_role_policy(RoleName=role, PolicyName="may", PolicyDocument=json.dumps(may))
        created = server.client("lambda").create_function(
            FunctionName=self.name,
            Runtime="python3.12",
            Role=arn,
            Handler="index.handler",
            Code={"ZipFile": package(body)},
            Environment={"Variables": {"KEPT": self.kept}},
            Timeout=30,
        )
        self.arn = created["FunctionArn"]

    def events(self) -> list[dict[str, Any]]:
        """Every event it was invoked with, in order."""
        items = self.server.client("dynamodb").scan(TableName=self.kept)["Items"]
        return [json.loads(item["Event"]["S"]) for item in sorted(items, key=lambda item: str(item["EmpId"]["S"]))]

    def batches(self) -> list[str]:
        """The keys of each batch of records it was given, joined: ["abcd", "ab", …]."""
        return ["".join(record["dynamodb"]["Keys"]["EmpId"]["S"] for record in event["Records"]) for event in self.events()]
