"""A Slack incoming webhook: one POST, tried again within bounds where Slack says later.

Decides: what may pass (429, 5xx, no connection) is tried three times in all, waiting what ``Retry-After`` asks, at most
``LONGEST_WAIT`` seconds; everything else is final. Refuses: redirects, http to anything but this machine, and to say the
address: it is a secret, so errors are told by status or class only, and ``urllib`` logs nothing.
Source: Slack developer docs, "Sending messages using incoming webhooks" and "Rate limits", read 2026-11-24.
"""

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from itemtrail.errors import ConfigurationError, SourceUnavailable

TRIES = 3
LONGEST_WAIT = 5.0  # seconds between two tries
TIMEOUT = 5.0  # seconds for one answer
_LOCAL = {"127.0.0.1", "::1", "localhost"}


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        """A redirect is an answer like any other: a webhook has one address."""
        return


def checked(url: str) -> str:
    """The webhook's URL.

    Raises:
        ConfigurationError: it is none, or would be asked without TLS. The URL is not in the message.
    """
    parts = urlsplit(url.strip())
    if (parts.scheme == "https" and parts.hostname) or (parts.scheme == "http" and parts.hostname in _LOCAL):
        return url.strip()
    raise ConfigurationError(
        "the password of the connection `alerts.slack_conn` is no https address.",
        advice="put the incoming webhook's whole URL there, https://hooks.slack.com/services/…",
    )


def post(url: str, payload: Mapping[str, Any], *, pause: Any = time.sleep) -> None:
    """Send ``payload``.

    Raises:
        ConfigurationError: Slack refuses it, and would again. SourceUnavailable: not delivered within the tries.
    """
    said = "no answer"
    for attempt in range(TRIES):
        try:
            status, after, reason = _once(url, json.dumps(payload).encode())
        except (OSError, http.client.HTTPException) as error:
            status, after, reason = 0, 0.0, type(error).__name__
        if 200 <= status < 300:
            return
        said = f"{status} {reason}" if status else reason
        if status and status != 429 and status < 500:
            raise ConfigurationError(f"Slack refused the alert: {said}.", advice=_ADVICE.get(status, _ADVICE[0]))
        if attempt + 1 < TRIES:
            pause(min(after or 2.0**attempt, LONGEST_WAIT))
    raise SourceUnavailable(f"Slack did not take the alert in {TRIES} tries: {said}.", advice="run `send_test_alert` later.")


_ADVICE = {
    0: "make the webhook anew in Slack and put its URL into the connection `alerts.slack_conn`; then `send_test_alert`.",
    400: "Slack cannot read it: this is a fault of itemtrail; the alert stands in the log.",
}


def _once(url: str, body: bytes) -> tuple[int, float, str]:
    """Status, seconds to wait, and the answer's reason phrase: never its body, which is not ours."""
    request = urllib.request.Request(url, body, {"Content-Type": "application/json; charset=utf-8"})  # noqa: S310 - checked
    opener = urllib.request.build_opener(_NoRedirect)
    try:
        with opener.open(request, timeout=TIMEOUT) as answer:
            return answer.status, 0.0, ""
    except urllib.error.HTTPError as error:
        with error:
            return error.code, _seconds(error.headers.get("Retry-After", "")), http.client.responses.get(error.code, "")


def _seconds(text: str) -> float:
    return float(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0.0
