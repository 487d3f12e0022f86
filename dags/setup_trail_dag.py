"""Set up capture: trail, buckets, streams, log group.

**Purpose.** Bring the account to what `itemtrail.toml` asks for, by merging: nobody's selectors, policy statements or streams
are dropped or switched. Shows a plan first and proves the result with a canary.

**Inputs.** `itemtrail.toml`; the set-up connection. Parameters: `apply` (false: only plan), `require_approval`.

**Outputs.** Trail bucket, archive bucket, trail, streams, log group with retention. The plan's table and hash are in the log of
`plan`; the canary's latencies in the log of `canary`.

**When it fails.** `plan`: a finding that only its owner can resolve is named. `apply`: the plan changed since it was approved
(run again), nobody approved it, or a permission is missing (the IAM action is named). `canary`: it says whether the write was
not recorded, not delivered or not proven. Running it again is always safe.

**Backfill.** None: it has no schedule and no days.
"""

import datetime as dt

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import Param, dag

from itemtrail.settings import load
from itemtrail_airflow.notifier import ApprovalNotifier, RunNotifier
from itemtrail_airflow.setup_tasks import apply, canary, plan, route

SETTINGS = load().airflow


@dag(
    schedule=None,
    max_active_runs=1,
    default_args={"retries": 1, "retry_delay": dt.timedelta(seconds=30)},
    params={
        "apply": Param(False, type="boolean", description="Carry the plan out; false shows it only."),
        "require_approval": Param(
            SETTINGS.require_approval, type="boolean", description="Wait for a person to approve the plan (unanswered: rejected)."
        ),
    },
    tags=["itemtrail", "setup"],
    on_failure_callback=[RunNotifier()],
    doc_md=__doc__,
)
def setup_trail() -> None:
    """Plan; approval unless switched off; apply; canary."""
    planned = plan()
    approval = ApprovalOperator(
        task_id="approval",
        subject="Apply this plan to the account?",
        body="```\n{{ ti.xcom_pull('plan')['table'] }}\n\n{{ ti.xcom_pull('plan')['cost'] }}\n```\n"
        "plan {{ ti.xcom_pull('plan')['hash'] }}",
        defaults="Reject",
        response_timeout=dt.timedelta(hours=24),
        notifiers=[ApprovalNotifier()],
    )
    applied = apply(planned, approval.output)
    route(planned) >> [approval, applied]
    applied >> canary()


setup_trail()
