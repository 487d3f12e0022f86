"""Whether a CloudWatch Logs metric filter counts an event: JSON filter patterns as a question in three values.

Decides: ``{ … }`` with ``=`` and ``!=`` on ``$.name`` selectors, texts (quoted, with ``*``), regular expressions in ``%``,
``&&``, ``||`` and parentheses. A comparison with an unknown field, or in a form not read here, is "sometimes", never a match.
Refuses other kinds of patterns (space-delimited, terms): "sometimes", except the empty pattern, which matches everything.
Source: CloudWatch Logs user guide, "Filter pattern syntax for metric filters", read 2026-11-24.
"""

import re
from collections.abc import Mapping

from itemtrail.core.access import like
from itemtrail.core.selectors import Tri

_TOKEN = re.compile(r'\s*(\|\||&&|!=|>=|<=|[(){}=<>]|"(?:[^"\\]|\\.)*"|%[^%]*%|[^\s(){}=<>!&|"]+)')
Event = Mapping[str, str]


def counts(pattern: str, event: Event) -> Tri:
    """Whether the filter ``pattern`` matches ``event`` (top-level field → text); None: not always, or not understood."""
    if not pattern.strip():
        return True
    try:
        tokens = _tokens(pattern)
        if tokens[:1] != ["{"] or tokens[-1:] != ["}"]:
            return None
        reader = _Reader(tokens[1:-1], event)
        answer = reader.alternatives()
    except (ValueError, re.error, RecursionError):
        return None
    return None if reader.rest else answer


def _tokens(pattern: str) -> list[str]:
    tokens, at = [], 0
    while at < len(pattern.rstrip()):
        found = _TOKEN.match(pattern, at)
        if found is None:
            raise ValueError(pattern)
        tokens.append(found[1])
        at = found.end()
    return tokens


class _Reader:
    def __init__(self, tokens: list[str], event: Event) -> None:
        self.rest, self._event = tokens, event

    def alternatives(self) -> Tri:
        answers = [self._together()]
        while self.rest[:1] == ["||"]:
            self._next()
            answers.append(self._together())
        return True if True in answers else None if None in answers else False

    def _together(self) -> Tri:
        answers = [self._term()]
        while self.rest[:1] == ["&&"]:
            self._next()
            answers.append(self._term())
        return False if False in answers else None if None in answers else True

    def _term(self) -> Tri:
        token = self._next()
        if token == "(":  # noqa: S105 - a parenthesis
            answer = self.alternatives()
            if self._next() != ")":
                raise ValueError(token)
            return answer
        if not token.startswith("$."):
            raise ValueError(token)
        operator, wanted = self._next(), self._next()
        if operator.upper() in ("IS", "NOT", "EXISTS"):
            return None
        return _compared(self._event.get(token.removeprefix("$.")), operator, wanted)

    def _next(self) -> str:
        if not self.rest:
            raise ValueError("ends early")
        return self.rest.pop(0)


def _compared(value: str | None, operator: str, wanted: str) -> Tri:
    if value is None or operator not in ("=", "!="):
        return None
    found = re.search(wanted.strip("%"), value) if wanted.startswith("%") else like(value, wanted.strip('"'))
    return bool(found) is (operator == "=")
