"""JSON read byte for byte, without recursion: the slow path for what the fast parser refuses.

Decides: where a value ends (``hop``, by strings and brackets alone), whether bytes are one JSON value (``check``, the whole
grammar of RFC 8259), and what an object's members are (``members``, duplicates kept, values as delivered). Refuses to change,
normalise or evaluate anything. Every function takes time linear in the bytes and a few bytes of memory per level of nesting, so
that neither deep nesting nor an unfinished string makes it hang. Source: RFC 8259; CloudTrail only says "JSON".
"""

import json
import re
from collections.abc import Iterator

SPACE = re.compile(rb"[ \t\r\n]*+")
_STRING_RUN = re.compile(rb'[^"\\]*+(["\\])')
_STRICT_RUN = re.compile(rb'[^"\\\x00-\x1f]*+(["\\])')
_ESCAPE = re.compile(rb'["\\/bfnrt]|u[0-9a-fA-F]{4}')
_STRUCTURE = re.compile(rb'[^"\[\]{}]*+(["\[\]{}])')
_SCALAR = re.compile(rb'[^\s,\[\]{}":]++')
_LITERAL = re.compile(rb"(?:true|false|null|-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][+-]?[0-9]++)?+)(?![^\s,\]}])")
_OPEN_OBJECT, _OPEN_LIST, _CLOSE_OBJECT, _CLOSE_LIST, _QUOTE = b'{[}]"'


class NotJson(ValueError):  # noqa: N818 - what the bytes are
    """These bytes are not JSON; ``at`` is the offset where that shows."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(f"{message} at byte {at}")
        self.at = at


def skip_space(data: bytes, at: int) -> int:
    """Offset of the first byte from ``at`` on that is not JSON white space."""
    found = SPACE.match(data, at)
    return found.end() if found else at


def hop(data: bytes, at: int) -> tuple[int, int]:
    """End of the value that begins at ``at`` and its depth (0 for a scalar), judged by strings and brackets alone.

    Raises:
        NotJson: brackets or a string stay open, brackets do not pair, or no value begins there.
    """
    first = data[at] if at < len(data) else 0
    if first == _QUOTE:
        return _string_end(data, at), 0
    if first not in (_OPEN_OBJECT, _OPEN_LIST):
        scalar = _SCALAR.match(data, at)
        if scalar is None:
            raise NotJson("a value is expected", at)
        return scalar.end(), 0
    return _balanced(data, at)


def _balanced(data: bytes, at: int) -> tuple[int, int]:
    match, open_brackets, deepest = _STRUCTURE.match, bytearray(), 0
    while True:
        found = match(data, at)
        if found is None:
            raise NotJson("brackets stay open", len(data))
        at = found.end()
        mark = data[at - 1]
        if mark == _QUOTE:
            at = _string_end(data, at - 1)
        elif mark in (_OPEN_OBJECT, _OPEN_LIST):
            open_brackets.append(mark + 2)  # in ASCII the closing bracket stands two after the opening one
            deepest = max(deepest, len(open_brackets))
        elif open_brackets.pop() != mark:
            raise NotJson("brackets do not pair", at - 1)
        elif not open_brackets:
            return at, deepest


def _string_end(data: bytes, at: int) -> int:
    start, at = at, at + 1
    while found := _STRING_RUN.match(data, at):
        at = found.end()
        if data[at - 1] == _QUOTE:
            return at
        at += 1
    raise NotJson("a string stays open", start)


def check(data: bytes) -> int:
    """The depth of ``data``, which is exactly one JSON value with nothing but white space around it.

    Raises:
        NotJson: it is not. Encoding is the caller's matter: any byte above 0x7f may stand in a string.
    """
    at, depth = _value(data, skip_space(data, 0))
    at = skip_space(data, at)
    if at != len(data):
        raise NotJson("something follows the value", at)
    return depth


def _value(data: bytes, at: int) -> tuple[int, int]:
    """End and depth of the strictly read value at ``at``: one loop, with a stack of the brackets that wait to be closed."""
    waiting, deepest = bytearray(), 0
    while True:
        byte = data[at] if at < len(data) else 0
        if byte in (_OPEN_OBJECT, _OPEN_LIST):
            waiting.append(byte + 2)
            deepest = max(deepest, len(waiting))
            at = skip_space(data, at + 1)
            if at < len(data) and data[at] == waiting[-1]:
                waiting.pop()
                at += 1
            else:
                at = _name(data, at) if byte == _OPEN_OBJECT else at
                continue
        elif byte == _QUOTE:
            at = _strict_string(data, at)
        else:
            literal = _LITERAL.match(data, at)
            if literal is None:
                raise NotJson("a value is expected", at)
            at = literal.end()
        at = _after(data, at, waiting)
        if not waiting:
            return at, deepest


def _after(data: bytes, at: int, waiting: bytearray) -> int:
    """Close brackets, or step over a comma to the next value; ``waiting`` is empty when the outermost value has ended."""
    while waiting:
        at = skip_space(data, at)
        byte = data[at] if at < len(data) else 0
        if byte == waiting[-1]:
            waiting.pop()
            at += 1
        elif byte == 0x2C:
            at = skip_space(data, at + 1)
            return _name(data, at) if waiting[-1] == _CLOSE_OBJECT else at
        else:
            raise NotJson("a comma or a closing bracket is expected", at)
    return at


def _name(data: bytes, at: int) -> int:
    if at >= len(data) or data[at] != _QUOTE:
        raise NotJson("a member's name is expected", at)
    at = skip_space(data, _strict_string(data, at))
    if at >= len(data) or data[at] != 0x3A:
        raise NotJson("a colon is expected", at)
    return skip_space(data, at + 1)


def _strict_string(data: bytes, at: int) -> int:
    start, at = at, at + 1
    while found := _STRICT_RUN.match(data, at):
        at = found.end()
        if data[at - 1] == _QUOTE:
            return at
        escape = _ESCAPE.match(data, at)
        if escape is None:
            raise NotJson("an escape is not JSON's", at)
        at = escape.end()
    raise NotJson("a string stays open or holds a control character", start)


def deeper_than(levels: int, data: bytes) -> bool:
    """Whether a JSON value (already checked) nests more than ``levels`` deep; quick where it has few brackets."""
    return data.count(b"{") + data.count(b"[") > levels and hop(data, skip_space(data, 0))[1] > levels


def members(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The members of a JSON object (already checked): name with its quotes, value, both as delivered, in order, none dropped."""
    at = skip_space(data, skip_space(data, 0) + 1)
    while data[at] != _CLOSE_OBJECT:
        name_end = _string_end(data, at)
        value_at = skip_space(data, skip_space(data, name_end) + 1)
        value_end, _ = hop(data, value_at)
        yield data[at:name_end], data[value_at:value_end]
        at = skip_space(data, value_end)
        if data[at] == 0x2C:
            at = skip_space(data, at + 1)


def text(quoted: bytes) -> str:
    """The text of a JSON string; a lone surrogate, which no UTF-8 can hold, becomes U+FFFD."""
    value: str = json.loads(quoted)
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return value
