"""A month of short days in two Regions, captured and delivered; one of its days harmed. Under it, `make backfill-month`.

Decides what happens: some calls a day, so that 60 units differ from each other and cost little; on the bad day somebody with the
trail bucket's keys deletes a noon digest with all its versions and rewrites a log, removing what it was. Refuses to reach any AWS
but its own sandbox. Nobody archives here: that is what the month is for.
"""

import datetime as dt
import gzip
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import boto3

from cloudtrail_sandbox.client import Sandbox
from itemtrail.aws.connection import Connection
from itemtrail.flows import setup
from itemtrail.model import Unit
from itemtrail.ports.data import ObjectStore
from itemtrail.settings import Settings, load
from itemtrail_demo import config
from itemtrail_demo.folder import Folder

DAY = dt.timedelta(days=1)
LEAD = dt.timedelta(hours=3)
TABLE = "Employees"
EVIDENCE = ("originals/", "events/", "quarantine/", "receipts/", "keys/")
HARMED = config.REGIONS[0]
"""The Region whose bad day is harmed; the other one's day is as good as any."""


def configuration(last: dt.date, topic: str) -> str:
    """The month's itemtrail.toml: nothing is scheduled, every run is somebody's backfill."""
    head = config.configuration(last + 2 * DAY)
    before, _, after = head.partition("[streams]")
    airflow = after[after.index("[airflow]") :].replace("poll_seconds = 1 ", "poll_seconds = 10 ")
    return f'{before}[alerts]\nsns_topic_arn = "{topic}"\n\n{airflow}catchup = false\nwait_minutes = 0\n'


