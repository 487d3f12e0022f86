"""Alerts through real servers on loopback, by Airflow's connections: what arrives, what is tried again, what is never said."""

import json
import logging
import socket
import threading
from types import SimpleNamespace

import pytest
from tests.alert_servers import mailbox, webhook
from tests.memory import MemoryStore

from itemtrail.core.alert import Alert, Kind, Line, Origin, Where
from itemtrail.core.check import Severity
from itemtrail.settings import DEFAULT_PATH, load

pytestmark = pytest.mark.airflow
SECRET_PATH = "/services/T00000000/B00000000"


@pytest.fixture
def configured(tmp_path, monkeypatch):
    """Writes the configuration with these ``[alerts]`` and returns its settings."""

    def write(alerts: str):
        file = tmp_path / "itemtrail.toml"
        file.write_text(f"{DEFAULT_PATH.read_text(encoding='utf-8')}\n[alerts]\n{alerts}\n", encoding="utf-8")
        monkeypatch.setenv("ITEMTRAIL_CONFIG", str(file))
        return load()

    return write


def connect(monkeypatch, name: str, **values) -> None:
    monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps(values))


def slack_at(monkeypatch, url: str) -> None:
    connect(monkeypatch, "to_slack", conn_type="http", password=url)


def mail_at(monkeypatch, port: int, **values) -> None:
    extra = {"from_email": "itemtrail@example.com", "disable_ssl": True, "disable_tls": True, "timeout": 5}
    connect(monkeypatch, "to_mail", conn_type="smtp", host="127.0.0.1", port=port, extra=extra, **values)


SLACK = 'slack_conn = "to_slack"'
MAIL = 'mail_conn = "to_mail"\nmail_to = ["a@example.com", "b@example.com"]'


def alert(**changes) -> Alert:
    given = {
        "kind": Kind.EVIDENCE,
        "headline": "not proven",
        "origin": Origin("archive_trail", "scheduled__1", "gate", "https://airflow.example/log"),
        "severity": Severity.CRITICAL,
        "where": Where(day="2026-11-20"),
        "lines": (Line("111122223333/us-east-1/2026-11-20: DISPROVEN <b>&"),),
    }
    return Alert(**given | changes)


def delivered(settings, names=("slack",), one=None):
    from itemtrail_airflow.channels import deliver

    return {outcome.channel: outcome.problem for outcome in deliver(one or alert(), names, settings)}


@pytest.fixture
def no_waiting(monkeypatch):
    """What Slack's retries would have waited, in seconds."""
    from itemtrail_airflow import channel_slack

    waited: list[float] = []
    monkeypatch.setattr(channel_slack.time, "sleep", waited.append)
    monkeypatch.setattr(channel_slack.post, "__kwdefaults__", {"pause": waited.append})
    return waited


def test_slack_gets_block_kit_that_its_notification_can_show(configured, monkeypatch):
    with webhook() as hook:
        slack_at(monkeypatch, hook.url)
        assert delivered(configured(SLACK)) == {"slack": ""}
    ((said,), (path,)) = hook.posted, hook.paths
    assert path.startswith(SECRET_PATH)
    assert said["text"].startswith("CRITICAL not proven 2026-11-20")
    assert said["blocks"][0] == {"type": "header", "text": {"type": "plain_text", "text": "CRITICAL not proven"}}
    assert said["blocks"][1]["text"]["text"] == "• 111122223333/us-east-1/2026-11-20: DISPROVEN &lt;b&gt;&amp;"
    assert "<https://airflow.example/log>" in said["blocks"][-1]["text"]["text"]


@pytest.mark.parametrize("first", [(429, {"Retry-After": "2"}), (500, {}), (503, {"Retry-After": "99999"})])
def test_slack_is_asked_again_where_it_says_later_and_never_waits_long(configured, monkeypatch, no_waiting, first):
    with webhook() as hook:
        slack_at(monkeypatch, hook.url)
        hook.answers[:] = [first]
        assert delivered(configured(SLACK)) == {"slack": ""}
    assert len(hook.posted) == 2
    assert len(no_waiting) == 1
    assert 1.0 <= no_waiting[0] <= 5.0


@pytest.mark.parametrize(
    ("answers", "tries", "says"),
    [
        ([(429, {})] * 9, 3, "did not take the alert in 3 tries: 429"),
        ([(403, {})], 1, "Slack refused the alert: 403"),
        ([(404, {})], 1, "Slack refused the alert: 404"),
        ([(302, {"Location": "http://127.0.0.1:9/elsewhere"})], 1, "Slack refused the alert: 302"),
    ],
)
def test_slack_that_does_not_take_it_is_told_with_the_next_step_and_without_its_address(
    configured, monkeypatch, no_waiting, caplog, answers, tries, says
):
    with webhook() as hook, caplog.at_level(logging.DEBUG):
        slack_at(monkeypatch, hook.url)
        hook.answers[:] = answers
        problem = delivered(configured(SLACK))["slack"]
    assert len(hook.posted) == tries
    assert says in problem
    assert "Next: " in problem
    assert SECRET_PATH not in problem + caplog.text


