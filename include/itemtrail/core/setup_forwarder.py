"""What the forwarder lacks, as calls: queue, role, function, its own log group, and a mapping for each table's stream.

Decides: create what is missing, bring our own things to what the settings say. Refuses, with a finding and without a call: a
third reader of a stream (AWS allows two a shard, one of a global table; ours and the archive's are two), a function or role of
our name that is somebody else's, a mapping that somebody disabled, a redaction rule on a key attribute that is not confirmed.
``streams.forwarder = ""`` leaves this part out; what was set up stays until you remove it.
Source: DynamoDB developer guide, "Reading and processing a stream"; Lambda API reference, CreateEventSourceMapping; read
2026-11-24.
"""

import json

from itemtrail.core import forwarder_config
from itemtrail.core.forwarder_config import ForwarderWanted
from itemtrail.core.redaction import check_key_attributes, rules
from itemtrail.core.setup_buckets import Part
from itemtrail.core.setup_plan import Observed, Wanted
from itemtrail.core.setup_tables import IMAGES
from itemtrail.errors import ConfigurationError
from itemtrail.snapshot import FindingStatus, ForwarderState, FunctionState, MappingState, TableState

UNNAMED_STREAM = "/stream/"
"""End of an EventSourceArn whose stream an earlier call of the plan switches on: the adapter asks the table for its name."""
_FAIL = FindingStatus.FAIL


def forwarder(observed: Observed, wanted: Wanted) -> Part:
    """The forwarder in every Region with a stream."""
    part = Part()
    ours = wanted.forwarder
    if ours is None or not _possible(part, observed, ours):
        return part
    _role(part, observed, ours)
    for region in ours.regions:
        state = observed.forwarders.get(region, ForwarderState())
        _queue(part, state, ours, region)
        _own_log(part, state, ours, region)
        if _function(part, state.function, ours, region):
            for arn in ours.tables:
                if arn.split(":")[3] == region:
                    _mapping(part, observed.tables.get(arn), observed.readers.get(arn, ()), ours)
    return part


def _possible(part: Part, observed: Observed, ours: ForwarderWanted) -> bool:
    """Whether the settings can be carried out at all; findings say why not."""
    before = len(part.findings)
    for arn in ours.tables:
        table = observed.tables.get(arn)
        try:
            check_key_attributes(rules(ours.redact, arn), table.key_attributes if table else ())
        except ConfigurationError as error:
            part.find("setup.redaction", _FAIL, arn, error.message, error.advice)
    unknown = sorted({one.table for one in ours.redact} - set(ours.tables))
    for arn in unknown:
        detail = "streams.redact names it, streams.tables does not: the rule does nothing"
        part.find("setup.redaction", _FAIL, arn, detail, "add the table to streams.tables, or remove the rule.")
    role = observed.forwarder_role
    if role and not _trusts_lambda(role.trust):
        detail = "the role exists and Lambda may not assume it: it is somebody else's"
        part.find("setup.forwarder", _FAIL, role.arn, detail, "name another role in streams.forwarder_role.")
    _sizes(part, ours)
    return len(part.findings) == before


def _sizes(part: Part, ours: ForwarderWanted) -> None:
    policy, most = len(json.dumps(forwarder_config.policy(ours), separators=(",", ":"))), forwarder_config.MAX_POLICY_CHARACTERS
    if policy > most:
        detail = f"its policy for {len(ours.tables)} table(s) has {policy} characters; IAM takes {most}"
        part.find("setup.forwarder", _FAIL, ours.role_arn, detail, "split streams.tables over two configurations.")
    for region in ours.regions:
        size = sum(len((name + value).encode()) for name, value in forwarder_config.environment(ours, region).items())
        if size > forwarder_config.MAX_ENVIRONMENT_BYTES:
            detail = f"its variables have {size} bytes; Lambda takes {forwarder_config.MAX_ENVIRONMENT_BYTES}"
            part.find("setup.forwarder", _FAIL, ours.function_arn(region), detail, "redact whole maps instead of their members.")


def _trusts_lambda(trust: object) -> bool:
    return "lambda.amazonaws.com" in json.dumps(trust, default=str)


def _role(part: Part, observed: Observed, ours: ForwarderWanted) -> None:
    role, document = observed.forwarder_role, forwarder_config.policy(ours)
    if role is None:
        parameters = {"RoleName": ours.role, "AssumeRolePolicyDocument": forwarder_config.TRUST}
        part.call("iam", "CreateRole", "us-east-1", parameters, ours.role_arn, "the forwarder needs a role of its own")
    if role is None or role.policy != document:
        parameters = {"RoleName": ours.role, "PolicyName": forwarder_config.POLICY_NAME, "PolicyDocument": document}
        why = "lets it read these streams and write these log groups, nothing else"
        part.call("iam", "PutRolePolicy", "us-east-1", parameters, ours.role_arn, why)


