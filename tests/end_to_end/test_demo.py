"""`make demo` as a reader runs it: a process of its own, its exit code, its words, and what it leaves behind."""

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = [pytest.mark.sandbox, pytest.mark.airflow]

ROOT = Path(__file__).resolve().parents[2]
MARK = "DEMO_TEST_MARK"


@dataclass(frozen=True)
class Demo:
    """A finished run."""

    code: int
    text: str
    folder: Path
    mark: str


def start(folder: Path, mark: str) -> "subprocess.Popen[str]":
    variables = dict(os.environ) | {
        "PYTHONPATH": f"{ROOT / 'include'}:{ROOT / 'plugins'}",
        MARK: mark,
        "AWS_PROFILE": "somebody-elses-account",  # must not matter
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AIRFLOW__CORE__DAGS_FOLDER": "/nowhere",
        "NO_COLOR": "1",
    }
    command = [sys.executable, "-m", "itemtrail_demo", "--calls", "300", "--folder", str(folder)]
    return subprocess.Popen(command, cwd=ROOT, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def alive(mark: str) -> list[str]:
    """Command lines of living processes that carry the mark in their environment."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and f"{MARK}={mark}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder, mark = tmp_path_factory.mktemp("demo") / "run", uuid.uuid4().hex
    process = start(folder, mark)
    try:
        text, _ = process.communicate(timeout=300)
    finally:
        process.kill()
    yield Demo(process.returncode, text, folder, mark)


def test_it_exits_0_with_three_days_proven_in_both_regions(demo: Demo) -> None:
    assert demo.code == 0, demo.text
    table = [line.split() for line in demo.text.splitlines() if line.startswith("20") and "PROVEN" in line and "COMPLETE" in line]
    assert len(table) == 6
    assert {line[1] for line in table} == {"us-east-1", "eu-west-1"}
    assert all(line[2] == "24" for line in table)


def test_a_proven_day_is_on_the_screen_before_the_next_one_begins(demo: Demo) -> None:
    told = [line for line in demo.text.splitlines() if "  PROVEN  " in line or "HRMS at work" in line]
    assert ["HRMS at work" in line for line in told[:4]] == [True, False, False, True]


def test_every_harm_is_detected_where_aws_s_own_tool_is_silent(demo: Demo) -> None:
    harms = dict.fromkeys(("the newest 4 digests removed", "a log planted that CloudTrail never delivered"))
    for name in harms:
        told = demo.text.split(f"\n{name}\n", 1)[1].split("\n\n", 1)[0]
        assert "aws       exit 0" in told
        assert "itemtrail exit 1  DISPROVEN" in told


def test_lines_fit_a_terminal_and_hold_no_escapes(demo: Demo) -> None:
    assert "\x1b" not in demo.text
    wide = [line for line in demo.text.splitlines() if len(line) > 120 and str(demo.folder) not in line]
    commands_and_keys = [line for line in wide if line.lstrip().startswith("$ ") or max(map(len, line.split())) > 90]
    assert wide == commands_and_keys


def test_no_secret_is_printed_and_none_is_readable_by_others(demo: Demo) -> None:
    secret = next(
        line.split("=", 1)[1]
        for line in (demo.folder / "environment.sh").read_text().splitlines()
        if line.startswith("export AWS_SECRET_ACCESS_KEY=")
    )
    assert secret not in demo.text
    assert (demo.folder / "environment.sh").stat().st_mode & 0o077 == 0
    assert secret not in (demo.folder / "demo.log").read_text(errors="replace")


def test_its_truth_is_complete(demo: Demo) -> None:
    lines = [json.loads(line) for line in (demo.folder / "truth.ndjson").read_text().splitlines()]
    assert len(lines) >= 300
    assert {"UpdateItem", "TransactWriteItems", "ExecuteStatement", "TTL"} <= {line["operation"] for line in lines}


def test_no_process_is_left(demo: Demo) -> None:
    assert alive(demo.mark) == []


def test_ctrl_c_in_a_second_run_leaves_no_process(demo: Demo) -> None:
    """In the midst of a DAG run, where Airflow has put its own handlers in place; the folder is that of the run before."""
    mark = uuid.uuid4().hex
    process = start(demo.folder, mark)
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if "DAG setup_trail" in line:
                break
        time.sleep(8)
        assert len(alive(mark)) >= 2
        process.send_signal(signal.SIGINT)
        begun = time.monotonic()
        rest, _ = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "interrupted" in rest
    assert time.monotonic() - begun < 15
    assert alive(mark) == []
