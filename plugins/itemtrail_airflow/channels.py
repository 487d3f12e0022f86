"""The channels of the configuration, opened and sent to, each for itself.

Decides: connections are read first, in the caller's thread (only it may ask Airflow); then all channels send at once, each in a
thread of its own, so that a server that hangs delays no other; after ``PATIENCE`` seconds what has not answered counts as failed.
That is less than the 50 seconds that Airflow's DAG processor gives a file whose callbacks it runs. Refuses to hide a failure:
every channel has an ``Outcome``. A channel's own error never leaves this module as an exception.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from itemtrail.core import alert_text
from itemtrail.core.alert import Alert
from itemtrail.errors import ConfigurationError, ItemtrailError
from itemtrail.settings import AlertSettings, Settings

PATIENCE = 30.0  # seconds for all channels together
RUNBOOK = "docs/runbook.md"

Send = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a channel fared: delivered where ``problem`` is empty. ``problem`` has its next step in it, and no secret."""

    channel: str
    problem: str = ""


def deliver(alert: Alert, names: Sequence[str], settings: Settings) -> tuple[Outcome, ...]:
    """Send to each of the channels; how each fared, in their order."""
    found: dict[str, Outcome] = {}
    threads = []
    for name in names:
        try:
            send = _OPEN[name](alert, settings)
        except Exception as error:  # noqa: BLE001 - whatever it is, the other channels must be told
            found[name] = _failed(name, error)
        else:
            threads.append(threading.Thread(target=_attempt, args=(name, send, found), daemon=True, name=f"alert-{name}"))
    end = time.monotonic() + PATIENCE
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    late = f"it did not answer in {PATIENCE:.0f} seconds. Next: see whether this machine reaches it; then `send_test_alert`."
    return tuple(dict(found).get(name, Outcome(name, late)) for name in names)


def _attempt(name: str, send: Send, found: dict[str, Outcome]) -> None:
    try:
        send()
    except Exception as error:  # noqa: BLE001 - a thread that dies tells nobody
        found[name] = _failed(name, error)
    else:
        found[name] = Outcome(name)


def _failed(name: str, error: Exception) -> Outcome:
    """What is ours is told; of what is not, its class: a text of others may hold the very secret that was used."""
    said = str(error) if isinstance(error, ItemtrailError) else f"{type(error).__name__}. Next: run `send_test_alert`."
    return Outcome(name, said)


def _sns(alert: Alert, settings: Settings) -> Send:
    from itemtrail_airflow.hook import Roles

    notifier = Roles(settings).writer().notifier(settings.alerts.sns_topic_arn)
    line, body = alert_text.subject(alert), alert_text.text(alert, *_links(settings.alerts))
    return lambda: notifier.publish(line, body, alert_text.attributes(alert))


def _slack(alert: Alert, settings: Settings) -> Send:
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowNotFoundException

    from itemtrail_airflow import channel_slack

    name = settings.alerts.slack_conn
    try:
        secret = BaseHook.get_connection(name).password
    except AirflowNotFoundException as error:
        advice = "add it (type http), with the incoming webhook's URL as its password."
        raise ConfigurationError(f"Airflow has no connection {name!r}.", advice=advice) from error
    url, payload = channel_slack.checked(secret or ""), alert_text.slack(alert, *_links(settings.alerts))
    return lambda: channel_slack.post(url, payload)


def _mail(alert: Alert, settings: Settings) -> Send:
    from itemtrail_airflow import channel_mail

    wanted, links = settings.alerts, _links(settings.alerts)
    hook = channel_mail.open_hook(wanted.mail_conn)
    plain, html = alert_text.text(alert, *links), alert_text.html(alert, *links)
    mail = channel_mail.message(hook.from_email, wanted.mail_to, alert_text.subject(alert), plain, html)
    return lambda: channel_mail.send(hook, mail)


def _links(alerts: AlertSettings) -> tuple[str, str]:
    """Where the runbook is read, and Airflow's own address ("" where ``[api] base_url`` is not set)."""
    from airflow.sdk.configuration import conf

    return alerts.runbook_url or RUNBOOK, conf.get("api", "base_url", fallback="") or ""


_OPEN: dict[str, Callable[[Alert, Settings], Send]] = {"sns": _sns, "slack": _slack, "mail": _mail}
