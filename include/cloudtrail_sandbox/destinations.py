"""Where a mapping sends what it gave up, and whether its function's role may.

Decides: that SQS queues and SNS topics are destinations, and that the role's own policies are asked before anything is sent.
Refuses: to send what the role may not; the caller gets the reason.

Source: AWS Lambda developer guide, "Retain discarded records for a DynamoDB event source in Lambda", read 2026-11-24; the
emulator's queues and topics (services/sqs.py, services/sns.py).
"""

import hashlib
import time
import uuid
from typing import Any

Json = dict[str, Any]
ACTIONS = {"sqs": "sqs:SendMessage", "sns": "sns:Publish"}


def of(mapping: Json) -> str:
    """ARN of a mapping's on-failure destination, "" where it has none."""
    return str(((mapping.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination") or "")


def exists(arn: str) -> bool:
    """Whether the queue or topic exists."""
    from ministack.services import sns, sqs

    return sqs._queue_by_arn(arn) is not None if ":sqs:" in arn else arn in sns._topics


def role_may(config: Json, action: str, *resources: str) -> bool:
    """Whether a function's execution role may do ``action`` on one of the resources.

    Args:
        config: the function's configuration.
        action: like ``sqs:SendMessage``.
        resources: ARNs, or ``*``.
    """
    from ministack.core import iam_evaluator
    from ministack.services import iam

    role, account = config["Role"].rsplit("/", 1)[-1], config["Role"].split(":")[4]
    policies = iam_evaluator._gather_role_policies(role, account)
    boundary = iam_evaluator._permissions_boundary(iam._roles, role, account)
    asked = [
        iam_evaluator.EvalContext(
            principal_arn=f"arn:aws:sts::{account}:assumed-role/{role}/{config['FunctionName']}",
            principal_type="AssumedRole",
            principal_account=account,
            action=action,
            resource_arn=resource,
            region=config["FunctionArn"].split(":")[3],
            source_ip="",
            secure_transport=True,
        )
        for resource in resources
    ]
    return any(iam_evaluator.evaluate(one, policies, *boundary).decision == "Allow" for one in asked)


def send(arn: str, body: str, function: Any) -> str:
    """Put a document into the destination; gives "" or the reason why it is not there."""
    if function is None:
        return "the function has gone"
    service = arn.split(":")[2]
    if not exists(arn):
        return f"there is no {arn}"
    if not role_may(function["config"], ACTIONS[service], arn):
        return f"its role lacks {ACTIONS[service]} on {arn}"
    if service == "sqs":
        _to_queue(arn, body)
    else:
        from ministack.services import sns

        sns._fanout(arn, str(uuid.uuid4()), body, "", "", {})
    return ""


def _to_queue(arn: str, body: str) -> None:
    from ministack.core.concurrency import esm_wake
    from ministack.services import sqs

    queue, now = sqs._queue_by_arn(arn), time.time()
    queue["messages"].append(
        {
            "id": str(uuid.uuid4()),
            "body": body,
            "md5_body": hashlib.md5(body.encode(), usedforsecurity=False).hexdigest(),
            "md5_attrs": "",
            "receipt_handle": None,
            "sent_at": now,
            "visible_at": now + sqs.queue_delay(queue),
            "receive_count": 0,
            "first_receive_at": None,
            "message_attributes": {},
            "sys": {"SenderId": arn.split(":")[4], "SentTimestamp": str(int(now * 1000))},
            "group_id": None,
            "dedup_id": None,
            "dedup_cache_key": None,
            "seq": None,
        }
    )
    esm_wake.set()
