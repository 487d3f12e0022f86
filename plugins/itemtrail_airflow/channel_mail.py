"""Mail through Airflow's SMTP connection: plain text with the same as HTML.

Decides: one message for all of ``alerts.mail_to``; the hook of Airflow's smtp provider opens the connection, so TLS, sign-in and
time limits are the connection's. Refuses a header that would end early: headers are set on an ``EmailMessage``, whose policy
takes no line break, and the subject has none. Source: Python docs, ``email.message``; apache-airflow-providers-smtp docs,
"SMTP Connection", both read 2026-11-24.
"""

import email.message
import email.utils
import smtplib
from collections.abc import Sequence
from typing import Any

from itemtrail.errors import ConfigurationError, SourceUnavailable

_ADVICE = "see the connection `alerts.mail_conn` (host, port, TLS, sign-in, extra from_email); then `send_test_alert`."


def message(sender: str, to: Sequence[str], subject: str, plain: str, html: str) -> email.message.EmailMessage:
    """The mail, without attachments or anything that is fetched.

    Raises:
        ConfigurationError: the connection's ``from_email`` is no address that can stand in a header.
    """
    made = email.message.EmailMessage()
    try:
        made["Subject"] = subject
        made["From"] = sender
        made["To"] = ", ".join(to)
    except ValueError as error:
        raise ConfigurationError("`alerts.mail_to` or the connection's from_email is no address.", advice=_ADVICE) from error
    made["Date"] = email.utils.localtime()
    made["Message-ID"] = email.utils.make_msgid("itemtrail", domain="itemtrail.invalid")
    made["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday answers
    made.set_content(plain)
    made.add_alternative(html, subtype="html")
    return made


def open_hook(conn_id: str) -> Any:
    """Airflow's hook with its connection read, not yet connected to the server.

    Raises:
        ConfigurationError: Airflow has no such connection, or it says no sender.
    """
    from airflow.providers.smtp.hooks.smtp import SmtpHook
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        known = SmtpHook.get_connection(conn_id)
    except AirflowNotFoundException as error:
        raise ConfigurationError(f"Airflow has no connection {conn_id!r}.", advice="add it (type smtp).") from error

    class Asked(SmtpHook):
        """It connects in a thread, where Airflow is not asked again."""

        @classmethod
        def get_connection(cls, conn_id: str) -> Any:  # noqa: ARG003 - Airflow calls it so
            return known

    hook = Asked(smtp_conn_id=conn_id)
    hook.smtp_connection = known
    if not hook.from_email:
        raise ConfigurationError(f"the connection {conn_id!r} says no sender.", advice="add from_email to its extra.")
    return hook


def send(hook: Any, mail: email.message.EmailMessage) -> None:
    """Connect, hand it over, leave.

    Raises:
        SourceUnavailable: the server could not be asked, or wants it later.
        ConfigurationError: it refuses sign-in, sender or reader.
    """
    from airflow.sdk.exceptions import AirflowException

    try:
        with hook as opened:
            refused = opened._smtp_client.send_message(mail)  # noqa: SLF001 - the hook itself can send HTML alone
    except (smtplib.SMTPAuthenticationError, smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused) as error:
        raise ConfigurationError(f"the mail server refused the alert: {type(error).__name__}.", advice=_ADVICE) from error
    except (OSError, smtplib.SMTPException, AirflowException) as error:
        raise SourceUnavailable(f"the mail server did not take the alert: {type(error).__name__}.", advice=_ADVICE) from error
    if refused:
        raise ConfigurationError(f"the mail server refused {len(refused)} of the readers of the alert.", advice=_ADVICE)
