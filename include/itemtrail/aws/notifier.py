"""Alerts to an SNS topic.

Source: Amazon SNS API reference, Publish (subject: 100 ASCII characters, no line breaks), read 2026-11-24.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from itemtrail.aws.errors import translated

if TYPE_CHECKING:
    from types_boto3_sns import SNSClient

ACTIONS = ("sns:Publish",)
_SUBJECT_LENGTH = 100
_MESSAGE_BYTES = 250_000  # the limit is 262,144 with attributes


class SnsNotifier:
    """``Notifier`` over boto3."""

    def __init__(self, client: "SNSClient", topic_arn: str) -> None:
        self._client = client
        self._topic_arn = topic_arn

    def publish(self, subject: str, message: str, attributes: Mapping[str, str]) -> None:
        """Send one alert; a subject that SNS would refuse is shortened, a message that is too long is cut."""
        line = " ".join(subject.encode("ascii", "replace").decode().split())[:_SUBJECT_LENGTH]
        body = message.encode()[:_MESSAGE_BYTES].decode(errors="ignore")
        values: Any = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items() if value}
        with translated("sns:Publish", self._topic_arn):
            self._client.publish(TopicArn=self._topic_arn, Subject=line, Message=body, MessageAttributes=values)
