"""A Docker engine for the test: the one that is there, or one of its own that ends with it.

Decides: an engine that answers is used as it is. Otherwise, as root, `dockerd` is installed from the distribution where it is
missing, and started on a socket of its own, without touching the machine's firewall; its images stay in the cache folder for the
next run. Refuses to go on without an engine: `NoEngineError` says what is missing.
"""

import contextlib
import fcntl
import os
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "itemtrail" / "compose-test"
PACKAGES = ("docker.io", "docker-compose", "debootstrap", "runc")
READY = 60


class NoEngineError(Exception):
    """There is no Docker engine and none can be had; the text says why and what to do."""


@contextlib.contextmanager
def engine() -> Iterator[dict[str, str]]:
    """Variables with which `docker` reaches an engine."""
    if _answers({}):
        need("docker", compose=True)
        yield {}
        return
    if os.geteuid() != 0:
        raise NoEngineError("no Docker engine answers, and only root can start one. Next: start Docker, or run this as root.")
    need("dockerd", "debootstrap", compose=True)
    with _alone(), tempfile.TemporaryDirectory(prefix="itemtrail-dockerd-") as room, _dockerd(Path(room)) as variables:
        yield variables


def need(*programs: str, compose: bool = False) -> None:
    """Install what is missing of ``programs`` (and a docker-compose, where ``compose``).

    Raises:
        NoEngineError: it cannot be installed.
    """
    lacking = [name for name in programs if not shutil.which(name)]
    if compose and not (shutil.which("docker-compose") or _plugin()):
        lacking.append("docker-compose")
    if not lacking:
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise NoEngineError(f"{', '.join(lacking)} missing, and cannot be installed here. Next: install Docker with Compose.")
    print(f"installing {', '.join(PACKAGES)}", flush=True)
    for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *PACKAGES]):
        done = subprocess.run(
            ["apt-get", *command], env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, capture_output=True, text=True
        )
        if done.returncode:
            raise NoEngineError(f"apt-get {command[0]} failed: {done.stderr.strip()[-600:]}. Next: install Docker with Compose.")


def compose_command() -> list[str]:
    """Compose's version 2 where it is there, else 1."""
    return ["docker", "compose"] if _plugin() else ["docker-compose"]


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Two engines must not share one folder of images."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise NoEngineError(f"another test uses {CACHE}. Next: wait for its end.") from None
        yield


def _sweep(variables: dict[str, str]) -> None:
    """Remove what a test that was killed left in our own engine, which would otherwise start it again."""
    environment = {**os.environ, **variables}
    left = subprocess.run(["docker", "ps", "-aq"], env=environment, capture_output=True, text=True, check=True).stdout.split()
    if left:
        subprocess.run(["docker", "rm", "--force", *left], env=environment, capture_output=True, check=True)
    for what in ("volume", "network"):
        subprocess.run(["docker", what, "prune", "--force"], env=environment, capture_output=True, check=True)


@contextlib.contextmanager
def _dockerd(room: Path) -> Iterator[dict[str, str]]:
    socket = f"unix://{room}/docker.sock"
    command = ["dockerd", "--data-root", str(CACHE / "docker"), "--exec-root", str(room / "exec"), "-p", str(room / "pid")]
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    command += ["-H", socket, "--iptables=false", "--ip-forward=false", "--bridge=none", f"--default-ulimit=nofile={files}"]
    log = CACHE / "dockerd.log"
    with log.open("wb") as written:
        process = subprocess.Popen(command, stdout=written, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        variables = {"DOCKER_HOST": socket}
        end = time.monotonic() + READY
        while not _answers(variables):
            if process.poll() is not None or time.monotonic() > end:
                raise NoEngineError(f"dockerd does not answer. Next: look at {log}\n{log.read_text(errors='replace')[-1500:]}")
            time.sleep(0.5)
        _sweep(variables)
        yield variables
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        _unmount(room)


def _unmount(room: Path) -> None:
    """What dockerd leaves mounted of its own folder."""
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines()]
    for mount in sorted((one for one in mounts if one.startswith(f"{room}/")), reverse=True):
        subprocess.run(["umount", mount], check=False)


def _answers(variables: dict[str, str]) -> bool:
    if not shutil.which("docker"):
        return False
    asked = ["docker", "version", "--format", "{{.Server.Version}}"]
    return subprocess.run(asked, env={**os.environ, **variables}, capture_output=True).returncode == 0


def _plugin() -> bool:
    asked = ["docker", "compose", "version"]
    return bool(shutil.which("docker")) and subprocess.run(asked, capture_output=True).returncode == 0
