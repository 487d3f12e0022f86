"""Roles, functions, queues and event source mappings as setting up and the review see them.

Decides: which answer means "there is none". Source: API references of IAM, Lambda and SQS, errors of each operation, read
2026-11-24.
"""

from typing import Any

from itemtrail.aws.facts import Facts, Read
from itemtrail.snapshot import FunctionState, MappingState, RoleState

_NO_ENTITY = frozenset({"NoSuchEntity"})
ROLE = Read("iam", "get_role", "iam:GetRole", _NO_ENTITY, tells="Role", regional=False)
ROLE_POLICY = Read("iam", "get_role_policy", "iam:GetRolePolicy", _NO_ENTITY, tells="PolicyDocument", regional=False)
FUNCTION = Read(
    "lambda", "get_function_configuration", "lambda:GetFunctionConfiguration", frozenset({"ResourceNotFoundException"})
)
MAPPINGS = Read("lambda", "list_event_source_mappings", "lambda:ListEventSourceMappings", member="EventSourceMappings")
QUEUE = Read(
    "sqs", "get_queue_url", "sqs:GetQueueUrl", frozenset({"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"})
)
READ_ACTIONS = tuple(read.action for read in (ROLE, ROLE_POLICY, FUNCTION, MAPPINGS, QUEUE))


def read_role(facts: Facts, name: str, policy: str) -> RoleState | None:
    """The role and its inline policy ``policy``, or None where there is no such role."""
    found = facts.ask(ROLE, f"role {name}", None, RoleName=name) or {}
    if not found:
        return None
    inline = facts.ask(ROLE_POLICY, f"role {name}", None, RoleName=name, PolicyName=policy) or {}
    role = found["Role"]
    return RoleState(role["Arn"], role["AssumeRolePolicyDocument"], inline.get("PolicyDocument"))


def read_function(facts: Facts, name: str, region: str, resource: str = "") -> FunctionState | None:
    """The function, or None where there is none."""
    found = facts.ask(FUNCTION, resource or f"function {name}", region, FunctionName=name) or {}
    if not found:
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


def read_queue(facts: Facts, name: str, region: str, resource: str = "") -> str:
    """The URL of the queue of this name, "" where there is none."""
    return str((facts.ask(QUEUE, resource or f"queue {name}", region, QueueName=name) or {}).get("QueueUrl", ""))


def read_mappings(facts: Facts, stream_arn: str) -> tuple[MappingState, ...]:
    """Mappings that read the stream, in UUID order."""
    found = facts.pages(MAPPINGS, stream_arn, stream_arn.split(":")[3], EventSourceArn=stream_arn) or []
    return mapping_states(found)


def mapping_states(found: list[dict[str, Any]]) -> tuple[MappingState, ...]:
    """ListEventSourceMappings' answer, in UUID order."""
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
