"""A real S3 for tests: SeaweedFS on loopback, with signatures, versions, conditional writes, checksums and Object Lock.

One server a test session, its files in a folder of its own; it dies with the test process, even if that is killed.
"""

import contextlib
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from itemtrail.aws.connection import Connection

WEED = Path(sys.executable).with_name("weed")
OWNER = ("AKIDOWNER0000000", "secret-of-the-owner")
LISTER = ("AKIDLISTER000000", "secret-of-the-lister")
WRITER = ("AKIDWRITER000000", "secret-of-the-writer")
_START_SECONDS = 60


@dataclass(frozen=True)
class SeaweedFS:
    """A running server."""

    endpoint_url: str

    def connection(self, who: tuple[str, str] = OWNER, *, endpoint_url: str = "") -> Connection:
        """The library's connection, as ``who``."""
        session = boto3.Session(who[0], who[1], region_name="us-east-1")
        return Connection(session, endpoint_url=endpoint_url or self.endpoint_url)

    def client(self) -> Any:
        """A plain S3 client of the owner."""
        return self.connection().s3()

    def environment(self) -> dict[str, str]:
        """Variables for a process that is to use it as the owner."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": OWNER[0],
            "AWS_SECRET_ACCESS_KEY": OWNER[1],
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def bucket(self, name: str, *, locked: bool = False, versioned: bool = True) -> str:
        """Make a bucket."""
        client = self.client()
        client.create_bucket(Bucket=name, ObjectLockEnabledForBucket=locked)
        if versioned and not locked:
            client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        return name


@contextlib.contextmanager
def running(folder: Path, *, volumes: int = 50) -> Iterator[SeaweedFS]:
    """Start a server for ``volumes`` × 64 MB, stop it at the end."""
    config = folder / "s3.json"
    who = [_identity(OWNER, ["Admin"]), _identity(LISTER, ["List"]), _identity(WRITER, ["Read", "Write", "List"])]
    config.write_text(json.dumps({"identities": who}))
    ports = _free_ports(8)
    named = dict(zip(("master", "volume", "filer", "s3"), ports[:4], strict=True))
    grpc = dict(zip(named, ports[4:], strict=True))
    command = [WEED, "-logtostderr=true", "server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={folder}"]
    command += ["-filer=true", "-s3", f"-s3.config={config}", "-master.volumeSizeLimitMB=64", f"-volume.max={volumes}"]
    command += ["-s3.port.iceberg=0", "-s3.port.lance=0", "-master.telemetry=false"]
    command += [f"-{name}.port={port}" for name, port in named.items()]
    command += [f"-{name}.port.grpc={port}" for name, port in grpc.items()]
    with (folder / "weed.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, preexec_fn=_die_with_parent)  # noqa: PLW1509
    try:
        url = f"http://127.0.0.1:{named['s3']}"
        _wait(url, process, folder / "weed.log")
        yield SeaweedFS(url)
    finally:
        process.kill()
        process.wait()
        for port in grpc.values():
            for left in Path(tempfile.gettempdir()).glob(f"seaweedfs-*-grpc-{port}.sock"):
                left.unlink()


def _identity(who: tuple[str, str], actions: list[str]) -> dict[str, Any]:
    return {"name": who[0].lower(), "credentials": [{"accessKey": who[0], "secretKey": who[1]}], "actions": actions}


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until a bucket can be made: the filer answers some time after the port opens."""
    client = SeaweedFS(url).client()
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(urllib.error.URLError, OSError):
            urllib.request.urlopen(f"{url}/status", timeout=2).read()
            with contextlib.suppress(Exception):
                client.create_bucket(Bucket="probe")
                client.put_object(Bucket="probe", Key="probe", Body=b"x")
                return
        time.sleep(0.2)
    raise RuntimeError(f"SeaweedFS did not start (pid {os.getpid()}): {log.read_text()[-2000:]}")
