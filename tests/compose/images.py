"""The images of the test: the published ones where they can be pulled, else substitutes from a plain Debian.

Decides: the project's own Dockerfile is built in both cases; only what it stands on differs. Substitutes bring what the compose
file asks of the published images (user names, folders, variables, entry point) and nothing else; they are kept by the engine, and
made again when one of their files changes.
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.compose.engine import NoEngineError, need

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent / "images"
PUBLISHED = ("postgres:16.10", "redis:7.2-bookworm", "apache/airflow:3.3.2-python3.11")
SUITE = "bookworm"
PACKAGES = "python3,python3-venv,ca-certificates,curl,procps,redis-server,postgresql,dumb-init"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


def ready(docker: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """What is used, in words, and the variables that tell docker-compose.yaml its images."""
    if all(_run(docker, "pull", "--quiet", image, check=False).returncode == 0 for image in PUBLISHED):
        bases = dict(zip(("postgres", "redis", "airflow"), PUBLISHED, strict=True))
        words = "the published images"
    else:
        bases = _substitutes(docker)
        words = f"substitutes from Debian {SUITE} (nothing can be pulled here)"
    arguments = ("--network=host", "--build-arg", f"AIRFLOW_BASE={bases['airflow']}")
    made = {target: _build(docker, target, ROOT, *arguments, "--target", target) for target in ("airflow", "sandbox")}
    return words, {
        "POSTGRES_IMAGE": bases["postgres"],
        "REDIS_IMAGE": bases["redis"],
        "AIRFLOW_IMAGE_NAME": made["airflow"],
        "ITEMTRAIL_SANDBOX_IMAGE": made["sandbox"],
    }


def _substitutes(docker: Mapping[str, str]) -> dict[str, str]:
    debian = f"itemtrail-test/debian:{hashlib.sha256(f'{SUITE} {PACKAGES}'.encode()).hexdigest()[:12]}"
    if _run(docker, "image", "inspect", debian, check=False).returncode:
        _debian(docker, debian)
    return {
        name: _build(docker, f"substitute-{name}", HERE / name, "--build-arg", f"DEBIAN={debian}")
        for name in ("postgres", "redis", "airflow")
    }


def _debian(docker: Mapping[str, str], name: str) -> None:
    """A minimal Debian with what all substitutes need, and this machine's certificates of authorities.

    Raises:
        NoEngineError: it cannot be had.
    """
    need("debootstrap")
    print(f"  making a base image with debootstrap ({SUITE}); once", flush=True)
    with tempfile.TemporaryDirectory(prefix="itemtrail-debian-", dir=os.environ.get("TMPDIR", "/var/tmp")) as room:
        root = Path(room) / "root"
        command = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", SUITE, str(root)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise NoEngineError(f"images can neither be pulled nor made: {(done.stdout + done.stderr)[-800:]}")
        if CERTIFICATES.exists():
            shutil.copy(CERTIFICATES, root / CERTIFICATES.relative_to("/"))
        shutil.rmtree(root / "var/cache/apt/archives", ignore_errors=True)
        packer = subprocess.Popen(["tar", "-C", str(root), "-c", "."], stdout=subprocess.PIPE)
        _run(docker, "import", "-", name, stdin=packer.stdout)
        if packer.wait():
            raise NoEngineError("the base image could not be packed: tar failed.")


def _build(docker: Mapping[str, str], name: str, context: Path, *arguments: str) -> str:
    """Build ``context``; the image's name. The engine's cache makes a second build a matter of a second."""
    tag = f"itemtrail-test/{name}"
    done = _run(docker, "build", "--tag", tag, *arguments, str(context), check=False)
    if done.returncode:
        raise RuntimeError(f"docker build of {name} failed:\n{(done.stdout + done.stderr)[-4000:]}")
    return tag


def _run(docker: Mapping[str, str], *arguments: str, check: bool = True, stdin=None) -> "subprocess.CompletedProcess[str]":
    """Without BuildKit: its plugin is not everywhere, and nothing here needs it."""
    environment = {**os.environ, **docker, "DOCKER_BUILDKIT": "0"}
    return subprocess.run(
        ["docker", *arguments], env=environment, stdin=stdin, capture_output=True, text=True, check=check, timeout=1500
    )
