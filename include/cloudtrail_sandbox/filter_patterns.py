"""CloudWatch Logs filter patterns, terms and JSON: pure.

Decides: which messages a pattern matches. Terms: all of them, case-sensitive, ``?term`` any of, ``-term`` none of, quotes around
what is not a word. JSON: ``{ $.a.b[0] = "x*" && ($.n >= 5 || $.c NOT EXISTS) }`` with = != < <= > >=, IS NULL, IS TRUE, IS FALSE,
NOT EXISTS. Refuses, as a ``PatternError``: what is neither, and the two kinds that are not offered here: space-delimited patterns
(``[a, b]``) and regular expressions (``%…%``).

Source, read 2026-11-24: CloudWatch Logs user guide, "Filter pattern syntax for metric filters, subscription filters, filter log
events, and Live Tail". Not stated there: a comparison with a property that is absent, ``!=`` too, is false (ADR 0019).
"""

import json
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

Matcher = Callable[[str], bool]
_Test = Callable[[Any], bool]
_ABSENT = object()
_TOKEN = re.compile(
    r"""\s*(?:(?P<path>\$(?:\.[A-Za-z0-9_@:/-]+|\['[^']+'\]|\[\d+\])+)
      |(?P<op>&&|\|\||!=|<=|>=|[()=<>])
      |(?P<text>"(?:[^"\\]|\\.)*")
      |(?P<word>[A-Za-z0-9_.:/@#*+-]+))""",
    re.VERBOSE,
)
_STEP = re.compile(r"\.([A-Za-z0-9_@:/-]+)|\['([^']+)'\]|\[(\d+)\]")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")
_TERM = re.compile(r'\s*([?-]?)("(?:[^"\\]|\\.)*"|[A-Za-z0-9_.]+)(?=\s|$)')
_ORDERS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


class PatternError(Exception):
    """A pattern that CloudWatch Logs refuses, or that is not offered here; the text says which."""


@lru_cache(maxsize=256)
def matcher(pattern: str) -> Matcher:
    """The test of a message that a pattern is.

    Raises:
        PatternError: it is none.
    """
    text = pattern.strip()
    if text.startswith("["):
        raise PatternError("Invalid filter pattern: space-delimited patterns are not offered here")
    if text.startswith("{"):
        if not text.endswith("}"):
            raise PatternError("Invalid filter pattern")
        return _json_matcher(text[1:-1])
    return _term_matcher(text)


def _term_matcher(text: str) -> Matcher:
    terms: dict[str, list[str]] = {"": [], "?": [], "-": []}
    end = 0
    while end < len(text):
        found = _TERM.match(text, end)
        if not found:
            raise PatternError("Invalid filter pattern")
        term = found[2][1:-1].replace('\\"', '"') if found[2].startswith('"') else found[2]
        terms[found[1]].append(term)
        end = found.end()
    must, must_not = terms[""], terms["-"]
    may = [] if must else terms["?"]  # AWS passes over ? beside a term that must be there

    def matches(message: str) -> bool:
        wanted = all(term in message for term in must) and (not may or any(term in message for term in may))
        return wanted and not any(term in message for term in must_not)

    return matches


def _json_matcher(text: str) -> Matcher:
    test = _Parser(_tokens(text)).whole()

    def matches(message: str) -> bool:
        try:
            value = json.loads(message)
        except (ValueError, RecursionError):
            return False
        return isinstance(value, dict | list) and test(value)

    return matches


def _tokens(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    end = 0
    while text[end:].strip():
        token = _TOKEN.match(text, end)
        if not token or not token.lastgroup:
            raise PatternError("Invalid filter pattern" + (": regular expressions are not offered here" if "%" in text else ""))
        found.append((token.lastgroup, token[token.lastgroup]))
        end = token.end()
    return found


@dataclass(slots=True)
class _Parser:
    """Comparisons joined by && (first) and ||, with parentheses."""

    tokens: list[tuple[str, str]]

    def whole(self) -> _Test:
        test = self._any()
        if self.tokens:
            raise PatternError("Invalid filter pattern")
        return test

    def _any(self) -> _Test:
        tests = [self._all()]
        while self._take("op", "||"):
            tests.append(self._all())
        return lambda value: any(test(value) for test in tests)

    def _all(self) -> _Test:
        tests = [self._one()]
        while self._take("op", "&&"):
            tests.append(self._one())
        return lambda value: all(test(value) for test in tests)

    def _one(self) -> _Test:
        if self._take("op", "("):
            test = self._any()
            if not self._take("op", ")"):
                raise PatternError("Invalid filter pattern")
            return test
        path = self._next("path")
        steps = [name or quoted or int(index) for name, quoted, index in _STEP.findall(path)]
        test = self._comparison()
        return lambda value: test(_at(value, steps))

    def _comparison(self) -> _Test:
        if self._take("word", "IS"):
            wanted = {"NULL": None, "TRUE": True, "FALSE": False}
            word = self._next("word").upper()
            if word not in wanted:
                raise PatternError("Invalid filter pattern")
            return lambda value: value is wanted[word]
        if self._take("word", "NOT"):
            if not self._take("word", "EXISTS"):
                raise PatternError("Invalid filter pattern")
            return lambda value: value is _ABSENT
        return _compared(self._next("op"), *self._value())

    def _value(self) -> tuple[str, str]:
        if self.tokens and self.tokens[0][0] in {"text", "word"}:
            return self.tokens.pop(0)
        raise PatternError("Invalid filter pattern")

    def _next(self, kind: str) -> str:
        if not self.tokens or self.tokens[0][0] != kind:
            raise PatternError("Invalid filter pattern")
        return self.tokens.pop(0)[1]

    def _take(self, kind: str, text: str) -> bool:
        if self.tokens and self.tokens[0][0] == kind and self.tokens[0][1].upper() == text:
            self.tokens.pop(0)
            return True
        return False


def _compared(sign: str, kind: str, text: str) -> _Test:
    if kind == "word" and _NUMBER.fullmatch(text):
        number = float(text)
        order = {"=": operator.eq, "!=": operator.ne, **_ORDERS}.get(sign)
        if order is None:
            raise PatternError("Invalid filter pattern")
        return lambda value: isinstance(value, int | float) and not isinstance(value, bool) and bool(order(value, number))
    if sign not in {"=", "!="}:
        raise PatternError("Invalid filter pattern")
    wanted = text[1:-1].replace('\\"', '"').replace("\\\\", "\\") if kind == "text" else text
    like = re.compile(".*".join(re.escape(part) for part in wanted.split("*")), re.DOTALL)
    equal = sign == "="
    return lambda value: isinstance(value, str) and (like.fullmatch(value) is not None) == equal


def _at(value: Any, steps: list[Any]) -> Any:
    for step in steps:
        inside = isinstance(value, list) and isinstance(step, int) and step < len(value)
        if not inside and not (isinstance(value, dict) and step in value):
            return _ABSENT
        value = value[step]
    return value
