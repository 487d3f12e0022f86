"""Whether the log group is of class STANDARD.

INFREQUENT_ACCESS has no subscription filters, no metric filters and no FilterLogEvents; a class cannot be changed later.
Source: CloudWatch Logs user guide, "Log classes", read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, cannot_look, not_applicable, told
from itemtrail.core.posture import LogGroupPosture, Posture


def decide(group: LogGroupPosture, _posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one log group."""
    if group.state is None or group.role == "forwarder":
        return not_applicable("nothing subscribes to it, or it is not there.")
    if not group.log_class:
        return cannot_look("its class is not known.")
    return told(group.log_class == "STANDARD", "its class is STANDARD.", f"its class is {group.log_class}.")


CHECK = Check(
    id="log_group_class",
    title="The log group can be subscribed to",
    severity=Severity.MEDIUM,
    subject=Subject.LOG_GROUP,
    why="Metric filters never count a change of the trail; a subscription to the images is refused.",
    remediation=(
        "aws logs create-log-group --log-group-name {name}-standard --log-group-class STANDARD --region {region} # then "
        "name it in the configuration"
    ),
    needs=("logs:DescribeLogGroups",),
    decide=decide,
)
