"""What the documentation tells a reader to type: fenced blocks with their mark, commands in running text.

Decides: which pages are read, and how a block says what becomes of its commands. A fence's information string is
``LANGUAGE MARK [exit=N]``; renderers show the language only. ``sh`` is a list of commands, ``console`` commands after ``$``
with what they print; a page's blocks are typed one after the other. Marks:

    runs            executed here, against a local AWS
    needs-aws       an account, a person or a service that is not here: options are checked, nothing is run
    needs-docker    a container engine: the same
    needs-airflow   a running Airflow: the same; tests/end_to_end starts one
    minutes         runs here, too long for this test: the same; tests/end_to_end runs it

Any other language holds no command. ``<!-- meanwhile: NAME -->`` is what happens between two blocks while nobody types.
Pure, except for reading the pages.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MARKS = ("runs", "needs-aws", "needs-docker", "needs-airflow", "minutes")
COMMAND_LANGUAGES = ("sh", "console")
OTHER_LANGUAGES = ("text", "json", "toml", "yaml", "ini", "python", "sql")
PROGRAMS = ("itemtrail", "airflow", "make", "aws", "docker", "python", "jq", "tar", "duckdb")
"""First words that give a command away in a block that calls itself something else."""
_FENCE = re.compile(r"^( *)(```+)(.*)$")
_MEANWHILE = re.compile(r"^<!-- meanwhile: ([a-z-]+) -->$")
_SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")


@dataclass(frozen=True, slots=True)
class Command:
    """One command, and the lines that the page shows after it; None where it shows none."""

    line: int
    text: str
    shown: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block; ``line`` (from 1) is its first line's, ``info`` its information string."""

    page: Path
    line: int
    info: tuple[str, ...]
    lines: tuple[str, ...]

    @property
    def name(self) -> str:
        """``docs/cli.md:49``."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def language(self) -> str:
        """The first word of its information string."""
        return self.info[0] if self.info else ""

    @property
    def mark(self) -> str:
        """The second word."""
        return self.info[1] if len(self.info) > 1 else ""

    @property
    def exit(self) -> int:
        """With what its commands end."""
        return next((int(word.removeprefix("exit=")) for word in self.info[2:] if word.startswith("exit=")), 0)

    @property
    def commands(self) -> tuple[Command, ...]:
        """What a reader types, a command over several lines put together as the shell would."""
        if self.language not in COMMAND_LANGUAGES:
            return ()
        return tuple(_console(self) if self.language == "console" else _script(self))


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """Something that happens between two blocks."""

    page: Path
    line: int
    what: str


def pages() -> list[Path]:
    """README.md and everything below docs/, decisions excepted (they record what was true on their day)."""
    return [ROOT / "README.md", *sorted(page for page in ROOT.glob("docs/**/*.md") if "adr" not in page.parts)]


def course(page: Path) -> list[Block | Meanwhile]:
    """The blocks of a page and what happens between them, in order."""
    return list(_course(page, page.read_text(encoding="utf-8").split("\n")))


def blocks(page: Path) -> list[Block]:
    """Only the blocks."""
    return [part for part in course(page) if isinstance(part, Block)]


def prose(page: Path) -> list[tuple[int, str]]:
    """The lines outside of fences, with their number."""
    lines, inside = [], False
    for number, line in enumerate(page.read_text(encoding="utf-8").split("\n"), 1):
        if _FENCE.match(line):
            inside = not inside
        elif not inside:
            lines.append((number, line))
    return lines


def spans(page: Path) -> list[tuple[int, str]]:
    """Code in running text, with its line; spans over two lines are put together."""
    text, starts = "", list[tuple[int, int]]()
    for number, line in prose(page):
        starts.append((len(text), number))
        text += line.strip() + (" \n"[line.strip() == "" or line.lstrip().startswith(("|", "-", "#"))])
    return [
        (max(number for at, number in starts if at <= match.start()), match[1].replace("\n", " "))
        for match in _SPAN.finditer(text)
    ]


def _course(page: Path, lines: list[str]) -> Iterator[Block | Meanwhile]:
    at = 0
    while at < len(lines):
        if told := _MEANWHILE.match(lines[at].strip()):
            yield Meanwhile(page, at + 1, told[1])
        if fence := _FENCE.match(lines[at]):
            indent, ticks, info = fence.groups()
            end = next((n for n in range(at + 1, len(lines)) if lines[n].strip() == ticks), None)
            if end is None:
                raise ValueError(f"{page}:{at + 1}: the block never ends")
            body = tuple(line.removeprefix(indent) for line in lines[at + 1 : end])
            yield Block(page, at + 1, tuple(info.split()), body)
            at = end
        at += 1


def _script(block: Block) -> Iterator[Command]:
    for line, text in _joined(block, list(enumerate(block.lines, block.line + 1))):
        yield Command(line, text, None)


def _console(block: Block) -> Iterator[Command]:
    lines = list(enumerate(block.lines, block.line + 1))
    starts = [at for at, (_, text) in enumerate(lines) if text.startswith("$ ")]
    if not starts or starts[0] != 0:
        raise ValueError(f"{block.name}: a console block begins with `$ `")
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        length = 1
        while start + length < end and lines[start + length][1].startswith("> "):
            length += 1
        text = "\n".join(text[2:] for _, text in lines[start : start + length])
        shown = tuple(text for _, text in lines[start + length : end])
        yield Command(lines[start][0], text, _without_blank_end(shown))


def _without_blank_end(lines: tuple[str, ...]) -> tuple[str, ...]:
    while lines and not lines[-1].strip():
        lines = lines[:-1]
    return lines


def _joined(block: Block, lines: list[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Lines as whole commands: backslashes, open quotes, loops."""
    held: list[tuple[int, str]] = []
    for number, line in lines:
        if not held and (not line.strip() or line.lstrip().startswith("#")):
            continue
        held.append((number, line))
        text = "\n".join(part for _, part in held)
        if _whole(text):
            yield held[0][0], text
            held = []
    if held:
        raise ValueError(f"{block.name}: the command in line {held[0][0]} does not end")


def _whole(text: str) -> bool:
    if text.endswith("\\") or len(re.findall(r'(?<!\\)"', text)) % 2:
        return False
    words = re.findall(r"(?:^|[\s;])(for|while|if|done|fi)(?=[\s;]|$)", re.sub(r'"[^"]*"|#.*', "", text))
    return len([w for w in words if w in ("for", "while", "if")]) == len([w for w in words if w in ("done", "fi")])
