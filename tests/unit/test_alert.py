"""What an alert is, who hears of it, and what it never says."""

import json
import re
from pathlib import Path
from typing import get_args

import pytest

from itemtrail.core import alert_text
from itemtrail.core.alert import KINDS, SEVERITIES, Alert, Kind, Line, Origin, Route, Where, chosen
from itemtrail.core.alert_words import CUT, safe, words
from itemtrail.core.check import Severity
from itemtrail.errors import AccessDenied, ConfigurationError
from itemtrail.settings import DEFAULT_PATH, AlertKind, AlertRoute, parse

DOCS = Path(__file__).resolve().parents[2] / "docs"
HOSTILE = "</b><!channel> *bold* <http://evil|click>\r\nBcc: everybody@example.com\x1b[31m\u202e<script>alert(1)</script>"
SECRETS = {
    "access key": "AKIAIOSFODNN7EXAMPLE",
    "secret key": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "session token": "IQoJb3JpZ2luX2VjEJr//////////wEaCXVzLWVhc3QtMSJHMEUCIQD" + "x1Y2Z3" * 40,
    "presigned URL": "https://b.s3.amazonaws.com/k?X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20261120&X-Amz-Signature=fe5f80f77d5fa3be",
    "webhook": "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
    "JWT": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    "item": '{"EmpId": {"S": "E-1017"}, "Salary": {"N": "91000"}}',
    "item with names": '{"Name": {"S": "Alice Smith"}, "Manager": {"S": "Bob"}}',
    "item key": "EmpId=E-1017",
}


def alert(**changes) -> Alert:
    given = {
        "kind": Kind.EVIDENCE,
        "headline": "not proven",
        "origin": Origin("archive_trail", "scheduled__1", "gate", "https://airflow.example/dags/archive_trail/runs/1/tasks/gate"),
        "severity": Severity.CRITICAL,
        "where": Where(day="2026-11-20"),
        "verdict": "DISPROVEN",
        "lines": (Line("111122223333/us-east-1/2026-11-20: DISPROVEN: 1 × MISSING"),),
    }
    return Alert(**given | changes)


def everything(one: Alert) -> str:
    """All that leaves the machine, in every channel's form."""
    where = ("https://docs.example/runbook.md", "https://airflow.example")
    parts = [alert_text.subject(one), alert_text.text(one, *where), alert_text.html(one, *where)]
    return "\n".join([*parts, json.dumps(alert_text.slack(one, *where)), json.dumps(alert_text.attributes(one))])


def test_the_subject_begins_with_what_somebody_woken_needs():
    assert alert_text.subject(alert()) == "CRITICAL not proven 2026-11-20 - itemtrail archive_trail gate"


def test_a_subject_is_one_line_of_a_hundred_ascii_characters_whatever_it_is_made_of():
    line = alert_text.subject(alert(headline="ü" * 90 + HOSTILE))
    assert len(line) <= 100
    assert line.isascii() and line.isprintable()
    assert line.startswith("CRITICAL ")


def test_the_text_says_what_where_what_to_do_and_where_to_read_on():
    lines = alert_text.text(alert(), "https://docs.example/runbook.md", "https://airflow.example/").splitlines()
    assert lines[0] == "CRITICAL not proven"
    assert lines[1] == "- 111122223333/us-east-1/2026-11-20: DISPROVEN: 1 × MISSING"
    assert "next: itemtrail receipts --day 2026-11-20" in lines
    assert "runbook: https://docs.example/runbook.md#verdict-reasons" in lines
    assert "page: https://airflow.example/itemtrail/coverage" in lines
    assert "task: https://airflow.example/dags/archive_trail/runs/1/tasks/gate" in lines


def test_without_airflows_address_there_is_no_link_that_leads_nowhere():
    said = alert_text.text(alert(origin=Origin("archive_trail", "1", "gate")), "docs/runbook.md", "")
    assert "http" not in said
    assert "runbook: docs/runbook.md#verdict-reasons" in said


def test_only_what_is_told_counts_in_headline_and_severity():
    lines = (Line("a", "m1", Severity.CRITICAL), Line("b", "m2", Severity.LOW))
    whole = alert(headline="new findings: {n}", lines=lines, severity=Severity.HIGH).of(lines)
    assert (whole.head, whole.severity) == ("new findings: 2", Severity.CRITICAL)
    assert (whole.of(lines[1:]).head, whole.of(lines[1:]).severity) == ("new findings: 1", Severity.LOW)


def test_markup_from_outside_is_text_in_every_channel():
    one = alert(lines=(Line(HOSTILE),), headline=HOSTILE, verdict=HOSTILE, where=Where(bucket=HOSTILE))
    page = alert_text.html(one, "docs/runbook.md", "")
    assert "<script>" not in page and "</b>" not in page and "\x1b" not in page and "\u202e" not in page
    for block in alert_text.slack(one, "docs/runbook.md", "")["blocks"][1:]:
        assert "<!channel>" not in block["text"]["text"] and "<http://evil" not in block["text"]["text"]
    assert all("\n" not in value and "\r" not in value for value in alert_text.attributes(one).values())
    assert "\nBcc" not in alert_text.text(one, "docs/runbook.md", "")


def test_slack_takes_what_is_made_of_the_longest_alert():
    one = alert(headline="x" * 400, lines=tuple(Line("&" * 3000) for _ in range(500)), summary=("<" * 5000,))
    made = alert_text.slack(one, "https://docs.example/" + "r" * 2000, "")
    assert len(made["blocks"]) <= 50
    assert len(made["blocks"][0]["text"]["text"]) <= 150
    assert all(0 < len(block["text"]["text"]) <= 3000 for block in made["blocks"][1:])


