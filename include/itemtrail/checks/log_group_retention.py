"""Whether the debug log group expires after the configured days, and the forwarder's own at all.

A log group without a retention never expires: other reviews call that good, here it is a failure. The trail's own log group is
left to whoever made it. Source: CloudWatch Logs API reference, PutRetentionPolicy, read 2026-11-24.
"""

from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, failed, not_applicable, passed
from itemtrail.core.posture import LogGroupPosture, Posture


def decide(group: LogGroupPosture, _posture: Posture, wanted: Wanted) -> Answer:
    """The answer for one log group."""
    if group.state is None or group.role == "trail":
        return not_applicable("it holds no images, or is not there.")
    days = group.state.retention_days
    if days is None:
        return failed("no retention is set, so nothing in it ever expires.")
    if group.role == "debug" and days != wanted.debug_log_days:
        return failed(f"events are kept for {days} day(s); the configuration says {wanted.debug_log_days}.")
    return passed(f"events expire after {days} day(s).")


CHECK = Check(
    id="log_group_retention",
    title="Images expire from the log group",
    severity=Severity.HIGH,
    subject=Subject.LOG_GROUP,
    why=(
        "Images hold every value of every item: kept for ever, outside the archive, they are personal data that nobody watches."
    ),
    remediation=(
        "aws logs put-retention-policy --log-group-name {name} --retention-in-days 1 --region {region} # or the days of "
        "streams.log_retention_days"
    ),
    needs=("logs:DescribeLogGroups",),
    decide=decide,
)
