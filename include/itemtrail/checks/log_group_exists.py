"""Whether a log group that images, the forwarder's output or the trail go to is there.

Source: CloudWatch Logs API reference, DescribeLogGroups, read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, failed, passed
from itemtrail.core.posture import LogGroupPosture, Posture


def decide(group: LogGroupPosture, _posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one log group."""
    return passed("it is there.") if group.state else failed("there is no such log group.")


CHECK = Check(
    id="log_group_exists",
    title="The log group exists",
    severity=Severity.MEDIUM,
    subject=Subject.LOG_GROUP,
    why="What is written to a log group that is not there is dropped.",
    remediation="itemtrail setup --apply",
    needs=("logs:DescribeLogGroups",),
    decide=decide,
)
