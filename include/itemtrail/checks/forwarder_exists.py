"""Whether the function that writes images to the log group, and the queue of what it gave up, exist in the Region.

Source: Lambda API reference, GetFunctionConfiguration; SQS API reference, GetQueueUrl, read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, failed, told
from itemtrail.core.posture import ForwarderPosture, Posture


def decide(forwarder: ForwarderPosture, _posture: Posture, wanted: Wanted) -> Answer:
    """The answer for one forwarder."""
    if forwarder.state.function is None:
        return failed(f"there is no function {wanted.forwarder}.")
    return told(forwarder.state.queue, "function and queue are there.", f"there is no queue {wanted.failure_queue}.")


CHECK = Check(
    id="forwarder_exists",
    title="The forwarder is there, and so is its failure queue",
    severity=Severity.MEDIUM,
    subject=Subject.FORWARDER,
    why="The debug log group gets nothing, or what could not be forwarded is told nowhere.",
    remediation="itemtrail setup --apply",
    needs=("lambda:GetFunctionConfiguration", "sqs:GetQueueUrl"),
    decide=decide,
)
