"""The Timeline page in Airflow's real API app: questions answered by the real short process from a real S3 (SeaweedFS)."""

import datetime as dt
import html
import json
import logging
import re

import pytest
from tests import seaweedfs
from tests.changes_world import TABLE, change, image, put_day
from tests.memory import MemoryStore

from itemtrail.core.change_schema import Match
from itemtrail.settings import parse

DAY = dt.date(2026, 3, 10)
SITE = {"sec-fetch-site": "same-origin"}
HOSTILE = "<script>alert(1)</script>\x1b[2J\u202egnp"
NAME = "111122223333_CloudTrail_eu-west-1_20260310T0905Z_abcdEFGH12345678.json.gz"
LOG = f"AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/10/{NAME}"
CONFIGURATION = """
[trail]
name = "hrms"
account = "111122223333"
home_region = "eu-west-1"
bucket = "trail-bucket"
[archive]
bucket = "timeline-archive"
region = "us-east-1"
accounts = ["111122223333"]
regions = ["eu-west-1"]
[streams]
tables = ["%s"]
"""
ASK = {"table": TABLE, "name_0": "EmpId", "value_0": "E-1"}


def at(hour, minute=0, day=DAY):
    return dt.datetime.combine(day, dt.time(hour, minute), dt.UTC)


def salary(hour, old, new, **more):
    images = {side: v and image({"EmpId": "E-1", "Salary": str(v)}) for side, v in (("old_image", old), ("new_image", new))}
    diff = json.dumps([{"path": "Salary", "old": {"N": str(old)}, "new": {"N": str(new)}}]) if old and new else None
    return change(at(hour), number=hour, **images, diff=diff, changed=["Salary"], **more)


def rows():
    call = {"source_object": LOG, "record_index": 4, "event_name": "UpdateItem", "request_id": "R1", "event_id": "event-1"}
    who = {
        "actor": "ana",
        "actor_source": "sourceIdentity",
        "session_issuer": "arn:aws:iam::111122223333:role/hr",
        "source_ip": "10.0.0.7",
    }
    candidates = [
        {
            "event_id": f"e-{n}",
            "event_name": "PutItem",
            "actor": name,
            "event_ts": at(10),
            "source_object": LOG,
            "record_index": n,
        }
        for n, name in enumerate(("eve", "kim"))
    ]
    big = json.dumps({"EmpId": {"S": "E-1"}, "Note": {"S": "x" * 400_000}, HOSTILE: {"S": HOSTILE}})
    yield salary(9, 5000, 5200, event_ts=at(9), **call, **who)
    yield salary(10, 5200, 9000, match_confidence=Match.AMBIGUOUS.value, candidates=candidates, actor="the wrong one")
    yield change(at(11), number=11, old_image=None, new_image=big, operation="INSERT", match_confidence="ORDERED", actor=HOSTILE)
    yield salary(12, 9000, None, operation="REMOVE", match_confidence=Match.STREAM_ONLY_UNEXPLAINED.value)
    yield change(
        at(13), number=13, redacted=["Iban"], old_image=image({"EmpId": "E-1"}), new_image=image({"EmpId": "E-1"}), diff="[]"
    )
    yield change(at(14), number=14)
    yield from (change(at(8, n % 60), "E-many", n + 1, actor="ana") for n in range(120))


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    if not seaweedfs.WEED.exists():
        pytest.skip("SeaweedFS is not installed. Next: make setup")
    with seaweedfs.running(tmp_path_factory.mktemp("weed")) as server:
        store = MemoryStore()
        put_day(store, DAY, rows())
        put_day(store, DAY + dt.timedelta(3), [])
        bucket = server.bucket("timeline-archive")
        for info in list(store.list("")):
            server.client().put_object(Bucket=bucket, Key=info.key, Body=store.body(info.key))
        yield server


@pytest.fixture
def page(server, monkeypatch, tmp_path, viewer):
    file = tmp_path / "itemtrail.toml"
    file.write_text(CONFIGURATION % TABLE)
    monkeypatch.setenv("ITEMTRAIL_CONFIG", str(file))
    extra = {"endpoint_url": server.endpoint_url, "region_name": "us-east-1"}
    login = {"conn_type": "aws", "login": seaweedfs.OWNER[0], "password": seaweedfs.OWNER[1], "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_ITEMTRAIL_AUDITOR", json.dumps(login))
    from itemtrail_airflow.web import archive, timeline
    from itemtrail_airflow.web.blocking import Threads
    from itemtrail_airflow.web.short_process import Limits

    archive._opened.cache_clear()
    timeline._described.cache_clear()
    patient = Threads(threads=2, queue=8, seconds=300)  # a busy machine: what is tested here is not how fast it is
    monkeypatch.setattr(timeline, "LIMITS", Limits(seconds=240))
    monkeypatch.setattr(timeline, "PROOF_LIMITS", Limits(seconds=240))
    monkeypatch.setattr(timeline, "_threads", lambda: patient)
    monkeypatch.setattr(timeline, "_proofs", lambda: patient)
    yield Asking(viewer)
    archive._opened.cache_clear()
    assert parse(CONFIGURATION % TABLE, file="t").archive.bucket == "timeline-archive"


