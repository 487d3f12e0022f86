"""Roles, functions, queues and event source mappings as setting up sees them.

Decides: which answer means "there is none". Source: API references of IAM, Lambda and SQS, errors of each operation, read
2026-11-24.
"""

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from itemtrail.aws.errors import translated
from itemtrail.snapshot import FunctionState, MappingState, RoleState

READ_ACTIONS = (
    "iam:GetRole",
    "iam:GetRolePolicy",
    "lambda:GetFunctionConfiguration",
    "lambda:ListEventSourceMappings",
    "sqs:GetQueueUrl",
)
_NO_QUEUE = {"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"}


def read_role(client: Callable[[], Any], name: str, policy: str) -> RoleState | None:
    """The role and its inline policy ``policy``, or None where there is no such role."""
    with translated("iam:GetRole", f"role {name}"):
        found = _unless({"NoSuchEntity"}, lambda: client().get_role(RoleName=name))
    if found is None:
        return None
    with translated("iam:GetRolePolicy", f"role {name}"):
        inline = _unless({"NoSuchEntity"}, lambda: client().get_role_policy(RoleName=name, PolicyName=policy))
    role = found["Role"]
    return RoleState(role["Arn"], role["AssumeRolePolicyDocument"], inline["PolicyDocument"] if inline else None)


def read_function(client: Callable[[str], Any], name: str, region: str) -> FunctionState | None:
    """The function, or None where there is none."""
    with translated("lambda:GetFunctionConfiguration", f"function {name}"):
        found = _unless({"ResourceNotFoundException"}, lambda: client(region).get_function_configuration(FunctionName=name))
    if found is None:
        return None
    return FunctionState(
        arn=found["FunctionArn"],
        handler=found.get("Handler", ""),
        runtime=found.get("Runtime", ""),
        role=found["Role"],
        timeout=found.get("Timeout", 0),
        memory=found.get("MemorySize", 0),
        environment=(found.get("Environment") or {}).get("Variables", {}),
        code_sha256=found.get("CodeSha256", ""),
    )


def has_queue(client: Callable[[str], Any], name: str, region: str) -> bool:
    """Whether there is a queue of this name."""
    with translated("sqs:GetQueueUrl", f"queue {name}"):
        return _unless(_NO_QUEUE, lambda: client(region).get_queue_url(QueueName=name)) is not None


def read_mappings(client: Callable[[str], Any], stream_arn: str) -> tuple[MappingState, ...]:
    """Mappings that read the stream, in UUID order."""
    with translated("lambda:ListEventSourceMappings", stream_arn):
        pages = client(stream_arn.split(":")[3]).get_paginator("list_event_source_mappings").paginate(EventSourceArn=stream_arn)
        found = [one for page in pages for one in page["EventSourceMappings"]]
    return tuple(sorted(map(_mapping, found), key=lambda one: one.uuid))


def _mapping(found: dict[str, Any]) -> MappingState:
    destination = (found.get("DestinationConfig") or {}).get("OnFailure") or {}
    return MappingState(
        uuid=found["UUID"],
        function_arn=found["FunctionArn"],
        disabled=found.get("State") in ("Disabled", "Disabling"),
        retries=found.get("MaximumRetryAttempts", -1),
        max_age=found.get("MaximumRecordAgeInSeconds", -1),
        bisect=bool(found.get("BisectBatchOnFunctionError")),
        reports="ReportBatchItemFailures" in (found.get("FunctionResponseTypes") or ()),
        destination=destination.get("Destination", ""),
    )


def _unless(codes: set[str], call: Callable[[], Any]) -> Any:
    """The answer; None where the service says with one of ``codes`` that the thing does not exist."""
    try:
        return call()
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in codes:
            return None
        raise