def test_findings_without_end_are_cut_and_the_cut_is_told():
    said = alert_text.text(alert(lines=tuple(Line(f"unit {n}") for n in range(1000))), "docs/runbook.md", "")
    assert "- and 800 more: see the task's log" in said
    assert len(said.splitlines()) < 220


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
def test_words_of_an_error_never_hold_what_looks_like_a_secret_or_a_value(secret):
    said = words(f"the service refused {secret} and (again) '{secret}'; see docs.", ())
    assert secret not in said
    assert not {part for part in re.split(r"[\s,;:\"'{}]+", secret) if len(part) > 3 and not part.isalpha()} & set(said.split())
    assert said.startswith("the service refused …")


@pytest.mark.parametrize("name", ["access key", "secret key", "presigned URL", "webhook", "JWT", "item", "item with names"])
def test_a_line_of_a_finding_with_a_secret_in_it_is_cut_in_every_channel(name):
    said = everything(alert(lines=(Line(f"receipt: {SECRETS[name]} was seen"),), summary=(SECRETS[name],)))
    assert SECRETS[name] not in said
    assert json.dumps(SECRETS[name])[1:-1] not in said
    assert "E-1017" not in said and "91000" not in said


def test_the_second_net_lets_keys_of_cloudtrail_and_of_the_archive_through():
    for key in (
        "AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/11/20/111122223333_CloudTrail-Digest_us-east-1_t_us-east-1_20261120T010000Z.json.gz",
        "receipts/account=111122223333/region=us-east-1/delivery_date=2026-11-20/000.receipt.json",
        "ledger receipt 3f786850e387550fdab836ed7e6dc881de23001b3f786850e387550fdab836ed",
        "arn:aws:dynamodb:us-east-1:111122223333:table/Employees",
    ):
        assert safe(key) == key


def test_the_words_of_another_are_cut_out_of_our_own_message():
    foreign = "Alice earns more than Bob"
    said = words(f"s3:GetObject on s3://bucket was refused: {foreign}. Next: mend what it names.", [foreign])
    assert said == f"s3:GetObject on s3://bucket was refused: {CUT} Next: mend what it names."


def test_our_own_errors_can_be_read():
    denied = AccessDenied("s3:ListBucket", "s3://hrms-archive-111122223333")
    assert words(str(denied)) == str(denied)
    missing = ConfigurationError("Airflow has no connection 'itemtrail_archive_writer'.", advice="add it (type aws).")
    assert words(str(missing)) == str(missing)


ROUTES = (Route("slack", Severity.HIGH), Route("mail", Severity.LOW, (Kind.REVIEW,)), Route("mail", Severity.CRITICAL))


@pytest.mark.parametrize(
    ("kind", "severity", "hear"),
    [
        (Kind.EVIDENCE, Severity.MEDIUM, ("sns",)),
        (Kind.EVIDENCE, Severity.HIGH, ("sns", "slack")),
        (Kind.EVIDENCE, Severity.CRITICAL, ("sns", "slack", "mail")),
        (Kind.REVIEW, Severity.LOW, ("sns", "mail")),
    ],
)
def test_a_channel_carries_what_one_of_its_routes_does_and_without_a_route_everything(kind, severity, hear):
    assert chosen(kind, severity, ("sns", "slack", "mail"), ROUTES) == hear


def test_nothing_configured_and_nothing_but_a_topic_is_as_it_was():
    assert chosen(Kind.TEST, Severity.LOW, (), ()) == ()
    assert {chosen(kind, severity, ("sns",), ()) for kind in Kind for severity in SEVERITIES} == {("sns",)}


def test_the_configuration_knows_the_kinds_and_severities_that_there_are():
    assert get_args(AlertKind) == tuple(map(str, Kind)) and {*KINDS} == {*Kind}
    assert get_args(AlertRoute.model_fields["min_severity"].annotation) == tuple(map(str, SEVERITIES))


ALERTS = '[alerts]\nsns_topic_arn = "arn:aws:sns:us-east-1:111122223333:a"\n'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[alerts]\nmail_conn = "smtp_default"\n', "`alerts.mail_to` go together"),
        ('[alerts]\nmail_conn = "m"\nmail_to = ["a@b.c\\nBcc: x@y.z"]\n', "alerts.mail_to"),
        ('[alerts]\n[[alerts.routes]]\nchannel = "slack"\n', "`alerts.slack_conn` is empty"),
        ('[alerts]\nslack_conn = "https://hooks.slack.com/services/T/B/X"\n', "alerts.slack_conn"),
        (ALERTS + '[[alerts.routes]]\nchannel = "sns"\nkinds = ["review"]\n', "nobody would hear of task_failed"),
        (ALERTS + '[[alerts.routes]]\nchannel = "sns"\nkinds = ["reviews"]\n', "alerts.routes"),
        (ALERTS + '[[alerts.routes]]\nchannel = "sns"\nmin_severity = "URGENT"\n', "'CRITICAL'"),
    ],
)
def test_alerts_that_would_reach_nobody_are_refused_with_the_configuration(text, says):
    with pytest.raises(ConfigurationError, match=re.escape(says)):
        parse(f"{DEFAULT_PATH.read_text(encoding='utf-8')}\n{text}", file="my.toml")


def anchors(page: Path) -> set[str]:
    """As GitHub makes them of headings."""
    heads = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def test_every_kind_leads_to_a_section_of_the_runbook():
    assert {about.anchor for about in KINDS.values()} - anchors(DOCS / "runbook.md") == set()


def test_the_page_has_every_kind_as_the_code_has_it():
    page = (DOCS / "alerting.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (.+?) \| \[.+\]\(runbook\.md#([\w-]+)\) \|$", page, re.MULTILINE)
    assert rows == [(str(kind), str(about.severity), about.meaning, about.anchor) for kind, about in KINDS.items()]
