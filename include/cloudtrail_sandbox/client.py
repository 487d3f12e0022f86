"""Start a sandbox from a test or a demo, turn its clock, stop it. Standard library only: any Python can import it.

Decides: where the sandbox's own Python is (``.venv-sandbox`` beside ``include``), how long a start may take, and that the child
ends with its parent: it watches a pipe whose other end only the parent holds. Refuses: to talk to any machine but this one, and
to leave a half-started process behind. A failed start raises with the end of the child's log.
"""

import contextlib
import datetime as dt
import json
import os
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

INCLUDE = Path(__file__).resolve().parents[1]
PYTHON = INCLUDE.parent / ".venv-sandbox" / "bin" / "python"
START_SECONDS = 60.0
STOP_SECONDS = 10.0
CALL_SECONDS = 900.0
ACCOUNT = "111122223333"
REGIONS = ("us-east-1", "eu-west-1")
_PUMP_SECONDS = 0.2  # real seconds between the steps of passing time
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class SandboxError(Exception):
    """The sandbox did not start, or refused what it was asked; the text says what and the next step."""


@dataclass
class Sandbox:
    """A running sandbox. Use it as a context manager, or call ``stop``."""

    endpoint_url: str
    account: str
    regions: tuple[str, ...]
    access_key_id: str
    secret_access_key: str = field(repr=False)
    process: "subprocess.Popen[bytes]" = field(repr=False)
    folder: "tempfile.TemporaryDirectory[str]" = field(repr=False)

    @classmethod
    def start(
        cls,
        *,
        clock: dt.datetime | None = None,
        account: str = ACCOUNT,
        regions: Sequence[str] = REGIONS,
        port: int = 0,
        host: str = "127.0.0.1",
        tick: bool = True,
        python: Path = PYTHON,
    ) -> "Sandbox":
        """Start a sandbox and wait until it answers.

        Args:
            clock: its time at the start (aware); None is real time.
            account: twelve digits.
            regions: enabled Regions, the default one first; us-east-1 must be among them.
            port: 0 takes a free one.
            host: where it listens; 0.0.0.0 only inside a container.
            tick: whether its clock runs by itself.
            python: the sandbox's interpreter.

        Raises:
            SandboxError: it did not start; with the end of its log.
        """
        if not python.exists():
            raise SandboxError(f"no {python}: the sandbox has a virtual environment of its own. Next: make setup")
        arguments = [f"--port={port}", f"--host={host}", f"--account={account}", f"--regions={','.join(regions)}"]
        arguments.append("--until-stdin-closes")
        if clock is not None:
            arguments.append(f"--clock={clock.isoformat()}")
        if not tick:
            arguments.append("--frozen")
        folder = tempfile.TemporaryDirectory(prefix="cloudtrail-sandbox-", ignore_cleanup_errors=True)
        ready, log = Path(folder.name, "ready.json"), Path(folder.name, "log")
        with log.open("wb") as written:
            process = _spawn([str(python), "-m", "cloudtrail_sandbox", *arguments, f"--ready-file={ready}"], written, folder.name)
        try:
            told = _wait(process, ready, log)
        except BaseException:
            _end(process)
            folder.cleanup()
            raise
        owner = told["owner"]
        return cls(
            endpoint_url=told["endpoint"],
            account=told["account"],
            regions=tuple(told["regions"]),
            access_key_id=owner["access_key_id"],
            secret_access_key=owner["secret_access_key"],
            process=process,
            folder=folder,
        )

    def environment(self) -> dict[str, str]:
        """The variables with which any AWS tool is the owner of this sandbox."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "AWS_DEFAULT_REGION": self.regions[0],
            "AWS_REGION": self.regions[0],
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def now(self) -> dt.datetime:
        """The sandbox's time, aware UTC."""
        return dt.datetime.fromisoformat(self._call("GET", "clock")["now"])

    def advance(self, by: dt.timedelta | float) -> dt.datetime:
        """Let time pass (a float is seconds), with every delivery and digest on the way; gives the time reached."""
        seconds = by.total_seconds() if isinstance(by, dt.timedelta) else float(by)
        return self._turn({"seconds": seconds})

    def advance_to(self, to: dt.datetime) -> dt.datetime:
        """Let time pass until ``to`` (aware).

        Raises:
            SandboxError: ``to`` has passed; the clock only moves forward.
        """
        return self._turn({"to": to.isoformat()})

    def catch_up(self) -> dt.datetime:
        """Let time pass until real time, and run with it from then on."""
        self._turn({"to": "now"})
        self.tick(True)
        return self.now()

    @contextlib.contextmanager
    def passing_time(self, until: dt.datetime, step: dt.timedelta = dt.timedelta(minutes=5)) -> Iterator[None]:
        """Time passes quickly while the block waits for a delivery: in steps, once a trail logs, never past ``until``.

        Before a trail logs nobody waits: a slow start of whatever runs in the block must not use up the time.
        """
        done = threading.Event()

        def pump() -> None:
            while not done.wait(_PUMP_SECONDS):
                if self.now() + step < until and any(trail["logging"] for trail in self.status()["trails"]):
                    self.advance(step)

        thread = threading.Thread(target=pump, name="passing-time", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def tick(self, on: bool) -> None:
        """Let the clock run by itself, or freeze it."""
        self._call("POST", "tick", {"tick": on})

    def deliver(self) -> tuple[str, ...]:
        """Deliver what is recorded now, without waiting for the next five minutes; the objects as ``bucket/key``."""
        return tuple(self._call("POST", "deliver")["delivered"])

    def expire_ttl(self) -> int:
        """Run DynamoDB's expiry once; gives the number of items removed."""
        return int(self._call("POST", "ttl")["removed"])

    def run_lifecycle(self) -> dict[str, int]:
        """Make S3's daily lifecycle run once, as of the clock; how many objects were ``moved`` and ``expired``."""
        return {name: int(count) for name, count in self._call("POST", "lifecycle").items()}

    def delay(self, *, digests: bool = False, logs: bool = False, newest_first: bool = False) -> None:
        """CloudTrail falls behind, or catches up where a value is False again.

        Args:
            digests: hold digests back; delivered when switched off.
            logs: leave log files that arrive out of their hour's digest; backfill digests name them when switched off.
            newest_first: deliver the newest of the digests that waited now, and the others at the next delivery.
        """
        self._call("POST", "delay", {"digests": digests, "logs": logs, "newest_first": newest_first})

    def import_log(self, bucket_key: str, content: bytes, at: dt.datetime | None = None) -> None:
        """Deliver given bytes as the log file ``bucket/key``, so that the next digest names it and hashes its inflated content.

        Args:
            bucket_key: in the folder of a trail that is logging.
            content: the stored bytes (gzip).
            at: when it arrives (aware); the clock is moved there. None is now.
        """
        bucket, _, key = bucket_key.partition("/")
        asked = {"bucket": bucket, "key": key} | ({"at": at.isoformat()} if at else {})
        self._call("POST", f"import_log?{urllib.parse.urlencode(asked)}", content)

    def status(self) -> dict[str, Any]:
        """Account, Regions, time, and per trail and Region what is held, last errors and the next digest."""
        return self._call("GET", "status")

    def events(self, limit: int = 1000) -> list[dict[str, Any]]:
        """The newest recorded events, oldest first, whether a trail logs them or not."""
        found: list[dict[str, Any]] = self._call("GET", f"events?limit={limit}")["events"]
        return found

    def asked(self) -> dict[str, list[str]]:
        """The IAM actions that were asked for, by the caller's ARN, allowed or not."""
        found: dict[str, list[str]] = self._call("GET", "asked")["asked"]
        return found

    def log_tail(self) -> str:
        """The end of the process's log."""
        return _tail(Path(self.folder.name, "log"))

    def stop(self) -> None:
        """End the process and forget its folder; twice is once."""
        _end(self.process)
        self.folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def _turn(self, asked: Mapping[str, Any]) -> dt.datetime:
        return dt.datetime.fromisoformat(self._call("POST", "advance", asked)["now"])

    def _call(self, method: str, what: str, body: Mapping[str, Any] | bytes | None = None) -> dict[str, Any]:
        content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.endpoint_url}/_sandbox/{what}", content, method=method)  # noqa: S310
        try:
            with _DIRECT.open(request, timeout=CALL_SECONDS) as answer:
                told: dict[str, Any] = json.load(answer)
                return told
        except urllib.error.HTTPError as error:
            raise SandboxError(f"{method} {what.partition('?')[0]}: {_said(error)}") from None
        except OSError as error:
            tail = self.log_tail() if self.process.poll() is not None else ""
            raise SandboxError(f"the sandbox at {self.endpoint_url} does not answer ({error}). {tail}") from None


