"""No file in dags/ or plugins/ may carry a name that something else has: Airflow would register it under its bare stem."""

import importlib.metadata
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OWN = {"itemtrail", "itemtrail_airflow", "itemtrail_demo", "cloudtrail_sandbox"}


def top_level_files() -> list[Path]:
    return [*ROOT.glob("dags/*.py"), *ROOT.glob("plugins/*.py")]


def installed_names() -> set[str]:
    return {*importlib.metadata.packages_distributions(), *sys.stdlib_module_names} - OWN


def test_there_are_files_to_look_at():
    assert {path.name for path in top_level_files()} >= {"archive_trail_dag.py", "setup_trail_dag.py", "itemtrail_plugin.py"}


@pytest.mark.parametrize("path", top_level_files(), ids=lambda path: path.name)
def test_a_file_that_airflow_loads_has_a_name_of_its_own(path):
    assert path.stem not in installed_names() | OWN


def test_packages_beside_the_plugin_have_names_of_their_own():
    folders = {path.parent.name for path in ROOT.glob("plugins/*/__init__.py")}
    assert folders == {"itemtrail_airflow"}
    assert not folders & installed_names()


@pytest.mark.parametrize(("folder", "kept"), [("plugins", "!*_plugin.py"), ("dags", "!*_dag.py")])
def test_everything_is_ignored_but_what_the_suffix_names(folder, kept):
    lines = (ROOT / folder / ".airflowignore").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not line.startswith("#")] == ["*", kept]
