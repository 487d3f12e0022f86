"""Cutting log files into records: hostile wrappers, hostile records, and never more than linear time."""

# ruff: noqa: E501 - a case a line

import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tests.vectors import make_records
from tests.vectors.make_records import document, event, text

from itemtrail.core import exact
from itemtrail.core.records import Limits, Problem, split

LIMITS = Limits()


def test_the_vector_files_are_what_the_script_writes() -> None:
    made = make_records.vectors()
    assert {path.name for path in make_records.FOLDER.iterdir()} == {v.name for v in made} | {"expected.json"}
    assert make_records.EXPECTED.read_text(encoding="utf-8") == make_records.expected(made)
    assert [v.name for v in made if (make_records.FOLDER / v.name).read_bytes() != v.data] == []


def test_records_are_the_bytes_between_the_commas() -> None:
    records = [json.dumps({"n": n, "pad": " " * n}).encode() for n in range(5)]
    content = b'{ "Records" : [ ' + b" , ".join(records) + b" ] }"
    assert split(content, LIMITS).records == tuple(enumerate(records))


def test_the_fast_and_the_slow_path_agree() -> None:
    good = text(event(1), event(2, userAgent="Zoë"))
    fast = split(document(*good), LIMITS)
    slow = split(document(*good, '{"a":"\\ud800"}'), LIMITS)  # the fast parser refuses a lone surrogate
    assert slow.records[:2] == fast.records
    assert slow.set_aside == ()


def test_one_bad_record_does_not_take_the_others_with_it() -> None:
    made = split(document(*text(event(1)), '{"a":NaN}', "[]", *text(event(2))), LIMITS)
    assert [index for index, _ in made.records] == [0, 3]
    assert [(one.record_index, one.reason) for one in made.set_aside] == [(1, Problem.NOT_JSON), (2, Problem.NOT_AN_OBJECT)]
    assert [one.data for one in made.set_aside] == [b'{"a":NaN}', b"[]"]


def test_what_stands_beside_records_is_kept_with_the_records_cut_out() -> None:
    made = split(b'{"a":1,"Records":[{"b":2}],"c":[3]} ', LIMITS)
    assert made.records == ((0, b'{"b":2}'),)
    assert [(one.record_index, one.data) for one in made.set_aside] == [(None, b'{"a":1,"Records":[],"c":[3]} ')]


def test_a_record_above_the_size_limit_is_set_aside() -> None:
    records = text(event(1), event(2, userAgent="x" * 5000))
    for extra in ([], ['{"a":"\\ud800"}']):
        made = split(document(*records, *extra), Limits(max_record_bytes=4000))
        assert [(one.record_index, one.reason) for one in made.set_aside] == [(1, Problem.RECORD_TOO_LARGE)]


