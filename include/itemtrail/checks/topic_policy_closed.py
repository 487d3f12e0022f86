"""Whether the topic's policy lets everybody publish or subscribe.

Source: SNS developer guide, "Overview of managing access in Amazon SNS", read 2026-11-24.
"""

from itemtrail.core.access import public_statements
from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, cannot_look, failed, not_applicable, passed
from itemtrail.core.posture import Posture, TopicPosture


def decide(topic: TopicPosture, _posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one topic."""
    if topic.exists is False:
        return not_applicable("there is no such topic.")
    if topic.policy is None:
        return cannot_look("its policy is not known.")
    found = public_statements(topic.policy)
    return failed(f"statement {', '.join(found)} lets everybody in.") if found else passed("it names whom it lets in.")


CHECK = Check(
    id="topic_policy_closed",
    title="The alert topic is not open to everybody",
    severity=Severity.MEDIUM,
    subject=Subject.TOPIC,
    why="Alerts name items' tables, accounts and gaps; and forged alerts hide the real one.",
    remediation=(
        "aws sns get-topic-attributes --topic-arn {arn} --region {region} # then name the principals: aws sns "
        "set-topic-attributes --attribute-name Policy"
    ),
    needs=("sns:GetTopicAttributes",),
    decide=decide,
)
