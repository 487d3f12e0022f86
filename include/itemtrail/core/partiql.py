"""PartiQL statements as CloudTrail logs them: the verb, the table, and the key where the text still holds it.

Decides: that an equality with a literal in WHERE is part of the item's key, because CloudTrail masks every literal that is not
(``***(Redacted)``); an INSERT masks its key too, so it has none. Refuses to read anything but a plain conjunction: with OR, NOT,
IN, BETWEEN or a function call the statement names no single key. Source: DynamoDB developer guide, "Logging DynamoDB operations
by using CloudTrail" and "PartiQL for DynamoDB", read 2026-11-24.
"""

import json
import re
from dataclasses import dataclass

READ_VERBS = frozenset({"SELECT", "EXISTS"})
WRITE_VERBS = frozenset({"INSERT", "UPDATE", "DELETE"})


@dataclass(frozen=True, slots=True)
class Statement:
    """``verb`` in capitals, ``""`` where none is known; ``table`` is a name or an ARN; ``key`` holds JSON texts by attribute."""

    verb: str
    table: str | None = None
    key: tuple[tuple[str, str], ...] = ()

    @property
    def writes(self) -> bool | None:
        """Whether it changes items; None where the statement is not understood."""
        return True if self.verb in WRITE_VERBS else False if self.verb in READ_VERBS else None


_TOKEN = re.compile(
    r"""\s*+(?:(?P<masked>\*\*\*\(Redacted\))|(?P<string>'[^']*+(?:''[^']*+)*+')|(?P<quoted>"[^"]*+(?:""[^"]*+)*+")"""
    r"""|(?P<number>[+-]?(?:\d++\.?+\d*+|\.\d++)(?:[eE][+-]?\d++)?+)|(?P<word>[A-Za-z_][A-Za-z0-9_.#$-]*+)|(?P<mark>[<>!]=|<>|.))""",
    re.DOTALL,
)
_MOST_TOKENS = 20_000
Token = tuple[str, str]


def parse(text: str) -> Statement:
    """Read one statement; never raises."""
    tokens = _tokens(text)
    verb = tokens[0][1].upper() if tokens and tokens[0][0] == "word" else ""
    if verb == "EXISTS":
        inner = next((i for i, token in enumerate(tokens) if token == ("word", "SELECT")), len(tokens))
        return Statement(verb, _table(tokens[inner:], "SELECT"))
    table = _table(tokens, verb)
    key = _key(tokens) if verb in {"SELECT", "UPDATE", "DELETE"} else ()
    return Statement(verb, table, key)


def _tokens(text: str) -> list[Token]:
    found: list[Token] = []
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup
        if kind is None:
            break
        value = match[kind]
        upper = value.upper()
        if kind == "word" and upper in _KEYWORDS:
            value = upper
        found.append((kind, value))
        if len(found) >= _MOST_TOKENS:
            break
    return found


_KEYWORDS = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "EXISTS", "FROM", "INTO", "WHERE", "AND", "RETURNING", "ORDER"})
_BEFORE_TABLE = {"SELECT": "FROM", "DELETE": "FROM", "INSERT": "INTO", "UPDATE": "UPDATE"}


def _table(tokens: list[Token], verb: str) -> str | None:
    """The name after FROM, INTO or UPDATE; an index (``"T"."I"``) belongs to its table."""
    before = ("word", _BEFORE_TABLE.get(verb, ""))
    position = next((i for i, token in enumerate(tokens) if token == before), None)
    if position is None or position + 1 >= len(tokens):
        return None
    kind, value = tokens[position + 1]
    if kind == "quoted":
        return value[1:-1].replace('""', '"')
    return value.partition(".")[0] if kind == "word" else None


def _key(tokens: list[Token]) -> tuple[tuple[str, str], ...]:
    """Attributes compared with a literal in a plain conjunction after WHERE."""
    start = next((i for i, token in enumerate(tokens) if token == ("word", "WHERE")), None)
    if start is None:
        return ()
    key: dict[str, str] = {}
    rest = tokens[start + 1 :]
    while rest:
        if len(rest) < 3 or rest[1] != ("mark", "="):
            return ()
        name, literal = _attribute(rest[0]), rest[2]
        if name is None or name in key:
            return ()
        if literal[0] in {"string", "number"}:
            key[name] = _literal(literal)
        elif literal[0] != "masked" and literal != ("mark", "?"):
            return ()
        rest = rest[3:]
        if not rest or rest[0] in {("word", "RETURNING"), ("word", "ORDER"), ("mark", ";")}:
            break
        if rest[0] != ("word", "AND"):
            return ()
        rest = rest[1:]
    return tuple(sorted(key.items()))


def _attribute(token: Token) -> str | None:
    kind, value = token
    if kind == "quoted":
        return value[1:-1].replace('""', '"')
    return value if kind == "word" and value not in _KEYWORDS else None


def _literal(token: Token) -> str:
    kind, value = token
    return json.dumps(value[1:-1].replace("''", "'"), ensure_ascii=False) if kind == "string" else value.removeprefix("+")
