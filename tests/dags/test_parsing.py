"""What reading a DAG file costs and drags in; how a broken configuration shows."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

pytestmark = pytest.mark.airflow
ROOT = Path(__file__).resolve().parents[2]
PARSE = """
    import importlib.util, json, pathlib, sys, time
    import airflow.sdk
    from airflow.sdk import Asset, BaseNotifier, BaseOperator, CronPartitionTimetable, Param, dag, task, task_group
    before, start = set(sys.modules), time.process_time()
    for path in sorted(pathlib.Path(sys.argv[1]).glob("*_dag.py")):
        spec = importlib.util.spec_from_file_location(path.stem, path)
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
    print(json.dumps({"new": sorted(set(sys.modules) - before), "seconds": time.process_time() - start}))
"""
HEAVY = {"boto3", "botocore", "obstore", "pyarrow", "duckdb", "isal", "cryptography", "msgspec"}


def in_a_process_of_its_own(code: str, *arguments: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


def test_parsing_imports_no_client_and_no_parquet():
    seen = json.loads(in_a_process_of_its_own(PARSE, str(ROOT / "dags")))
    print(f"all DAG files parsed in {seen['seconds']:.2f} s of CPU above airflow.sdk")
    assert {"itemtrail_airflow.archive_tasks", "itemtrail_airflow.setup_tasks"} <= set(seen["new"]), "nothing was parsed"
    assert not HEAVY & {name.partition(".")[0] for name in seen["new"]}


def test_the_triggerers_side_of_waiting_imports_no_parquet():
    """A look's own imports too: what the triggerer has in memory when it polls."""
    code = """
        import json, sys
        import itemtrail_airflow.trigger, itemtrail.flows.receipts, itemtrail.aws.connection
        print(json.dumps(sorted(sys.modules)))
    """
    assert not {"pyarrow", "duckdb"} & set(json.loads(in_a_process_of_its_own(code)))


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        ("[airflow]\nstart_date = 'soon'\n", "airflow.start_date"),
        ("[airflow]\nstart_date = '2026-02-30'\n", "airflow.start_date"),
        ("[airflow]\nrequire_aproval = false\n", "unknown key `airflow.require_aproval`"),
        ("[archive\n", "is not TOML"),
    ],
)
def test_a_broken_configuration_is_an_import_error_that_names_file_and_key(tmp_path, monkeypatch, broken, says):
    from airflow.dag_processing.dagbag import DagBag

    good = (ROOT / "include" / "itemtrail.toml").read_text(encoding="utf-8").partition("[airflow]")[0]
    file = tmp_path / "mine.toml"
    file.write_text(good + broken, encoding="utf-8")
    monkeypatch.setenv("ITEMTRAIL_CONFIG", str(file))
    errors = DagBag(str(ROOT / "dags")).import_errors
    reading = {path.name for path in ROOT.glob("dags/*_dag.py") if "settings import" in path.read_text(encoding="utf-8")}
    assert {Path(path).name for path in errors} == reading
    assert len(reading) > 8
    assert all(str(file) in error and says in error for error in errors.values())
