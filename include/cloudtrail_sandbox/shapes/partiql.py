"""A PartiQL statement as CloudTrail shows it: literals masked as `***(Redacted)`, except those a key is compared with.

Decides, token by token: names, operators and parameters (`?`) stay; a literal in the WHERE clause stays where a key attribute
is compared with it; every other literal is masked. An INSERT is masked wholly, its key included: AWS's sample shows it so,
and the key of a PartiQL INSERT is therefore not in CloudTrail. Refuses: to let a value through because it did not understand:
whatever it cannot read as a token is masked, with all that follows.

Source: DynamoDB developer guide, samples of ExecuteStatement and BatchExecuteStatement; read 2026-11-24.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

REDACTED = "***(Redacted)"
_TOKEN = re.compile(
    r"""(?P<space>\s+)|(?P<string>'(?:[^']|'')*')|(?P<quoted>"(?:[^"]|"")*")|(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))
    |(?P<word>[A-Za-z_][\w$]*)|(?P<operator><<|>>|<>|<=|>=|!=|\|\||[=<>,.;:(){}\[\]?*+/-])|(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_LITERAL_WORDS = frozenset({"true", "false", "null"})
_CLAUSES = frozenset({"select", "insert", "update", "delete", "where", "set", "remove", "from", "value", "into", "returning"})
_JOINS = frozenset({"and", "or"})
_FUNCTIONS = frozenset({"begins_with", "contains", "size", "attribute_type"})


@dataclass(slots=True)
class _Token:
    kind: str
    text: str

    @property
    def word(self) -> str:
        """The token as a keyword, lower case; "" where it is none."""
        return self.text.lower() if self.kind == "word" else ""


def table_name(statement: str) -> str:
    """The table a statement names after FROM, INTO or UPDATE, without its index; "" where there is none."""
    expecting = False
    for token in _tokens(statement):
        if token.kind == "space":
            continue
        if expecting:
            return token.text.strip('"') if token.kind in {"word", "quoted"} else ""
        expecting = token.word in {"from", "into", "update"}
    return ""


def verb(statement: str) -> str:
    """The statement's verb in lower case: select, insert, update, delete, exists; "" for anything else."""
    first = next((token for token in _tokens(statement) if token.kind != "space"), None)
    return first.word if first and first.word in {"select", "insert", "update", "delete", "exists"} else ""


def mask(statement: str, key_names: Collection[str]) -> str:
    """The statement as CloudTrail logs it, given the names of the table's key attributes."""
    tokens = list(_tokens(statement))
    keep_keys = verb(statement) != "insert"
    written: list[str] = []
    where, attribute = False, ""
    for index, token in enumerate(tokens):
        if token.kind == "other":  # an open string or worse: what follows may be a value
            return "".join([*written, REDACTED])
        if token.word in _CLAUSES:
            where, attribute = token.word == "where", ""
        elif token.word in _JOINS and not _between(tokens, index):
            attribute = ""
        elif _is_name(token):
            attribute = token.text.strip('"') if not _continues_path(tokens, index) else "*"
        if _is_value(tokens, index) and not (keep_keys and where and attribute in key_names):
            written.append(REDACTED)
        else:
            written.append(token.text)
    return "".join(written)


def _tokens(statement: str) -> Iterator[_Token]:
    for found in _TOKEN.finditer(statement):
        yield _Token(str(found.lastgroup), found.group())


def _is_name(token: _Token) -> bool:
    if token.kind == "quoted":
        return True
    return bool(token.word) and token.word not in (
        _CLAUSES | _JOINS | _LITERAL_WORDS | _FUNCTIONS | {"in", "between", "is", "not", "missing", "exists", "old", "new", "all"}
    )


def _continues_path(tokens: list[_Token], index: int) -> bool:
    """Whether the name is a step of a document path (`a.b`), which no key attribute is."""
    before = tokens[index - 1].text if index else ""
    after = tokens[index + 1].text if index + 1 < len(tokens) else ""
    return before == "." or after in {".", "["}


def _is_value(tokens: list[_Token], index: int) -> bool:
    token = tokens[index]
    if token.kind == "string":
        return _next(tokens, index) != ":"  # the name of an attribute inside a document literal
    if token.kind == "number":
        return not (index and tokens[index - 1].text == "[" and _is_index(tokens, index - 1))
    return token.word in _LITERAL_WORDS and _previous(tokens, index) not in {"is", "not"}


def _is_index(tokens: list[_Token], bracket: int) -> bool:
    """Whether a bracket follows a name directly: a list index, not a list literal."""
    return bracket > 0 and (_is_name(tokens[bracket - 1]) or tokens[bracket - 1].text == "]")


def _between(tokens: list[_Token], index: int) -> bool:
    """Whether an AND belongs to BETWEEN: the last word before it that is not a name or literal is BETWEEN."""
    for token in reversed(tokens[:index]):
        if token.word == "between":
            return True
        if token.word in _JOINS | _CLAUSES:
            return False
    return False


def _next(tokens: list[_Token], index: int) -> str:
    return next((t.text for t in tokens[index + 1 :] if t.kind != "space"), "")


def _previous(tokens: list[_Token], index: int) -> str:
    return next((t.text.lower() for t in reversed(tokens[:index]) if t.kind != "space"), "")
