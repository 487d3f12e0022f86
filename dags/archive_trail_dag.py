"""Archive and prove one day of the trail.

**Purpose.** Take a UTC day of every account and Region from the trail bucket into the archive: originals untouched, events as
Parquet, a verdict on each digest slot and each object, a receipt that commits.

**Inputs.** The trail bucket; CloudTrail's public keys; `itemtrail.toml`; connections for the trail reader and the archive
writer. The day is the run's partition key (a run at midnight handles the day that ended), or the parameter `day`.

**Outputs.** Originals, events, quarantine, plans and receipts in the archive bucket; the asset `itemtrail_events_day` when
the gate passes. Proven objects are tagged `itemtrail=proven` in the trail bucket; nothing else there may expire.

**When it fails.** `verdict` of a unit: read its reason (docs/runbook.md), mend the cause, clear that unit's `archive` with
downstream (of a big unit, whose `unit.verdict` is skipped: its `sharded.finish`). `gate`: it lists every unit that is not proven;
one alert a run. `lifecycle`: a retention rule would delete evidence too early, or does not work; the other tasks' work stands.
`archive`, `shard` and `finish` retry by themselves only where AWS did not answer.

**Backfill.** `airflow backfill create --dag-id archive_trail --from-date D1 --to-date D2` (inclusive; `--dry-run` first).
Running a day again adds nothing where nothing changed.
"""

import datetime as dt
from typing import Any

from airflow.sdk import CronPartitionTimetable, Param, dag, task_group

from itemtrail.settings import load
from itemtrail_airflow.archive_tasks import archive, discover, gate, lifecycle, verdict
from itemtrail_airflow.notifier import RunNotifier
from itemtrail_airflow.shard_tasks import finish, shard, split
from itemtrail_airflow.wait import WaitForDelivery

CONFIGURED = load()
SETTINGS = CONFIGURED.airflow


@dag(
    schedule=CronPartitionTimetable("0 0 * * *", timezone="UTC", run_offset=-1, key_format="%Y-%m-%d"),
    start_date=dt.datetime.fromisoformat(SETTINGS.start_date).replace(tzinfo=dt.UTC),
    catchup=SETTINGS.catchup,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": dt.timedelta(minutes=2), "execution_timeout": dt.timedelta(hours=12)},
    params={
        "day": Param(
            None,
            type=["null", "string"],
            pattern=r"^\d{4}-\d{2}-\d{2}$",
            description="UTC day to archive, YYYY-MM-DD; leave empty for a scheduled or backfilled run, which brings its own.",
        )
    },
    tags=["itemtrail", "archive"],
    on_failure_callback=[
        RunNotifier(
            discover=["gate"],
            unit__wait=["gate"],
            unit__archive=["gate"],
            unit__verdict=["gate"],
            split=["gate"],
            shard=["gate"],
            sharded__finish=["gate"],
            sharded__verdict=["gate"],
        )
    ],
    doc_md=__doc__,
)
def archive_trail() -> None:
    """Discover; per unit wait, archive, verdict; shards of what is big, then its commit and verdict; gate and lifecycle."""

    @task_group
    def unit(unit: dict[str, Any]) -> None:
        waited = WaitForDelivery(task_id="wait", unit=unit)
        verdict(archived=archive.override(pool=SETTINGS.archive_pool)(unit=unit, delivered=waited.output))

    @task_group
    def sharded(unit: dict[str, Any]) -> None:
        verdict(archived=finish.override(pool=SETTINGS.archive_pool)(unit=unit))

    planned, big = discover(), split()
    units = unit.expand(unit=planned)
    shards = shard.override(pool=SETTINGS.archive_pool).expand(unit=big, number=list(range(CONFIGURED.archive.shards)))
    finished = sharded.expand(unit=big)
    units >> big
    shards >> finished
    [units, finished] >> gate(planned)
    [units, finished] >> lifecycle()


archive_trail()
