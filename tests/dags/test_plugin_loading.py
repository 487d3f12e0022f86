"""Airflow runs every file below plugins/ under its bare name unless told not to; seen here in processes of their own."""

import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

pytestmark = pytest.mark.airflow
ROOT = Path(__file__).resolve().parents[2]
LOOK = """
    import json, sys, time
    import airflow.sdk
    from airflow import plugins_manager
    before, start = set(sys.modules), time.process_time()
    found, errors = plugins_manager._get_plugins()
    took, new = time.process_time() - start, set(sys.modules) - before
    import fractions
    print(json.dumps({
        "plugins": [plugin.name for plugin in found], "errors": errors, "new": sorted(new), "seconds": took,
        "fractions": fractions.__file__, "pages": [view["href"] for view in plugins_manager._get_ui_plugins()[0]],
    }))
"""


def loaded(plugins: Path, **more: str) -> dict:
    """What Airflow has in memory after it loaded ``plugins``."""
    environment = {**os.environ, "AIRFLOW__CORE__PLUGINS_FOLDER": str(plugins), **more}
    command = [sys.executable, "-c", textwrap.dedent(LOOK)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, cwd=plugins)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def project():
    return loaded(ROOT / "plugins")


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """The same Airflow with a folder that holds only a module whose name Python's own library has, and no ignore file."""
    folder = tmp_path_factory.mktemp("plugins")
    (folder / "lab").mkdir()
    (folder / "lab" / "fractions.py").write_text("HIJACKED = True\n", encoding="utf-8")
    return folder, loaded(folder)


def test_the_plugin_is_there(project):
    assert "itemtrail" in project["plugins"]
    assert not project["errors"]


def test_only_the_plugin_file_was_run(project):
    stems = {path.stem for path in ROOT.glob("plugins/**/*.py")} - {"itemtrail_plugin"}
    assert len(stems) > 5
    assert not stems & set(project["new"]), "run under a bare name"


def test_loading_it_adds_no_module_but_itself(project, bare):
    print(f"plugins loaded in {project['seconds']:.2f} s of CPU; Airflow's own in {bare[1]['seconds']:.2f} s")
    added = {name for name in set(project["new"]) - set(bare[1]["new"]) if not name.startswith(("airflow", "_"))}
    assert added <= {"itemtrail_plugin"}


def test_the_pages_are_registered_and_can_be_switched_off(project):
    assert [href.partition("/")[0] for href in project["pages"]] == ["itemtrail"] * 3
    assert loaded(ROOT / "plugins", ITEMTRAIL_PAGES="off")["pages"] == []


def test_the_standard_library_is_intact(project):
    assert project["fractions"].startswith(str(Path(os.__file__).parent))


def test_without_the_ignore_file_a_module_takes_the_place_of_pythons_own(bare):
    folder, seen = bare
    assert seen["fractions"].startswith(str(folder)), "Airflow changed: the ignore file may no longer be needed"
    shutil.copy(ROOT / "plugins" / ".airflowignore", folder)
    assert loaded(folder)["fractions"].startswith(str(Path(os.__file__).parent))
