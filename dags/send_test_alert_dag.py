"""A test alert, to see that each channel arrives before it is needed.

**Purpose.** A topic without a subscriber, a webhook that was revoked or a mail server that wants another password is found by a
person in daylight, not by silence. Trigger it after every change of `[alerts]` or of its connections.

**Inputs.** `itemtrail.toml`, `[alerts]`; the connections that it names. Parameters: `severity`, `channel` (`all`: each that is
configured, whatever its routes).

**Outputs.** One alert of kind `test` on each channel asked for. The log of `send` says for each whether it was delivered and
whether its route would carry such an alert; nothing is remembered, so that every run sends.

**When it fails.** `send` names each channel that failed, with the next step, after the others were tried; or no channel is
configured: docs/runbook.md, "Alerts do not arrive".

**Backfill.** None: it has no schedule and no days.
"""

import datetime as dt

from airflow.sdk import Param, dag

from itemtrail_airflow.alert_tasks import send
from itemtrail_airflow.notifier import RunNotifier


@dag(
    schedule=None,
    max_active_runs=1,
    default_args={"retries": 0, "execution_timeout": dt.timedelta(minutes=5)},
    params={
        "severity": Param("LOW", type="string", enum=["LOW", "MEDIUM", "HIGH", "CRITICAL"], description="What it says it is."),
        "channel": Param("all", type="string", enum=["all", "sns", "slack", "mail"], description="all: every configured one."),
    },
    tags=["itemtrail", "alerts"],
    on_failure_callback=[RunNotifier()],
    doc_md=__doc__,
)
def send_test_alert() -> None:
    """Send, report per channel, fail if one failed."""
    send()


send_test_alert()
