"""An alert in each channel's form: subject and plain text, HTML for mail, Block Kit for Slack, attributes to filter by.

Decides: the order, which is that of somebody woken at night with a phone: how grave, what, where, then the findings, then what to
do. Refuses markup from outside: everything is escaped for its channel, on one line, without control characters; what is too long
is cut and says so. Sources, read 2026-11-24: Amazon SNS API reference, Publish; Slack developer docs, "Block Kit reference"
(header 150 characters, section 3,000, 50 blocks) and "Formatting text" (only ``&``, ``<`` and ``>`` are escaped).
"""

import html as escape
from collections.abc import Iterator
from typing import Any

from itemtrail.core.alert import KINDS, Alert
from itemtrail.core.alert_words import safe
from itemtrail.core.visible import visible

SUBJECT_LENGTH = 100  # characters; SNS refuses more
MOST_LINES = 200
_LINE_LENGTH = 1000
_SLACK_LINES = 20
_SLACK_SECTION = 2900
_SLACK_HEADER = 150


def subject(alert: Alert) -> str:
    """One line of ASCII, at most 100 characters: severity, what, where; the DAG last, where it may be cut."""
    about = f" {alert.where}" if str(alert.where) else ""
    line = _line(f"{alert.severity} {alert.head}{about} - itemtrail {alert.origin.dag_id} {alert.origin.task_id}")
    return line.encode("ascii", "replace").decode().rstrip()[:SUBJECT_LENGTH]


def text(alert: Alert, runbook: str, pages: str) -> str:
    """Plain text. ``runbook``: where docs/runbook.md is read; ``pages``: Airflow's own address, "" where it is not known."""
    shown = [f"- {line}" for line in _lines(alert, MOST_LINES)]
    said = [f"{alert.severity} {_line(alert.head)}", *(_line(one) for one in alert.summary), *shown]
    return "\n".join([*said, "", *(f"{name}: {value}" for name, value in facts(alert, runbook, pages))])


def html(alert: Alert, runbook: str, pages: str) -> str:
    """The same for mail: no style sheet, no image, nothing that is fetched."""
    lines = "".join(f"<li>{escape.escape(line)}</li>" for line in _lines(alert, MOST_LINES))
    summary = "".join(f"<p>{escape.escape(_line(one))}</p>" for one in alert.summary)
    rows = "".join(
        f"<tr><th align='left'>{name}</th><td>{_cell(value)}</td></tr>" for name, value in facts(alert, runbook, pages)
    )
    head = escape.escape(f"{alert.severity} {_line(alert.head)}")
    return f"<!doctype html><html><body><h2>{head}</h2>{summary}<ul>{lines}</ul><table>{rows}</table></body></html>"


def slack(alert: Alert, runbook: str, pages: str) -> dict[str, Any]:
    """The JSON of an incoming webhook; ``text`` is what a notification shows."""
    head = f"{alert.severity} {_line(alert.head)}"
    body = "\n".join([*(_line(one) for one in alert.summary), *(f"• {line}" for line in _lines(alert, _SLACK_LINES))])
    blocks: list[dict[str, Any]] = [{"type": "header", "text": {"type": "plain_text", "text": head[:_SLACK_HEADER]}}]
    blocks += [_section(_mrkdwn(part)) for part in _parts(body, _SLACK_SECTION // 5)[:10]]
    links = [(name, value) for name, value in facts(alert, runbook, pages) if name not in ("severity", "what")]
    blocks.append(_section("\n".join(f"*{name}* {_linked(value)}" for name, value in links)[: _SLACK_SECTION + 100]))
    return {"text": _mrkdwn(subject(alert)), "blocks": blocks, "unfurl_links": False, "unfurl_media": False}


def attributes(alert: Alert) -> dict[str, str]:
    """What a subscription filters by; empty ones are left out."""
    origin, where = alert.origin, alert.where
    given = {
        "severity": str(alert.severity),
        "kind": str(alert.kind),
        "dag_id": origin.dag_id,
        "run_id": origin.run_id,
        "account": where.account,
        "region": where.region,
        "day": where.day,
    }
    return {name: _line(value)[:256] for name, value in given.items() if value}


def facts(alert: Alert, runbook: str, pages: str) -> Iterator[tuple[str, str]]:
    """Name and value of everything below the findings, in order; what is not known is left out."""
    about, origin = KINDS[alert.kind], alert.origin
    page = alert.url or (f"{pages.rstrip('/')}/itemtrail/{about.page}" if pages and about.page else "")
    given = {
        "what": f"{alert.kind}: {about.meaning}",
        "where": str(alert.where),
        "verdict": alert.verdict,
        "next": next_step(alert),
        "runbook": f"{runbook}#{about.anchor}",
        "page": page,
        "task": origin.url,
        "run": " ".join(part for part in (origin.dag_id, origin.task_id, origin.run_id) if part),
    }
    yield from ((name, _line(value)) for name, value in given.items() if value)


def next_step(alert: Alert) -> str:
    """What to do, with the day filled in."""
    return alert.next_step or KINDS[alert.kind].next_step.replace("{day}", alert.where.day or "D")


def _lines(alert: Alert, most: int) -> list[str]:
    more = len(alert.lines) - most
    shown = [_line(line.text) for line in alert.lines[:most]]
    return [*shown, *([f"and {more} more: see the task's log"] if more > 0 else [])]


def _line(value: str) -> str:
    """One line, nothing unprintable, no credential, not endless."""
    line = safe(visible(" ".join(value.split())))
    return line if len(line) <= _LINE_LENGTH else f"{line[:_LINE_LENGTH]}…"


def _cell(value: str) -> str:
    said = escape.escape(value)
    return f"<a href='{said}'>{said}</a>" if value.startswith(("https://", "http://")) else said


def _section(mrkdwn: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": mrkdwn, "verbatim": True}}


def _parts(body: str, length: int) -> list[str]:
    """``body`` in pieces of at most ``length`` characters (escaped, a character may be five)."""
    return [body[start : start + length] for start in range(0, len(body), length)]


def _mrkdwn(value: str) -> str:
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _linked(value: str) -> str:
    said = _mrkdwn(value)
    return f"<{said.replace('|', '%7C')}>" if value.startswith(("https://", "http://")) else said
