"""Does a command that cannot be run here at least exist: programs, sub-commands, options, their fixed values, make targets.

Decides what is wrong with a command line, as a sentence; values that stand for a reader's own (``D``, ``SHA256``) are fine.
Asks the parsers themselves. Refuses nothing that it does not know: another program's options are its own affair.
"""

import argparse
import functools
import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_END = ("|", "||", "&&", ";", ">", ">>", "<", "2>", "&", "do", "done", "then", "fi")
_ENVIRONMENT = re.compile(r"^[A-Z_][A-Z0-9_]*=")
_COMMENT = re.compile(r"""((?:"[^"]*"|'[^']*'|[^"'#\n]|(?<=\S)#)*)(?:(?<!\S)\#[^\n]*)?""")
"""A line without what follows a ``#`` that begins a word; quoted text may hold any."""
_STANDS_FOR = re.compile(r"^[A-Z…<{\[]|…|\$")


def problems(text: str, programs: "dict[str, Callable[[Sequence[str]], Iterator[str]]] | None" = None) -> list[str]:
    """What is wrong with ``text``, one or several commands of a shell; nothing if nothing is."""
    known = programs or PROGRAMS
    return [told for words in simple_commands(text) if (check := known.get(words[0])) for told in check(words[1:])]


def simple_commands(text: str) -> list[list[str]]:
    """The words of each simple command: comments, pipes, redirections, assignments and paths before the program taken away."""
    plain = _COMMENT.sub(r"\1", text.replace("\\\n", " ")).replace("\n", " ; ")
    lexer = shlex.shlex(plain, posix=True, punctuation_chars="|&;<>")
    lexer.whitespace_split = True
    lexer.commenters = ""
    found: list[list[str]] = [[]]
    for word in lexer:
        if word in _END or set(word) <= set("|&;<>"):
            found.append([])
        elif found[-1] or not _ENVIRONMENT.match(word):
            found[-1].append(word)
    commands = [words for words in found if words]
    return [[Path(words[0]).name, *words[1:]] for words in commands]


@functools.cache
def itemtrail_parser() -> argparse.ArgumentParser:
    """The command line's own."""
    from itemtrail.cli.main import build_parser

    return build_parser()


@functools.cache
def make_targets() -> frozenset[str]:
    """Of the Makefile."""
    return frozenset(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def of_parser(parser: argparse.ArgumentParser, words: Sequence[str], path: str) -> Iterator[str]:
    """What ``parser`` and its sub-parsers do not know of ``words``."""
    options = {name: action for action in parser._actions for name in action.option_strings}
    inner = next((action for action in parser._actions if isinstance(action, argparse._SubParsersAction)), None)
    rest = list(words)
    while rest:
        word = rest.pop(0)
        name, joined, value = word.partition("=")
        if word.startswith("-") and word != "-":
            action = options.get(name)
            if action is None:
                yield f"{path} has no option {name}"
            elif action.nargs != 0 and (joined or rest):
                yield from _choice(action, value if joined else _value(action, rest), f"{path} {name}")
        elif inner is not None:
            if word in inner.choices:
                yield from of_parser(inner.choices[word], rest, f"{path} {word}")
            elif not _STANDS_FOR.search(word):
                yield f"{path} has no command {word}"
            return


def _value(action: argparse.Action, rest: list[str]) -> str:
    return rest.pop(0) if rest and not (action.nargs == "?" and rest[0].startswith("-")) else ""


def _choice(action: argparse.Action, value: str, path: str) -> Iterator[str]:
    if action.choices is not None and value and value not in action.choices and not _STANDS_FOR.search(value):
        yield f"{path} cannot be {value}"


def _itemtrail(words: Sequence[str]) -> Iterator[str]:
    yield from of_parser(itemtrail_parser(), words, "itemtrail")


def _make(words: Sequence[str]) -> Iterator[str]:
    targets = [word for word in words if not _ENVIRONMENT.match(word) and not word.startswith("-")]
    yield from (f"the Makefile has no target {word}" for word in targets if word not in make_targets() and word != "…")


PROGRAMS: dict[str, Callable[[Sequence[str]], Iterator[str]]] = {"itemtrail": _itemtrail, "make": _make}
