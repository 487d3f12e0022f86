"""docker-compose.yaml brought up with secrets and names of its own, asked, disturbed, taken down; logs are kept on failure.

Refuses the caller's Airflow, AWS and itemtrail variables: Compose prefers them to the file of secrets.
"""

import datetime as dt
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.compose.engine import compose_command

from itemtrail_airflow.rest import SignedIn

ROOT = Path(__file__).resolve().parents[2]
LOGS = ROOT / ".sandbox" / "compose-test"
FOREIGN = ("AIRFLOW", "AWS_", "ITEMTRAIL_", "DEMO_", "POSTGRES_", "REDIS_", "COMPOSE_")
SERVICES = ("postgres", "redis", "airflow-apiserver", "airflow-scheduler", "airflow-dag-processor", "airflow-triggerer")


class Stack:
    """One project of Compose."""

    def __init__(self, docker: Mapping[str, str], room: Path, variables: Mapping[str, str]) -> None:
        self.project = f"itemtrail-test-{os.getpid()}"
        self.url = f"http://127.0.0.1:{_free_port()}"
        secrets = room / "env"
        subprocess.run([sys.executable, ROOT / "deploy" / "env.py", secrets], check=True, capture_output=True)
        self._password = dict(line.split("=", 1) for line in secrets.read_text().splitlines() if "=" in line)[
            "ITEMTRAIL_ADMIN_PASSWORD"
        ]
        own = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        port = self.url.rpartition(":")[2]
        self._environment = {**own, **docker, **variables, "AIRFLOW_PORT": port, "AIRFLOW_URL": self.url}
        self._compose = [*compose_command(), "--env-file", str(secrets), "-f", str(ROOT / "docker-compose.yaml")]
        self._compose += ["-p", self.project, "--profile", "sandbox"]

    def compose(self, *arguments: str, seconds: float = 600) -> str:
        """Run Compose; what it printed."""
        return self._run([*self._compose, *arguments], seconds)

    def docker(self, *arguments: str, seconds: float = 120, stdin: str | None = None) -> str:
        """Run docker; what it printed."""
        return self._run(["docker", *arguments], seconds, stdin)

    def containers(self, service: str) -> list[str]:
        """Ids of a service's containers, running or not."""
        return self.compose("ps", "--all", "--quiet", service).split()

    def running(self, service: str) -> list[str]:
        """Ids of those that run."""
        return [one for one in self.containers(service) if self.inspect(one)["State"]["Running"]]

    def inspect(self, container: str) -> dict:
        """Docker's facts of a container."""
        return json.loads(self.docker("inspect", container))[0]

    def health(self) -> dict[str, str]:
        """State of every service that stays, ``healthy`` where its check says so; workers by number."""
        found = {}
        for service in (*SERVICES, "airflow-worker", "sandbox"):
            for number, container in enumerate(self.containers(service), start=1):
                state = self.inspect(container)["State"]
                found[f"{service}/{number}"] = state["Health"]["Status"] if state["Running"] else state["Status"]
        return found

    def airflow(self) -> SignedIn:
        """Its REST API, as the administrator."""
        return SignedIn.with_password(self.url, "admin", self._password)

    def keep_logs(self) -> Path:
        """Everything that containers and tasks printed, in a folder that git does not see."""
        folder = LOGS / f"{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S}"
        folder.mkdir(parents=True)
        for name, arguments in (("services.log", ("logs", "--no-color", "--timestamps")), ("ps.txt", ("ps",))):
            done = subprocess.run(
                [*self._compose, *arguments], env=self._environment, capture_output=True, text=True, timeout=120
            )
            (folder / name).write_text(done.stdout + done.stderr, encoding="utf-8")
        for container in self.containers("airflow-scheduler")[:1]:
            self.docker("cp", f"{container}:/opt/airflow/logs", str(folder / "tasks"))
        return folder

    def down(self) -> None:
        """Remove containers, network and volumes."""
        self.compose("down", "--volumes", "--timeout", "10")

    def _run(self, command: list[str], seconds: float, stdin: str | None = None) -> str:
        done = subprocess.run(
            command, env=self._environment, input=stdin, capture_output=True, text=True, timeout=seconds, cwd=ROOT
        )
        if done.returncode:
            shown = " ".join([Path(shutil.which(command[0]) or command[0]).name, *command[1:]][-8:])
            raise RuntimeError(f"… {shown} exited {done.returncode}: {(done.stdout + done.stderr).strip()[-3000:]}")
        return done.stdout


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
