"""A log file's content, cut into its records: each one's bytes exactly as delivered.

Decides: what a log file is (one JSON object whose ``Records`` is a list, and nothing beside it), and what becomes of anything
else: whole objects or single records are set aside with a reason and their bytes, the other records are kept. Nothing is dropped;
white space between records is not kept. Refuses to interpret a record: see ``convert``.

The fast path is one pass of a strict parser over bytes known to be UTF-8; whatever it refuses is cut again by ``exact``, which
knows no recursion and no limit of number or nesting. Source: CloudTrail user guide, "CloudTrail record contents" and
"CloudTrail log file examples", read 2026-11-24.
"""

import codecs
import re
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

from itemtrail.core import exact


class Problem(StrEnum):
    """Why bytes are set aside. docs/schema.md says what to do with each."""

    NOT_JSON = "NOT_JSON"
    INVALID_UTF8 = "INVALID_UTF8"
    NO_RECORDS = "NO_RECORDS"
    RECORDS_NOT_A_LIST = "RECORDS_NOT_A_LIST"
    DIGEST_IN_LOG_FOLDER = "DIGEST_IN_LOG_FOLDER"
    SECOND_RECORDS = "SECOND_RECORDS"
    EXTRA_TOP_LEVEL = "EXTRA_TOP_LEVEL"
    NOT_AN_OBJECT = "NOT_AN_OBJECT"
    TOO_DEEP = "TOO_DEEP"
    RECORD_TOO_LARGE = "RECORD_TOO_LARGE"
    TOO_MANY_RECORDS = "TOO_MANY_RECORDS"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a hostile file meets (a record's bytes and levels of nesting, an object's records), and the most rows of a row group.

    CloudTrail's own files end at 50 MB, which is some 100,000 small records.
    """

    max_record_bytes: int = 64 << 20
    max_depth: int = 512
    row_group_rows: int = 50_000
    max_records: int = 250_000


@dataclass(frozen=True, slots=True)
class SetAside:
    """Bytes not readable as a record. ``record_index`` is None where the whole object, or its wrapper, is meant."""

    record_index: int | None
    reason: Problem
    detail: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Split:
    """Records by their index in ``Records``, in order, and what was set aside."""

    records: tuple[tuple[int, bytes], ...]
    set_aside: tuple[SetAside, ...] = ()


_OBJECT = ord("{")
_BOM = codecs.BOM_UTF8
_HEAD = re.compile(rb'(?:\xef\xbb\xbf)?+[ \t\r\n]*+\{[ \t\r\n]*+"Records"[ \t\r\n]*+:[ \t\r\n]*+\[')
_TAIL = re.compile(rb"\][ \t\r\n]*\}[ \t\r\n]*\Z")
_TAIL_BYTES = 256
_UTF8_STEP = 1 << 20
_NAME_SHOWN = 60
_FEW_BYTES = 4 << 20  # content that cannot hold too many commas
_MANY_COMMAS = 2_000_000
_array = msgspec.json.Decoder(list[msgspec.Raw])
_bytes = msgspec.json.Encoder().encode  # of a Raw: its bytes, three times as fast as bytes()
_value = msgspec.json.Decoder(msgspec.Raw)


def split(content: bytes, limits: Limits) -> Split:
    """The records of an inflated log file; never raises for what the bytes are."""
    fast = _fast(content, limits)
    if fast is not None:
        return fast
    try:
        return _slow(content, limits)
    except exact.NotJson as error:
        return _whole(content, Problem.NOT_JSON, f"not JSON: {error}.")


def check(index: int, record: bytes, limits: Limits) -> SetAside | None:
    """Why bytes that came on their own, not in a log file, are no record; None where they are one."""
    opening = record.count(b"{") + record.count(b"[")  # not deeper than that
    return None if opening and _sound(record, opening, limits) else _judge(index, record, limits)


def is_utf8(content: bytes) -> bool:
    """Whether ``content`` is valid UTF-8 (strictly: no surrogates, no overlong forms), in memory of one step."""
    if content.isascii():
        return True
    decoder, view = codecs.getincrementaldecoder("utf-8")(), memoryview(content)
    try:
        for at in range(0, len(content), _UTF8_STEP):
            decoder.decode(view[at : at + _UTF8_STEP])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _whole(content: bytes, reason: Problem, detail: str) -> Split:
    return Split((), (SetAside(None, reason, detail, content),))


def _too_many(content: bytes, limits: Limits) -> Split:
    return _whole(content, Problem.TOO_MANY_RECORDS, f"more than {limits.max_records} records in one object.")


def records_list(content: bytes) -> tuple[int, int] | None:
    """Where the list of records lies in an object that CloudTrail itself writes, UTF-8 throughout; None for all others."""
    head = _HEAD.match(content)
    tail = _TAIL.search(content, max(len(content) - _TAIL_BYTES, head.end() - 1)) if head else None
    if head is None or tail is None or not is_utf8(content):
        return None
    return head.end() - 1, tail.start() + 1


def _fast(content: bytes, limits: Limits) -> Split | None:
    """Split what CloudTrail itself writes; None leaves everything else to the exact path."""
    where = records_list(content)
    if where is None:
        return None
    if len(content) > _FEW_BYTES and content.count(b",") > _MANY_COMMAS:
        return None  # perhaps millions of tiny records, which the parser would all hold at once
    try:
        raw = _array.decode(memoryview(content)[slice(*where)])
    except (msgspec.DecodeError, RecursionError):
        return None
    if len(raw) > limits.max_records:
        return _too_many(content, limits)
    records, set_aside = [], []
    most_bytes, max_depth = limits.max_record_bytes, limits.max_depth
    for index, record in enumerate(map(_bytes, raw)):
        size = len(record)
        shallow = size <= 2 * max_depth or record.count(b"{") + record.count(b"[") <= max_depth
        if shallow and size <= most_bytes and record[0] == _OBJECT:
            records.append((index, record))
        elif problem := _judge(index, record, limits):
            set_aside.append(problem)
        else:
            records.append((index, record))
    return Split(tuple(records), tuple(set_aside))


def _judge(index: int, record: bytes, limits: Limits) -> SetAside | None:
    """Why one element of ``Records`` is no record, or None; in the order in which it would hurt."""
    if len(record) > limits.max_record_bytes:
        detail = f"{len(record)} bytes, more than the limit of {limits.max_record_bytes}."
        return SetAside(index, Problem.RECORD_TOO_LARGE, detail, record)
    if not is_utf8(record):
        return SetAside(index, Problem.INVALID_UTF8, "the record is not UTF-8.", record)
    try:
        depth = exact.check(record)
    except exact.NotJson as error:
        return SetAside(index, Problem.NOT_JSON, f"not JSON: {error} of the record.", record)
    if record[:1] != b"{":
        return SetAside(index, Problem.NOT_AN_OBJECT, "the element of Records is not an object.", record)
    if depth > limits.max_depth:
        return SetAside(index, Problem.TOO_DEEP, f"nested {depth} levels, more than the limit of {limits.max_depth}.", record)
    return None


def _slow(content: bytes, limits: Limits) -> Split:
    """Cut the wrapper member by member.

    Raises:
        NotJson: the wrapper itself cannot be cut.
    """
    start = exact.skip_space(content, len(_BOM) if content.startswith(_BOM) else 0)
    if content[start : start + 1] != b"{":
        exact.check(content[start:])
        return _whole(content, Problem.NO_RECORDS, "the document is not an object with Records.")
    lists, names = _wrapper(content, start)
    if len(lists) == 1:
        return _cut(content, lists[0], names, limits)
    if lists:
        return _whole(content, Problem.SECOND_RECORDS, f"Records stands {len(lists)} times; which one counts cannot be told.")
    if not is_utf8(content):
        return _whole(content, Problem.INVALID_UTF8, "the document is not UTF-8 and has no Records.")
    if {"digestS3Bucket", "logFiles"} <= set(names):
        return _whole(content, Problem.DIGEST_IN_LOG_FOLDER, "a digest, not a log: its place is CloudTrail-Digest/.")
    return _whole(content, Problem.NO_RECORDS, f"no Records; the document's names are {', '.join(names[:10]) or 'none'}.")


def _wrapper(content: bytes, at: int) -> tuple[list[tuple[int, int]], list[str]]:
    """Where the value of each ``Records`` lies, and the names of all other members."""
    found: list[tuple[int, int]] = []
    others: list[str] = []
    at = exact.skip_space(content, at + 1)
    while content[at : at + 1] != b"}":
        name_end, _ = exact.hop(content, at)
        name = _name(content[at:name_end], at)
        colon = exact.skip_space(content, name_end)
        if content[colon : colon + 1] != b":":
            raise exact.NotJson("a colon is expected", colon)
        value = exact.skip_space(content, colon + 1)
        end, _ = exact.hop(content, value)
        if name == "Records":
            found.append((value, end))
        else:
            exact.check(content[value:end])
            others.append(name if len(name) <= _NAME_SHOWN else f"{name[:_NAME_SHOWN]}…")
        at = _next(content, end, b"}")
    after = exact.skip_space(content, at + 1)
    if after != len(content):
        raise exact.NotJson("something follows the document", after)
    return found, others


def _name(quoted: bytes, at: int) -> str:
    if quoted[:1] != b'"' or not is_utf8(quoted):
        raise exact.NotJson("a member's name is expected", at)
    exact.check(quoted)
    return exact.text(quoted)


def _next(content: bytes, at: int, closing: bytes) -> int:
    """From the end of one member or element to the next one's beginning, or to ``closing``."""
    at = exact.skip_space(content, at)
    mark = content[at : at + 1]
    if mark == closing:
        return at
    if mark != b",":
        raise exact.NotJson("a comma or a closing bracket is expected", at)
    at = exact.skip_space(content, at + 1)
    if content[at : at + 1] == closing:
        raise exact.NotJson("a comma stands before a closing bracket", at)
    return at


