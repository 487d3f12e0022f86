"""A sandbox with capture set up in it, and the configuration and connections through which the DAGs see it."""

import contextlib
import datetime as dt
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from tests.airflow_home import ROLES

from itemtrail.aws.connection import Connection
from itemtrail.flows import receipts, setup
from itemtrail.model import Unit
from itemtrail.settings import load
from itemtrail_airflow import local_run

ACCOUNT = "111122223333"
REGIONS = ("eu-west-1", "us-east-1")
CONFIGURATION = """
[trail]
name = "{trail}"
account = "{account}"
home_region = "us-east-1"
bucket = "capture-trail-{account}"

[archive]
bucket = "{bucket}"
region = "us-east-1"
accounts = {accounts}
regions = {regions}
part_bytes = {part}
shard_bytes = {big}

[alerts]
sns_topic_arn = "{topic}"

[validation]
digest_due_minutes = {due}

[streams]
tables = {tables}

[restore]
poll_seconds = {poll}
budget_dollars = {budget}

[airflow]
start_date = "{start}"
catchup = false
wait_minutes = {wait}
poll_seconds = {poll}
backfill_pool = "{pool}"
"""


@dataclass(frozen=True)
class Capture:
    """One captured account. ``environment`` are the owner's AWS variables."""

    sandbox: Any
    folder: Path
    environment: dict[str, str]
    topic: str = ""
    account: str = ACCOUNT
    regions: tuple[str, ...] = REGIONS

    def client(self, service: str, region: str = "us-east-1") -> Any:
        """The owner's client."""
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=self.environment["AWS_ENDPOINT_URL"],
            aws_access_key_id=self.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.environment["AWS_SECRET_ACCESS_KEY"],
            config=Config(s3={"addressing_style": "path"}),
        )

    def configuration(self, **changes: Any) -> Path:
        """Write ``itemtrail.toml`` with ``changes`` to its values; returns its path."""
        values = {
            "trail": "capture",
            "account": self.account,
            "accounts": [self.account],
            "regions": list(self.regions),
            "topic": self.topic,
            "tables": [],
            "start": "2020-01-01",
            "wait": 0,
            "poll": 1,
            "pool": "default_pool",
            "due": 90,
            "budget": 10.0,
            "bucket": self.archive_bucket,
            "part": 256 << 20,
            "big": 512 << 20,
        }
        file = self.folder / f"{'-'.join(sorted(changes)) or 'itemtrail'}.toml"
        chosen = values | changes
        text = CONFIGURATION.format(
            **{name: value if isinstance(value, str) else json.dumps(value) for name, value in chosen.items()}
        )
        file.write_text(text, encoding="utf-8")
        return file

    def connections(self) -> dict[str, dict[str, str]]:
        """Every role is the owner's."""
        return dict.fromkeys(ROLES, self.environment)

    @contextlib.contextmanager
    def seen_by_airflow(self, **changes: Any) -> Iterator[None]:
        """This process's Airflow works on this account, with ``changes`` to the configuration, inside the block."""
        mine = {f"AIRFLOW_CONN_{name.upper()}": local_run.connection(aws) for name, aws in self.connections().items()}
        mine["ITEMTRAIL_CONFIG"] = str(self.configuration(**changes))
        before = {name: os.environ.get(name) for name in mine}
        os.environ.update(mine)
        try:
            yield
        finally:
            for name, value in before.items():
                os.environ.pop(name) if value is None else os.environ.__setitem__(name, value)

    def connection(self) -> Connection:
        """The owner's adapters."""
        session = boto3.Session(self.environment["AWS_ACCESS_KEY_ID"], self.environment["AWS_SECRET_ACCESS_KEY"])
        return Connection(session, endpoint_url=self.environment["AWS_ENDPOINT_URL"], region="us-east-1")

    def set_up(self) -> None:
        """What `setup_trail` does after its approval, without the canary."""
        control, settings = self.connection().control(), load(self.configuration())
        setup.apply(control, settings, setup.plan(control, settings).hash)

    def archive(self) -> Any:
        """The archive, read as the owner."""
        return self.connection().archive(load(self.configuration()).archive)

    def unit(self, region: str, day: dt.date) -> Unit:
        """A unit of this account."""
        return Unit(self.account, region, day)

    def latest(self, region: str, day: dt.date) -> Any:
        """The last receipt of a unit."""
        return receipts.latest(self.archive(), self.unit(region, day))

    def versions(self, bucket: str, prefix: str = "") -> list[tuple[str, str, str]]:
        """(key, version, ETag) of everything in a bucket, hidden versions and delete markers too."""
        found: list[tuple[str, str, str]] = []
        for page in self.client("s3").get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
            found += [(one["Key"], one["VersionId"], one.get("ETag", "")) for one in page.get("Versions", ())]
            found += [(one["Key"], one["VersionId"], "deleted") for one in page.get("DeleteMarkers", ())]
        return sorted(found)

    @property
    def trail_bucket(self) -> str:
        """Where CloudTrail delivers."""
        return f"capture-trail-{self.account}"

    @property
    def archive_bucket(self) -> str:
        """Where the archive is."""
        return f"capture-archive-{self.account}"


class Alerts:
    """A queue that hears what is published to a topic."""

    def __init__(self, capture_client: Any) -> None:
        self._sqs = capture_client("sqs")
        sns = capture_client("sns")
        self.topic = sns.create_topic(Name="itemtrail-alerts")["TopicArn"]
        self._queue = self._sqs.create_queue(QueueName="itemtrail-alerts")["QueueUrl"]
        arn = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": self.topic}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self._sqs.set_queue_attributes(QueueUrl=self._queue, Attributes={"Policy": policy})
        sns.subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=arn)

    def heard(self) -> list[tuple[str, str]]:
        """(subject, message) of every alert since the last call."""
        found: list[tuple[str, str]] = []
        while messages := self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10).get("Messages", []):
            for message in messages:
                body = json.loads(message["Body"])
                found.append((body["Subject"], body["Message"]))
                self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
        return found
