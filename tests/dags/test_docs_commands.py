"""Commands of Airflow's own that the documentation tells a reader to type exist, with their options: its parser is asked."""

import functools
from collections.abc import Iterator, Sequence

import pytest
from tests.docs import blocks, options

pytestmark = pytest.mark.airflow


@functools.cache
def parser():
    from airflow.cli.cli_parser import get_parser

    return get_parser()


def of_airflow(words: Sequence[str]) -> Iterator[str]:
    yield from options.of_parser(parser(), words, "airflow")


def problems(text: str) -> list[str]:
    return options.problems(text, {"airflow": of_airflow})


def typed() -> list[tuple[str, str]]:
    """Where, and what: blocks, running text, and the DAGs' own manuals."""
    found = []
    for page in blocks.pages():
        name = page.relative_to(blocks.ROOT)
        found += [(f"{name}:{c.line}", c.text) for block in blocks.blocks(page) for c in block.commands if "airflow" in c.text]
        found += [(f"{name}:{line}", span) for line, span in blocks.spans(page) if span.startswith("airflow ")]
    return found


def test_every_command_of_airflow_in_the_documentation_exists():
    commands = typed()
    assert any("backfill create" in text for _, text in commands)
    assert not [f"{where}: {problem}" for where, text in commands for problem in problems(text)]


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("airflow backfill make --dag-id archive_trail", "airflow backfill has no command make"),
        ("airflow backfill create --dag-id archive_trail --from 2026-11-01", "airflow backfill create has no option --from"),
    ],
)
def test_a_command_that_airflow_does_not_have_is_found(command, problem):
    assert problems(command) == [problem]
