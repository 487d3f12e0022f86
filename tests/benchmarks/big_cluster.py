"""A small Airflow cluster on loopback: Postgres, Redis, api-server, scheduler, dag-processor and Celery workers, for benchmarks.

Needs `redis-server` and `postgresql` (apt) and `.venv-celery` (`make .venv-celery/.ready`). Everything ends with the block.
"""

import contextlib
import os
import pwd
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from itemtrail_airflow import guard, local_run
from itemtrail_airflow.standalone import Standalone, free_port, quoted, standalone_environment

ROOT = Path(__file__).resolve().parents[2]
__all__ = ["Cluster", "Peaks", "quoted", "running", "wait_for"]
PYTHON = Path(os.environ.get("ITEMTRAIL_CELERY_PYTHON", ROOT / ".venv-celery" / "bin" / "python"))


@dataclass
class Cluster:
    """A running cluster; ``workers`` are the guards of its Celery workers by name."""

    airflow: Standalone
    home: Path
    workers: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def start_worker(self, name: str) -> None:
        """A Celery worker that runs one task at a time; returns when it takes tasks."""
        log = self.home / f"{name}.log"
        command = [
            str(PYTHON),
            "-m",
            "airflow",
            "celery",
            "worker",
            "--concurrency",
            "1",
            "--celery-hostname",
            f"{name}@127.0.0.1",
        ]
        command += ["--pid", str(self.home / f"{name}.pid"), "--skip-serve-logs"]
        self.workers[name] = guard.start(command, self.airflow.environment, log)
        wait_for(lambda: " ready." in log.read_text(errors="replace"), 300, f"worker {name}", log)

    def stop_worker(self, name: str) -> None:
        """End it."""
        guard.stop(self.workers.pop(name))


@contextlib.contextmanager
def running(home: Path, config: Path, aws: Mapping[str, str]) -> Iterator[Cluster]:
    """The cluster without workers, healthy inside the block; tasks take ``config`` and the AWS variables ``aws``."""
    if not PYTHON.exists():
        raise SystemExit(f"{PYTHON} is missing. Next: make .venv-celery/.ready")
    with _postgres(home / "postgres") as database, _redis(home) as broker, contextlib.ExitStack() as stack:
        base = standalone_environment(home / "airflow", {}, config=config, dags=_one_dag(home))
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "AWS_"))},
            **base,
            **aws,
            "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{base['AIRFLOW__API__BASE_URL']}/execution/",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"postgresql+psycopg2://airflow@{database}/airflow",
            "AIRFLOW__CELERY__RESULT_BACKEND": f"db+postgresql://airflow@{database}/airflow",
            "AIRFLOW__CELERY__BROKER_URL": f"redis://{broker}/0",
            "AIRFLOW__CELERY__WORKER_ENABLE_REMOTE_CONTROL": "true",
            "AIRFLOW__API__SECRET_KEY": base["AIRFLOW__API_AUTH__JWT_SECRET"],
            "PATH": f"{PYTHON.parent}:{os.environ['PATH']}",
        }
        subprocess.run([PYTHON, "-m", "airflow", "db", "migrate"], env=environment, check=True, capture_output=True, timeout=600)
        for name in ("api-server", "scheduler", "dag-processor"):
            process = guard.start([str(PYTHON), "-m", "airflow", name], environment, home / f"{name}.log")
            stack.callback(guard.stop, process)
        airflow = Standalone(base["AIRFLOW__API__BASE_URL"], home / "airflow", environment, process, home / "scheduler.log")
        cluster = Cluster(airflow, home)
        stack.callback(lambda: [cluster.stop_worker(name) for name in list(cluster.workers)])
        wait_for(lambda: _healthy(airflow), 600, "Airflow", home / "scheduler.log")
        wait_for(lambda: airflow.api("GET", "/dags/archive_trail"), 300, "archive_trail", home / "dag-processor.log")
        yield cluster


