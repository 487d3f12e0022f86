"""``Control`` over boto3: reads whole configurations, makes one named call at a time.

Decides: which operations setting up may make at all, and under which IAM actions; that a call which meets AWS's eventual
consistency (a bucket policy that CloudTrail does not see yet) is tried again for some seconds. Refuses any other operation.
Source: API references of S3, CloudTrail, DynamoDB, CloudWatch Logs; Service Authorization Reference, read 2026-11-24.
"""

import functools
import json
import time
from collections.abc import Callable
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError

from itemtrail.aws import control_s3, control_tables, control_trail
from itemtrail.aws.errors import translated
from itemtrail.snapshot import BucketState, Call, Document, Identity, LogGroupState, TableState, TrailState

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
}
READ_ACTIONS = (
    "sts:GetCallerIdentity",
    "organizations:DescribeOrganization",
    "ec2:DescribeRegions",
    *control_s3.READ_ACTIONS,
    *control_trail.READ_ACTIONS,
    *control_tables.READ_ACTIONS,
)
CANARY_ACTIONS = ("dynamodb:PutItem",)
_SETTLING = {"InsufficientS3BucketPolicyException", "OperationAborted"}
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
        return control_s3.read_bucket(lambda region: self._client("s3", region), name)

    def trails(self, region: str) -> tuple[TrailState, ...]:
        """Trails seen from ``region``."""
        return control_trail.read_trails(lambda where: self._client("cloudtrail", where), region)

    def table(self, arn: str) -> TableState | None:
        """The table, or None where there is none."""
        return control_tables.read_table(lambda where: self._client("dynamodb", where), arn)

    def log_group(self, name: str, region: str) -> LogGroupState | None:
        """The log group, or None where there is none."""
        return control_tables.read_log_group(lambda where: self._client("logs", where), name, region)

    def execute(self, call: Call) -> None:
        """Make ``call``; a table is waited for.

        Raises:
            ValueError: not an operation of setting up. AccessDenied, ConfigurationError, SourceUnavailable.
        """
        actions = OPERATIONS.get((call.service, call.operation))
        if actions is None:
            raise ValueError(f"{call.service}:{call.operation} is no operation of setting up")
        parameters = dict(call.parameters)
        if call.operation == "PutBucketPolicy":
            parameters["Policy"] = json.dumps(parameters["Policy"])
        client = self._client(call.service, call.region)
        with translated(actions[0], _name(call)):
            self._settled(getattr(client, xform_name(call.operation)), parameters)
            if call.service == "dynamodb":
                client.get_waiter("table_exists").wait(
                    TableName=parameters["TableName"], WaiterConfig={"Delay": 2, "MaxAttempts": 60}
                )

    def put_item(self, table_arn: str, item: Document) -> str:
        """PutItem; returns the request id."""
        client = self._client("dynamodb", table_arn.split(":")[3])
        with translated("dynamodb:PutItem", table_arn):
            answer = client.put_item(TableName=table_arn.rpartition("/")[2], Item=dict(item))
        return str(answer["ResponseMetadata"].get("RequestId", ""))

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


def _name(call: Call) -> str:
    names = ("Bucket", "TrailName", "Name", "TableName", "logGroupName")
    return next((str(call.parameters[name]) for name in names if name in call.parameters), call.service)