def test_a_webhook_without_tls_elsewhere_is_refused_before_anything_is_sent(configured, monkeypatch):
    slack_at(monkeypatch, "http://hooks.slack.com" + SECRET_PATH + "/X")
    problem = delivered(configured(SLACK))["slack"]
    assert "is no https address" in problem
    assert SECRET_PATH not in problem


def test_mail_is_plain_text_with_the_same_as_html(configured, monkeypatch):
    with mailbox(password="right") as box:
        mail_at(monkeypatch, box.port, login="me", password="right")
        assert delivered(configured(MAIL), ("mail",)) == {"mail": ""}
    ((readers, mail),) = box.arrived
    assert readers == ["a@example.com", "b@example.com"]
    assert mail["Subject"] == "CRITICAL not proven 2026-11-20 - itemtrail archive_trail gate"
    assert (mail["From"], mail["Auto-Submitted"]) == ("itemtrail@example.com", "auto-generated")
    assert mail.get_content_type() == "multipart/alternative"
    plain, page = (mail.get_body((kind,)).get_content() for kind in ("plain", "html"))
    assert "next: itemtrail receipts --day 2026-11-20" in plain
    assert "DISPROVEN &lt;b&gt;&amp;" in page
    assert "<a href='https://airflow.example/log'>" in page


def test_no_header_can_be_put_into_a_mail(configured, monkeypatch):
    evil = "x\r\nBcc: victim@example.com\r\n\r\n<script>"
    with mailbox() as box:
        mail_at(monkeypatch, box.port)
        one = alert(headline=evil, where=Where(bucket=evil), origin=Origin(evil, evil, evil))
        assert delivered(configured(MAIL), ("mail",), one) == {"mail": ""}
    ((readers, mail),) = box.arrived
    assert readers == ["a@example.com", "b@example.com"]
    assert "Bcc" not in mail
    assert "\n" not in mail["Subject"]


def test_a_sender_that_would_end_its_header_is_refused(configured, monkeypatch):
    with mailbox() as box:
        extra = {"from_email": "a@example.com\nBcc: victim@example.com", "disable_ssl": True, "disable_tls": True}
        connect(monkeypatch, "to_mail", conn_type="smtp", host="127.0.0.1", port=box.port, extra=extra)
        assert "is no address" in delivered(configured(MAIL), ("mail",))["mail"]
    assert box.arrived == []


def test_a_mail_server_that_refuses_is_told_without_the_password(configured, monkeypatch, caplog):
    with mailbox(password="right") as box, caplog.at_level(logging.DEBUG):
        mail_at(monkeypatch, box.port, login="me", password="wr0ng-secret")
        problem = delivered(configured(MAIL), ("mail",))["mail"]
    assert "SMTPAuthenticationError" in problem
    assert "wr0ng-secret" not in problem + caplog.text


def test_one_refused_reader_is_told_though_the_other_has_the_mail(configured, monkeypatch):
    with mailbox() as box:
        mail_at(monkeypatch, box.port)
        wanted = MAIL.replace("b@example.com", "b@refused.example")
        assert "refused 1 of the readers" in delivered(configured(wanted), ("mail",))["mail"]
    assert len(box.arrived) == 1


def test_a_channel_that_hangs_or_is_gone_stops_no_other(configured, monkeypatch):
    from itemtrail_airflow import channels

    monkeypatch.setattr(channels, "PATIENCE", 2.0)
    with webhook() as hook, socket.create_server(("127.0.0.1", 0)) as silent:
        slack_at(monkeypatch, hook.url)
        mail_at(monkeypatch, silent.getsockname()[1])
        found = delivered(configured(f"{SLACK}\n{MAIL}"), ("sns", "mail", "slack"))
    assert len(hook.posted) == 1
    assert found["slack"] == ""
    assert "did not answer in 2 seconds" in found["mail"]
    assert found["sns"]


@pytest.fixture
def told(monkeypatch):
    """The archive's marks, in memory; asking for the archive fails while ``broken`` is set."""
    from itemtrail.errors import SourceUnavailable
    from itemtrail_airflow import hook

    store, state = MemoryStore(), SimpleNamespace(broken=False)

    class Writer:
        def archive(self, _):
            if state.broken:
                raise SourceUnavailable("the archive is away")
            return store

    monkeypatch.setattr(hook.Roles, "writer", lambda self: Writer())
    return store, state


