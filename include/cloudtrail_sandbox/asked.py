"""What IAM was asked about each caller: the actions that were evaluated against somebody's policies, allowed or not.

Decides: only identity policies count, a caller is known by ARN. Nothing is changed by watching. The tests hold the policies that
itemtrail prints against it: an action that is allowed and never asked for is one too many.
"""

from collections.abc import Mapping
from typing import Any

_asked: dict[str, set[str]] = {}


def watch() -> None:
    """Watch the emulator's evaluation of identity policies. Once per process."""
    from ministack.core import iam_evaluator

    evaluate = iam_evaluator.evaluate

    def evaluate_and_tell(ctx: Any, *policies: Any) -> Any:
        _asked.setdefault(ctx.principal_arn, set()).add(ctx.action)
        return evaluate(ctx, *policies)

    iam_evaluator.evaluate = evaluate_and_tell


def asked() -> Mapping[str, list[str]]:
    """Caller's ARN → actions, sorted."""
    return {arn: sorted(actions) for arn, actions in sorted(_asked.items())}
