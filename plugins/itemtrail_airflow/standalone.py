"""A real Airflow on this machine: `airflow standalone` with a scheduler, tasks in processes of their own, the UI; loopback only.

Decides: the environment without which it does not work or would listen to the world, and that nothing of it outlives the
``with`` block: the whole process group is ended, then whatever else still carries this Airflow's home. Refuses to be shared:
everybody who reaches its port is an administrator. Source: Airflow configuration reference ([api], [api_auth], [logging],
[core]), read 2026-11-24.
"""

import os
import socket
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from itemtrail_airflow import guard, local_run
from itemtrail_airflow.rest import Rest

COMPONENTS = ("metadatabase", "scheduler", "dag_processor", "triggerer")
LOCAL_SETTINGS = '''"""Log servers listen on loopback only: Airflow has no setting for it. All read this, two need it."""

import sys

if {"scheduler", "triggerer"} & set(sys.argv):
    import uvicorn

    _run = uvicorn.run

    def _on_loopback(app, *, host="", **options):
        return _run(app, host=host or "127.0.0.1", **options)

    uvicorn.run = _on_loopback
'''


def standalone_environment(
    home: Path,
    connections: Mapping[str, Mapping[str, str]],
    *,
    port: int | None = None,
    config: Path | None = None,
    dags: Path = local_run.ROOT / "dags",
) -> dict[str, str]:
    """Variables for `airflow standalone` under ``home`` on ``port`` (a free one by default), and its local settings file.

    Tasks call the API server at ``[api] base_url``: a port changed without it breaks every task.
    """
    port = port or free_port()
    base = local_run.environment(home, connections, config=config, dags=dags)
    (home / "config").mkdir(exist_ok=True)
    (home / "config" / "airflow_local_settings.py").write_text(LOCAL_SETTINGS, encoding="utf-8")
    return base | {
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__HOSTNAME_CALLABLE": f"{__name__}.hostname",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "10",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO",
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port()),
        "PATH": f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}",
    }


def hostname() -> str:
    """Where this Airflow's log servers are reached."""
    return "127.0.0.1"


def quoted(run_id: str) -> str:
    """A run id as one segment of a path of the API."""
    return urllib.parse.quote(run_id, safe="")


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True, slots=True)
class Standalone(Rest):
    """A running Airflow. ``url`` is its UI; ``log`` what it printed."""

    url: str
    home: Path
    environment: Mapping[str, str]
    process: "subprocess.Popen[bytes]"
    log: Path

    def airflow(self, *arguments: str, timeout: float = 120) -> str:
        """Run the `airflow` command line against this Airflow; returns what it printed.

        Raises:
            RuntimeError: it ended with an error; the message holds its output.
        """
        done = subprocess.run(
            [sys.executable, "-m", "airflow", *arguments],
            env=dict(self.environment),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"airflow {' '.join(arguments)} exited {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done.stdout


@contextmanager
def running(
    environment: Mapping[str, str], *, ready_within: float = 180, waiting: Callable[[str], None] = print
) -> Iterator[Standalone]:
    """`airflow standalone`, healthy inside the block, gone after it.

    Args:
        environment: of ``standalone_environment``.
        ready_within: seconds until all its components must be healthy.
        waiting: told now and then what is still missing.

    Raises:
        RuntimeError: it ended early or was not healthy in time; the message holds the end of its output.
    """
    home = Path(environment["AIRFLOW_HOME"])
    variables = {**_inherited(), **environment}
    log = home / "standalone.log"
    process = guard.start([sys.executable, "-m", "airflow", "standalone"], variables, log)
    try:
        started = Standalone(environment["AIRFLOW__API__BASE_URL"], home, variables, process, log)
        _wait_healthy(started, ready_within, waiting)
        yield started
    finally:
        guard.stop(process)


def _inherited() -> dict[str, str]:
    """This process's environment without another Airflow's settings in it."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}


def _wait_healthy(airflow: Standalone, seconds: float, waiting: Callable[[str], None]) -> None:
    end, missing = time.monotonic() + seconds, list(COMPONENTS)
    while missing and airflow.process.poll() is None and time.monotonic() < end:
        time.sleep(1)
        with suppress(RuntimeError, OSError):
            health = airflow.api("GET", "/monitor/health")
            missing = [name for name in COMPONENTS if (health.get(name) or {}).get("status") != "healthy"]
        waiting(f"waiting for {', '.join(missing)}" if missing else "Airflow is healthy")
    if missing:
        tail = airflow.log.read_text(encoding="utf-8", errors="replace")[-4000:]
        raise RuntimeError(f"airflow standalone: {', '.join(missing)} not healthy in {seconds:.0f} s\n{tail}")
