"""The real API app of Airflow in this process, with the project's plugin mounted, and a client for each role.

``archive`` is the store that the pages read in these tests, in memory; fill it, and say where it lies in ``pages_read``.
"""

import os

import pytest
from tests import airflow_home
from tests.memory import MemoryStore

assert airflow_home.HOME.is_dir()
PEOPLE = {"vera": "viewer", "otto": "op", "ada": "admin"}
os.environ.update(
    AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS="False",
    AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS=",".join(f"{name}:{role}" for name, role in PEOPLE.items()),
    AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE=str(airflow_home.HOME / "passwords.json"),
    AIRFLOW__API_AUTH__JWT_SECRET="a test's secret, long enough for HMAC-SHA512: " + "x" * 64,
)


@pytest.fixture(scope="session")
def api():
    """Airflow's API app with a database of its own; the application."""
    from airflow.utils import db

    db.initdb()
    from airflow.api_fastapi.app import create_app

    return create_app(apps="core")


@pytest.fixture(scope="session")
def clients(api):
    """HTTP clients by role, and one for ``anonymous``; redirects are not followed."""
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
    from fastapi.testclient import TestClient

    made = {"anonymous": TestClient(api, follow_redirects=False, raise_server_exceptions=False)}
    for name, role in PEOPLE.items():
        token = api.state.auth_manager.generate_jwt(SimpleAuthManagerUser(username=name, role=role))
        made[role] = TestClient(api, follow_redirects=False, raise_server_exceptions=False, cookies={"_token": token})
    return made


@pytest.fixture(scope="session")
def anonymous(clients):
    return clients["anonymous"]


@pytest.fixture(scope="session")
def viewer(clients):
    return clients["viewer"]


@pytest.fixture(scope="session")
def op(clients):
    return clients["op"]


@pytest.fixture(scope="session")
def admin(clients):
    return clients["admin"]


@pytest.fixture
def archive():
    """An archive in memory."""
    return MemoryStore()


@pytest.fixture
def pages_read(monkeypatch):
    """Call it with (settings, store): what the pages read from now on."""

    def read(settings, store):
        monkeypatch.setattr("itemtrail_airflow.web.archive._opened", lambda _: (settings, store))

    return read
