"""Whether the debug log group names a KMS key.

Source: CloudWatch Logs user guide, "Encrypt log data in CloudWatch Logs using AWS Key Management Service", read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, failed, not_applicable, passed
from itemtrail.core.posture import LogGroupPosture, Posture


def decide(group: LogGroupPosture, _posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one log group."""
    if group.state is None or group.role != "debug":
        return not_applicable("it holds no images, or is not there.")
    return passed(f"KMS key {group.kms_key}.") if group.kms_key else failed("no KMS key is set.")


CHECK = Check(
    id="log_group_key",
    title="Images in the log group are encrypted with a KMS key",
    severity=Severity.LOW,
    subject=Subject.LOG_GROUP,
    why="Whoever may read log groups reads every value of every item; a key makes that a second permission.",
    remediation="aws logs associate-kms-key --log-group-name {name} --kms-key-id KEY_ARN --region {region}",
    needs=("logs:DescribeLogGroups",),
    decide=decide,
)
