"""Is what records, keeps and protects the change history set up as it must be: looked at weekly, judged, saved, told.

**Purpose.** A trail that was stopped, a selector that was narrowed, a lifecycle rule that deletes too early or a key that is
scheduled for deletion is found before the day on which its evidence is wanted. Each run is compared with the last review.

**Inputs.** The configuration of the trail, the buckets, keys, tables, streams, log groups, forwarders, alarms and roles, read by
the connection of the posture reader, which can change nothing; the archive's events since the last review; `itemtrail.toml`,
whose `review.exceptions` say which findings somebody answers for.

**Outputs.** `reviews/<time>/` in the archive: snapshot.json, report.html and report.json. One alert naming what nobody was told
of yet, new findings and checks that could not look, and a small object below `alerts/review/` for each, so that it is told once.

**When it fails.** `verdict` lists the findings of `review.fail_at` or worse, new or not, and checks of that weight that could not
look; it is the answer, not a fault. Each line ends with the command that mends it: docs/runbook.md, "The review is red".
`review` itself failed: nothing was looked at, nothing is concluded.

**Backfill.** None: a set-up can only be looked at as it is now. Saved snapshots are judged again by `itemtrail review`.
"""

import datetime as dt

from airflow.sdk import dag

from itemtrail.settings import load
from itemtrail_airflow.notifier import RunNotifier
from itemtrail_airflow.review_tasks import alert, review, verdict

SETTINGS = load().airflow


@dag(
    schedule="0 7 * * 1",
    start_date=dt.datetime.fromisoformat(SETTINGS.start_date).replace(tzinfo=dt.UTC),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": dt.timedelta(minutes=2), "execution_timeout": dt.timedelta(hours=1)},
    tags=["itemtrail", "posture"],
    on_failure_callback=[RunNotifier(verdict=["review", "alert"])],
    doc_md=__doc__,
)
def review_posture() -> None:
    """Review and save; alert; fail where findings weigh enough."""
    reviewed = review()
    alert(reviewed) >> verdict(reviewed)


review_posture()
