"""An alert through SNS as its subscribers get it: subject, text, attributes, and a subscription that filters by severity."""

import json

import boto3
import pytest

from itemtrail.aws.connection import Connection
from itemtrail.core import alert_text
from itemtrail.core.alert import Alert, Kind, Line, Origin, Where
from itemtrail.core.check import Severity

pytestmark = pytest.mark.sandbox


@pytest.fixture
def clients(sandbox):
    def make(service: str):
        owner = sandbox.environment()
        return boto3.client(
            service,
            region_name="us-east-1",
            endpoint_url=owner["AWS_ENDPOINT_URL"],
            aws_access_key_id=owner["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=owner["AWS_SECRET_ACCESS_KEY"],
        )

    return make


def queue_at(clients, topic: str, name: str, **policy) -> str:
    """A queue that hears the topic, filtered by ``policy``; its URL."""
    sqs = clients("sqs")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sender = {"Service": "sns.amazonaws.com"}
    allow = {"Effect": "Allow", "Principal": sender, "Action": "sqs:SendMessage", "Resource": arn}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [allow]})})
    attributes = {"FilterPolicy": json.dumps(policy)} if policy else {}
    clients("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=attributes)
    return url


def heard(clients, url: str) -> list[dict]:
    messages = clients("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return [json.loads(message["Body"]) for message in messages]


def test_an_alert_arrives_with_attributes_and_a_pager_hears_only_the_gravest(sandbox, clients):
    topic = clients("sns").create_topic(Name="alert-attributes")["TopicArn"]
    everything = queue_at(clients, topic, "alert-everything")
    pager = queue_at(clients, topic, "alert-pager", severity=["CRITICAL"])
    owner = sandbox.environment()
    session = boto3.Session(owner["AWS_ACCESS_KEY_ID"], owner["AWS_SECRET_ACCESS_KEY"])
    notifier = Connection(session, endpoint_url=owner["AWS_ENDPOINT_URL"], region="us-east-1").notifier(topic)
    for severity in (Severity.MEDIUM, Severity.CRITICAL):
        one = Alert(
            Kind.EVIDENCE,
            "not proven – ü",
            Origin("archive_trail", "scheduled__1", "gate"),
            severity,
            Where("111122223333", "us-east-1", "2026-11-20"),
            lines=(Line("111122223333/us-east-1/2026-11-20: DISPROVEN"),),
        )
        notifier.publish(alert_text.subject(one), alert_text.text(one, "docs/runbook.md", ""), alert_text.attributes(one))
    assert len(heard(clients, everything)) == 2
    (paged,) = heard(clients, pager)
    assert paged["Subject"].startswith("CRITICAL not proven ? ? 111122223333/us-east-1/2026-11-20 - itemtrail archive_trail")
    assert "runbook: docs/runbook.md#verdict-reasons" in paged["Message"]
    assert {name: value["Value"] for name, value in paged["MessageAttributes"].items()} == {
        "severity": "CRITICAL",
        "kind": "evidence",
        "dag_id": "archive_trail",
        "run_id": "scheduled__1",
        "account": "111122223333",
        "region": "us-east-1",
        "day": "2026-11-20",
    }
