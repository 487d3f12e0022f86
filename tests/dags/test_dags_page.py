"""docs/dags.md says what the DAG objects say, and docs/airflow.md has a row for every task that can be red."""

import os
import re
import subprocess
import sys

import pytest
from tests import dags_page

pytestmark = pytest.mark.airflow
BY_HAND = dags_page.PAGE.with_name("airflow.md")


def test_the_page_is_what_the_dags_generate(tmp_path):
    """In a process of its own: another test's configuration would be in the DAGs of this one."""
    made = tmp_path / "dags.md"
    root = dags_page.PAGE.parents[1]
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "ITEMTRAIL"))}
    command = [sys.executable, "-m", "tests.dags_page", "--to", str(made)]
    subprocess.run(command, cwd=root, env=plain | {"PYTHONPATH": "include:plugins:."}, check=True, capture_output=True)
    assert dags_page.PAGE.read_text(encoding="utf-8") == made.read_text(encoding="utf-8"), "make docs"


def test_it_names_the_connections_that_the_code_opens(bag):
    page = dags_page.page(bag.dags)
    wait = next(line for line in page.splitlines() if line.startswith("| `unit.wait` |"))
    assert "`trail_reader_conn`" in wait, "a trigger's connection counts as its task's"
    restore = page.partition("## restore_archive")[2].partition("\n## ")[0]
    assert "`restorer_conn`" in restore
    assert "`evidence_conn`" not in restore


def test_every_task_that_can_be_red_has_a_row_under_its_dag_that_says_what_to_do(bag):
    text = BY_HAND.read_text(encoding="utf-8")
    lacking = []
    for dag_id, dag in sorted(bag.dags.items()):
        section = re.split(r"^## ", text.partition(f"\n## {dag_id}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]
        told = {
            name
            for row in re.findall(r"^\| ((?:`[a-z_.]+`(?:, )?)+) \|", section, re.MULTILINE)
            for name in re.findall(r"`([^`]+)`", row)
        }
        lacking += [f"{dag_id}.{task.task_id}" for task in dag.tasks if task.task_id not in told]
    assert not lacking
