"""What a receipt of the event history refuses to say: numbers that do not add up, parts with a hole, a proof."""

import datetime as dt

import pytest

from itemtrail.core.event_history import Window
from itemtrail.core.event_history_plan import (
    Converted,
    EventHistoryCounts,
    EventHistoryPlan,
    EventHistoryReceipt,
    StoredPart,
    make_receipt,
)
from itemtrail.core.plan import Versions
from itemtrail.errors import EvidenceError
from itemtrail.model import Conversion, Unit

BEGIN, HOUR = dt.datetime(2026, 11, 10, tzinfo=dt.UTC), dt.timedelta(hours=1)
VERSIONS = Versions("1", 1, "c", "p")
PLAN = EventHistoryPlan(Unit("111122223333", "eu-west-1", BEGIN.date()), 0, None, VERSIONS, Window(BEGIN, BEGIN + 24 * HOUR))


def part(start: int, end: int, events: int = 5, *, last: bool = False) -> StoredPart:
    return StoredPart(f"part-{end}", Window(BEGIN + start * HOUR, BEGIN + end * HOUR), last, events, 1, "s")


def counts(records_in: int, rows: int, duplicates: int = 0, quarantined: int = 0) -> Converted:
    return Converted(EventHistoryCounts(records_in, rows, duplicates, quarantined, 0, 0), (), (), ())


def made(parts: list[StoredPart], converted: Converted) -> EventHistoryReceipt:
    return make_receipt(PLAN, parts, converted, earlier=None, finished_by=VERSIONS)


def test_parts_that_follow_and_numbers_that_add_up_are_a_receipt():
    receipt = made([part(10, 24), part(0, 10, last=True)], counts(10, 7, 2, 1))
    assert (receipt.covered, receipt.missing, receipt.conversion) == (PLAN.window, (), Conversion.COMPLETE)
    assert EventHistoryReceipt.from_json(receipt.to_json(), key="k") == receipt


@pytest.mark.parametrize("converted", [counts(10, 9), counts(9, 9), counts(11, 11), counts(10, 10, 1)])
def test_a_record_too_few_or_too_many_is_no_receipt(converted):
    with pytest.raises(EvidenceError, match="10 events were answered"):
        made([part(10, 24), part(0, 10, last=True)], converted)


@pytest.mark.parametrize(
    "parts",
    [
        [part(11, 24), part(0, 10, last=True)],
        [part(10, 24), part(0, 11, last=True)],
        [part(10, 23), part(0, 10, last=True)],
        [part(10, 24), part(-1, 10, last=True)],
        [],
    ],
)
def test_parts_with_a_hole_an_overlap_or_beyond_the_plan_are_no_receipt(parts):
    with pytest.raises(EvidenceError):
        made(parts, counts(10, 10))


@pytest.mark.parametrize("name", ["proof", "source"])
def test_a_document_that_says_another_proof_or_source_is_refused(name):
    body = made([part(0, 24, 10, last=True)], counts(10, 10)).to_json()
    for wrong in (b"PROVEN", b"trail", b""):
        value = getattr(PLAN, name).encode()
        for kind, document in ((EventHistoryReceipt, body), (EventHistoryPlan, PLAN.to_json())):
            with pytest.raises(EvidenceError):
                kind.from_json(
                    document.replace(b'"%b":"%b"' % (name.encode(), value), b'"%b":"%b"' % (name.encode(), wrong)), key="k"
                )