def _queue(part: Part, state: ForwarderState, ours: ForwarderWanted, region: str) -> None:
    if not state.queue:
        attributes = {"MessageRetentionPeriod": str(forwarder_config.QUEUE_SECONDS), "SqsManagedSseEnabled": "true"}
        parameters = {"QueueName": ours.queue, "Attributes": attributes}
        why = "batches that are given up must be told somewhere"
        part.call("sqs", "CreateQueue", region, parameters, ours.queue_arn(region), why)


def _own_log(part: Part, state: ForwarderState, ours: ForwarderWanted, region: str) -> None:
    resource, days = f"{ours.own_log} ({region})", forwarder_config.OWN_LOG_DAYS
    if state.own_log is None:
        part.call(
            "logs", "CreateLogGroup", region, {"logGroupName": ours.own_log}, resource, "where the function logs its counts"
        )
    if state.own_log is None or (state.own_log.retention_days is None and not state.own_log.overridden_by):
        parameters = {"logGroupName": ours.own_log, "retentionInDays": days}
        part.call("logs", "PutRetentionPolicy", region, parameters, resource, "without a retention it never expires")


def _function(part: Part, state: FunctionState | None, ours: ForwarderWanted, region: str) -> bool:
    """Whether it is, or will be, ours."""
    arn, wanted = ours.function_arn(region), forwarder_config.configuration(ours, region)
    code = {"ZipFile": ours.code_sha256}  # stands for the bytes: the adapter packs them and compares
    if state is None:
        why = "nothing writes the streams' images to the log group"
        cost = "Lambda requests and GB-seconds; log ingestion by the GB"
        part.call("lambda", "CreateFunction", region, {**wanted, "Code": code}, arn, why, cost=cost)
        return True
    if state.handler != ours.handler:
        detail = f"a function of this name exists and is somebody else's (handler {state.handler})"
        part.find("setup.forwarder", _FAIL, arn, detail, "name another in streams.forwarder.")
        return False
    if forwarder_config.configured(state) != wanted:
        part.call("lambda", "UpdateFunctionConfiguration", region, wanted, arn, "its settings are not those of the configuration")
    if state.code_sha256 != ours.code_sha256:
        why = f"its code is {state.code_sha256[:12]}…, this version's is {ours.code_sha256[:12]}…"
        part.call("lambda", "UpdateFunctionCode", region, {"FunctionName": ours.function, **code}, arn, why)
    return True


def _mapping(part: Part, table: TableState | None, readers: tuple[MappingState, ...], ours: ForwarderWanted) -> None:
    if table is None or table.stream_view not in ("", IMAGES):
        return  # setup_tables.streams says so
    region = table.arn.split(":")[3]
    mine = [one for one in readers if _is_ours(one, ours, region)]
    wanted = forwarder_config.mapping(ours, region)
    if not _room(part, table, [one for one in readers if one not in mine]):
        return
    if not mine:
        source = table.stream_arn or f"{table.arn}{UNNAMED_STREAM}"
        parameters = {**wanted, "EventSourceArn": source, "StartingPosition": "TRIM_HORIZON"}
        why = "the forwarder does not read this stream"
        part.call("lambda", "CreateEventSourceMapping", region, parameters, table.arn, why)
    for one in mine:
        if one.disabled:
            detail = f"the forwarder's mapping {one.uuid} is disabled: the log group gets nothing of it"
            advice = "find out why; then: aws lambda update-event-source-mapping --enabled --uuid " + one.uuid
            part.find("setup.forwarder", _FAIL, table.arn, detail, advice)
        if forwarder_config.mapped(ours, one) != wanted:
            why = "retries, splitting or the failure queue are not those of the configuration"
            part.call("lambda", "UpdateEventSourceMapping", region, {**wanted, "UUID": one.uuid}, table.arn, why)


def _room(part: Part, table: TableState, others: list[MappingState]) -> bool:
    """Whether the forwarder may read beside the archive."""
    if others:
        names = ", ".join(sorted({one.function_arn for one in others}))
        detail = (
            f"{names} reads its stream; with the archive's and the forwarder's that is a third reader, AWS allows two a shard"
        )
        advice = "let the function subscribe to the log group instead, or set streams.forwarder to the empty string."
        part.find("setup.readers", _FAIL, table.arn, detail, advice)
    elif table.replicated:
        detail = "it is a global table: AWS allows one reader a shard, which is the archive's"
        advice = "set streams.forwarder to the empty string in the configuration of global tables."
        part.find("setup.readers", _FAIL, table.arn, detail, advice)
    return not others and not table.replicated


def _is_ours(one: MappingState, ours: ForwarderWanted, region: str) -> bool:
    arn = ours.function_arn(region)
    return one.function_arn == arn or one.function_arn.startswith(f"{arn}:")
