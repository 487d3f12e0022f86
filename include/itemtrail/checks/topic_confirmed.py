"""Whether the topic has a subscription that was confirmed.

Source: SNS API reference, GetTopicAttributes (SubscriptionsConfirmed), read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, cannot_look, not_applicable, told
from itemtrail.core.posture import Posture, TopicPosture


def decide(topic: TopicPosture, _posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one topic."""
    if topic.exists is False:
        return not_applicable("there is no such topic.")
    if topic.confirmed is None:
        return cannot_look("the number of subscriptions is not known.")
    waiting = f"; {topic.pending} wait(s) to be confirmed" if topic.pending else ""
    return told(topic.confirmed > 0, f"{topic.confirmed} confirmed{waiting}.", f"none is confirmed{waiting}.")


CHECK = Check(
    id="topic_confirmed",
    title="Somebody is subscribed to the alert topic",
    severity=Severity.HIGH,
    subject=Subject.TOPIC,
    why="Alerts of unproven or late days reach nobody.",
    remediation="aws sns subscribe --topic-arn {arn} --protocol email --notification-endpoint ADDRESS --region {region}",
    needs=("sns:GetTopicAttributes",),
    decide=decide,
)
