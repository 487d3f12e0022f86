"""``Control`` over boto3: reads whole configurations, makes one named call at a time.

Decides: which operations setting up may make at all, and under which IAM actions; that a call which meets AWS's eventual
consistency (a bucket policy that CloudTrail, a role that Lambda does not see yet) is tried again for some seconds. Refuses any
other operation. Source: API references of S3, CloudTrail, DynamoDB, CloudWatch Logs, IAM, SQS, Lambda; Service Authorization
Reference, read 2026-11-24.
"""

import functools
import json
import time
from collections.abc import Callable
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError

from itemtrail.aws import control_forwarder, control_s3, control_tables, control_trail
from itemtrail.aws.errors import translated
from itemtrail.aws.facts import Strict
from itemtrail.core.setup_forwarder import UNNAMED_STREAM
from itemtrail.errors import PlanChanged
from itemtrail.forwarder import package
from itemtrail.snapshot import (
    BucketState,
    Call,
    Document,
    FunctionState,
    Identity,
    LogGroupState,
    MappingState,
    RoleState,
    TableState,
    TrailState,
)

# (service, operation) → the IAM actions it needs.
OPERATIONS: dict[tuple[str, str], tuple[str, ...]] = {
    ("s3", "CreateBucket"): ("s3:CreateBucket", "s3:PutBucketOwnershipControls", "s3:PutBucketObjectLockConfiguration"),
    ("s3", "PutPublicAccessBlock"): ("s3:PutBucketPublicAccessBlock",),
    ("s3", "PutBucketOwnershipControls"): ("s3:PutBucketOwnershipControls",),
    ("s3", "PutBucketVersioning"): ("s3:PutBucketVersioning",),
    ("s3", "PutBucketEncryption"): ("s3:PutEncryptionConfiguration",),
    ("s3", "PutBucketPolicy"): ("s3:PutBucketPolicy",),
    ("s3", "PutBucketLifecycleConfiguration"): ("s3:PutLifecycleConfiguration",),
    ("cloudtrail", "CreateTrail"): ("cloudtrail:CreateTrail",),
    ("cloudtrail", "UpdateTrail"): ("cloudtrail:UpdateTrail",),
    ("cloudtrail", "PutEventSelectors"): ("cloudtrail:PutEventSelectors",),
    ("cloudtrail", "StartLogging"): ("cloudtrail:StartLogging",),
    ("dynamodb", "CreateTable"): ("dynamodb:CreateTable",),
    ("dynamodb", "UpdateTable"): ("dynamodb:UpdateTable",),
    ("logs", "CreateLogGroup"): ("logs:CreateLogGroup",),
    ("logs", "PutRetentionPolicy"): ("logs:PutRetentionPolicy",),
    ("iam", "CreateRole"): ("iam:CreateRole",),
    ("iam", "PutRolePolicy"): ("iam:PutRolePolicy",),
    ("sqs", "CreateQueue"): ("sqs:CreateQueue",),
    ("lambda", "CreateFunction"): ("lambda:CreateFunction", "iam:PassRole"),
    ("lambda", "UpdateFunctionConfiguration"): ("lambda:UpdateFunctionConfiguration", "iam:PassRole"),
    ("lambda", "UpdateFunctionCode"): ("lambda:UpdateFunctionCode",),
    ("lambda", "CreateEventSourceMapping"): ("lambda:CreateEventSourceMapping",),
    ("lambda", "UpdateEventSourceMapping"): ("lambda:UpdateEventSourceMapping",),
}
READ_ACTIONS = (
    "sts:GetCallerIdentity",
    "organizations:DescribeOrganization",
    "ec2:DescribeRegions",
    *control_s3.READ_ACTIONS,
    *control_trail.READ_ACTIONS,
    *control_tables.READ_ACTIONS,
    *control_forwarder.READ_ACTIONS,
)
CANARY_ACTIONS = ("dynamodb:PutItem",)
# The last: Lambda does not see a new role, its policy or a new stream yet.
_SETTLING = {"InsufficientS3BucketPolicyException", "OperationAborted", "InvalidParameterValueException"}
_DOCUMENTS = ("Policy", "AssumeRolePolicyDocument", "PolicyDocument")  # parameters that are JSON text on the wire
_WAITERS = {
    "CreateFunction": "function_active",
    "UpdateFunctionConfiguration": "function_updated",
    "UpdateFunctionCode": "function_updated",
}
_ATTEMPTS, _PAUSE_SECONDS = 6, 5.0


