"""Whether the topic that alerts go to is there.

Source: SNS API reference, GetTopicAttributes, read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, told
from itemtrail.core.posture import Posture, TopicPosture


def decide(topic: TopicPosture, _posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one topic."""
    return told(topic.exists, "it is there.", "there is no such topic.", "whether it is there is not known")


CHECK = Check(
    id="topic_exists",
    title="The alert topic exists",
    severity=Severity.HIGH,
    subject=Subject.TOPIC,
    why="Alerts of unproven or late days are sent to nobody.",
    remediation="aws sns create-topic --name {name} --region {region}",
    needs=("sns:GetTopicAttributes",),
    decide=decide,
)
