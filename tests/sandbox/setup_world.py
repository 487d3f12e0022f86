"""One sandbox account as setting up and the canary see it."""

import dataclasses
import datetime as dt

import boto3

from cloudtrail_sandbox.client import Sandbox
from itemtrail import settings
from itemtrail.aws.connection import Connection
from itemtrail.flows import canary
from itemtrail.settings import Settings

TABLES = ("Employees", "Payroll", "LeaveRequests")


@dataclasses.dataclass(frozen=True)
class SetupWorld:
    """A sandbox, settings for it, and the caller. It is also the canary's clock: sleeping turns the sandbox's."""

    sandbox: Sandbox
    settings: Settings
    session: boto3.Session

    @classmethod
    def of(cls, sandbox: Sandbox) -> "SetupWorld":
        return cls(sandbox, settings.load(settings.DEFAULT_PATH), session(sandbox.access_key_id, sandbox.secret_access_key))

    def named(self, name: str) -> "SetupWorld":
        """Settings with buckets and a trail of their own."""
        trail = self.settings.trail.model_copy(update={"name": name, "bucket": f"{name}-trail"})
        archive = self.settings.archive.model_copy(update={"bucket": f"{name}-archive"})
        return self.having(trail=trail, archive=archive)

    def having(self, **sections: object) -> "SetupWorld":
        return dataclasses.replace(self, settings=self.settings.model_copy(update=sections))

    def acting_as(self, credentials: dict[str, str]) -> "SetupWorld":
        """Another caller: an answer of AssumeRole or CreateAccessKey."""
        return dataclasses.replace(
            self,
            session=session(credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials.get("SessionToken")),
        )

    @property
    def connection(self) -> Connection:
        return Connection(self.session, endpoint_url=self.sandbox.endpoint_url, region="us-east-1")

    def client(self, service: str, region: str = "us-east-1"):
        return self.session.client(service, region_name=region, endpoint_url=self.sandbox.endpoint_url)

    def create_tables(self) -> None:
        """The HRMS tables, without streams."""
        for name in TABLES:
            self.client("dynamodb").create_table(
                TableName=name,
                AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                BillingMode="PAY_PER_REQUEST",
            )

    def run_canary(self, marker: str, **more: object) -> canary.CanaryResult:
        connection = self.connection
        return canary.run(
            connection.control(),
            connection.store(self.settings.trail.bucket),
            connection.public_keys(),
            connection.trail_api(),
            self.settings,
            self,
            marker=marker,
            poll_seconds=300,
            **more,
        )

    def now(self) -> dt.datetime:
        return self.sandbox.now()

    def sleep(self, seconds: float) -> None:
        self.sandbox.advance(seconds)


def session(key_id: str, secret: str, token: str | None = None) -> boto3.Session:
    return boto3.Session(aws_access_key_id=key_id, aws_secret_access_key=secret, aws_session_token=token, region_name="us-east-1")
