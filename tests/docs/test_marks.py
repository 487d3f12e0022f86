"""Every command in the documentation is run, or says why not; what is not run at least exists."""

import pytest
from tests.docs import blocks, options

PAGES = blocks.pages()
BLOCKS = [block for page in PAGES for block in blocks.blocks(page)]


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.name)
def test_a_block_says_what_it_is_and_what_becomes_of_its_commands(block):
    languages = (*blocks.COMMAND_LANGUAGES, *blocks.OTHER_LANGUAGES)
    assert block.language in languages, f"name a language: {', '.join(languages)}"
    if block.language in blocks.COMMAND_LANGUAGES:
        assert block.mark in blocks.MARKS, f"add one of {', '.join(blocks.MARKS)} after {block.language}"
        assert block.commands, "no command in it"
    else:
        hidden = [line for line in block.lines if line.split("#")[0].split()[:1] and line.split()[0] in blocks.PROGRAMS]
        assert block.language != "text" or not hidden, "a command in it: make it sh or console"


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.commands], ids=lambda block: block.name)
def test_its_commands_and_their_options_exist(block):
    told = [f"line {command.line}: {problem}" for command in block.commands for problem in options.problems(command.text)]
    assert not told


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_in_running_text_and_their_options_exist(page):
    told = [
        f"line {line}: `{span}`: {problem}"
        for line, span in blocks.spans(page)
        if span.split(maxsplit=1)[0] in options.PROGRAMS and " " in span
        for problem in options.problems(span)
    ]
    assert not told


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("itemtrail archive --days 2026-11-21", "itemtrail archive has no option --days"),
        ("itemtrail ledger forget", "itemtrail ledger has no command forget"),
        ("FOO=1 .venv/bin/itemtrail restore --plan --what reports | cat", "itemtrail restore --what cannot be reports"),
        ("true && make everything ARGS=--stay", "the Makefile has no target everything"),
        ("itemtrail ledger verify --kept SHA256   # --full as well", None),
        ("itemtrail restore --plan --what WHAT --tier=Bulk", None),
    ],
)
def test_a_command_that_does_not_exist_is_found(command, problem):
    assert options.problems(command) == ([problem] if problem else [])
