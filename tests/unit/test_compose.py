"""The compose file against what Airflow needs and what a careful operator expects; no container is started."""

import configparser
import datetime as dt
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from tests.compose.engine import compose_command

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docker-compose.yaml").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load(TEXT)
SERVICES = COMPOSE["services"]
AIRFLOW = {name: service for name, service in SERVICES.items() if name.startswith("airflow-")}
SECRET = re.compile(r"SECRET|PASSWORD$|AUTH$|FERNET|SQL_ALCHEMY_CONN$|RESULT_BACKEND$|BROKER_URL$")
LONG_LIVED = sorted(set(SERVICES) - {"airflow-init"})


def airflows_options() -> set[str]:
    """``SECTION__KEY`` of every option that the installed Airflow knows, without importing it."""
    root = Path(importlib.util.find_spec("airflow").submodule_search_locations[0])
    templates = root / "config_templates"
    sections = yaml.safe_load((templates / "config.yml").read_text(encoding="utf-8"))
    providers = configparser.RawConfigParser()
    providers.read(templates / "provider_config_fallback_defaults.cfg", encoding="utf-8")
    ours = {f"{section}__{key}".upper() for section, body in sections.items() for key in body["options"]}
    ours.add("CELERY__RESULT_BACKEND")  # has no default, so the list of providers' defaults does not name it
    return ours | {f"{section}__{key}".upper() for section in providers.sections() for key in providers.options(section)}


def test_every_component_that_airflow_3_needs_is_there():
    commands = {name: service["command"] for name, service in AIRFLOW.items()}
    assert commands == {
        "airflow-init": ["bash", "-c", "/opt/airflow/deploy/init.sh"],
        "airflow-apiserver": "airflow api-server",
        "airflow-scheduler": "airflow scheduler",
        "airflow-dag-processor": "airflow dag-processor",
        "airflow-triggerer": "airflow triggerer",
        "airflow-worker": "airflow celery worker",
    }
    assert set(SERVICES) == {"postgres", "redis", "sandbox", *AIRFLOW}
    assert [name for name, service in SERVICES.items() if "profiles" in service] == ["sandbox"]


def test_workers_can_be_scaled():
    assert {"container_name", "hostname", "ports"} & set(AIRFLOW["airflow-worker"]) == set()


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
    assert len({key for _, key in secrets}) == 10
    assert [where for where, value in secrets.items() if not re.search(r"\$\{[A-Z_]+:\?[^}]+\}", value)] == []


