"""Whether the log group's retention is its own.

Told by the log group itself, and by the account's policies, which name the log groups that they leave out. Source: CloudWatch
Logs API reference, PutAccountPolicy (RETENTION_POLICY), read 2026-11-24.
"""

from itemtrail.core.account_retention import overriding
from itemtrail.core.check import Answer, Check, Severity, Subject, Wanted, failed, not_applicable, passed
from itemtrail.core.posture import LogGroupPosture, Posture


def decide(group: LogGroupPosture, _posture: Posture, _wanted: Wanted) -> Answer:
    """The answer for one log group."""
    if group.state is None or group.role == "trail":
        return not_applicable("it holds no images, or is not there.")
    by = group.state.overridden_by or overriding(group)
    return failed(f"the account-level policy {by!r} sets its retention.") if by else passed("its retention is its own.")


CHECK = Check(
    id="log_group_not_overridden",
    title="No account-level policy overrides the retention",
    severity=Severity.MEDIUM,
    subject=Subject.LOG_GROUP,
    why="The account's policy wins: images stay for longer, or go sooner, than what the log group seems to say.",
    remediation=(
        "aws logs describe-account-policies --policy-type RETENTION_POLICY --region {region} # then leave the log group "
        "out of its selection criteria"
    ),
    needs=("logs:DescribeLogGroups", "logs:DescribeAccountPolicies"),
    decide=decide,
)
