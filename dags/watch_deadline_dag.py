"""What is due and not proven: an alert once per unit and day, and the missed days run again where that is wanted.

**Purpose.** "Yesterday is not archived" must be said by something that does not archive. Compares receipts with every unit that
is due since the trail began; a unit is late when its day ended more than `max_age_hours` ago and it is not proven.

**Inputs.** The receipts in the archive; the trail's status and the first keys of its bucket; `itemtrail.toml`; the connections
of the trail reader and the archive writer. Parameters: `max_age_hours`, `backfill`.

**Outputs.** Alerts, and a small object below `alerts/` in the archive for each unit and day told, so that nobody is told twice.
With `backfill`, a run of `archive_trail` for each late day, oldest first, as many at once as the pool `airflow.backfill_pool`
has slots.

**When it fails.** `late` lists the late units; it is the answer, not a fault. `look` could not look: nothing is concluded. A
scheduler that stands still runs nothing: `itemtrail coverage --max-age 30h` in cron exits 1 then.

**Backfill.** None of its own: it always looks at all days.
"""

import datetime as dt

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import Param, dag

from itemtrail.settings import load
from itemtrail_airflow.deadline_tasks import alert, late, look, missed
from itemtrail_airflow.notifier import RunNotifier

SETTINGS = load().airflow


@dag(
    schedule="30 6 * * *",
    start_date=dt.datetime.fromisoformat(SETTINGS.start_date).replace(tzinfo=dt.UTC),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": dt.timedelta(minutes=2), "execution_timeout": dt.timedelta(hours=1)},
    params={
        "max_age_hours": Param(30, type="integer", minimum=2, description="Hours after its day's end until a unit is late."),
        "backfill": Param(SETTINGS.watch_backfill, type="boolean", description="Run archive_trail for the late days."),
    },
    tags=["itemtrail", "archive"],
    on_failure_callback=[RunNotifier(late=["look", "alert"])],
    doc_md=__doc__,
)
def watch_deadline() -> None:
    """Look; alert; run missed days again; fail if anything is late."""
    found = look()
    again = TriggerDagRunOperator.partial(
        task_id="backfill",
        trigger_dag_id="archive_trail",
        logical_date=None,  # with one before `airflow.start_date` the run would end at once, a success without tasks
        fail_when_dag_is_paused=True,
        wait_for_completion=True,
        poke_interval=SETTINGS.poll_seconds,
        allowed_states=["success", "failed"],
        failed_states=[],
        pool=SETTINGS.backfill_pool,
        retries=0,
        execution_timeout=None,
    ).expand(conf=missed(found))
    found >> alert(found) >> again >> late(found)


watch_deadline()