def test_all_components_share_one_environment():
    first = AIRFLOW["airflow-scheduler"]["environment"]
    own = {name: set(service["environment"].items()) - set(first.items()) for name, service in AIRFLOW.items()}
    assert {name: sorted(key for key, _ in more) for name, more in own.items() if more} == {
        "airflow-init": ["ITEMTRAIL_ADMIN_PASSWORD"],
        "airflow-worker": ["DUMB_INIT_SETSID"],
    }
    assert all(set(first) <= set(service["environment"]) for service in AIRFLOW.values())
    assert first["AIRFLOW__CORE__EXECUTOR"] == "CeleryExecutor"
    assert first["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://airflow-apiserver:8080/execution/"
    assert "ALL_ADMINS" not in TEXT


@pytest.mark.parametrize("name", LONG_LIVED)
def test_every_service_is_asked_whether_it_is_well_is_bounded_and_comes_back(name):
    service = SERVICES[name]
    assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")
    assert re.fullmatch(r"\$\{[A-Z_]+_MEMORY:-\d+[mg]\}", service["mem_limit"])
    assert service["restart"] == ("no" if name == "sandbox" else "unless-stopped")


@pytest.mark.parametrize("name", SERVICES)
def test_nobody_is_root_gains_rights_or_fills_the_disk_with_logs(name):
    service = SERVICES[name]
    assert service["user"] in ("50000:0", "postgres", "redis")
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert set(service["logging"]["options"]) == {"max-size", "max-file"}
    assert "mem_limit" in service


@pytest.mark.parametrize("name", SERVICES)
def test_nothing_of_the_host_can_be_written(name):
    mounts = [mount for mount in SERVICES[name].get("volumes", ()) if mount.startswith((".", "$", "/"))]
    assert [mount for mount in mounts if not mount.endswith(":ro")] == []
    assert {"privileged", "network_mode", "pid"} & set(SERVICES[name]) == set()


def test_every_option_is_one_that_airflow_knows():
    named = {key.removeprefix("AIRFLOW__") for key in AIRFLOW["airflow-scheduler"]["environment"] if key.startswith("AIRFLOW__")}
    assert named - airflows_options() == set()


@pytest.mark.parametrize("name", SERVICES)
def test_images_are_variables_with_a_pinned_default(name):
    variable, default = re.fullmatch(r"\$\{([A-Z_]+):-(.+)\}", SERVICES[name]["image"]).groups()
    assert variable in {"AIRFLOW_IMAGE_NAME", "POSTGRES_IMAGE", "REDIS_IMAGE", "ITEMTRAIL_SANDBOX_IMAGE"}
    assert re.search(r":\d+\.\d+", default)


def test_the_images_airflow_is_the_one_that_is_pinned():
    pinned = re.search(r"^apache-airflow==(\S+)", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE)[
        1
    ].rstrip(" \\")
    assert f"apache/airflow:{pinned}-" in COMPOSE["x-build"]["args"]["AIRFLOW_BASE"]
    assert f":{pinned}}}" in SERVICES["airflow-scheduler"]["image"]
    assert f"apache/airflow:{pinned}-" in (ROOT / "Dockerfile").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", AIRFLOW)
def test_the_projects_rooms_are_mounted_read_only(name):
    mounts = AIRFLOW[name]["volumes"]
    assert {f"./{room}:/opt/airflow/{room}:ro" for room in ("dags", "plugins", "include", "deploy")} <= set(mounts)
    assert AIRFLOW[name]["environment"]["PYTHONPATH"] == "/opt/airflow/include:/opt/airflow/plugins"


def test_nothing_starts_before_the_database_is_migrated():
    assert AIRFLOW["airflow-init"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    for name in set(AIRFLOW) - {"airflow-init"}:
        assert AIRFLOW[name]["depends_on"]["airflow-init"] == {"condition": "service_completed_successfully"}


def test_the_connections_are_those_that_the_settings_name():
    from itemtrail.settings import AirflowSettings

    fields = AirflowSettings().model_dump()
    named = {f"AIRFLOW_CONN_{value.upper()}" for name, value in fields.items() if name.endswith("_conn")}
    assert named == {key for key in AIRFLOW["airflow-scheduler"]["environment"] if key.startswith("AIRFLOW_CONN_")}


def test_make_env_makes_every_secret_that_is_asked_for_for_its_owner_alone(tmp_path):
    file = tmp_path / ".env"
    assert subprocess.run([sys.executable, ROOT / "deploy" / "env.py", file], capture_output=True).returncode == 0
    text = file.read_text(encoding="utf-8")
    given = dict(line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))
    assert set(re.findall(r"\$\{([A-Z_]+):\?", TEXT)) == set(given)
    assert min(map(len, given.values())) >= 24
    assert len(given["AIRFLOW_JWT_SECRET"]) == 128
    assert file.stat().st_mode & 0o777 == 0o600
    named = {key for key in AIRFLOW["airflow-scheduler"]["environment"] if key.startswith("AIRFLOW_CONN_")}
    assert set(re.findall(r"^# (AIRFLOW_CONN_\w+)=$", text, re.MULTILINE)) == named


def test_make_env_overwrites_nothing(tmp_path):
    file = tmp_path / ".env"
    file.write_text("AIRFLOW_FERNET_KEY=in use\n", encoding="utf-8")
    done = subprocess.run([sys.executable, ROOT / "deploy" / "env.py", file], capture_output=True, text=True)
    assert (done.returncode, file.read_text(encoding="utf-8")) == (1, "AIRFLOW_FERNET_KEY=in use\n")
    assert "left alone" in done.stderr


def test_the_containers_demo_has_the_demos_configuration():
    from itemtrail.settings import load, parse
    from itemtrail_demo import config

    ours = load(ROOT / "include" / "itemtrail_demo" / "compose.toml")
    theirs = parse(config.configuration(dt.date.fromisoformat(ours.airflow.start_date)), file="demo")
    airflow = theirs.airflow.model_copy(update={"catchup": False})
    assert ours == theirs.model_copy(update={"airflow": airflow})


def test_the_images_packages_are_those_that_the_tests_run_with_and_a_celery_that_the_provider_can_import():
    def pins(name):
        return dict(re.findall(r"^([a-z0-9_.-]+)==([^ ;]+)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE))

    tested, images = pins("requirements.txt"), pins("requirements-celery.txt")
    assert {name: images.get(name) for name in tested} == tested
    assert tuple(map(int, images["celery"].split(".")))[:2] < (5, 7)


def test_compose_itself_accepts_the_file_with_what_make_env_makes(tmp_path):
    if not shutil.which(compose_command()[0]):
        pytest.skip("no Compose on this machine")
    secrets = tmp_path / "env"
    subprocess.run([sys.executable, ROOT / "deploy" / "env.py", secrets], check=True, capture_output=True)
    asked = [
        *compose_command(),
        "--env-file",
        secrets,
        "--profile",
        "sandbox",
        "-f",
        ROOT / "docker-compose.yaml",
        "config",
        "--quiet",
    ]
    own = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "ITEMTRAIL", "COMPOSE"))}
    done = subprocess.run(asked, env=own, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    empty = tmp_path / "empty"
    empty.touch()
    without = [empty if one == secrets else one for one in asked]
    refused = subprocess.run(without, env=own, capture_output=True, text=True)
    assert refused.returncode != 0
    assert "make env" in refused.stderr
