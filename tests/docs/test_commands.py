"""The documentation, typed: README.md from an empty account on, then every page, against one local AWS."""

import dataclasses
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.docs import blocks, compare
from tests.docs.world import World, waiting

from itemtrail_demo import stage as stages
from itemtrail_demo.console import Console
from itemtrail_demo.folder import Folder

pytestmark = pytest.mark.sandbox
README = blocks.ROOT / "README.md"
TYPED = [page for page in blocks.pages() if any(block.mark == "runs" for block in blocks.blocks(page))]
CALLS = 300


@dataclasses.dataclass
class Typed:
    """A world after README.md, and what did not go as README.md says."""

    world: World
    wrong: list[str]


def typed(world: World, page: Path) -> Iterator[str]:
    """What of a page does not do what the page says."""
    shell = world.shell(page)
    for part in blocks.course(page):
        if isinstance(part, blocks.Meanwhile):
            shell.meanwhile(part)
        elif part.mark == "runs":
            with waiting(world, any("--canary" in command.text for command in part.commands)):
                yield from filter(None, [shell.type(part, command) for command in part.commands])


@pytest.fixture(scope="module")
def surroundings() -> Iterator[None]:
    """Puts the environment back that ``isolate`` changes."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="module")
def readme(tmp_path_factory: pytest.TempPathFactory, surroundings: None) -> Iterator[Typed]:
    folder = tmp_path_factory.mktemp("docs")
    demo = Folder(folder / "demo")
    demo.renew()
    stages.isolate()
    with stages.open_stage(demo, Console(demo.log), calls=CALLS, seed=20) as stage:
        stage.prepare()
        world = World(stage, folder, stage.days[-1] + (stage.days[1] - stage.days[0]))
        yield Typed(world, list(typed(world, README)))


def test_the_readme_does_what_it_says(readme):
    assert not readme.wrong, "\n\n".join(readme.wrong)


@pytest.mark.parametrize("page", [page for page in TYPED if page != README], ids=lambda page: page.name)
def test_a_page_does_what_it_says(readme, page):
    text = "\n".join(command.text for block in blocks.blocks(page) if block.mark == "runs" for command in block.commands)
    missing = [tool for tool in ("jq", "tar") if f"{tool} " in text and not shutil.which(tool)]
    if missing:
        pytest.skip(f"no {', '.join(missing)} on this machine")
    wrong = list(typed(readme.world, page))
    assert not wrong, "\n\n".join(wrong)


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        (("PROVEN  2026-11-21  24 slots",), "PROVEN    2026-11-21  3 slots\n"),
        (("a", "…", "z"), "a\nb\nc\nz\n"),
        (("digest ab12cd34… of 1,199",), "digest 00ff00ff99 of 7"),
        ((), ""),
    ],
)
def test_numbers_and_identifiers_may_differ(shown, printed):
    assert compare.difference(shown, printed) == ""


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        (("PROVEN  2026-11-21",), "DISPROVEN  2026-11-21"),
        (("PROVEN  2026-11-21",), "PROVEN  2026-11-22"),
        (("a",), "a\nb"),
        (("a", "b"), "a"),
        (("a", "…", "z"), "a\nb"),
    ],
)
def test_words_dates_and_lines_may_not(shown, printed):
    assert compare.difference(shown, printed) != ""