def _spawn(command: list[str], log: IO[bytes], folder: str) -> "subprocess.Popen[bytes]":
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON", "COVERAGE"))}
    variables |= {"PYTHONPATH": str(INCLUDE), "PYTHONUNBUFFERED": "1", "TZ": "UTC"}
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=subprocess.STDOUT,
        cwd=folder,
        env=variables,
        start_new_session=True,  # Ctrl-C is the parent's; the child ends when the pipe does
    )


def _wait(process: "subprocess.Popen[bytes]", ready: Path, log: Path) -> dict[str, Any]:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if ready.exists():
            told: dict[str, Any] = json.loads(ready.read_text(encoding="utf-8"))
            return told
        if process.poll() is not None:
            raise SandboxError(f"the sandbox ended with status {process.returncode} while starting.\n{_tail(log)}")
        time.sleep(0.02)
    raise SandboxError(f"the sandbox did not answer within {START_SECONDS:.0f} s.\n{_tail(log)}")


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.stdin is not None:
        with contextlib.suppress(OSError):
            process.stdin.close()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _tail(log: Path) -> str:
    try:
        return log.read_bytes()[-4000:].decode("utf-8", "replace")
    except OSError:
        return ""


def _said(error: urllib.error.HTTPError) -> str:
    text = error.read().decode("utf-8", "replace")
    try:
        return str(json.loads(text)["error"])
    except (ValueError, KeyError, TypeError):
        return f"{error.code} {text[:500]}"
