"""One question in a process of its own, with limits: memory, CPU time, wall time, size of the answer.

Decides: the question goes in by standard input (arguments are for everybody to read in the process list), credentials by the
environment, of which the process gets only what is named here. The process limits itself before it imports anything heavy, and
is killed with its group when the time is over. Refuses to hand on what it prints as an error: that may hold an item's values.
"""

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

OUT_OF_MEMORY = 71  # exit code of the process when it met its memory limit
_KEPT = (
    "PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "ITEMTRAIL_CONFIG", "AWS_CA_BUNDLE", "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3", "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT", "AWS_STS_REGIONAL_ENDPOINTS", "SSL_CERT_FILE",
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
)  # fmt: skip
_END_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds of wall and CPU time each; bytes of address space and of the answer."""

    seconds: float = 15.0
    memory: int = 3 << 30
    output: int = 8 << 20


class TooBig(Exception):  # noqa: N818 - what the question is
    """The question needs more than the limits; the message says of what."""


class Broken(Exception):  # noqa: N818 - what the process is
    """The process ended without an answer; the message holds no values."""


def ask(module: str, question: bytes, environment: Mapping[str, str], limits: Limits) -> dict[str, Any]:
    """The JSON object that ``python -m module MEMORY SECONDS`` prints for ``question`` on its standard input.

    Raises:
        TooBig: a limit was met. Broken: no answer for another reason.
    """
    command = [sys.executable, "-m", module, str(limits.memory), str(int(limits.seconds) + 1)]
    with subprocess.Popen(
        command,
        env=surroundings(environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            return _answer(process, question, limits)
        finally:
            _kill(process)


def surroundings(environment: Mapping[str, str]) -> dict[str, str]:
    """What the process gets of this one's environment, and ``environment``: none of Airflow's secrets."""
    here = [str(Path(__file__).resolve().parents[2]), *(p for p in sys.path if p and (Path(p) / "itemtrail").is_dir())]
    made = {name: os.environ[name] for name in _KEPT if name in os.environ}
    made |= {"PYTHONPATH": os.pathsep.join(dict.fromkeys(here)), "MALLOC_ARENA_MAX": "2", "PYTHONUTF8": "1"}
    return made | {"AWS_EC2_METADATA_DISABLED": "true"} | dict(environment)


def _answer(process: "subprocess.Popen[bytes]", question: bytes, limits: Limits) -> dict[str, Any]:
    assert process.stdin is not None
    try:
        process.stdin.write(question)
        process.stdin.close()
    except BrokenPipeError:
        pass  # it ended already: its exit code says why
    body = _read(process, limits)
    try:
        code = process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise Broken("it does not end") from error
    if code == OUT_OF_MEMORY or code in {-signal.SIGKILL, -signal.SIGABRT, -signal.SIGSEGV}:
        raise TooBig(f"more memory than {limits.memory >> 20:,} MiB")
    if code in {-signal.SIGXCPU, -signal.SIGALRM}:
        raise TooBig(f"more than {limits.seconds:.0f} seconds")
    try:
        return dict(json.loads(body)) if code == 0 else _broken(code)
    except ValueError as error:
        raise Broken("its answer is not JSON") from error


def _broken(code: int) -> dict[str, Any]:
    raise Broken(f"exit code {code}")


def _read(process: "subprocess.Popen[bytes]", limits: Limits) -> bytes:
    """Everything that it prints. Raises TooBig."""
    assert process.stdout is not None
    found: list[bytes] = []
    end, size = time.monotonic() + limits.seconds, 0
    ready = select.poll()
    ready.register(process.stdout, select.POLLIN | select.POLLHUP)
    while ready.poll(max(0.0, end - time.monotonic()) * 1000):
        chunk = os.read(process.stdout.fileno(), 1 << 16)
        if not chunk:
            return b"".join(found)
        found.append(chunk)
        size += len(chunk)
        if size > limits.output:
            raise TooBig(f"an answer of more than {limits.output >> 20} MiB")
    raise TooBig(f"more than {limits.seconds:.0f} seconds")


def _kill(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
