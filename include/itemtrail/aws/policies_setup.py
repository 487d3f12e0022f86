"""The policies of setting up: of whoever plans and applies, and of the forwarder that is made.

Decides: statements whose names begin with Read are all that a plan needs; what is written is what ``control.OPERATIONS`` may
call, on what the configuration names. Source: Service Authorization Reference of each service, read 2026-11-24.
"""

from itemtrail.aws import control, control_forwarder, control_s3, control_tables, control_trail, rates, trail
from itemtrail.core import forwarder_config
from itemtrail.core.permissions import Names, Role, Statement, allow
from itemtrail.flows.setup import wanted_of
from itemtrail.settings import Settings


def setup(names: Names) -> Role:
    """The role that plans and applies."""
    reads = _reads(names)
    writes = (*_writes(names), *(_writes_forwarder(names) if names.forwarder else ()))
    return Role(
        "setup",
        "Setup",
        "airflow.setup_conn",
        "plans and applies; without `--apply` only the statements whose names begin with Read are needed. Airflow runs the "
        "canary with the same connection: attach both policies",
        (*reads, *writes),
    )


def _reads(names: Names) -> tuple[Statement, ...]:
    buckets = (names.bucket(names.trail_bucket), names.bucket(names.archive_bucket))
    account = ("cloudtrail:DescribeTrails", *trail.ACCOUNT_ACTIONS, control_tables.LOG_GROUPS.action)
    trails = (control_trail.STATUS.action, control_trail.SELECTORS.action)
    ours = [arn for arn in names.stream_tables if arn.split(":")[4] == names.account]
    return (
        *allow("ReadBuckets", control_s3.READ_ACTIONS, buckets),
        *allow("ReadTrails", trails, [names.arn("cloudtrail", "trail/*")]),
        *allow("ReadAccount", account, ["*"]),
        *allow("ReadTables", (control_tables.TABLE.action,), [*ours, names.canary_table]),
        *allow("ReadCallRates", rates.ACTIONS, ["*"]),
        *_reads_forwarder(names),
    )


def _reads_forwarder(names: Names) -> tuple[Statement, ...]:
    if not names.forwarder:
        return ()
    role = [names.arn("iam", f"role/{names.forwarder_role}", region="")]
    return (
        *allow("ReadForwarderRole", (control_forwarder.ROLE.action, control_forwarder.ROLE_POLICY.action), role),
        *allow("ReadForwarder", (control_forwarder.FUNCTION.action,), [names.arn("lambda", f"function:{names.forwarder}")]),
        *allow("ReadFailureQueue", (control_forwarder.QUEUE.action,), [names.arn("sqs", names.failure_queue)]),
        *allow("ReadReadersOfStreams", (control_forwarder.MAPPINGS.action,), ["*"]),
    )


def _needed(service: str, *operations: str) -> tuple[str, ...]:
    """IAM actions of setting up's own calls."""
    return tuple(action for operation in operations for action in control.OPERATIONS[service, operation])


def _writes(names: Names) -> tuple[Statement, ...]:
    buckets = (names.bucket(names.trail_bucket), names.bucket(names.archive_bucket))
    in_s3 = _needed("s3", *(operation for service, operation in control.OPERATIONS if service == "s3"))
    in_trail = _needed("cloudtrail", *(operation for service, operation in control.OPERATIONS if service == "cloudtrail"))
    groups = (names.log_group, f"/aws/lambda/{names.forwarder}") if names.forwarder else (names.log_group,)
    ours = [arn for arn in names.stream_tables if arn.split(":")[4] == names.account]
    return (
        *allow("WriteBuckets", in_s3, buckets),
        *allow("WriteTrail", in_trail, [names.trail_arn]),
        *allow("SwitchStreamsOn", _needed("dynamodb", "UpdateTable"), ours),
        *allow("CreateCanaryTable", _needed("dynamodb", "CreateTable"), [names.canary_table]),
        *allow("WriteLogGroup", _needed("logs", "CreateLogGroup", "PutRetentionPolicy"), names.log_groups(*groups)),
    )


def _writes_forwarder(names: Names) -> tuple[Statement, ...]:
    role = [names.arn("iam", f"role/{names.forwarder_role}", region="")]
    function = names.arn("lambda", f"function:{names.forwarder}")
    makes = ("CreateFunction", "UpdateFunctionConfiguration", "UpdateFunctionCode")
    writes = tuple(action for action in _needed("lambda", *makes) if action != "iam:PassRole")
    mappings = names.arn("lambda", "event-source-mapping:*")
    ours = {"lambda:FunctionArn": function}
    passed = {"iam:PassedToService": "lambda.amazonaws.com"}
    return (
        *allow("WriteForwarderRole", _needed("iam", "CreateRole", "PutRolePolicy"), role),
        *allow("GiveTheForwarderItsRole", ("iam:PassRole",), role, StringEquals=passed),
        *allow("WriteForwarder", writes, [function]),
        *allow("CreateFailureQueue", _needed("sqs", "CreateQueue"), [names.arn("sqs", names.failure_queue)]),
        *allow("MapStreams", _needed("lambda", "CreateEventSourceMapping"), ["*"], ArnLike=ours),
        *allow("ChangeMappings", _needed("lambda", "UpdateEventSourceMapping"), [mappings], ArnLike=ours),
    )


def forwarder(settings: Settings, names: Names) -> tuple[Role, ...]:
    """The forwarder's own role, as setting up puts it; none where there is no forwarder."""
    wanted = wanted_of(settings, names.partition).forwarder
    if wanted is None:
        return ()
    statements = tuple(
        Statement(one["Sid"], tuple(one["Action"]), tuple(one["Resource"]), one.get("Condition"))
        for one in forwarder_config.policy(wanted)["Statement"]
    )
    purpose = (
        "carries streams into the debug log group; setting up makes it, trusting `lambda.amazonaws.com`. Where your account "
        "demands a permissions boundary, make it yourself first"
    )
    return (Role("forwarder", "Forwarder", "", purpose, statements),)
