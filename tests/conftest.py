"""Fixtures for all tests: published real data, and sandboxes. Light: nothing but the standard library is imported here."""

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cloudtrail_sandbox.client import PYTHON, Sandbox

ROOT = Path(__file__).resolve().parents[1]
CLOCK = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of published real data, used where it lies."""
    folder = ROOT.parent / "shared" / "data"
    if not (folder / "README.md").exists():
        pytest.skip("no ../shared/data beside the project: the published real data is not here")
    return folder


@pytest.fixture(scope="session")
def new_sandbox() -> Iterator[Callable[..., Sandbox]]:
    """Starts sandboxes of one's own, with the arguments of ``Sandbox.start``; what still runs at the end is stopped."""
    if not PYTHON.exists():
        pytest.skip("no .venv-sandbox. Next: make setup")
    started: list[Sandbox] = []

    def start(**arguments: Any) -> Sandbox:
        started.append(Sandbox.start(**arguments))
        return started[-1]

    yield start
    for sandbox in started:
        sandbox.stop()


@pytest.fixture(scope="session")
def sandbox(new_sandbox: Callable[..., Sandbox]) -> Sandbox:
    """One sandbox for all tests that need no world of their own. Its clock only moves forward: take names nobody else has."""
    return new_sandbox(clock=CLOCK)


@pytest.fixture
def sandbox_env(monkeypatch: pytest.MonkeyPatch) -> Callable[[Sandbox], None]:
    """Makes the owner of a sandbox who AWS tools are in this test, whatever the surroundings say."""

    def become(of: Sandbox) -> None:
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            monkeypatch.delenv(name, raising=False)
        for name, value in of.environment().items():
            monkeypatch.setenv(name, value)

    return become
