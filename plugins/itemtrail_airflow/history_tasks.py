"""The tasks of `build_history`: each opens its role, calls one flow, maps its errors.

Decides which days a run looks at: the one that was asked for, or, when an archived day starts the run, that day and the one
before (complete only now). Refuses to take a hint for the truth: a day is built where receipts cover it and its report is not of
what the archive holds now. The gate reads reports, never another task's words; a day that is not complete yet is told, and fails
nothing: its last minutes' events are still to come. Heavy imports happen inside the tasks.
"""

import datetime as dt
import logging
import tempfile
from pathlib import Path
from typing import Any

from airflow.sdk import get_current_context, task
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from itemtrail.core.alert import Kind
from itemtrail_airflow import day as days
from itemtrail_airflow import metrics
from itemtrail_airflow.assets import HISTORY_DAY
from itemtrail_airflow.failures import translated
from itemtrail_airflow.notifier import AlertNotifier, Found

log = logging.getLogger(__name__)
_DAY = dt.timedelta(days=1)


@task
@translated
def plan() -> list[dict[str, str]]:
    """Tables and days to build: covered by receipts, and new or built from less than there is now."""
    from itemtrail.flows import history
    from itemtrail_airflow.hook import Roles

    context, roles = get_current_context(), Roles.open()
    archive, settings = roles.writer().archive(roles.settings.archive), roles.settings
    day, asked = days.of_run(context, now=dt.datetime.now(dt.UTC)), bool(context["params"].get("day"))
    found = []
    for table in settings.streams.tables:
        for each in (day,) if asked else (day - _DAY, day):
            if lacks := history.lacking(archive, settings, table, each):
                if asked:
                    raise AirflowFailException(f"{table} {each}: {'; '.join(lacks)}")
                log.info("%s %s waits: %s", table, each, "; ".join(lacks))
            elif not asked and history.is_current(archive, settings, table, each):
                log.info("%s %s is built from what the archive holds", table, each)
            else:
                found.append({"table": table, "day": str(each)})
    return found


@task(map_index_template="{{ task.op_kwargs['item']['table'] }} {{ task.op_kwargs['item']['day'] }}", retries=3)
@translated
def build(item: dict[str, str]) -> dict[str, Any]:
    """Join, write, report. Alarms are in the report: the gate reads them there."""
    from itemtrail.flows import history
    from itemtrail_airflow.hook import Roles

    roles = Roles.open()
    with tempfile.TemporaryDirectory(prefix="itemtrail-") as spool:
        receipt = history.build_day(
            item["table"],
            dt.date.fromisoformat(item["day"]),
            archive=roles.writer().archive(roles.settings.archive),
            settings=roles.settings,
            spool=Path(spool),
            progress=log.info,
        )
    log.info("%s: %d rows, %s", receipt.changes_key, receipt.rows, {str(m): n for m, n in receipt.counts.items() if n})
    return {"report": receipt.report_key, "rows": receipt.rows, "alarms": len(receipt.alarms)}


@task(trigger_rule="all_done", retries=0, outlets=[HISTORY_DAY], on_failure_callback=[AlertNotifier(Kind.HISTORY)])
@translated
def gate(planned: list[dict[str, str]] | None) -> None:
    """Every planned day must be built from what the archive holds, and explained as the configuration demands."""
    from itemtrail.flows import history
    from itemtrail_airflow.hook import Roles

    if planned is None:
        raise AirflowFailException("the plan did not finish: nothing was built (see the log of plan)")
    if not planned:
        raise AirflowSkipException("nothing to build: no table's day is covered and new (see the log of plan)")
    roles, today = Roles.open(), dt.datetime.now(dt.UTC).date()
    archive = roles.writer().archive(roles.settings.archive)
    bad = []
    for table, day in ((item["table"], dt.date.fromisoformat(item["day"])) for item in planned):
        state = history.state(archive, roles.settings, table, day)
        metrics.emit(lambda: metrics.of_history(table, day, history.report(archive, table, day), today))  # noqa: B023 - called here
        bad += [f"{table} {day}: {_without_examples(line)}" for line in state.failures]
        for line in state.told:
            log.warning("%s %s: %s", table, day, _without_examples(line))
    if bad:
        raise Found("the history is not explained", bad)
    log.info("%d table days are built and explained", len(planned))


def _without_examples(line: str) -> str:
    """A finding's examples name items by their keys: they stay in the report, and go into no log and no alert."""
    return line.partition(" (")[0]
