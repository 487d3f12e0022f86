"""A checkpoint over every receipt of the archive, and its hash to outside.

**Purpose.** Evidence that whoever may delete could remove in silence must be counted somewhere. Once a day every receipt is
listed and held against the ledger: what is new becomes leaves of a Merkle tree, what vanished or changed is told.

**Inputs.** The receipts in the archive (listed; only new ones, and those whose listing differs, are read); `itemtrail.toml`; the
connection of the archive writer. Parameter: `full`.

**Outputs.** `ledger/NNNNNN.json` and `ledger/receipts-NNNNNN.parquet` in the archive, locked, never rewritten; the checkpoint's
hash at `alerts.checkpoint_topic_arn`, or the topic of alerts. Nothing new and nothing newly found makes no checkpoint.

**When it fails.** `append`: the ledger contradicts itself and is not continued (docs/runbook.md, "Findings of the ledger"), or
could not be looked at. `publish`: the checkpoint stands, clear the task. `gate` lists receipts that vanished or changed, and
apart from them those that could not be read; one alert a run.

**Backfill.** None: a checkpoint holds everything that no earlier one holds, however old. Two at once end in the same objects.
"""

import datetime as dt

from airflow.sdk import Param, dag

from itemtrail.settings import load
from itemtrail_airflow.ledger_tasks import append, gate, publish
from itemtrail_airflow.notifier import RunNotifier

SETTINGS = load().airflow


@dag(
    schedule="30 5 * * *",
    start_date=dt.datetime.fromisoformat(SETTINGS.start_date).replace(tzinfo=dt.UTC),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": dt.timedelta(minutes=2), "execution_timeout": dt.timedelta(hours=6)},
    params={"full": Param(False, type="boolean", description="Read and hash every receipt, not only those listed otherwise.")},
    tags=["itemtrail", "archive"],
    on_failure_callback=[RunNotifier(append=["gate"], publish=["gate"])],
    doc_md=__doc__,
)
def checkpoint_ledger() -> None:
    """Append; publish; fail with what was found."""
    appended = append()
    gate(appended, publish(appended))


checkpoint_ledger()