class Asking:
    def __init__(self, client):
        self.client = client

    def link(self, **form):
        answer = self.client.post("/itemtrail/timeline/search", data=form, headers=SITE)
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    def __call__(self, **form):
        answer = self.client.get(self.link(**form))
        return answer.status_code, answer.text


def test_only_who_may_see_the_runs_of_build_history_sees_the_timeline(page, api, anonymous, op, admin):
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
    from fastapi.testclient import TestClient

    assert anonymous.get("/itemtrail/timeline").status_code == 401
    assert anonymous.post("/itemtrail/timeline/search", data=ASK, headers=SITE).status_code == 401
    for client in (page.client, op, admin):
        assert client.get("/itemtrail/timeline").status_code == 200
    nobody = api.state.auth_manager.generate_jwt(SimpleAuthManagerUser(username="nina", role=None))
    with TestClient(api, cookies={"_token": nobody}, raise_server_exceptions=False) as client:
        assert client.get("/itemtrail/timeline").status_code == 403


def test_a_viewer_of_plugins_who_may_not_see_the_runs_is_refused(page, api, monkeypatch):
    asked = []
    real = type(api.state.auth_manager).is_authorized_dag

    def without_history(self, **named):
        asked.append((named["method"], named["access_entity"], named["details"].id))
        return named["details"].id != "build_history" and real(self, **named)

    monkeypatch.setattr(type(api.state.auth_manager), "is_authorized_dag", without_history)
    assert page.client.get("/itemtrail/timeline").status_code == 403
    assert page.client.get("/itemtrail/timeline/proof?event_id=e&date=2026-03-10&account=1&region=x").status_code == 403
    assert page.client.get("/itemtrail/static/style.css").status_code == 200
    assert {(method, entity.name, dag) for method, entity, dag in asked} == {("GET", "RUN", "build_history")}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec-fetch-site": "same-origin"}, 303),
        ({"origin": "http://testserver"}, 303),
        ({"sec-fetch-site": "cross-site", "origin": "http://testserver"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({}, 403),
    ],
)
def test_a_search_that_another_site_sends_is_refused(page, headers, status):
    assert page.client.post("/itemtrail/timeline/search", data=ASK, headers=headers).status_code == status


def test_the_form_asks_for_the_key_attributes_of_the_table_with_their_types(page):
    text = page.client.get(f"/itemtrail/timeline?table={TABLE}").text
    assert 'name="name_0" value="EmpId"' in text
    assert "text, exactly as stored" in text
    text = page.client.get("/itemtrail/timeline?table=Absent").text
    assert "holds no history of" in text
    assert TABLE in text


def test_versions_are_told_with_their_calls_and_the_key_stands_in_no_address(page):
    link = page.link(**ASK)
    assert "E-1" not in link and "EmpId" not in link
    text = page.client.get(link).text
    assert "6 versions" in text
    assert text.index("14:00:00") < text.index("09:00:00")
    for said in ("ana", "sourceIdentity", "role/hr", "10.0.0.7", "5000", "5200", "UNIQUE", "sure: one call and one change"):
        assert said in text
    assert "/itemtrail/coverage/111122223333/eu-west-1/2026-03-10" in text
    assert "proof?event_id=event-1&amp;date=2026-03-10&amp;account=111122223333&amp;region=eu-west-1" in text
    oldest = page.client.get(page.link(**ASK, order="oldest")).text
    assert oldest.index("09:00:00") < oldest.index("14:00:00")


def test_an_ambiguous_change_lists_its_candidates_and_names_nobody(page):
    _, text = page(**ASK)
    one = next(part for part in text.split("<li class=") if "AMBIGUOUS" in part)
    assert "Not known who: one of 2 calls" in one
    assert "eve" in text and "kim" in text
    assert "the wrong one" not in text
    assert "none is known to have" in text


