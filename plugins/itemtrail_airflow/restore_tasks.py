"""The tasks of `restore_archive`: plan, route, request.

Decides: which way the run goes after its plan. Refuses: to request anything but the plan that was shown (its hash is compared
with one made anew), and to request what costs more than the budget without a recorded approval, even if someone marks the
approval task a success. What crosses between tasks is the question, never an object.
"""

import datetime as dt
import logging
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from airflow.sdk import get_current_context, task
from airflow.sdk.exceptions import AirflowFailException

from itemtrail_airflow.failures import translated
from itemtrail_airflow.notifier import AlertNotifier
from itemtrail_airflow.setup_tasks import approved

if TYPE_CHECKING:
    from itemtrail.flows.restore import Asked
    from itemtrail.settings import Settings

log = logging.getLogger(__name__)


@task(on_failure_callback=[AlertNotifier()])
@translated
def plan() -> dict[str, Any]:
    """What would be requested, as a readable table, with its hash; why a person must approve it, ``""`` where nobody must."""
    from itemtrail.core.restore_text import plan_text
    from itemtrail.flows import restore as flow
    from itemtrail.flows.prices import price_table
    from itemtrail_airflow.hook import Roles

    question, settings = _question(get_current_context()["params"]), Roles.open().settings
    made = flow.plan(opened(question), price_table(settings), dt.datetime.now(dt.UTC))
    text = plan_text(made)
    log.info("%s", text)
    if not made.state.objects:
        raise AirflowFailException(text)
    made.must_be_offered()
    return {
        "question": question,
        "hash": made.hash,
        "text": text,
        "cold": len(made.cold),
        "approve": made.needs_approval(_budget(settings)),
        "patience_seconds": int(made.patience.total_seconds()),
    }


@task.branch
def route(planned: dict[str, Any]) -> str:
    """To the approval where the price asks for one, else straight to the request."""
    return "approval" if planned["approve"] else "request"


@task(trigger_rule="none_failed_min_one_success", retries=0, on_failure_callback=[AlertNotifier()])
@translated
def request(planned: dict[str, Any], answer: Any) -> int:
    """Request what the shown plan says; refused if it is no longer the plan. Returns how many restores were begun."""
    from itemtrail.flows import restore as flow
    from itemtrail.flows.prices import price_table
    from itemtrail_airflow.hook import Roles

    if planned["approve"] and not approved(answer):
        raise AirflowFailException(f"nobody approved this plan: {planned['approve']}. Next: answer the approval task.")
    prices = price_table(Roles.open().settings)
    done = flow.apply(opened(planned["question"]), prices, planned["hash"], dt.datetime.now(dt.UTC), log.info)
    if done.failed:
        lines = [f"{len(done.failed)} requests failed; run it again: it asks for what is left", *done.failed]
        raise AirflowFailException("\n".join(lines))
    return done.begun


def opened(values: Mapping[str, Any]) -> "Asked":
    """The question of ``values``, with its bucket, as the restorer sees it. One set of clients a call."""
    from itemtrail.core.restore import Tier
    from itemtrail.flows.restore import Asked, question
    from itemtrail.model import Unit
    from itemtrail_airflow.hook import Roles

    roles = Roles.open()
    settings, connection = roles.settings, roles.restorer()
    named = [tuple(unit.split("/")) for unit in values["units"]]
    asked = question(
        settings,
        values["what"],
        _day(values["first"]),
        _day(values["last"]),
        places=[(one[0], one[1]) for one in named if len(one) == 2],
        tables=values["tables"],
        units=[Unit(one[0], one[1], dt.date.fromisoformat(one[2])) for one in named if len(one) == 3],
    )
    trail, archive = None, settings.archive
    if asked.delivered:
        trail = connection.trail(settings.trail)
        store = connection.cold(trail.bucket)
    else:
        store = connection.cold(archive.bucket, root=archive.prefix, region=archive.region)
    return Asked(asked, store, Tier(values["tier"]), values["copy_days"], trail, values["extend"])


def _question(params: Mapping[str, Any]) -> dict[str, Any]:
    """The run's parameters as they cross between tasks."""
    names = ("what", "first", "last", "units", "tables", "tier", "copy_days", "extend")
    return {name: params[name] for name in names} | {"last": params["last"] or params["first"]}


def _day(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


def _budget(settings: "Settings") -> Decimal:
    return Decimal(str(settings.restore.budget_dollars))