def _cut(content: bytes, where: tuple[int, int], names: list[str], limits: Limits) -> Split:
    at, end = where
    if content[at : at + 1] != b"[":
        return _whole(content, Problem.RECORDS_NOT_A_LIST, "Records is not a list.")
    records: list[tuple[int, bytes]] = []
    set_aside: list[SetAside] = []
    index, cursor = 0, exact.skip_space(content, at + 1)
    while content[cursor : cursor + 1] != b"]":
        if index >= limits.max_records:
            return _too_many(content, limits)
        stop, depth = exact.hop(content, cursor)
        record = content[cursor:stop]
        problem = None if _sound(record, depth, limits) else _judge(index, record, limits)
        if problem is None:
            records.append((index, record))
        else:
            set_aside.append(problem)
        index, cursor = index + 1, _next(content, stop, b"]")
    if names:
        rest = content[: at + 1] + content[end - 1 :]
        detail = f"beside Records the document holds {', '.join(names[:10])}; kept here with the records cut out."
        set_aside.append(SetAside(None, Problem.EXTRA_TOP_LEVEL, detail, rest))
    return Split(tuple(records), tuple(set_aside))


def _sound(record: bytes, depth: int, limits: Limits) -> bool:
    """Quick yes for an ordinary record, so that one bad record does not make its whole file slow."""
    if record[:1] != b"{" or depth > limits.max_depth or len(record) > limits.max_record_bytes or not is_utf8(record):
        return False
    try:
        _value.decode(record)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True
