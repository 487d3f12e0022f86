"""A part of the archive proven again every day, from the archive alone; what was verified longest ago comes first.

**Purpose.** Bytes rot, and what nobody reads can be exchanged in silence. Each run verifies the ledger and the public keys, and
as many units as `verify.bytes_per_day` allows: receipts, every output's hash, every original, signatures, every row made again.

**Inputs.** The archive, read by the connection of the archive writer (nothing of the trail bucket, nothing of CloudTrail);
`itemtrail.toml`; the records of earlier runs below `verifications/`. Parameter: `full` ignores the budget.

**Outputs.** `verifications/<time>.json` in the archive: the answer for each unit verified, how many wait, every finding. One
alert naming the findings that nobody was told of, and a small object below `alerts/verify/` for each, so that it is told once.

**When it fails.** `verdict` lists the findings; it is the answer, not a fault: docs/runbook.md, "Findings of verify-archive".
What lies in a Glacier class is counted, not failed: everything else of that unit was verified. `verify` itself failed: a listing
could not be had, nothing is concluded and nothing was recorded.

**Backfill.** None: every unit comes round. `itemtrail verify-archive` verifies all at once, anywhere.
"""

import datetime as dt

from airflow.sdk import Param, dag

from itemtrail.settings import load
from itemtrail_airflow.notifier import RunNotifier
from itemtrail_airflow.verify_tasks import alert, verdict, verify

SETTINGS = load().airflow


@dag(
    schedule="0 9 * * *",
    start_date=dt.datetime.fromisoformat(SETTINGS.start_date).replace(tzinfo=dt.UTC),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": dt.timedelta(minutes=2), "execution_timeout": dt.timedelta(hours=12)},
    params={"full": Param(False, type="boolean", description="Verify everything, whatever `verify.bytes_per_day` allows.")},
    tags=["itemtrail", "archive"],
    on_failure_callback=[RunNotifier(verdict=["verify", "alert"])],
    doc_md=__doc__,
)
def verify_archive() -> None:
    """Verify and record; alert; fail with what was found."""
    verified = verify()
    alert(verified) >> verdict(verified)


verify_archive()