def failed(error, **changes):
    instance = SimpleNamespace(dag_id="archive_trail", task_id="gate", run_id="scheduled__1")
    return {"ti": instance, "exception": error, "dag_run": SimpleNamespace(partition_key="2026-11-20"), "params": {}} | changes


def test_a_finding_is_told_once_and_a_new_one_beside_it_alone(configured, monkeypatch, told):
    from itemtrail_airflow.notifier import AlertNotifier, Found

    notify = AlertNotifier(Kind.EVIDENCE).notify
    with webhook() as hook:
        slack_at(monkeypatch, hook.url)
        configured(SLACK)
        for lines in (["A: DISPROVEN"], ["A: DISPROVEN"], ["A: DISPROVEN", "B: UNPROVABLE"]):
            notify(failed(Found("not proven", lines)))
    bodies = [said["blocks"][1]["text"]["text"] for said in hook.posted]
    assert bodies == ["• A: DISPROVEN", "• B: UNPROVABLE"]
    assert len(list(told[0].keys("alerts/"))) == 2


def test_what_nobody_took_is_told_again_and_an_archive_that_is_away_silences_nothing(configured, monkeypatch, told, no_waiting):
    from itemtrail_airflow.notifier import AlertNotifier, Found

    store, state = told
    with webhook() as hook:
        slack_at(monkeypatch, hook.url)
        configured(SLACK)
        hook.answers[:] = [(500, {})] * 3
        AlertNotifier(Kind.EVIDENCE).notify(failed(Found("not proven", ["A"])))
        assert store.keys("alerts/") == []
        AlertNotifier(Kind.EVIDENCE).notify(failed(Found("not proven", ["A"])))
        assert len(store.keys("alerts/")) == 1
        state.broken = True
        AlertNotifier(Kind.EVIDENCE).notify(failed(Found("not proven", ["A"])))
    assert len(hook.posted) == 3 + 1 + 1


def test_a_task_whose_work_is_telling_fails_where_nobody_took_it(configured, monkeypatch, told, no_waiting):
    from itemtrail.errors import SourceUnavailable
    from itemtrail_airflow.alerting import must_tell

    with webhook() as hook:
        slack_at(monkeypatch, hook.url)
        configured(SLACK)
        hook.answers[:] = [(500, {})] * 3
        with pytest.raises(SourceUnavailable, match="no channel took"):
            must_tell(alert())


ITEM = '{"EmpId": {"S": "E-1017"}, "Name": {"S": "Alice"}, "Salary": {"N": "91000"}}'
PLANTED = {
    "a defect with an item": KeyError(ITEM),
    "a client's words": RuntimeError(
        "403 GET https://b.s3.amazonaws.com/k?X-Amz-Signature=fe5f80f77d5fa3beca038a248ff027 AKIAIOSFODNN7EXAMPLE E-1017"
    ),
    "a token": ValueError("token IQoJb3JpZ2luX2VjEJr secret wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY of Alice"),
}


@pytest.mark.parametrize("secret", PLANTED.values(), ids=PLANTED)
@pytest.mark.parametrize("ours", [False, True], ids=["a defect", "in a message of ours"])
def test_no_secret_and_no_value_of_an_exception_leaves(configured, monkeypatch, told, secret, ours):
    """Planted as the tasks raise it: through ``translated``, as a defect or inside an error of the project's own."""
    from airflow.sdk.exceptions import AirflowFailException

    from itemtrail.errors import ConfigurationError
    from itemtrail_airflow.failures import translated
    from itemtrail_airflow.notifier import AlertNotifier

    @translated
    def work():
        if not ours:
            raise secret
        raise ConfigurationError(f"s3:GetObject was refused: {secret}.", advice="mend it.") from secret

    with pytest.raises(AirflowFailException) as caught:
        work()
    with webhook() as hook, mailbox() as box:
        slack_at(monkeypatch, hook.url)
        mail_at(monkeypatch, box.port)
        configured(f"{SLACK}\n{MAIL}")
        AlertNotifier().notify(failed(caught.value))
    said = json.dumps(hook.posted) + "".join(str(mail) for _, mail in box.arrived)
    assert len(hook.posted) == len(box.arrived) == 1
    for word in ("E-1017", "Alice", "91000", "AKIA", "Signature", "fe5f80", "IQoJ", "wJalr", "EXAMPLEKEY"):
        assert word not in said
    assert ("s3:GetObject was refused" in said) == ours


def test_threads_of_channels_end(configured, monkeypatch):
    before = threading.active_count()
    with webhook() as hook:
        slack_at(monkeypatch, hook.url)
        delivered(configured(SLACK))
    assert threading.active_count() <= before + 1
