"""What the forwarder must be in the account: its role's policy, its variables, its settings and its mappings. Pure values.

Decides: one role for all Regions that may read just the configured tables' streams, write just the two log groups, put just
below ``spill/`` and tell just its queue; one function and one queue a Region, because a mapping lives where its stream does;
retries are finite and records older than 23 hours are given up, so that one record never holds a shard until the stream forgets.
Source: Lambda developer guide, "Using AWS Lambda with Amazon DynamoDB", "Lambda quotas"; Systems Manager user guide, "How AWS
Systems Manager Parameter Store uses AWS KMS" (encryption context); read 2026-11-24.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from itemtrail.core.redaction import RedactionSetting
from itemtrail.snapshot import Document, FunctionState, MappingState

POLICY_NAME = "itemtrail-forwarder"
RUNTIME = "python3.13"
TIMEOUT_SECONDS, MEMORY_MB = 60, 256
MAX_AGE_SECONDS = 23 * 3600
OWN_LOG_DAYS = 14
QUEUE_SECONDS = 14 * 86_400  # the longest that SQS keeps a message
MAX_POLICY_CHARACTERS, MAX_ENVIRONMENT_BYTES = 10_240, 4_096
TRUST: Document = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


@dataclass(frozen=True, slots=True)
class ForwarderWanted:
    """The settings as what the forwarder must be. ``code_sha256`` is base64 of the zip's; ``spill_prefix`` ends in a slash."""

    account: str
    partition: str
    function: str
    role: str
    queue: str
    retries: int
    handler: str
    code_sha256: str
    tables: tuple[str, ...]  # of this account
    log_group: str
    spill_bucket: str
    spill_region: str
    spill_prefix: str
    redact: Sequence[RedactionSetting]
    key_parameter: str
    key_region: str

    @property
    def regions(self) -> tuple[str, ...]:
        """Regions with a stream, sorted."""
        return tuple(sorted({arn.split(":")[3] for arn in self.tables}))

    @property
    def role_arn(self) -> str:
        """ARN the role has, or will have."""
        return f"arn:{self.partition}:iam::{self.account}:role/{self.role}"

    @property
    def own_log(self) -> str:
        """Name of the log group that Lambda writes the function's output to."""
        return f"/aws/lambda/{self.function}"

    @property
    def key_arn(self) -> str:
        """ARN of the parameter that holds the key of hashes, "" where nothing is hashed."""
        if not any(one.action == "hash" for one in self.redact):
            return ""
        return f"arn:{self.partition}:ssm:{self.key_region}:{self.account}:parameter/{self.key_parameter.lstrip('/')}"

    def function_arn(self, region: str) -> str:
        """ARN the function has, or will have."""
        return f"arn:{self.partition}:lambda:{region}:{self.account}:function:{self.function}"

    def queue_arn(self, region: str) -> str:
        """ARN the queue has, or will have."""
        return f"arn:{self.partition}:sqs:{region}:{self.account}:{self.queue}"


def policy(wanted: ForwarderWanted) -> Document:
    """The role's inline policy."""
    groups = [
        f"arn:{wanted.partition}:logs:{region}:{wanted.account}:log-group:{name}{streams}"
        for region in wanted.regions
        for name in (wanted.log_group, wanted.own_log)
        for streams in ("", ":*")
    ]
    reads = ("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams")
    spill = f"arn:{wanted.partition}:s3:::{wanted.spill_bucket}/{wanted.spill_prefix}*"
    statements = [
        _allow("ReadStreams", reads, [f"{arn}/stream/*" for arn in wanted.tables]),
        _allow("WriteLogEvents", ("logs:CreateLogStream", "logs:PutLogEvents"), groups),
        _allow("SpillLargeImages", ("s3:PutObject",), [spill]),
        _allow("TellWhatFailed", ("sqs:SendMessage",), [wanted.queue_arn(region) for region in wanted.regions]),
    ]
    if wanted.key_arn:
        context = {"StringEquals": {"kms:EncryptionContext:PARAMETER_ARN": wanted.key_arn}}
        statements += [
            _allow("ReadHashKey", ("ssm:GetParameter",), [wanted.key_arn]),
            _allow("DecryptHashKey", ("kms:Decrypt",), ["*"], Condition=context),
        ]
    return {"Version": "2012-10-17", "Statement": statements}


def environment(wanted: ForwarderWanted, region: str) -> dict[str, str]:
    """The function's variables in one Region; rules are those of the tables there."""
    here = [one for one in wanted.redact if one.table in wanted.tables and one.table.split(":")[3] == region]
    rules: dict[str, list[list[object]]] = {}
    for one in here:
        rules.setdefault(one.table, []).append([one.attribute, one.action, one.confirm_key])
    return {
        "LOG_GROUP": wanted.log_group,
        "REDACTION": json.dumps(rules, separators=(",", ":"), sort_keys=True),
        "REDACTION_KEY_PARAMETER": wanted.key_arn if any(one.action == "hash" for one in here) else "",
        "SPILL_BUCKET": wanted.spill_bucket,
        "SPILL_PREFIX": wanted.spill_prefix,
        "SPILL_REGION": wanted.spill_region,
    }


def configuration(wanted: ForwarderWanted, region: str) -> Document:
    """Parameters of CreateFunction and UpdateFunctionConfiguration, without the code."""
    return {
        "FunctionName": wanted.function,
        "Runtime": RUNTIME,
        "Role": wanted.role_arn,
        "Handler": wanted.handler,
        "Timeout": TIMEOUT_SECONDS,
        "MemorySize": MEMORY_MB,
        "Environment": {"Variables": environment(wanted, region)},
    }


def configured(state: FunctionState) -> Document:
    """A function as it is, in the words of ``configuration``."""
    return {
        "FunctionName": state.arn.rpartition(":")[2],
        "Runtime": state.runtime,
        "Role": state.role,
        "Handler": state.handler,
        "Timeout": state.timeout,
        "MemorySize": state.memory,
        "Environment": {"Variables": dict(state.environment)},
    }


def mapping(wanted: ForwarderWanted, region: str) -> Document:
    """Settings of a mapping that can be changed."""
    return {
        "FunctionName": wanted.function,
        "MaximumRetryAttempts": wanted.retries,
        "MaximumRecordAgeInSeconds": MAX_AGE_SECONDS,
        "BisectBatchOnFunctionError": True,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "DestinationConfig": {"OnFailure": {"Destination": wanted.queue_arn(region)}},
    }


def mapped(wanted: ForwarderWanted, state: MappingState) -> Document:
    """A mapping of ours as it is, in the words of ``mapping``."""
    return {
        "FunctionName": wanted.function,
        "MaximumRetryAttempts": state.retries,
        "MaximumRecordAgeInSeconds": state.max_age,
        "BisectBatchOnFunctionError": state.bisect,
        "FunctionResponseTypes": ["ReportBatchItemFailures"] if state.reports else [],
        "DestinationConfig": {"OnFailure": {"Destination": state.destination}},
    }


def _allow(sid: str, actions: Sequence[str], resources: Sequence[str], **more: object) -> Document:
    return {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": list(resources), **more}