@pytest.mark.parametrize(
    "wide", ["[" * 600 + "]" * 600, '{"a":' * 600 + "1" + "}" * 600, "[[" * 300 + "[]," * 9 + "[]" + "]]" * 300]
)
def test_depth_is_judged_alike_however_deep_the_caller_stands(wide: str) -> None:
    content = document(f'{{"deep":{wide}}}', *text(event(1)))

    def deeper(levels: int) -> Any:
        return deeper(levels - 1) if levels else split(content, LIMITS)

    at_top, far_down = split(content, LIMITS), deeper(sys.getrecursionlimit() // 2)
    assert at_top == far_down
    assert [one.reason for one in at_top.set_aside] == [Problem.TOO_DEEP]


def test_many_brackets_that_are_not_deep_are_no_problem() -> None:
    record = '{"a":[' + ",".join(["{}"] * 5000) + "]}"
    assert split(document(record), LIMITS).records == ((0, record.encode()),)


@pytest.mark.parametrize(("element", "most"), [("{}", 250_000), ("1", 250_000), ('{"a":"\\ud800"}', 5000)])
def test_an_object_of_absurdly_many_records_is_set_aside_whole(element: str, most: int) -> None:
    content = document(*[element] * (most + 1))
    made = split(content, Limits(max_records=most))
    assert [(one.record_index, one.reason, one.data == content) for one in made.set_aside] == [
        (None, Problem.TOO_MANY_RECORDS, True)
    ]
    assert not made.records


HOSTILE = {
    "quotes": b'{"Records":[{}' + b'"' * 1_000_000,
    "backslashes": b'{"Records":["' + b"\\" * 1_000_001,
    "escaped quotes": b'{"Records":[{"a":"' + b'\\"' * 500_000,
    "opening brackets": b'{"Records":[' + b"[" * 400_000,
    "opening objects": b'{"Records":[' + b'{"a":' * 150_000,
    "closing brackets": b'{"Records":[' + b"]" * 1_000_000,
    "commas": b'{"Records":[' + b"," * 1_000_000 + b"]}",
    "spaces": b'{"Records":[' + b" " * 3_000_000,
    "spaces at the end": b'{"Records":[{}]}' + b" " * 3_000_000,
    "digits": b'{"Records":[{"a":' + b"1" * 1_000_000 + b"x}]}",
    "digits and points": b'{"Records":[{"a":' + b"1.1" * 500_000 + b"}]}",
    "top-level members": b"{" + b'"a":1,' * 50_000 + b'"Records":[]}',
    "small records, one bad": document(*["{}"] * 50_000, '{"a":NaN}'),
    "letters": b'{"Records":[{"a":' + b"t" * 1_000_000 + b"}]}",
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_megabyte_takes_linear_time(content: bytes) -> None:
    started = time.process_time()
    made = split(content, LIMITS)
    assert time.process_time() - started < 10  # quadratic time would be many minutes
    assert made.records or made.set_aside


def test_nothing_is_lost_between_the_records_and_what_is_set_aside() -> None:
    for vector in make_records.wrappers() + make_records.spoiled_records() + make_records.unusual_records():
        if vector.name.endswith(".gz"):
            continue
        made = split(vector.data, LIMITS)
        kept = [data for _, data in made.records] + [one.data for one in made.set_aside if one.reason != Problem.EXTRA_TOP_LEVEL]
        assert all(data in vector.data for data in kept), vector.name
        left = len(vector.data) - sum(map(len, kept))
        assert left <= 64 or any(one.reason is Problem.EXTRA_TOP_LEVEL for one in made.set_aside), vector.name


@pytest.mark.parametrize(
    "good", ["0", "-0", "1e400", "-1.5E+07", '"\\u00e9\\/"', "[]", "{}", '{"a":[1,{"b":null}],"c":true}', " [ 1 , 2 ] "]
)
def test_the_strict_grammar_takes_what_json_is(good: str) -> None:
    exact.check(good.encode())


@pytest.mark.parametrize("bad", ["", "01", "1.", ".5", "+1", "1e", "nan", "tru", "truex", "[1,]", "[,1]", "[1 2]", '{"a"}', '{"a":}', "{1:2}",
                                 '{"a":1,}', '"\\x"', '"\\u12g4"', '"\n"', '"', "[", "{", "]", "1 2", "[]]", "--1", "1-1", "'a'"])  # fmt: skip
def test_the_strict_grammar_refuses_what_json_is_not(bad: str) -> None:
    with pytest.raises(exact.NotJson):
        exact.check(bad.encode())


def test_members_are_given_in_order_with_duplicates() -> None:
    data = b' { "a" : 1 , "b":{"x":[","]}, "a":"}" } '
    assert list(exact.members(data)) == [(b'"a"', b"1"), (b'"b"', b'{"x":[","]}'), (b'"a"', b'"}"')]


def test_every_published_log_file_is_cut_as_python_reads_it(shared_data: Path) -> None:
    import gzip

    files = sorted((shared_data / "invictus").glob("*.json.gz"))
    assert len(files) == 55
    total = 0
    for path in files:
        content = gzip.decompress(path.read_bytes())
        made = split(content, LIMITS)
        assert [json.loads(record) for _, record in made.records] == json.loads(content)["Records"]
        assert not made.set_aside
        total += len(made.records)
    assert total == 2900
