"""What the import contracts cannot see: the pure rooms call no clock, no file, no environment; the wheel holds what it should."""

import ast
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "include" / "itemtrail"
PURE = [
    *sorted((LIBRARY / "core").glob("*.py")),
    *sorted((LIBRARY / "checks").glob("*.py")),
    LIBRARY / "model.py",
    LIBRARY / "errors.py",
]
CLOCKS = "now|utcnow|today|time|monotonic"


def _calls(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            names.add(node.func.id)
        elif isinstance(node, ast.Attribute):
            names.add(f"{ast.unparse(node.value)}.{node.attr}")
    return names


@pytest.mark.parametrize("path", PURE, ids=lambda p: str(p.relative_to(LIBRARY)))
def test_a_pure_room_reads_no_clock_and_no_environment(path: Path) -> None:
    found = _calls(path)
    clocks = {n for n in found if re.search(rf"(datetime|date|time)\.({CLOCKS})$", n)}
    assert not clocks, f"{path.name} reads a clock: {clocks}"
    assert not {"os.environ", "os.getenv", "input", "print"} & found


@pytest.mark.parametrize("path", sorted((LIBRARY / "flows").glob("*.py")), ids=lambda p: p.name)
def test_a_flow_is_given_the_time(path: Path) -> None:
    assert not {n for n in _calls(path) if re.search(r"(datetime|date)\.(now|utcnow|today)$", n)}


@pytest.mark.parametrize("path", sorted(LIBRARY.rglob("*.py")), ids=lambda p: str(p.relative_to(LIBRARY)))
def test_every_module_opens_with_what_it_decides(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


def test_the_library_imports_without_airflow_and_without_aws_clients() -> None:
    program = (
        "import sys, pkgutil, importlib, itemtrail.core, itemtrail.flows\n"
        "for room in (itemtrail.core, itemtrail.flows):\n"
        "    [importlib.import_module(f'{room.__name__}.{m.name}') for m in pkgutil.iter_modules(room.__path__)]\n"
        "print(sorted({'airflow', 'boto3', 'botocore', 'obstore'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT / "include")
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


def test_every_requirement_is_pinned_and_hashed() -> None:
    for path in ROOT.glob("requirements*.txt"):
        text = path.read_text(encoding="utf-8").replace("\\\n", " ")
        entries = [line for line in text.splitlines() if line and line[0].isalnum()]
        assert entries
        assert all("==" in e and "--hash=sha256:" in e for e in entries), path.name
        assert not re.search(r"https?://|file://|--(extra-)?index-url|--find-links", text), path.name


def test_one_wheel_holds_library_and_airflow_side_and_nothing_else(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-c",
        "import sys; from setuptools import build_meta as b; print(b.build_wheel(sys.argv[1]))",
        str(tmp_path),
    ]
    source = tmp_path / "source"
    for name in ("include", "plugins"):
        _copy(ROOT / name, source / name)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        (source / name).write_bytes((ROOT / name).read_bytes())
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    tops = {name.partition("/")[0] for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert tops == {"itemtrail", "itemtrail_airflow"}


def _copy(source: Path, target: Path) -> None:
    for path in source.rglob("*"):
        if path.is_file() and path.suffix in {".py", ".typed", ".toml"}:
            (target / path.relative_to(source)).parent.mkdir(parents=True, exist_ok=True)
            (target / path.relative_to(source)).write_bytes(path.read_bytes())
