"""The tasks of `checkpoint_ledger`: append a checkpoint, publish its hash, fail with what was found of old receipts.

Decides nothing of its own. Refuses to carry findings between tasks beyond what a message shows: the checkpoint holds them. A
retry lists and compares again; what it finds made is not made twice.
"""

import datetime as dt
import logging
import tempfile
from pathlib import Path
from typing import Any

from airflow.sdk import get_current_context, task
from airflow.sdk.exceptions import AirflowFailException

from itemtrail.core.alert import Kind
from itemtrail.core.check import Severity
from itemtrail_airflow import metrics
from itemtrail_airflow.failures import translated
from itemtrail_airflow.notifier import AlertNotifier, Found

log = logging.getLogger(__name__)
MOST_SHOWN = 50  # findings, and unread receipts, that a message names


@task(retries=5, retry_exponential_backoff=True, max_active_tis_per_dag=1)
@translated
def append() -> dict[str, Any]:
    """Bring the ledger up to date; returns the last checkpoint's number and lines for the gate."""
    from itemtrail.flows.ledger import append as flow
    from itemtrail_airflow.hook import Roles

    roles, until = Roles.open(), dt.datetime.now(dt.UTC)
    store, full = roles.writer().archive(roles.settings.archive), bool(get_current_context()["params"]["full"])
    with tempfile.TemporaryDirectory(prefix="itemtrail-") as room:
        done = flow(store, until=until, room=Path(room), full=full, progress=log.info)
    metrics.emit(lambda: metrics.of_ledger(done, until))
    found = [*(f"checkpoint {number} is missing" for number in done.missing), *map(str, done.findings)]
    last = done.last
    log.info("checkpoint %s, %d receipts, made now: %d", last and last.number, last.leaves if last else 0, len(done.made))
    return {
        "checkpoint": last.number if last else None,
        "sha256": last.sha256 if last else None,
        "made": len(done.made),
        "found": _some(found),
        "unread": _some([str(one) for one in done.unread]),
    }


@task
@translated
def publish(appended: dict[str, Any]) -> bool:
    """Send the last checkpoint's hash unless that was done."""
    from itemtrail.flows.ledger_book import read_checkpoint
    from itemtrail.flows.ledger_publish import publish as flow
    from itemtrail_airflow.hook import Roles

    roles, number = Roles.open(), appended["checkpoint"]
    topic = roles.settings.alerts.topic_of_checkpoints
    if number is None or not topic:
        log.warning("nothing is published: %s", "no topic is configured" if number else "there is no checkpoint")
        return False
    writer = roles.writer()
    store = writer.archive(roles.settings.archive)
    sent = flow(store, read_checkpoint(store, number), writer.notifier(topic))
    log.info("checkpoint %d was published %s to %s", number, "now" if sent else "before", topic)
    return sent


@task(trigger_rule="all_done", retries=0, on_failure_callback=[AlertNotifier(Kind.LEDGER)])
@translated
def gate(appended: dict[str, Any] | None, published: bool | None) -> None:
    """Fail with the receipts that are not what they were; nothing is lost by failing, the checkpoint is there."""
    if appended is None:
        raise AirflowFailException("the ledger was not brought up to date: see the log of append")
    lines = [*appended["found"], *(f"could not look: {line}" for line in appended["unread"])]
    if published is None:
        lines.append("the checkpoint was not published: see the log of publish")
    if lines:
        severity = Severity.CRITICAL if appended["found"] else Severity.HIGH
        raise Found(f"ledger findings at checkpoint {appended['checkpoint']}", lines, severity=severity)
    log.info("every receipt of the ledger is where it was, up to checkpoint %s", appended["checkpoint"])


def _some(lines: list[str]) -> list[str]:
    more = [f"and {len(lines) - MOST_SHOWN} more: itemtrail ledger verify"] if len(lines) > MOST_SHOWN else []
    return [*lines[:MOST_SHOWN], *more]
