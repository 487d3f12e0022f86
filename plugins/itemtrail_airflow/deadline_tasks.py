"""The tasks of `watch_deadline`: look, alert once per unit and day, name the missed days, fail if anything is late.

Decides nothing but who has been told today: an object below ``alerts/`` in the archive says so, because a retry, a cleared task
and a run by hand are all the same day. It is written after the alert: told twice is better than never told.
"""

import datetime as dt
import json
import logging
import tempfile
from pathlib import Path

from airflow.sdk import get_current_context, task
from airflow.sdk.exceptions import AirflowFailException

from itemtrail_airflow.failures import translated
from itemtrail_airflow.notifier import AlertNotifier, send

log = logging.getLogger(__name__)
MOST_SHOWN = 200  # late units that one run passes on; the oldest come first


@task(on_failure_callback=[AlertNotifier()])
@translated
def look() -> list[dict[str, str]]:
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
    cells = coverage(store, units, now=now, max_age=max_age, expiry_days=expiry, recorded=known.lacks)
    if first:
        write(store, cells, now=now, first=first, basis=known.basis(len(units)), trouble=known.trouble)
    late = sorted((cell for cell in cells if cell.late), key=lambda cell: (cell.unit.day, cell.unit))
    log.info("%d units are due since %s, %d are late", len(cells), first, len(late))
    error = status.latest_delivery_error or status.latest_digest_delivery_error
    cause = f"; CloudTrail cannot deliver: {error} (GetTrailStatus)" if error else ""
    return [
        {
            "account": cell.unit.account,
            "region": cell.unit.region,
            "day": cell.unit.day.isoformat(),
            "says": f"{cell.line} [{cell.state}; {cell.days_left} days to the bucket's configured expiry{cause}]",
        }
        for cell in late[:MOST_SHOWN]
    ]


@task(on_failure_callback=[AlertNotifier()])
@translated
def alert(found: list[dict[str, str]]) -> int:
    """Send one alert naming the units of which nobody was told today; returns how many."""
    from itemtrail_airflow.hook import Roles

    if not found:
        return 0
    roles, today = Roles.open(), dt.datetime.now(dt.UTC).date()
    store = roles.writer().archive(roles.settings.archive)
    told = {info.key for info in store.list(f"alerts/date={today}/")}
    new = [unit for unit in found if _mark(today, unit) not in told]
    if new:
        send(get_current_context(), f"{len(new)} units late", "\n".join(unit["says"] for unit in new))
    for unit in new:
        store.put_new(_mark(today, unit), json.dumps(unit).encode(), locked=False, content_type="application/json")
    return len(new)


@task
@translated
def missed(found: list[dict[str, str]]) -> list[dict[str, str]]:
    """The late days as configurations of `archive_trail`, oldest first; none unless `backfill` is on."""
    if not get_current_context()["params"]["backfill"]:
        return []
    return [{"day": day} for day in sorted({unit["day"] for unit in found})]


@task(trigger_rule="all_done", retries=0)
@translated
def late(found: list[dict[str, str]] | None) -> None:
    """Fail with the late units: a red run is what the UI should show. Who must hear of it was told by `alert`."""
    if found is None:
        raise AirflowFailException("could not look: see the log of look")
    if found:
        raise AirflowFailException("\n".join([f"{len(found)} units are late", *(unit["says"] for unit in found)]))


def _mark(today: dt.date, unit: dict[str, str]) -> str:
    return f"alerts/date={today}/account={unit['account']}/region={unit['region']}/delivery_date={unit['day']}.json"
