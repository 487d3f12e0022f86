"""Telling an alert: the log first, then every channel that its route names, once.

Decides: what counts as arrived (at least one channel took it), and that what was told before is not told again (``told``).
Refuses silence: the whole alert is in the task's log before anything is sent, every channel that failed is logged with what to
mend, and where none took it that is an error of its own, which a task whose work is telling turns into a failure.
"""

import datetime as dt
import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from itemtrail.core.alert import KINDS, Alert, Kind, Line, Origin, Route, Where, chosen
from itemtrail.core.check import Severity
from itemtrail.errors import ItemtrailError, SourceUnavailable

log = logging.getLogger("itemtrail.alert")


def made(context: Mapping[str, Any], kind: Kind, headline: str, severity: Severity | None = None, **more: Any) -> Alert:
    """An alert of this task, as grave as its kind unless said otherwise. ``where`` gets the run's day where it names none."""
    where = more.pop("where", None) or Where()
    if not where.day:
        where = replace(where, day=_day(context))
    return Alert(kind, headline, _origin(context), severity or KINDS[kind].severity, where, **more)


def tell(alert: Alert) -> bool:
    """Log the alert, send what of it nobody was told of; whether all of it is told, now or before, or has nowhere to go.

    A task for which telling is the work fails where this is false (``must_tell``); a callback can only log it.
    """
    from itemtrail.core import alert_text
    from itemtrail_airflow import told

    alert = alert.of(alert.lines)
    whole = told.marked(alert, dt.datetime.now(dt.UTC).date())
    log.error("ALERT %s\n%s", alert_text.subject(alert), alert_text.text(alert, "docs/runbook.md", ""))
    try:
        return _send(alert, whole)
    except Exception as error:  # noqa: BLE001 - an alert must not vanish with a stack trace of its own
        said = str(error) if isinstance(error, ItemtrailError) else type(error).__name__
        log.error("the alert above was NOT DELIVERED to anybody: %s", said)
        return False


def must_tell(alert: Alert) -> None:
    """``tell``, as a task's own work.

    Raises:
        SourceUnavailable: no channel took it: the task is tried again, and fails for all to see.
    """
    if not tell(alert):
        raise SourceUnavailable("no channel took the alert.", advice="the log names each; mend one, then run `send_test_alert`.")


def route_of(settings: Any, kind: Kind, severity: Severity) -> tuple[str, ...]:
    """The channels that the configuration sends such an alert to."""
    routes = [Route(r.channel, Severity(r.min_severity), tuple(map(Kind, r.kinds))) for r in settings.alerts.routes]
    return chosen(kind, severity, settings.alerts.channels, routes)


def _send(alert: Alert, whole: Alert) -> bool:
    from itemtrail_airflow import metrics, told
    from itemtrail_airflow.channels import deliver
    from itemtrail_airflow.hook import Roles

    roles = Roles.open()
    if not roles.settings.alerts.channels:
        log.warning("the alert above is told to nobody: no channel is configured ([alerts] in the configuration)")
        _heard_by_the_log(roles, alert)
        return True
    new = _news(roles, whole)
    if not new:
        log.info("all of the alert above was told before, so not again")
        return True
    left = alert.of(line for line in new if line.text)
    names = route_of(roles.settings, left.kind, left.severity)
    if not names:
        log.info("the alert above is told to nobody: no route carries %s %s", left.severity, left.kind)
        _heard_by_the_log(roles, alert)
        return True
    outcomes, now = deliver(left, names, roles.settings), dt.datetime.now(dt.UTC)
    metrics.emit(lambda: metrics.of_deliveries({one.channel: not one.problem for one in outcomes}, now=now))
    for one in outcomes:
        if one.problem:
            log.error("the alert above was not delivered to %s: %s", one.channel, one.problem)
        else:
            log.info("the alert above was delivered to %s", one.channel)
    arrived = any(not one.problem for one in outcomes)
    if arrived:
        told.remember(lambda: roles.writer().archive(roles.settings.archive), replace(whole, lines=new))
    else:
        log.error("the alert above was NOT DELIVERED to anybody")
    return arrived


def _heard_by_the_log(roles: Any, alert: Alert) -> None:
    """Nobody wants it: what is told from its first day to its end is told by the log, and not found new for ever."""
    from itemtrail_airflow import told

    own = tuple(line for line in alert.lines if line.mark)
    if own:
        told.remember(lambda: roles.writer().archive(roles.settings.archive), replace(alert, lines=own))


def _news(roles: Any, whole: Alert) -> tuple[Line, ...]:
    from itemtrail_airflow import told

    try:
        return told.news(roles.writer().archive(roles.settings.archive), whole.lines)
    except Exception as error:  # noqa: BLE001 - told twice is better than never told
        said = str(error) if isinstance(error, ItemtrailError) else type(error).__name__
        log.warning("who was told already could not be looked up, so it is told: %s", said)
        return whole.lines


def _origin(context: Mapping[str, Any]) -> Origin:
    from airflow.sdk.configuration import conf

    instance = context.get("ti")
    if instance is None:
        return Origin(context["dag"].dag_id, str(context.get("run_id") or ""))
    url = getattr(instance, "log_url", "") if conf.get("api", "base_url", fallback="") else ""
    return Origin(instance.dag_id, instance.run_id, instance.task_id, url)


def _day(context: Mapping[str, Any]) -> str:
    day = getattr(context.get("dag_run"), "partition_key", None) or (context.get("params") or {}).get("day")
    try:
        return dt.date.fromisoformat(str(day)).isoformat()
    except ValueError:
        return ""
