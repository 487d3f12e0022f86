"""A question in a process of its own: limits, environment, and what never leaves it. Real processes."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from itemtrail_airflow.web import short_process
from itemtrail_airflow.web.short_process import Broken, Limits, TooBig


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Makes a module that a short process can run; its body sees ``asked``."""
    real = short_process.surroundings
    monkeypatch.setattr(
        short_process, "surroundings", lambda given: (made := real(given)) | {"PYTHONPATH": f"{tmp_path}:{made['PYTHONPATH']}"}
    )

    def make(body):
        head = "import os, sys, time, json\nasked = sys.stdin.read()\n"
        (tmp_path / "answering.py").write_text(head + textwrap.dedent(body))
        return "answering"

    return make


def test_the_answer_comes_and_the_question_is_in_no_argument(module):
    name = module("print(json.dumps({'asked': asked, 'words': sys.argv, 'line': open('/proc/self/cmdline').read()}))")
    made = short_process.ask(name, b"E-1042", {}, Limits(seconds=60))
    assert made["asked"] == "E-1042"
    assert "E-1042" not in made["line"]


def test_only_listed_variables_and_the_given_ones_reach_it(module, monkeypatch):
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "secret")
    name = module("print(json.dumps(dict(os.environ)))")
    made = short_process.ask(name, b"", {"AWS_ACCESS_KEY_ID": "AK"}, Limits(seconds=60))
    assert made["AWS_ACCESS_KEY_ID"] == "AK"
    assert not [variable for variable in made if variable.startswith("AIRFLOW")]
    assert os.environ["AIRFLOW__CORE__FERNET_KEY"] == "secret"


def test_too_slow_is_ended_with_everything_it_started(module, tmp_path):
    pid = tmp_path / "pid"
    name = module(f"""
        import subprocess
        started = subprocess.Popen(["sleep", "600"])
        open({str(pid)!r}, "w").write(str(started.pid))
        time.sleep(600)
    """)
    with pytest.raises(TooBig, match="seconds"):
        short_process.ask(name, b"", {}, Limits(seconds=3))
    if pid.exists():
        state = Path(f"/proc/{pid.read_text()}/stat")
        assert not state.exists() or state.read_text().split()[2] == "Z"


def test_an_answer_that_is_too_large_is_none(module):
    with pytest.raises(TooBig, match="MiB"):
        short_process.ask(module("while True: print('x' * 100000)"), b"", {}, Limits(seconds=60, output=1 << 20))


def test_memory_is_limited_by_the_real_child():
    with pytest.raises(TooBig, match="40 MiB"):
        short_process.ask("itemtrail_airflow.web.timeline_child", b'{"table": "x"}', {}, Limits(seconds=60, memory=40 << 20))


@pytest.mark.parametrize(("body", "said"), [("sys.exit(5)", "exit code 5"), ("print('no')", "not JSON")])
def test_no_answer_is_never_an_empty_answer(module, body, said):
    with pytest.raises(Broken, match=said):
        short_process.ask(module(body), b"", {}, Limits(seconds=60))


def test_a_fault_tells_no_value():
    made = short_process.ask(
        "itemtrail_airflow.web.timeline_child",
        b'{"E-1042": 1}',
        {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"},
        Limits(seconds=60),
    )
    assert "E-1042" not in json.dumps(made)
    assert made["fault"].startswith("KeyError in timeline_answer.py")


def test_the_child_knows_no_airflow():
    code = "import sys; from itemtrail_airflow.web import timeline_child, timeline_answer; sys.exit('airflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], env=short_process.surroundings({}), check=False).returncode == 0
