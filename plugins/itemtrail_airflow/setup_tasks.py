"""The tasks of `setup_trail`: plan, route, apply, canary.

Decides: which way the run goes after its plan. Refuses: to apply anything but the plan that was shown (its hash is compared
with one made anew), and to apply without a recorded approval where one is asked for, even if someone marks the approval task
a success.
"""

import datetime as dt
import logging
import uuid
from collections.abc import Mapping
from typing import Any

from airflow.sdk import get_current_context, task
from airflow.sdk.exceptions import AirflowFailException

from itemtrail.core.alert import Kind
from itemtrail_airflow.failures import translated
from itemtrail_airflow.notifier import AlertNotifier, Found

log = logging.getLogger(__name__)


@task(on_failure_callback=[AlertNotifier()])
@translated
def plan() -> dict[str, Any]:
    """What would be created or changed, as a readable table, with its hash; and what it will cost, which is no part of it."""
    from itemtrail.core import cost_text
    from itemtrail.flows import cost_preview
    from itemtrail.flows import setup as flow
    from itemtrail_airflow.hook import Roles

    roles = Roles.open()
    connection, today = roles.setup(), dt.datetime.now(dt.UTC).date()
    made = flow.plan(connection.control(), roles.settings)
    sources = cost_preview.Sources(connection.rates(), connection.archive(roles.settings.archive), today)
    cost = cost_preview.cost_preview(roles.settings, made, sources)
    log.info("plan %s\n%s\n\n%s", made.hash, made.table(), cost_text.text(cost))
    return {"hash": made.hash, "table": made.table(), "cost": cost_text.short(cost), "actions": len(made.actions)}


@task.branch
def route(planned: dict[str, Any]) -> str | None:
    """To the approval, straight to apply, or nowhere (``apply`` is false)."""
    params = get_current_context()["params"]
    if not params["apply"]:
        log.info("plan only; trigger with apply = true to carry out %s", planned["hash"])
        return None
    return "approval" if params["require_approval"] else "apply"


@task(trigger_rule="none_failed_min_one_success", retries=0, on_failure_callback=[AlertNotifier()])
@translated
def apply(planned: dict[str, Any], answer: Any) -> dict[str, Any]:
    """Carry out the plan that was shown; refused if it is no longer the plan."""
    from itemtrail.flows import setup as flow
    from itemtrail_airflow.hook import Roles

    if get_current_context()["params"]["require_approval"] and not approved(answer):
        raise AirflowFailException("nobody approved this plan. Next: answer the approval task, or set require_approval to false.")
    roles = Roles.open()
    done = flow.apply(roles.setup().control(), roles.settings, planned["hash"], log.info)
    log.info("applied %s, %d calls; read back:\n%s", planned["hash"], len(done.done), done.after.table())
    if not done.good:
        raise AirflowFailException(f"not all of it took effect, or a finding stands in the way:\n{done.after.table()}")
    return {"hash": planned["hash"], "actions": len(done.done)}


@task(retries=0, on_failure_callback=[AlertNotifier(Kind.CANARY)])
@translated
def canary() -> dict[str, Any]:
    """Write one item and find it: delivered, in a signed digest, validated. Fails with the reason where it is not."""
    from itemtrail.cli.setup import SystemClock
    from itemtrail.flows import canary as flow
    from itemtrail_airflow.hook import Roles

    roles = Roles.open()
    setup, settings = roles.setup(), roles.settings
    result = flow.run(
        setup.control(),
        setup.store(settings.trail.bucket),
        setup.public_keys(),
        setup.trail_api(),
        settings,
        SystemClock(),
        marker=f"itemtrail-canary-{uuid.uuid4()}",
        poll_seconds=settings.airflow.poll_seconds,
        progress=log.info,
    )
    if not result.good:
        raise Found("the canary failed", [f"{result.reason} {result.detail}".rstrip()])
    return result.to_json()


def approved(answer: Any) -> bool:
    """Whether the approval task recorded an Approve."""
    return isinstance(answer, Mapping) and list(answer.get("chosen_options") or ()) == ["Approve"]
