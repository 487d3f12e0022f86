"""Every link in the documentation leads somewhere: files that are there, headings in them, pictures that are pictures."""

import re
from pathlib import Path

import pytest
from tests.docs import blocks

PAGES = [*blocks.pages(), *sorted((blocks.ROOT / "docs" / "adr").glob("*.md")), blocks.ROOT / "CHANGELOG.md"]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)|^\[[^\]]+\]: (\S+)$", re.MULTILINE)
PATH = re.compile(r"`?\b(docs/(?:[\w.-]+/)*[\w-]+\.md)\b`?(?:, \"([^\"]+)\")?")
"""How running text names a page, and perhaps its section: docs/runbook.md, "The canary failed"."""


def headings(page: Path) -> set[str]:
    """The anchors that GitHub gives a page's headings, and those that it gives itself."""
    found: set[str] = set()
    for _, line in blocks.prose(page):
        if heading := re.match(r"#+ (.+)", line):
            slug = re.sub(r"[^\w\- ]", "", heading[1].strip().lower()).replace(" ", "-")
            found.add(next(name for number in range(99) if (name := f"{slug}-{number}" if number else slug) not in found))
        found.update(re.findall(r'<a (?:id|name)="([^"]+)"', line))
    return found


def sections(page: Path) -> list[str]:
    """The words of its headings and of what begins a paragraph in bold, without numbers before them."""
    found = (re.match(r"(?:#+ (?:[\d.]+ )?|\*\*)(.+)", line) for _, line in blocks.prose(page))
    return [match[1].replace("`", "").strip() for match in found if match]


def lost(page: Path) -> list[str]:
    """What a page refers to and is not there."""
    text = "\n".join(line for _, line in blocks.prose(page))
    told = []
    for match in LINK.finditer(re.sub(r"`[^`\n]*`", "", text)):
        target, _, anchor = (match[1] or match[2]).partition("#")
        if target.startswith(("http:", "https:", "mailto:")):
            continue
        file = (page.parent / target).resolve() if target else page
        if not file.exists():
            told.append(f"{target} is not there")
        elif anchor and anchor not in headings(file):
            told.append(f"{target or page.name} has no #{anchor}")
    return told


def unnamed(text: str) -> list[str]:
    """Pages and sections that running text names and that are not there."""
    told = []
    for name, section in PATH.findall(" ".join(text.split())):
        file = blocks.ROOT / name
        if not file.exists():
            told.append(f"{name} is not there")
        elif section and not any(words.startswith(section.rstrip(".,")) for words in sections(file)):
            told.append(f'{name} has no section "{section}"')
    return told


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_a_page_leads_somewhere(page):
    assert not lost(page)


@pytest.mark.parametrize("page", blocks.pages(), ids=lambda page: page.name)
def test_every_page_and_section_that_a_page_names_is_there(page):
    assert not unnamed("\n".join(line for _, line in blocks.prose(page)))


@pytest.mark.parametrize("folder", ["dags", "plugins", "include/itemtrail", "include/itemtrail_demo"])
def test_every_page_and_section_that_the_code_names_is_there(folder):
    files = sorted((blocks.ROOT / folder).rglob("*.py"))
    told = [f"{file.relative_to(blocks.ROOT)}: {what}" for file in files for what in unnamed(file.read_text(encoding="utf-8"))]
    assert not told


def test_every_picture_that_is_shown_is_a_picture():
    shown = [
        blocks.ROOT / name
        for name in re.findall(r"!\[[^\]]*\]\((\S+?)\)", (blocks.ROOT / "README.md").read_text(encoding="utf-8"))
    ]
    assert all(picture.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n" for picture in shown if picture.suffix == ".png")


def test_a_link_into_nowhere_is_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# A page\n\n[a](gone.md) [b](#a-page) [c](#elsewhere)\n\n[d]: nowhere.png\n", encoding="utf-8")
    assert lost(page) == ["gone.md is not there", "page.md has no #elsewhere", "nowhere.png is not there"]
    assert unnamed('see docs/runbook.md, "No such section", and docs/nothing.md') == [
        'docs/runbook.md has no section "No such section"',
        "docs/nothing.md is not there",
    ]
