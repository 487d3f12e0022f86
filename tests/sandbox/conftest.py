"""A running server of the recorder and the emulator, and what was recorded, for the recorder's own tests."""

import json
import os
import subprocess
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

ROOT = Path(__file__).resolve().parents[2]
SANDBOX_PYTHON = ROOT / ".venv-sandbox" / "bin" / "python"
ONCE = Config(retries={"total_max_attempts": 1})
START = "2026-11-21T08:00:00+00:00"


@dataclass
class RecorderServer:
    """The server under test: clients for it and its record."""

    port: int
    keys: tuple[str, str]
    account: str = "111122223333"
    made: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self, service: str, region: str = "eu-west-1", keys: tuple[str, ...] | None = None, **config: Any) -> Any:
        """A boto3 client; `keys` are id, secret and for a session its token."""
        key_id, secret, *token = keys or self.keys
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id=key_id,
            aws_secret_access_key=secret,
            aws_session_token=token[0] if token else None,
            config=ONCE.merge(Config(**config)),
        )

    def control(self, what: str) -> Any:
        with urllib.request.urlopen(f"{self.url}/_sandbox/{what}", timeout=30) as answer:
            return json.load(answer)

    def events(self) -> list[dict[str, Any]]:
        """What was recorded since the last call."""
        return list(self.control("events"))

    def recorded(self, call: Any, **parameters: Any) -> dict[str, Any]:
        """Make one call, whether it succeeds or not, and give its one event."""
        self.events()
        try:
            call(**parameters)
        except Exception as error:
            if not hasattr(error, "response"):
                raise
        (event,) = self.events()
        return event

    def name(self, stem: str) -> str:
        """A name nobody has used."""
        self.made.append(stem)
        return f"{stem}-{len(self.made)}"

    def table(self, region: str = "eu-west-1", *, stream: bool = False, sort: bool = False) -> str:
        """A new table with the key EmpId (and Day)."""
        name = self.name("hr")
        names = ["EmpId", "Day"] if sort else ["EmpId"]
        self.client("dynamodb", region).create_table(
            TableName=name,
            KeySchema=[{"AttributeName": n, "KeyType": k} for n, k in zip(names, ("HASH", "RANGE"), strict=False)],
            AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in names],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": stream} | ({"StreamViewType": "NEW_AND_OLD_IMAGES"} if stream else {}),
        )
        return name

    def stream_records(self, table: str, region: str = "eu-west-1") -> list[dict[str, Any]]:
        """All records of the table's stream."""
        streams = self.client("dynamodbstreams", region)
        arn = streams.list_streams(TableName=table)["Streams"][0]["StreamArn"]
        shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
        at = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
        return list(streams.get_records(ShardIterator=at)["Records"])

    def user(self, *actions: str) -> tuple[str, str]:
        """Access key of a new IAM user who may do `actions` on everything, and nothing else."""
        iam, name = self.client("iam"), self.name("user")
        iam.create_user(UserName=name)
        if actions:
            statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
            document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
            iam.put_user_policy(UserName=name, PolicyName="may", PolicyDocument=document)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return key["AccessKeyId"], key["SecretAccessKey"]

    def role(self, *actions: str, trust: tuple[str, ...] = ("sts:AssumeRole", "sts:SetSourceIdentity")) -> str:
        """ARN of a new role that the account's principals may assume."""
        iam, name = self.client("iam"), self.name("role")
        principal = {"AWS": f"arn:aws:iam::{self.account}:root"}
        trusted = {"Statement": [{"Effect": "Allow", "Principal": principal, "Action": list(trust)}]}
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trusted))["Role"]["Arn"]
        allowed = {"Statement": [{"Effect": "Allow", "Action": list(actions) or "sts:*", "Resource": "*"}]}
        iam.put_role_policy(RoleName=name, PolicyName="may", PolicyDocument=json.dumps(allowed))
        return str(arn)


@pytest.fixture(scope="session")
def recorder_server() -> Iterator[RecorderServer]:
    if not SANDBOX_PYTHON.exists():
        pytest.skip("no .venv-sandbox: run `make setup`")
    process = subprocess.Popen(
        [SANDBOX_PYTHON, Path(__file__).with_name("recorder_server.py"), START],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT / "include")},
    )
    assert process.stdin and process.stdout
    try:
        said = json.loads(process.stdout.readline() or b"{}")
        assert said, "the server did not start"
        yield RecorderServer(said["port"], (said["access_key_id"], said["secret_access_key"]))
        process.stdin.close()
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()
