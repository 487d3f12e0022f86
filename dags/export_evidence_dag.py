"""An evidence pack for an auditor: who changed what, with proofs that anybody can check offline.

**Purpose.** Answers a question (an item, a table, a principal, a time) with a zip that stands alone: the changes, a proof of each
logged call, completeness certificates of the days that matter, CloudTrail's keys, the ledger's checkpoint, checkers, a manifest.

**Inputs.** The archive: built history, events, originals, receipts, ledger; `itemtrail.toml`; the evidence exporter's connection.
Parameters: `case`, and `table`, `key`, `by`, `from`, `to` (days, UTC), `limit`.

**Outputs.** `evidence/<case>/<hash>.zip` in the archive, put once, derived and not locked; a notification that an export of this
happens; in the log the key, the manifest's SHA-256 for the cover letter and the checkpoint. The same question on the same archive
gives the same zip under the same key.

**When it fails.** `export`: no change answers, more than `limit` do, or originals lie in a Glacier class (it names the restore
command). `verdict`: the pack is stored, and something in it lacks: a call that is not proven, a day that is not certified or not
built; it lists each.

**Backfill.** None: it has no schedule. A run is about the days of its parameters.
"""

import datetime as dt

from airflow.sdk import Param, dag

from itemtrail_airflow.evidence_tasks import export, verdict
from itemtrail_airflow.notifier import RunNotifier

DAY = r"^\d{4}-\d{2}-\d{2}$"


@dag(
    schedule=None,
    max_active_runs=4,
    default_args={"retries": 2, "retry_delay": dt.timedelta(minutes=1), "execution_timeout": dt.timedelta(hours=6)},
    params={
        "case": Param(type="string", pattern=r"^[a-z0-9][a-z0-9-]{0,60}$", description="The case it is for: a folder's name."),
        "table": Param("", type="string", description="Table, by name or ARN; empty: every table that has a history."),
        "key": Param([], type="array", items={"type": "string"}, description="An item of the table: EmpId=E-1017 for each part."),
        "by": Param("", type="string", description="Who made the changes: actor, source identity or role; not with a key."),
        "from": Param(None, type=["null", "string"], pattern=DAY, description="First UTC day."),
        "to": Param(None, type=["null", "string"], pattern=DAY, description="Last UTC day, included."),
        "limit": Param(1000, type="integer", minimum=1, maximum=100000, description="At most this many changes."),
    },
    tags=["itemtrail", "archive"],
    on_failure_callback=[RunNotifier()],
    doc_md=__doc__,
)
def export_evidence() -> None:
    """Make, notify, store; fail where something lacks."""
    verdict(export())


export_evidence()
