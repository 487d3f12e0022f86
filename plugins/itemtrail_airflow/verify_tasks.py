"""The tasks of `verify_archive`: verify a part of the archive, alert on what nobody was told of, fail with what was found.

Decides how grave findings are, and nothing else. Who has been told, an object below ``alerts/verify/`` in the archive says
(``told``), once for a finding.
"""

import datetime as dt
import hashlib
import json
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
MOST_SHOWN = 200  # findings that one run passes on; the record holds more


@task(on_failure_callback=[AlertNotifier()])
@translated
def verify() -> dict[str, Any]:
    """Verify what was verified longest ago; the record is put before this returns."""
    from itemtrail.flows.scrub import document, scrub
    from itemtrail_airflow.hook import Roles

    roles, now = Roles.open(), dt.datetime.now(dt.UTC)
    asked = roles.settings.verify
    whole = bool(get_current_context()["params"]["full"])
    with tempfile.TemporaryDirectory(prefix="itemtrail-") as room:
        made = scrub(
            roles.writer().archive(roles.settings.archive),
            now=now,
            room=Path(room),
            budget=None if whole else asked.bytes_per_day,
            workers=asked.workers,
            max_bytes=roles.settings.conversion.max_inflated_bytes,
            progress=log.info,
        )
    metrics.emit(lambda: metrics.of_verification(made))
    found = document(made)
    log.info("%s; %s", found["summary"], found["key"])
    return found | {"news": found["news"][:MOST_SHOWN]}


@task(on_failure_callback=[AlertNotifier()])
@translated
def alert(verified: dict[str, Any]) -> None:
    """One alert naming the findings that nobody was told of."""
    from itemtrail.core.alert import Kind, Line
    from itemtrail.core.check import Severity

    if not verified["news"]:
        return
    lines = tuple(
        Line(one["says"], _mark(one["what"]), Severity.CRITICAL if one["verdict"] == "DISPROVEN" else Severity.HIGH)
        for one in verified["news"]
    )
    summary = (verified["summary"], verified["key"])
    must_tell(made(get_current_context(), Kind.VERIFY, "findings in the archive: {n}", summary=summary, lines=lines))


@task(trigger_rule="all_done", retries=0)
@translated
def verdict(verified: dict[str, Any] | None) -> None:
    """Fail with what was found, told before or not. The record was put before."""
    if verified is None:
        raise AirflowFailException("could not look: see the log of verify")
    if verified["news"]:
        raise Found(verified["summary"], [*(one["says"] for one in verified["news"]), verified["key"]])
    log.info("%s", verified["summary"])


def _mark(what: list[str]) -> str:
    return f"alerts/verify/{hashlib.sha256(json.dumps(what).encode()).hexdigest()[:32]}.json"
