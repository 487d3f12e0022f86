"""The compose file against what Airflow needs and what a careful operator expects; no container is started."""

import importlib.util
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docker-compose.yaml").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load(TEXT)
SERVICES = COMPOSE["services"]
AIRFLOW = {name: service for name, service in SERVICES.items() if name.startswith("airflow-")}
SECRET = re.compile(r"SECRET|PASSWORD$|FERNET|SQL_ALCHEMY_CONN$")


def airflows_options() -> set[str]:
    """``SECTION__KEY`` of every option that the installed Airflow knows, without importing it."""
    root = Path(importlib.util.find_spec("airflow").submodule_search_locations[0])
    sections = yaml.safe_load((root / "config_templates" / "config.yml").read_text(encoding="utf-8"))
    simple = {"CORE__SIMPLE_AUTH_MANAGER_USERS", "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"}
    return simple | {f"{section}__{key}".upper() for section, body in sections.items() for key in body["options"]}


def test_every_component_that_airflow_3_needs_is_there():
    commands = {name: service["command"] for name, service in AIRFLOW.items()}
    assert commands == {
        "airflow-init": "airflow db migrate",
        "airflow-apiserver": "airflow api-server",
        "airflow-scheduler": "airflow scheduler",
        "airflow-dag-processor": "airflow dag-processor",
        "airflow-triggerer": "airflow triggerer",
    }
    assert set(SERVICES) == {"postgres", *AIRFLOW}


def test_ports_are_published_on_loopback_only():
    ports = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert ports == {"airflow-apiserver": ["127.0.0.1:${AIRFLOW_PORT:-8080}:8080"]}


def test_every_secret_comes_from_the_environment_and_must_be_given():
    secrets = {
        (name, key): str(value)
        for name, service in SERVICES.items()
        for key, value in service["environment"].items()
        if SECRET.search(key)
    }
    assert len({key for _, key in secrets}) == 5
    assert [where for where, value in secrets.items() if not re.search(r"\$\{[A-Z_]+:\?[^}]+\}", value)] == []


def test_all_components_share_one_environment():
    first, *others = (service["environment"] for service in AIRFLOW.values())
    assert all(other == first for other in others)
    assert first["AIRFLOW__CORE__EXECUTOR"] == "LocalExecutor"
    assert first["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://airflow-apiserver:8080/execution/"
    assert "ALL_ADMINS" not in TEXT


def test_every_option_is_one_that_airflow_knows():
    named = {key.removeprefix("AIRFLOW__") for key in AIRFLOW["airflow-scheduler"]["environment"] if key.startswith("AIRFLOW__")}
    assert named - airflows_options() == set()


@pytest.mark.parametrize("name", SERVICES)
def test_images_are_variables_with_a_pinned_default(name):
    variable, default = re.fullmatch(r"\$\{([A-Z_]+):-(.+)\}", SERVICES[name]["image"]).groups()
    assert variable in {"AIRFLOW_IMAGE_NAME", "POSTGRES_IMAGE"}
    assert re.search(r":\d+\.\d+", default)


def test_the_images_airflow_is_the_one_that_is_pinned():
    pinned = re.search(r"^apache-airflow==(\S+)", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE)[
        1
    ].rstrip(" \\")
    base = COMPOSE["x-airflow"]["build"]["args"]["AIRFLOW_BASE"]
    assert f"apache/airflow:{pinned}-" in base
    assert f":{pinned}}}" in SERVICES["airflow-scheduler"]["image"]
    assert f"apache/airflow:{pinned}-" in (ROOT / "Dockerfile").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", AIRFLOW)
def test_the_projects_rooms_are_mounted_read_only(name):
    mounts = AIRFLOW[name]["volumes"]
    assert {f"./{room}:/opt/airflow/{room}:ro" for room in ("dags", "plugins", "include")} <= set(mounts)
    assert AIRFLOW[name]["environment"]["PYTHONPATH"] == "/opt/airflow/include"


def test_nothing_starts_before_the_database_is_migrated():
    assert AIRFLOW["airflow-init"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    for name in set(AIRFLOW) - {"airflow-init"}:
        assert AIRFLOW[name]["depends_on"]["airflow-init"] == {"condition": "service_completed_successfully"}


def test_the_connections_are_those_that_the_settings_name():
    from itemtrail.settings import AirflowSettings

    fields = AirflowSettings().model_dump()
    named = {f"AIRFLOW_CONN_{value.upper()}" for name, value in fields.items() if name.endswith("_conn")}
    assert named == {key for key in AIRFLOW["airflow-scheduler"]["environment"] if key.startswith("AIRFLOW_CONN_")}
