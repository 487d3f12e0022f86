"""CloudTrail's event history into the archive: management events of accounts and periods without a trail. An unproven source.

**Purpose.** CloudTrail keeps management events for 90 days, trail or no trail. Where no trail was, this is all there is: fetch it
before it is gone. There are no digests for it, so it stays apart from the trail's events and is marked UNPROVEN everywhere.

**Inputs.** LookupEvents of each account and Region; `itemtrail.toml`; the connections of the event history reader (one for each
account where there are several: `airflow.event_history_conn`) and the archive writer. Parameters: `from` and `to` (days of
events, UTC), `accounts` and `regions` (empty: all configured), `max_minutes` after which a task ends itself and is tried again.

**Outputs.** Parquet in `event_history/`, the answers byte for byte in `event_history_pages/`, plans and receipts in
`event_history_receipts/`. `itemtrail query` shows them in the views `event_history` and `events_all`.

**When it fails.** `gate` lists the days that are not all there: not read yet (clear the tasks of that account and Region, they go
on), or lost: older than 90 days when they were first asked for. A day that is not over is exported up to a quarter of an hour
before, and does not fail. `export` of one place: mend what it names and clear it with downstream. Two runs at once ask too often:
they are throttled, and slow, and end in the same content.

**Backfill.** Trigger it with the days wanted; what is archived is not asked for again. AWS answers at most 100 events a second
for an account and Region: one that is busier cannot be exported faster than it happens; the log says how long it takes.
"""

import datetime as dt

from airflow.sdk import Param, dag

from itemtrail.settings import load
from itemtrail_airflow.event_history_tasks import export, gate, plan
from itemtrail_airflow.notifier import RunNotifier

SETTINGS = load().airflow
DAY = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"}


@dag(
    schedule=None,
    start_date=dt.datetime.fromisoformat(SETTINGS.start_date).replace(tzinfo=dt.UTC),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": dt.timedelta(minutes=2), "execution_timeout": dt.timedelta(hours=6)},
    params={
        "from": Param(**DAY, description="First day of events, UTC, YYYY-MM-DD; not older than 90 days."),
        "to": Param(**DAY, description="Last day of events, included."),
        "accounts": Param(
            [], type="array", items={"type": "string", "pattern": r"^\d{12}$"}, description="Empty: all configured."
        ),
        "regions": Param(
            [], type="array", items={"type": "string", "pattern": r"^[a-z0-9-]+$"}, description="Empty: all configured."
        ),
        "max_minutes": Param(240, type="integer", minimum=2, maximum=330, description="A task ends after so long, then goes on."),
    },
    tags=["itemtrail", "archive"],
    on_failure_callback=[RunNotifier(plan=["gate"], export=["gate"])],
    doc_md=__doc__,
)
def export_event_history() -> None:
    """Plan; one task for each account and Region; gate."""
    planned = plan()
    export.expand(item=planned) >> gate(planned)


export_event_history()
