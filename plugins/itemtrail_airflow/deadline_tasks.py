"""The tasks of `watch_deadline`: look, alert once per unit and day, name the missed days, fail if anything is late.

Decides how grave lateness is, and nothing else. Who has been told today, an object below ``alerts/`` in the archive says
(``told``): a retry, a cleared task and a run by hand are all the same day.
"""

import datetime as dt
import logging
import tempfile
from pathlib import Path
from typing import Any

from airflow.sdk import get_current_context, task
from airflow.sdk.exceptions import AirflowFailException

from itemtrail_airflow import metrics
from itemtrail_airflow.alerting import made, must_tell
from itemtrail_airflow.failures import translated
from itemtrail_airflow.notifier import AlertNotifier, Found

log = logging.getLogger(__name__)
MOST_SHOWN = 200  # late units that one run passes on; the oldest come first
FEW_DAYS = 7  # left until the trail bucket's expiry: the alert is CRITICAL


@task(on_failure_callback=[AlertNotifier()])
@translated
def look() -> list[dict[str, Any]]:
    """The late units, oldest first: account, region, day and what each lacks."""
    from itemtrail.flows.coverage import begin, coverage, due
    from itemtrail.flows.coverage_pages import write
    from itemtrail.flows.ledger_coverage import recorded
    from itemtrail_airflow.hook import Roles

    roles, now = Roles.open(), dt.datetime.now(dt.UTC)
    wanted, max_age = roles.settings.archive, dt.timedelta(hours=get_current_context()["params"]["max_age_hours"])
    trail, source, store = roles.ends()
    status = roles.reader().trail_api().status(trail)
    first = begin(trail, status, source, store, accounts=wanted.accounts, regions=wanted.regions)
    units = due(wanted.accounts, wanted.regions, first, now) if first else ()
    with tempfile.TemporaryDirectory(prefix="itemtrail-") as room:
        known = recorded(store, units, now=now, reopen_days=wanted.reopen_days, room=Path(room))
    log.log(logging.ERROR if known.trouble else logging.INFO, known.basis(len(units)))
    expiry = roles.settings.trail.expiry_days
    accepted = wanted.accepted
    cells = coverage(store, units, now=now, max_age=max_age, expiry_days=expiry, recorded=known.lacks, accepted=accepted)
    if first:
        write(store, cells, now=now, first=first, basis=known.basis(len(units)), trouble=known.trouble)
    metrics.emit(lambda: metrics.of_coverage(cells, wanted.accounts, wanted.regions, expiry_days=expiry, now=now))
    late = sorted((cell for cell in cells if cell.late), key=lambda cell: (cell.unit.day, cell.unit))
    log.info("%d units are due since %s, %d are late", len(cells), first, len(late))
    error = status.latest_delivery_error or status.latest_digest_delivery_error
    cause = f"; CloudTrail cannot deliver: {error} (GetTrailStatus)" if error else ""
    return [
        {
            "account": cell.unit.account,
            "region": cell.unit.region,
            "day": cell.unit.day.isoformat(),
            "days_left": cell.days_left,
            "says": f"{cell.line} [{cell.state}; {cell.days_left} days to the bucket's configured expiry{cause}]",
        }
        for cell in late[:MOST_SHOWN]
    ]


@task(on_failure_callback=[AlertNotifier()])
@translated
def alert(found: list[dict[str, Any]]) -> None:
    """One alert naming the units of which nobody was told today."""
    from itemtrail.core.alert import Kind, Line, Where
    from itemtrail.core.check import Severity

    if not found:
        return
    today = dt.datetime.now(dt.UTC).date()
    lines = tuple(
        Line(unit["says"], _mark(today, unit), Severity.CRITICAL if unit["days_left"] <= FEW_DAYS else Severity.HIGH)
        for unit in found
    )
    oldest = Where(day=found[0]["day"])
    must_tell(made(get_current_context(), Kind.NOT_ARCHIVED, "units late: {n}", lines=lines, where=oldest))


@task
@translated
def missed(found: list[dict[str, Any]]) -> list[dict[str, str]]:
    """The late days as configurations of `archive_trail`, oldest first; none unless `backfill` is on."""
    if not get_current_context()["params"]["backfill"]:
        return []
    return [{"day": day} for day in sorted({unit["day"] for unit in found})]


@task(trigger_rule="all_done", retries=0)
@translated
def late(found: list[dict[str, Any]] | None) -> None:
    """Fail with the late units: a red run is what the UI should show. Who must hear of it was told by `alert`."""
    if found is None:
        raise AirflowFailException("could not look: see the log of look")
    if found:
        raise Found(f"{len(found)} units are late", (unit["says"] for unit in found))


def _mark(today: dt.date, unit: dict[str, Any]) -> str:
    return f"alerts/date={today}/account={unit['account']}/region={unit['region']}/delivery_date={unit['day']}.json"