class AwsControl:
    """``client`` makes a boto3 client for (service, Region or None); ``regions`` lists the account's."""

    def __init__(
        self,
        client: Callable[..., Any],
        regions: Callable[[], tuple[str, ...]],
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = functools.cache(client)  # making one takes longer than using it
        self._facts = Strict(self._client)
        self._regions = regions
        self._sleep = sleep

    def identity(self) -> Identity:
        """GetCallerIdentity."""
        with translated("sts:GetCallerIdentity", "the caller"):
            answer = self._client("sts").get_caller_identity()
        return Identity(answer["Account"], answer["Arn"].split(":")[1], answer["Arn"])

    def organization_id(self) -> str:
        """DescribeOrganization; "" where the account is in none."""
        with translated("organizations:DescribeOrganization", "the organization"):
            try:
                return str(self._client("organizations").describe_organization()["Organization"]["Id"])
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") == "AWSOrganizationsNotInUseException":
                    return ""
                raise

    def regions(self) -> tuple[str, ...]:
        """Regions enabled for the account, sorted."""
        return self._regions()

    def bucket(self, name: str) -> BucketState | None:
        """The bucket's whole configuration, or None where there is no such bucket."""
        return control_s3.read_bucket(self._facts, name, f"s3://{name}")

    def trails(self, region: str) -> tuple[TrailState, ...]:
        """Trails seen from ``region``."""
        return control_trail.read_trails(self._facts, region)

    def table(self, arn: str) -> TableState | None:
        """The table, or None where there is none."""
        return control_tables.read_table(self._facts, arn)

    def log_group(self, name: str, region: str) -> LogGroupState | None:
        """The log group, or None where there is none."""
        return control_tables.read_log_group(self._facts, name, region)

    def role(self, name: str, policy: str) -> RoleState | None:
        """The role with its inline policy ``policy``, or None where there is no such role."""
        return control_forwarder.read_role(self._facts, name, policy)

    def function(self, name: str, region: str) -> FunctionState | None:
        """The Lambda function, or None where there is none."""
        return control_forwarder.read_function(self._facts, name, region)

    def has_queue(self, name: str, region: str) -> bool:
        """Whether the account has an SQS queue of this name."""
        return bool(control_forwarder.read_queue(self._facts, name, region))

    def mappings(self, stream_arn: str) -> tuple[MappingState, ...]:
        """Event source mappings that read the stream, in UUID order."""
        return control_forwarder.read_mappings(self._facts, stream_arn)

    def execute(self, call: Call) -> None:
        """Make ``call``; a table and a function are waited for.

        Raises:
            ValueError: not an operation of setting up. AccessDenied, ConfigurationError, SourceUnavailable.
        """
        actions = OPERATIONS.get((call.service, call.operation))
        if actions is None:
            raise ValueError(f"{call.service}:{call.operation} is no operation of setting up")
        client = self._client(call.service, call.region)
        parameters = self._parameters(call)
        with translated(actions[0], _name(call)):
            self._settled(getattr(client, xform_name(call.operation)), parameters)
            if call.service == "dynamodb":
                client.get_waiter("table_exists").wait(
                    TableName=parameters["TableName"], WaiterConfig={"Delay": 2, "MaxAttempts": 60}
                )
            if waiter := _WAITERS.get(call.operation):
                client.get_waiter(waiter).wait(
                    FunctionName=parameters["FunctionName"], WaiterConfig={"Delay": 2, "MaxAttempts": 60}
                )

    def put_item(self, table_arn: str, item: Document) -> str:
        """PutItem; returns the request id."""
        client = self._client("dynamodb", table_arn.split(":")[3])
        with translated("dynamodb:PutItem", table_arn):
            answer = client.put_item(TableName=table_arn.rpartition("/")[2], Item=dict(item))
        return str(answer["ResponseMetadata"].get("RequestId", ""))

    def _parameters(self, call: Call) -> dict[str, Any]:
        """What boto3 takes: documents as text, the zip for its hash, a stream's name where the plan could not know it."""
        parameters = dict(call.parameters)
        parameters |= {name: json.dumps(parameters[name]) for name in _DOCUMENTS if name in parameters}
        if call.operation == "CreateFunction":
            parameters["Code"] = {"ZipFile": _zip(parameters["Code"]["ZipFile"])}
        elif call.operation == "UpdateFunctionCode":
            parameters["ZipFile"] = _zip(parameters["ZipFile"])
        table, unnamed, rest = str(parameters.get("EventSourceArn", "")).partition(UNNAMED_STREAM)
        if unnamed and not rest:
            state = self.table(table)
            parameters["EventSourceArn"] = state.stream_arn if state else table
        return parameters

    def _settled(self, method: Callable[..., Any], parameters: dict[str, Any]) -> None:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                method(**parameters)
            except ClientError as error:
                if attempt == _ATTEMPTS or error.response.get("Error", {}).get("Code") not in _SETTLING:
                    raise
                self._sleep(_PAUSE_SECONDS)
            else:
                return


def _zip(code_sha256: str) -> bytes:
    if code_sha256 != package.code_sha256():
        raise PlanChanged("the forwarder's code is not that of the plan.", advice="plan again with this version of itemtrail.")
    return package.package()


def _name(call: Call) -> str:
    names = (
        "Bucket",
        "TrailName",
        "Name",
        "TableName",
        "logGroupName",
        "RoleName",
        "QueueName",
        "EventSourceArn",
        "FunctionName",
    )
    return next((str(call.parameters[name]) for name in names if name in call.parameters), call.service)
