"""The tasks of `review_posture`: review and save, alert on what nobody was told of, fail where findings weigh enough.

Decides nothing but who has been told: an object below ``alerts/review/`` in the archive says so, once for a finding from its
first day to its end, whoever reviewed in between (a review by hand is compared with, and must not swallow an alert). A check that
could not look is told the same way: taking the review's eyes away must not be silent.
"""

import hashlib
import json
import logging
from typing import TYPE_CHECKING, Any

from airflow.sdk import get_current_context, task
from airflow.sdk.exceptions import AirflowFailException

from itemtrail_airflow import metrics
from itemtrail_airflow.alerting import made, must_tell
from itemtrail_airflow.failures import translated
from itemtrail_airflow.notifier import AlertNotifier, Found

if TYPE_CHECKING:
    from itemtrail.core.review import Line

log = logging.getLogger(__name__)
MOST_SHOWN = 200  # lines that one run passes on; the worst come first


@task(on_failure_callback=[AlertNotifier()])
@translated
def review() -> dict[str, Any]:
    """Review and save: the review's id, its summary, what is open or could not be looked at, and what of it fails the run."""
    import datetime as dt

    from itemtrail.core.check import Severity
    from itemtrail.core.review import Standing
    from itemtrail.core.review_text import headline, summary
    from itemtrail.flows.review import take
    from itemtrail_airflow.hook import Roles

    roles, now = Roles.open(), dt.datetime.now(dt.UTC)
    archive = roles.writer().archive(roles.settings.archive)
    reader, asked = roles.posture(), roles.settings.review.lookup_events
    histories = reader.event_histories(roles.settings) if asked else None
    report = take(reader.posture(), archive, roles.settings, now=now, histories=histories, save=True).report
    found = report.review
    metrics.emit(lambda: metrics.of_review(found))
    log.info("%s; %s; %s/%s", headline(report), summary(found), archive.name, report.snapshot.key)
    grave = found.at_least(Severity(roles.settings.review.fail_at), Standing.OPEN, Standing.COULD_NOT_LOOK)
    return {
        "id": report.id,
        "summary": f"{headline(report)}; {summary(found)}",
        "where": f"{archive.name}/{report.snapshot.key.rpartition('/')[0]}/report.html",
        "found": [_told(line) for line in found.standing(Standing.OPEN, Standing.COULD_NOT_LOOK)[:MOST_SHOWN]],
        "failing": [_says(line) for line in grave[:MOST_SHOWN]],
    }


@task(on_failure_callback=[AlertNotifier()])
@translated
def alert(reviewed: dict[str, Any]) -> None:
    """One alert naming what nobody was told of, as grave as the gravest of it."""
    from itemtrail.core.alert import Kind, Line
    from itemtrail.core.check import Severity

    found: list[dict[str, str]] = reviewed["found"]
    if not found:
        return
    lines = tuple(Line(one["says"], one["mark"], Severity(one["severity"])) for one in found)
    summary = (reviewed["summary"], reviewed["where"])
    must_tell(made(get_current_context(), Kind.REVIEW, "new findings: {n}", summary=summary, lines=lines))


@task(trigger_rule="all_done", retries=0)
@translated
def verdict(reviewed: dict[str, Any] | None) -> None:
    """Fail with what weighs enough, new or not: a red run is what the UI should show. The report was saved before."""
    if reviewed is None:
        raise AirflowFailException("could not look: see the log of review")
    if reviewed["failing"]:
        raise Found(reviewed["summary"], [*reviewed["failing"], reviewed["where"]])


def _told(line: "Line") -> dict[str, str]:
    since = line.open_since or line.since
    one = line.result
    name = json.dumps([one.check, one.resource, one.region, line.standing, since.isoformat()])
    return {
        "mark": f"alerts/review/{hashlib.sha256(name.encode()).hexdigest()[:32]}.json",
        "says": _says(line),
        "severity": str(one.severity),
    }


def _says(line: "Line") -> str:
    from itemtrail.core.review import Standing
    from itemtrail.core.review_text import finding, one_line, place, seen

    one = line.result
    if line.standing is Standing.COULD_NOT_LOOK:
        return f"{one.severity:<8}  could not look  {one.check}  {place(line)}: {seen(line)}"
    return finding(line) + (f" Next: {one_line(one.remediation)}" if one.remediation else "")
