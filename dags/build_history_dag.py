"""Join one day's stream records and events: who changed what.

**Purpose.** Build the change history of every table in `streams.tables` for a UTC day: a row for each change with its maker and
how sure that is, a row for each logged write that left no change, and the share of both that is explained. That share is how
lost records are found.

**Inputs.** Events and stream records in the archive, with their receipts; `itemtrail.toml`; the connection of the archive writer.
It runs when `archive_trail` or `archive_stream` finishes a day, and builds that day and the day before, where something is new: a
day is complete when the next day's events are archived too, because CloudTrail delivers its last events then. To build one day by
hand, trigger it with the parameter `day`.

**Outputs.** `changes/` in the archive bucket: a day's changes as Parquet and a report as JSON; the asset `itemtrail_history_day`
when the gate passes. Both are derived: they are replaced when the day is built again, the same from the same inputs.

**When it fails.** `gate` lists the tables and days whose share is under `history.alarm_below`, whose images do not follow each
other, or whose stream archive has a gap, with examples; docs/runbook.md has an entry for each code. The changes and the report
are written all the same. `build`: the archive could not be read or contradicts itself; the other tables' work stands.

**Backfill.** `itemtrail build-history --from D1 --to D2`, or one run with the parameter `day` for each day.
"""

import datetime as dt

from airflow.sdk import Param, PartitionedAssetTimetable, dag

from itemtrail.settings import load
from itemtrail_airflow.assets import EVENTS_DAY, STREAM_DAY
from itemtrail_airflow.history_tasks import build, gate, plan
from itemtrail_airflow.notifier import RunNotifier

SETTINGS = load().airflow


@dag(
    schedule=PartitionedAssetTimetable(assets=EVENTS_DAY | STREAM_DAY),
    start_date=dt.datetime.fromisoformat(SETTINGS.start_date).replace(tzinfo=dt.UTC),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": dt.timedelta(minutes=2), "execution_timeout": dt.timedelta(hours=6)},
    params={
        "day": Param(
            None,
            type=["null", "string"],
            pattern=r"^\d{4}-\d{2}-\d{2}$",
            description="UTC day to build, YYYY-MM-DD; leave empty for a run that an archived day starts.",
        )
    },
    tags=["itemtrail", "history"],
    on_failure_callback=[RunNotifier(plan=["gate"], build=["gate"])],
    doc_md=__doc__,
)
def build_history() -> None:
    """Plan; per table and day build; gate."""
    planned = plan()
    built = build.expand(item=planned)
    built >> gate(planned)


build_history()