def test_hostile_values_are_escaped_and_cut(page):
    _, text = page(**ASK)
    assert "<script>alert" not in text
    assert "\x1b" not in text and "\u202e" not in text
    assert html.escape("<script>alert(1)</script>") in text
    assert r"\x202e" in text
    assert "probably" in text
    assert "(400002 characters)" in text
    assert len(text) < 200_000


def test_absent_and_redacted_images_and_unexplained_changes_are_said(page):
    _, text = page(**ASK)
    assert "No difference in what is stored; a redacted attribute may have changed." in text
    assert "What differed is not known: no old and no new image is archived." in text
    assert "FINDING: no logged call explains this change" in text


def test_days_without_history_are_never_called_days_without_change(page):
    _, text = page(**ASK | {"value_0": "E-9", "from": "2026-03-09", "to": "2026-03-14"})
    assert "No history built for these days" in text
    assert "2026-03-09, 2026-03-11 to 2026-03-12 (2 days), 2026-03-14" in text
    assert "No change is in the history of these days." in text
    assert "no such item" in text


def test_a_thousand_versions_are_paged(page):
    link = page.link(**ASK | {"value_0": "E-many"})
    texts = [page.client.get(f"{link}&page={number}").text for number in (1, 2, 3, 4)]
    assert [text.count('<li class="version') for text in texts] == [50, 50, 20, 0]
    assert "120 versions" in texts[0]
    assert "There is no page 4." in texts[3]


def test_the_item_at_a_time_is_told_with_its_doubts(page):
    _, text = page(**ASK | {"at": "2026-03-10T09:30:00"})
    assert "The item at 2026-03-10 09:30:00 UTC" in text
    assert "5200" in text and "Told by this change" in text
    _, text = page(**ASK | {"at": "2026-03-12T09:30:00"})
    assert "Not certain." in text
    assert "the history of 2026-03-11, 2026-03-12 is not built" in text


def test_a_principals_changes_include_those_that_may_be_theirs(page):
    _, text = page(by="eve", table=TABLE)
    assert "AMBIGUOUS" in text and "Not known who" in text
    _, text = page(by="ana")
    assert text.count('<li class="version') == 50 and "Next" in text
    _, text = page(by="nobody-at-all")
    assert "No change is in the history of these days." in text


def test_the_log_says_who_looked_and_no_key_no_principal_no_value(page, caplog):
    with caplog.at_level(logging.DEBUG):
        page(**ASK | {"from": "2026-03-01", "to": "2026-03-31"})
        page(by="ana", table=TABLE)
        page.client.get("/itemtrail/timeline?q=broken")
    said = [record.getMessage() for record in caplog.records if record.name == "itemtrail_airflow.web.timeline"]
    assert said[0] == f"timeline: 'vera' asks for item of {TABLE}, 2026-03-01 to 2026-03-31: 6 versions"
    every = "\n".join(record.getMessage() for record in caplog.records if not record.name.startswith(("httpcore", "airflow.jwt")))
    assert not re.search(r"E-1\b|EmpId|5200|\bana\b", every)


def test_what_cannot_be_asked_is_said_with_what_was_typed(page):
    answer = page.client.post("/itemtrail/timeline/search", data=ASK | {"json": '{"a":', "from": "yesterday"}, headers=SITE)
    assert answer.status_code == 422
    assert "is no item key" in answer.text and "is not like 2026-11-21" in answer.text and "yesterday" in answer.text
    status, text = page(table=TABLE, json='{"Wrong": "E-1"}')
    assert (status, "its items are named by EmpId" in text) == (422, True)
    assert page.client.get("/itemtrail/timeline?q=broken").status_code == 400


def test_typed_json_is_a_key(page):
    _, text = page(table=TABLE, json='{"EmpId": {"S": "E-1"}}')
    assert "6 versions" in text


def test_a_question_that_is_too_big_gets_a_command_instead(page, monkeypatch):
    from itemtrail_airflow.web import timeline
    from itemtrail_airflow.web.short_process import Limits

    monkeypatch.setattr(timeline, "LIMITS", Limits(seconds=240, output=1000))
    status, text = page(**ASK)
    assert status == 503
    assert "itemtrail history --table" in text and "--key EmpId=E-1" in text
    assert "No change" not in text


def test_a_proof_that_cannot_be_made_says_why(page):
    answer = page.client.get("/itemtrail/timeline/proof?event_id=event-1&date=2026-03-10&account=111122223333&region=eu-west-1")
    assert answer.status_code == 404
    assert "no such event is archived" in answer.text and "itemtrail prove --event-id event-1" in answer.text
