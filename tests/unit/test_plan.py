"""Plans: canonical bytes, which object is the same object, how inputs are cut into parts."""

import dataclasses
import datetime as dt
import json

import pytest

from itemtrail.core import layout
from itemtrail.core.plan import Input, Judgement, Kind, Plan, Versions, cut
from itemtrail.errors import EvidenceError
from itemtrail.model import ObjectVerdict, SlotVerdict, Unit, Verdict

UNIT = Unit("111122223333", "us-east-1", dt.date(2026, 11, 21))
WHEN = dt.datetime(2026, 11, 21, 1, tzinfo=dt.UTC)
VERSIONS = Versions("0.1.0", 1, "c" * 64, "26.0")


def original(key: str = "AWSLogs/x.json.gz", **changes: object) -> Input:
    made = Input(
        key=key,
        version_id="v1",
        etag="e",
        size=3,
        sha256="s",
        content_sha256="c",
        content_size=9,
        problem="",
        kind=Kind.LOG,
        part=0,
        last_modified=WHEN,
        metadata={"signature": "ab", "algorithm": "x"},
    )
    return dataclasses.replace(made, **changes)  # type: ignore[arg-type]


def a_plan(**changes: object) -> Plan:
    slot = SlotVerdict(WHEN, WHEN + dt.timedelta(hours=1), Verdict.PROVEN, "OK", "digest")
    judgement = Judgement(Verdict.PROVEN, (slot,), (ObjectVerdict("AWSLogs/x.json.gz", Verdict.PROVEN, "OK"),))
    made = Plan(UNIT, 0, None, "arn:aws:cloudtrail:us-east-1:1:trail/t", VERSIONS, (original(),), judgement)
    return dataclasses.replace(made, **changes)  # type: ignore[arg-type]


def test_a_plan_reads_back_as_it_was_written() -> None:
    plan = a_plan()
    assert Plan.from_json(plan.to_json(), key="k") == plan


def test_plan_bytes_are_canonical_whatever_the_order_of_metadata() -> None:
    turned = original(metadata={"algorithm": "x", "signature": "ab"})
    assert a_plan().to_json() == a_plan(inputs=(turned,)).to_json()
    text = a_plan().to_json().decode()
    assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"))


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"[]", b"\xff", b"[" * 100_000, b'{"kind":"plan"}'],
    ids=["empty", "no-fields", "list", "not-utf8", "deep", "only-kind"],
)
def test_what_is_not_a_plan_is_refused_by_name(data: bytes) -> None:
    with pytest.raises(EvidenceError, match=r"receipts/some\.json is not a plan"):
        Plan.from_json(data, key="receipts/some.json")


def test_another_layout_is_refused() -> None:
    with pytest.raises(EvidenceError, match="kind or layout"):
        Plan.from_json(a_plan(layout=2).to_json(), key="k")


def test_identity_is_the_version_where_there_is_one_else_the_etag() -> None:
    assert original().identity == original(etag="other").identity
    assert original(version_id=None).identity != original(version_id=None, etag="other").identity
    assert original().identity != original(version_id="v2").identity


@pytest.mark.parametrize(
    ("sizes", "limit", "parts"),
    [
        ((), 10, ()),
        ((4, 4, 4), 10, (0, 0, 1)),
        ((4, 6, 1), 10, (0, 0, 1)),
        ((40, 1, 40), 10, (0, 1, 2)),
        ((0, 0, 11, 0), 10, (0, 0, 0, 1)),
    ],
)
def test_cut_begins_a_part_where_the_next_object_would_pass_the_limit(
    sizes: tuple[int, ...], limit: int, parts: tuple[int, ...]
) -> None:
    assert cut(sizes, limit) == parts


def test_parts_keep_key_order_and_gaps() -> None:
    plan = a_plan(inputs=(original("a"), original("b", part=2), original("c", part=2)))
    assert [(n, [i.key for i in inputs]) for n, inputs in plan.parts()] == [(0, ["a"]), (2, ["b", "c"])]


def test_judgements_that_differ_in_words_only_say_the_same() -> None:
    one = Judgement(Verdict.INCOMPLETE, (), (ObjectVerdict("k", Verdict.INCOMPLETE, "AWAITING_DIGEST", "due 10:00"),))
    other = Judgement(Verdict.INCOMPLETE, (), (ObjectVerdict("k", Verdict.INCOMPLETE, "AWAITING_DIGEST", "due 11:00"),))
    assert one.says() == other.says()


def test_layout_names_read_back() -> None:
    assert layout.parse_commit(layout.plan_key(UNIT, 7)) == (UNIT, 7, "plan")
    assert layout.parse_commit(layout.receipt_key(UNIT, 1234)) == (UNIT, 1234, "receipt")


@pytest.mark.parametrize(
    "key",
    [
        "receipts/account=1/region=us-east-1/delivery_date=2026-11-21/000.plan.json",
        "receipts/account=111122223333/region=us-east-1/delivery_date=2026-13-41/000.plan.json",
        "receipts/account=111122223333/region=us-east-1/delivery_date=2026-11-21/000.plan.json.bak",
        "receipts/account=111122223333/region=us-east-1/delivery_date=2026-11-21/x/000.plan.json",
        "originals/account=111122223333/region=us-east-1/delivery_date=2026-11-21/000-000.tar",
    ],
)
def test_layout_refuses_foreign_names(key: str) -> None:
    assert layout.parse_commit(key) is None
