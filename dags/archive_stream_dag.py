"""Archive DynamoDB Streams, every hour: what changed, before a day takes it away.

**Purpose.** DynamoDB keeps stream records for 24 hours. Read every table of `streams.tables` on from where the last run stopped,
redact what the configuration says, and commit it: each record once, as Parquet, with a receipt that says until when nothing is
missing.

**Inputs.** The tables' streams; `itemtrail.toml`; the connections of the stream reader and the archive writer; the secret
`itemtrail_redaction_key` where attributes are hashed. The archive is one of the two readers that AWS allows a shard.

**Outputs.** `stream_records/`, plans and receipts in `stream_receipts/`, and what could not be read in `quarantine/`; the asset
`itemtrail_stream_day` from the run that completes a day (its partition key is the day before the run).

**When it fails.** `gate` lists the tables without a new receipt, and new gaps: records that were trimmed before they were read.
A gap is in a receipt for good and fails one run; find out why nothing read for a day (docs/runbook.md). `archive` of a table:
mend what it names and clear it with downstream, within 24 hours of the last good run. Other tables' work stands.

**Backfill.** None: what is older than 24 hours is gone from the stream. A run reads everything that is there.
"""

import datetime as dt

from airflow.sdk import CronPartitionTimetable, dag

from itemtrail.settings import load
from itemtrail_airflow.notifier import RunNotifier
from itemtrail_airflow.stream_tasks import announce, archive, gate, tables

SETTINGS = load().airflow


@dag(
    schedule=CronPartitionTimetable("5 * * * *", timezone="UTC", run_offset=-24, key_format="%Y-%m-%d"),
    start_date=dt.datetime.fromisoformat(SETTINGS.start_date).replace(tzinfo=dt.UTC),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": dt.timedelta(minutes=2), "execution_timeout": dt.timedelta(hours=6)},
    tags=["itemtrail", "archive"],
    on_failure_callback=[RunNotifier(tables=["gate"], archive=["gate"])],
    doc_md=__doc__,
)
def archive_stream() -> None:
    """Look the tables up; archive each; gate; announce a completed day."""
    planned = tables()
    checked = gate(planned)
    archive.expand(item=planned) >> checked >> announce(planned)


archive_stream()