def _one_dag(home: Path) -> Path:
    """A folder with the real DAG file alone: the others would only cost the machine time."""
    folder = home / "dags"
    folder.mkdir()
    (folder / "archive_trail_dag.py").write_text((local_run.ROOT / "dags" / "archive_trail_dag.py").read_text())
    return folder


def _healthy(airflow: Standalone) -> bool:
    health = airflow.api("GET", "/monitor/health")
    return all((health.get(name) or {}).get("status") == "healthy" for name in ("metadatabase", "scheduler", "dag_processor"))


def wait_for(look: Any, seconds: float, what: str, log: Path) -> Any:
    """Until ``look`` answers with something.

    Raises:
        SystemExit: it did not in time; the end of ``log`` is in the message.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(RuntimeError, OSError):
            if answer := look():
                return answer
        time.sleep(0.5)
    tail = log.read_text(errors="replace")[-3000:] if log.exists() else ""
    raise SystemExit(f"{what}: not within {seconds:.0f} s\n{tail}")


@contextlib.contextmanager
def _redis(home: Path) -> Iterator[str]:
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(home)]
    process = guard.start(command, dict(os.environ), home / "redis.log")
    try:
        wait_for(lambda: "eady to accept" in (home / "redis.log").read_text(), 60, "redis", home / "redis.log")
        yield f"127.0.0.1:{port}"
    finally:
        guard.stop(process)


@contextlib.contextmanager
def _postgres(folder: Path) -> Iterator[str]:
    """A cluster of its own; Postgres refuses to run as root, so it runs as `postgres` there."""
    tools = max(Path("/usr/lib/postgresql").glob("*/bin"), default=Path("/usr/bin"))
    folder.mkdir()
    user = "postgres" if os.geteuid() == 0 else None
    if user:
        owner = pwd.getpwnam(user)
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    port, who = free_port(), ["runuser", "-u", user, "--"] if user else []
    made = [*who, tools / "initdb", "-E", "UTF8", "--locale=C.UTF-8", "-A", "trust", "-U", "airflow", "-D", folder / "data"]
    subprocess.run(made, check=True, capture_output=True, cwd="/", timeout=300)
    command = [*who, tools / "postgres", "-D", folder / "data", "-k", folder, "-p", port, "-c", "listen_addresses=127.0.0.1"]
    command += ["-c", "fsync=off"]
    process = guard.start(list(map(str, command)), dict(os.environ), folder.parent / "postgres.log")
    create = [tools / "createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "airflow", "airflow"]
    try:
        log = folder.parent / "postgres.log"
        wait_for(lambda: subprocess.run(create, capture_output=True, cwd="/").returncode == 0, 120, "postgres", log)
        yield f"127.0.0.1:{port}"
    finally:
        guard.stop(process)


def _descendants(pid: int) -> list[int]:
    """``pid`` and every process below it: a task has a process group of its own."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(stat.parent.name))
    found, left = [], [pid]
    while left:
        found.append(left.pop())
        left += children.get(found[-1], [])
    return found


class Peaks:
    """The peak resident memory of every process of the workers, sampled while the block runs. MB."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster, self._stop = cluster, threading.Event()
        self.whole: dict[int, float] = {}
        self.anonymous: dict[int, float] = {}
        self.together: dict[str, float] = {}

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._stop.wait(0.25):
            for name, worker in dict(self._cluster.workers).items():
                self._look(name, _descendants(worker.pid))

    def _look(self, name: str, pids: list[int]) -> None:
        total = 0.0
        for pid in pids:
            with contextlib.suppress(OSError, ValueError):
                status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line)
                high, anonymous, now = (int(status[key].split()[0]) / 1024 for key in ("VmHWM", "RssAnon", "VmRSS"))
                self.whole[pid] = max(self.whole.get(pid, 0), high)
                self.anonymous[pid] = max(self.anonymous.get(pid, 0), anonymous)
                total += now
        self.together[name] = max(self.together.get(name, 0), total)
