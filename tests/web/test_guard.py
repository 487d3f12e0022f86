"""Who reaches the pages: every route of the app, walked with every role."""

import pytest
from fastapi.routing import APIRoute

from itemtrail_airflow.web import app, page

pytestmark = pytest.mark.airflow
SAMPLES = {
    "account": "111122223333",
    "region": "us-east-1",
    "day": "2026-11-21",
    "number": "0",
    "name": "style.css",
    "dag_id": "archive_trail",
}


def routes():
    """(method, path with samples in it) of every route of the app."""
    mounted = app.app()._app.fastapi
    found = []
    for route in mounted.routes:
        assert isinstance(route, APIRoute), f"{route} is not behind the app's guard"
        path = route.path_format
        for name, value in SAMPLES.items():
            path = path.replace(f"{{{name}}}", value)
        path = page.PREFIX + path.replace("{", "").replace("}", "")
        found += [(method, path) for method in sorted(route.methods)]
    return found


@pytest.fixture
def nowhere(pages_read, archive):
    """An archive without anything in it."""
    from tests.archive_world import settings

    pages_read(settings(), archive)


def test_there_are_routes_to_walk():
    assert len(routes()) >= 3


def test_nobody_reaches_any_route_without_signing_in(anonymous, nowhere):
    for method, path in routes():
        answer = anonymous.request(method, path)
        assert answer.status_code == 401, (method, path, answer.status_code)
        assert "Sign in" in answer.text


def test_a_made_up_token_is_refused(api, nowhere):
    from fastapi.testclient import TestClient

    client = TestClient(api, cookies={"_token": "e30.e30.e30"}, follow_redirects=False)
    assert {client.request(method, path).status_code for method, path in routes()} <= {401, 403}


@pytest.mark.parametrize("role", ["viewer", "op", "admin"])
def test_who_is_signed_in_gets_every_page_or_its_own_refusal(clients, nowhere, role):
    for method, path in routes():
        answer = clients[role].request(method, path, headers={"sec-fetch-site": "same-origin"})
        assert answer.status_code in {200, 303, 400, 403, 404, 422}, (method, path, answer.status_code, answer.text[-400:])
        if role == "admin" and method == "GET":  # a form that comes from nowhere is refused whoever sends it
            assert answer.status_code != 403


def test_every_answer_carries_the_security_headers_errors_too(anonymous, viewer, nowhere):
    answers = [client.request(method, path) for client in (anonymous, viewer) for method, path in routes()]
    answers.append(viewer.get("/itemtrail/no/such/page"))
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "unsafe-inline" not in policy
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'self'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        kept = "private, max-age=86400" if "/static/" in str(answer.url) and answer.status_code == 200 else "no-store"
        assert answer.headers["cache-control"] == kept


def test_no_page_has_inline_script_or_style(viewer, nowhere):
    for method, path in routes():
        answer = viewer.request(method, path)
        if "text/html" in answer.headers.get("content-type", ""):
            assert "<style" not in answer.text
            assert " style=" not in answer.text
            assert "javascript:" not in answer.text
            assert answer.text.count("<script") == answer.text.count('<script src="/itemtrail/static/')


def test_there_is_no_schema_and_no_documentation_page(viewer):
    assert {viewer.get(f"/itemtrail/{name}").status_code for name in ("docs", "redoc", "openapi.json")} == {404}


def test_only_files_of_the_static_folder_are_given(viewer):
    names = ("..%2fapp.py", "app.py", "%2e%2e/page.py", "style.css%00", "base.html")
    assert {viewer.get(f"/itemtrail/static/{name}").status_code for name in names} == {404}


def test_an_unknown_page_is_a_page(viewer):
    answer = viewer.get("/itemtrail/nothing-here")
    assert (answer.status_code, "There is no such page" in answer.text) == (404, True)


def test_airflows_own_api_is_not_touched_by_the_headers(viewer):
    assert "content-security-policy" not in viewer.get("/api/v2/version").headers


def test_behind_a_proxy_links_carry_its_prefix(viewer):
    page.asked_by("/team-a/itemtrail", accepts="")
    body = page.render("error.html", heading="<x>", says="", advice="").body.decode()
    assert 'href="/team-a/itemtrail/coverage"' in body
    assert "<h1>&lt;x&gt;</h1>" in body
