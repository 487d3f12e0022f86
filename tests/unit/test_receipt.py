"""Receipts: a pure function of plan and outputs, whose numbers add up."""

import dataclasses

import pytest
from tests.unit.test_plan import VERSIONS, a_plan, original

from itemtrail.core.plan import sha256
from itemtrail.core.receipt import (
    LOST,
    Counts,
    Dropped,
    Made,
    Output,
    OutputKind,
    Quarantined,
    Receipt,
    covered,
    make,
    pack,
    total,
)
from itemtrail.errors import EvidenceError
from itemtrail.model import Conversion, Verdict

TAR = "originals/t.tar"


def made(**changes: object) -> Made:
    parquet = Output("events/p.parquet", OutputKind.EVENTS, 0, 100, "p", 2)
    base = Made((pack(original(), tar=TAR, offset=512),), (parquet,), (), (), records_in=2, rows=2, same_event_id=0, bytes_in=9)
    return dataclasses.replace(base, **changes)  # type: ignore[arg-type]


def receipt(**changes: object) -> Receipt:
    return make(a_plan(), made(**changes), finished_by=VERSIONS, earlier=Conversion.COMPLETE)


def bad_record(index: int | None) -> Quarantined:
    return Quarantined("k", index, "NOT_JSON", "", "quarantine/q.tar", "000000.bin", 1, "h")


def test_a_receipt_reads_back_as_it_was_written() -> None:
    assert Receipt.from_json(receipt().to_json(), key="k") == receipt()


def test_a_receipt_names_its_plan_and_its_predecessor() -> None:
    plan = a_plan(number=1, previous="f" * 64)
    found = make(plan, made(), finished_by=VERSIONS, earlier=Conversion.COMPLETE)
    assert (found.plan, found.previous) == (sha256(plan.to_json()), "f" * 64)


def test_records_that_do_not_add_up_are_never_committed() -> None:
    with pytest.raises(EvidenceError, match="3 records came, but 2 rows"):
        receipt(records_in=3)


def test_rows_duplicates_and_quarantined_records_add_up() -> None:
    found = receipt(records_in=5, duplicates=(Dropped("k", 1, "k", 0),), quarantined=(bad_record(3), bad_record(None)))
    assert dataclasses.astuple(found.counts)[3:8] == (5, 2, 1, 2, 1)
    assert found.conversion is Conversion.PARTIAL


def test_conversion_stays_partial_for_the_unit() -> None:
    assert make(a_plan(), made(), finished_by=VERSIONS, earlier=Conversion.PARTIAL).conversion is Conversion.PARTIAL
    assert receipt().conversion is Conversion.COMPLETE


def test_an_original_lost_before_packing_is_unprovable_and_named() -> None:
    found = receipt(packed=(), outputs=(), records_in=0, rows=0, bytes_in=0)
    assert found.lost == ("AWSLogs/x.json.gz",)
    assert (found.verdict, found.conversion) == (Verdict.UNPROVABLE, Conversion.PARTIAL)
    assert [(o.verdict, o.reason) for o in found.objects] == [(Verdict.UNPROVABLE, LOST)]
    assert covered([found]) == {}


def test_totals_add_commits_but_not_what_was_judged_again() -> None:
    assert total([receipt(), receipt()]) == dataclasses.replace(
        receipt().counts, inputs=2, records_in=4, rows=4, bytes_in=18, bytes_stored=6, bytes_out=200
    )
    assert total([]) == Counts()


def test_ratio_is_inflated_bytes_per_byte_of_parquet() -> None:
    assert Counts(bytes_in=100, bytes_out=50).ratio == 2.0
    assert Counts(bytes_in=100).ratio == 0.0


def test_a_packed_original_keeps_all_that_was_planned() -> None:
    packed = pack(original(), tar=TAR, offset=9)
    assert (packed.tar, packed.offset, packed.identity, packed.metadata) == (TAR, 9, original().identity, original().metadata)
