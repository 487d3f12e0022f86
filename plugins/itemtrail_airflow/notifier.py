"""One alert a run: to the log always, to SNS where the configuration names a topic.

Decides: the alert's words, which are the failing task's own message. Refuses to hide a failed delivery: it is logged with
what to mend, and the alert itself stands in the log above it. Source: Airflow docs, "Creating a notifier"; Amazon SNS API
reference, Publish, both read 2026-11-24.
"""

import logging
from collections.abc import Mapping
from typing import Any

from airflow.sdk import BaseNotifier

from itemtrail.errors import ItemtrailError

log = logging.getLogger("itemtrail.alert")
SUBJECT_LIMIT = 100  # characters; SNS refuses more


class AlertNotifier(BaseNotifier):
    """``on_failure_callback`` of the tasks that speak for a whole run."""

    def notify(self, context: Any) -> None:
        """Send the alert of a failed task."""
        error = context.get("exception")
        send(context, "failed", str(error) if error else "the task ended without a message (killed?); see its log")


def send(context: Mapping[str, Any], what: str, body: str) -> None:
    """Log one alert, then publish it. ``what`` is a word or two for its subject."""
    subject, message = alert(context, what, body)
    log.error("ALERT %s\n%s", subject, message)
    try:
        _publish(subject, message, {"dag_id": context["ti"].dag_id, "run_id": context["ti"].run_id})
    except ItemtrailError as error:
        log.error("the alert above was not delivered: %s", error)


def alert(context: Mapping[str, Any], what: str, body: str) -> tuple[str, str]:
    """Subject (one line, ≤ 100 characters) and message."""
    instance = context["ti"]
    day = getattr(context.get("dag_run"), "partition_key", None) or (context.get("params") or {}).get("day")
    words = ["itemtrail:", instance.dag_id, *([day] if day else []), instance.task_id, what]
    return " ".join(words)[:SUBJECT_LIMIT], f"{body}\nrun: {instance.run_id}"


def _publish(subject: str, message: str, attributes: Mapping[str, str]) -> None:
    from itemtrail_airflow.hook import Roles

    roles = Roles.open()
    if topic := roles.settings.alerts.sns_topic_arn:
        roles.writer().notifier(topic).publish(subject, message, attributes)
        log.info("alert published to %s", topic)
