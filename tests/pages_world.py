"""What `make ui` shows, for tests and pictures: the replayed days, a real Airflow with pages that have something to show."""

import contextlib
import datetime as dt
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.browser import Page

from itemtrail_airflow import standalone
from itemtrail_airflow.rest import Rest
from itemtrail_demo import stage as stages
from itemtrail_demo import ui
from itemtrail_demo.console import Console
from itemtrail_demo.folder import Folder

FRAME = "document.querySelector('iframe').contentDocument"
HERE = "ITEMTRAIL_PAGES_URL"  # of a `make ui` that runs already, to write tests against


@dataclass(frozen=True)
class Shown:
    """A running Airflow whose pages are filled. ``days`` are the replayed ones; the first of them is missing."""

    url: str
    days: tuple[str, str, str]

    def api(self, method: str, path: str) -> Any:
        """Airflow's API."""
        return _Here(self.url).api(method, path)


@dataclass(frozen=True)
class _Here(Rest):
    url: str


@contextlib.contextmanager
def shown(path: Path, *, calls: int = 250) -> Iterator[Shown]:
    """The whole of `make ui`, below ``path``; nothing of it is left afterwards."""
    if url := os.environ.get(HERE):
        today = dt.datetime.now(dt.UTC).date()
        yield Shown(url, tuple(str(today - dt.timedelta(days=back)) for back in (3, 2, 1)))
        return
    folder = Folder(path)
    folder.renew()
    console = Console(folder.log)
    with stages.open_stage(folder, console, calls=calls, seed=20) as stage:
        environment = ui.ui_environment(folder, stage.prepare(), port=None)
        with standalone.running(environment, ready_within=600, waiting=console.progress) as airflow:
            ui.prepare_days(airflow, stage, console)
            ui.prepare_pages(airflow, stage, console)
            yield Shown(airflow.url, tuple(map(str, stage.days)))


def framed(page: Page, url: str, ready: str, seconds: float = 60) -> None:
    """Open an address of Airflow's and wait until its frame shows ``ready`` (a selector)."""
    page.go(url)
    page.until(f"{FRAME}.readyState === 'complete' && !!{FRAME}.querySelector({ready!r})", seconds)


def text(page: Page) -> str:
    """What the page in the frame says."""
    return str(page.run(f"{FRAME}.body.innerText"))


def click(page: Page, selector: str) -> None:
    """Click with the mouse on the first element of the frame that matches."""
    script = f"""(() => {{
        const one = {FRAME}.querySelector({selector!r});
        one.scrollIntoView({{block: 'center'}});
        const frame = document.querySelector('iframe').getBoundingClientRect(), box = one.getBoundingClientRect();
        return [frame.x + box.x + box.width / 2, frame.y + box.y + box.height / 2];
    }})()"""
    page.click(*page.run(script))
