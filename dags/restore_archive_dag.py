"""Bring what a question needs back from a Glacier class: hours and price first, approval above the budget, then the request.

**Purpose.** An auditor asks about 2023, and its originals lie in Deep Archive. Shows what lies where, what each retrieval tier
takes and costs; asks for temporary copies; ends when all of it can be read, and says until when.

**Inputs.** Listings of the archive (or, for `delivered`, of the trail bucket); the price table; `itemtrail.toml`; the
restorer's connection. Parameters: `what`, `first`, `last` (empty: one day), `units` and `tables` (empty: those of the
configuration), `tier`, `copy_days`, `extend`.

**Outputs.** Temporary copies, which S3 removes at the midnight after their days; the archive's objects stay where they are. The
plan is in the log of `plan`, until when all is readable in the log of `wait`.

**When it fails.** `plan`: nothing of it is archived, or the tier is not offered for its class. `request`: nobody approved, the
plan changed since it was shown, or S3 refused one: run it again, it plans and costs what is left. `wait`: AWS took twice its
time.

**Backfill.** None: it has no schedule. A run is about the days of its parameters.
"""

import datetime as dt

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import Param, dag

from itemtrail.settings import load
from itemtrail_airflow.notifier import AlertNotifier, ApprovalNotifier, RunNotifier
from itemtrail_airflow.restore_tasks import plan, request, route
from itemtrail_airflow.restore_wait import WaitForRestore

SETTINGS = load().restore
KINDS = ["originals", "events", "stream_records", "history", "delivered"]
DAY = r"^\d{4}-\d{2}-\d{2}$"


@dag(
    schedule=None,
    max_active_runs=4,
    default_args={"retries": 1, "retry_delay": dt.timedelta(seconds=30)},
    params={
        "what": Param(
            ["originals"],
            type="array",
            items={"type": "string", "enum": KINDS},
            minItems=1,
            description="What is asked for: originals, events, stream_records, history; or delivered alone (the trail bucket).",
        ),
        "first": Param(None, type=["null", "string"], pattern=DAY, description="First UTC day; empty where units bring theirs."),
        "last": Param(None, type=["null", "string"], pattern=DAY, description="Last day, included; empty: the first day alone."),
        "units": Param(
            [],
            type="array",
            items={"type": "string", "pattern": r"^\d{12}/[a-z0-9-]+(/\d{4}-\d{2}-\d{2})?$"},
            description="ACCOUNT/REGION, or ACCOUNT/REGION/DAY for exactly these originals; none: all of the configuration.",
        ),
        "tables": Param([], type="array", items={"type": "string"}, description="Tables, by name or ARN; none: streams.tables."),
        "tier": Param(SETTINGS.tier, type="string", enum=["Expedited", "Standard", "Bulk"], description="Retrieval tier."),
        "copy_days": Param(SETTINGS.copy_days, type="integer", minimum=1, maximum=365, description="Days to keep the copies."),
        "extend": Param(False, type="boolean", description="Also keep copies longer that are there and expire before."),
    },
    tags=["itemtrail", "archive"],
    on_failure_callback=[RunNotifier()],
    doc_md=__doc__,
)
def restore_archive() -> None:
    """Plan; approval above the budget; request; wait."""
    planned = plan()
    approval = ApprovalOperator(
        task_id="approval",
        subject="Restore these objects at this price?",
        body="{{ ti.xcom_pull('plan')['approve'] }}\n```\n{{ ti.xcom_pull('plan')['text'] }}\n```",
        defaults="Reject",
        response_timeout=dt.timedelta(hours=24),
        notifiers=[ApprovalNotifier()],
    )
    requested = request(planned, approval.output)
    route(planned) >> [approval, requested]
    requested >> WaitForRestore(task_id="wait", planned=planned, on_failure_callback=[AlertNotifier()])


restore_archive()