class Month:
    """One sandbox, its days, and the archive as its owner sees it."""

    def __init__(self, sandbox: Sandbox, folder: Folder, days: Sequence[dt.date]) -> None:
        self.sandbox, self.folder, self.days = sandbox, folder, tuple(days)
        self._session = boto3.Session(sandbox.access_key_id, sandbox.secret_access_key, region_name=config.REGIONS[0])
        self._topic, self._queue = self._make_topic()
        folder.configuration.write_text(configuration(days[-1], self._topic), encoding="utf-8")
        self.settings: Settings = load(folder.configuration)
        config.write_environment(folder, sandbox.environment())

    def prepare(self) -> dict[str, dict[str, str]]:
        """Tables, roles, trail and buckets; AWS variables by Airflow connection."""
        for region in config.REGIONS:
            client = self.client("dynamodb", region)
            client.create_table(
                TableName=TABLE,
                BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[{"AttributeName": "EmpId", "AttributeType": "S"}],
                KeySchema=[{"AttributeName": "EmpId", "KeyType": "HASH"}],
            )
            client.get_waiter("table_exists").wait(TableName=TABLE, WaiterConfig={"Delay": 1, "MaxAttempts": 20})
        control = self._connection().control()
        setup.apply(control, self.settings, setup.plan(control, self.settings).hash)
        return config.create_roles(self._session, self.sandbox.endpoint_url, self.settings)

    def live(self, number: int) -> None:
        """The calls of one day, in both Regions, and its end: everything of it is delivered and signed."""
        day = self.days[number]
        for hour in (9, 12, 16):
            self.sandbox.advance_to(midnight(day) + dt.timedelta(hours=hour, minutes=number))
            for offset, region in enumerate(config.REGIONS):
                client = self.client("dynamodb", region)
                for call in range(1 + (number + offset) % 3):
                    key = {"EmpId": {"S": f"E-{1000 + 10 * number + call}"}}
                    client.put_item(TableName=TABLE, Item=key | {"Salary": {"N": str(50_000 + 100 * hour + number)}})
                    client.get_item(TableName=TABLE, Key=key)
        self.sandbox.advance_to(midnight(day) + DAY + dt.timedelta(minutes=85))

    def harm(self, day: dt.date) -> tuple[str, str]:
        """Delete the noon digest with every version; write a log anew and remove what it was. Returns both keys."""
        s3, bucket = self.client("s3"), config.TRAIL_BUCKET
        digests = [key for key in self._keys("CloudTrail-Digest", day) if f"_{day:%Y%m%d}T12" in key]
        logs = self._keys("CloudTrail", day)
        digest, log = digests[0], logs[len(logs) // 2]
        document = json.loads(gzip.decompress(s3.get_object(Bucket=bucket, Key=log)["Body"].read()))
        document["Records"][0]["userIdentity"] = {"type": "IAMUser", "userName": "somebody.else"}
        for key in (digest, log):
            for version in s3.list_object_versions(Bucket=bucket, Prefix=key)["Versions"]:
                s3.delete_object(Bucket=bucket, Key=key, VersionId=version["VersionId"])
        s3.put_object(Bucket=bucket, Key=log, Body=gzip.compress(json.dumps(document).encode()), ContentEncoding="gzip")
        return digest, log

    def units(self, days: Sequence[dt.date]) -> tuple[Unit, ...]:
        """The units of the days."""
        return tuple(Unit(config.ACCOUNT, region, day) for day in days for region in config.REGIONS)

    def archive(self) -> ObjectStore:
        """The archive, with the owner's eyes."""
        return self._connection().archive(self.settings.archive)

    def stored(self) -> dict[str, tuple[str, ...]]:
        """Versions by key of all evidence in the archive bucket, delete markers too; marks of alerts and pages are derived."""
        found: dict[str, list[str]] = {}
        pages = self.client("s3").get_paginator("list_object_versions").paginate(Bucket=config.ARCHIVE_BUCKET)
        for page in pages:
            for one in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                if one["Key"].startswith(EVIDENCE):
                    found.setdefault(one["Key"], []).append(one["VersionId"])
        return {key: tuple(sorted(versions)) for key, versions in found.items()}

    def heard(self) -> list[tuple[str, str]]:
        """(subject, message) of every alert that arrived in the queue since the last call."""
        sqs, found = self.client("sqs"), []
        while messages := sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10).get("Messages", []):
            for message in messages:
                body = json.loads(message["Body"])
                found.append((body["Subject"], body["Message"]))
                sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
        return found

    def client(self, service: Any, region: str = config.REGIONS[0]) -> Any:
        """The owner's client."""
        return self._session.client(service, region_name=region, endpoint_url=self.sandbox.endpoint_url)

    def _keys(self, kind: str, day: dt.date) -> list[str]:
        prefix = f"AWSLogs/{config.ACCOUNT}/{kind}/{HARMED}/{day:%Y/%m/%d}/"
        pages = self.client("s3").get_paginator("list_objects_v2").paginate(Bucket=config.TRAIL_BUCKET, Prefix=prefix)
        return sorted(str(entry["Key"]) for page in pages for entry in page.get("Contents", ()))

    def _connection(self) -> Connection:
        return Connection(self._session, endpoint_url=self.sandbox.endpoint_url, region=config.REGIONS[0])

    def _make_topic(self) -> tuple[str, str]:
        """A topic, and a queue that hears it."""
        sns, sqs = self.client("sns"), self.client("sqs")
        topic = sns.create_topic(Name="itemtrail-alerts")["TopicArn"]
        queue = sqs.create_queue(QueueName="itemtrail-alerts")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        who: dict[str, Any] = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
        statement = who | {"Resource": arn, "Condition": {"ArnEquals": {"aws:SourceArn": topic}}}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        return topic, queue


@contextmanager
def open_month(folder: Folder, count: int, today: dt.date) -> Iterator[Month]:
    """A fresh account ``count`` days before yesterday's end, stopped at the end of the block."""
    days = [today - number * DAY for number in range(count, 0, -1)]
    clock = midnight(days[0]) - LEAD
    with Sandbox.start(clock=clock, account=config.ACCOUNT, regions=config.REGIONS, tick=False) as sandbox:
        yield Month(sandbox, folder, days)


def midnight(day: dt.date) -> dt.datetime:
    """Its beginning, aware UTC."""
    return dt.datetime.combine(day, dt.time(), dt.UTC)
