"""Whether batches that the forwarder gave up wait to be looked at.

Source: SQS API reference, GetQueueAttributes (ApproximateNumberOfMessages), read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, cannot_look, not_applicable, told
from itemtrail.core.posture import ForwarderPosture, Posture


def decide(forwarder: ForwarderPosture, _posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one forwarder."""
    if not forwarder.state.queue:
        return not_applicable("there is no queue; forwarder_exists says so.")
    if forwarder.queue_depth is None:
        return cannot_look("the number of messages is not known.")
    depth = forwarder.queue_depth
    return told(depth == 0, "no message waits.", f"about {depth} message(s) wait.")


CHECK = Check(
    id="forwarder_queue_empty",
    title="Nothing lies in the failure queue",
    severity=Severity.HIGH,
    subject=Subject.FORWARDER,
    why="The images of these batches never reached the log group; after 14 days the queue forgets them too.",
    remediation=(
        'aws sqs receive-message --queue-url "$(aws sqs get-queue-url --queue-name QUEUE --query QueueUrl --output text '
        '--region {region})" --region {region}'
    ),
    needs=("sqs:GetQueueUrl", "sqs:GetQueueAttributes"),
    decide=decide,
)
