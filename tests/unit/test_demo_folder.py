"""A demo empties only what a demo made."""

import subprocess
import sys
from pathlib import Path

import pytest

from itemtrail.errors import ConfigurationError
from itemtrail_demo.folder import ENTRIES, MARK, Folder


def tree(path: Path) -> list[str]:
    return sorted(str(entry.relative_to(path)) for entry in path.rglob("*"))


def test_a_new_folder_is_made_and_an_empty_one_taken(tmp_path: Path) -> None:
    for path in (tmp_path / "a" / "b", tmp_path / "c"):
        if path.name == "c":
            path.mkdir()
        Folder(path).renew()
        assert tree(path) == [MARK]


@pytest.mark.parametrize(
    "names",
    [
        ("notes.txt",),
        ("notes.txt", MARK),  # marked, but somebody put his own file there since
        ("truth.ndjson",),  # a demo's name without a demo's mark
        (".hidden",),
        ("airflow/airflow.db", "src/main.py", MARK),
    ],
)
def test_a_folder_with_other_files_is_refused_and_nothing_in_it_is_touched(tmp_path: Path, names: tuple[str, ...]) -> None:
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("mine")
    before = tree(tmp_path)
    with pytest.raises(ConfigurationError, match="no demo made"):
        Folder(tmp_path).renew()
    assert tree(tmp_path) == before
    assert all((tmp_path / name).read_text() == "mine" for name in names)


@pytest.mark.parametrize("path", [Path("/"), Path(__file__).parents[2]])
def test_places_that_belong_to_others_are_not_even_considered(path: Path) -> None:
    with pytest.raises(ConfigurationError):
        Folder(path)._must_be_ours()  # the judgement alone: nothing is removed by it


def test_an_earlier_demo_s_files_are_replaced(tmp_path: Path) -> None:
    code = f"from pathlib import Path; from itemtrail_demo.folder import Folder; Folder(Path({str(tmp_path)!r})).renew()"
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": "include"}, cwd=Path(__file__).parents[2])
    for name in ENTRIES:
        (tmp_path / name).mkdir() if name in ("airflow", "cache") else (tmp_path / name).write_text("old")
    (tmp_path / "airflow" / "airflow.db").write_text("old")
    Folder(tmp_path).renew()
    assert tree(tmp_path) == [MARK]


def test_links_are_removed_and_never_followed(tmp_path: Path) -> None:
    elsewhere, folder = tmp_path / "elsewhere", tmp_path / "demo"
    elsewhere.mkdir()
    (elsewhere / "precious").write_text("mine")
    folder.mkdir()
    (folder / MARK).touch()
    (folder / "airflow").symlink_to(elsewhere)
    Folder(folder).renew()
    assert (elsewhere / "precious").read_text() == "mine"
    assert tree(folder) == [MARK]
    (tmp_path / "link").symlink_to(elsewhere)
    with pytest.raises(ConfigurationError, match="not a folder"):
        Folder(tmp_path / "link").renew()


def test_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    Folder(tmp_path).renew()
    (tmp_path / "truth.ndjson").write_text("of the demo that runs")
    with pytest.raises(ConfigurationError, match="in use"):
        Folder(tmp_path).renew()
    assert (tmp_path / "truth.ndjson").exists()
